"""The handler on the embedded ports: whole events in, what people and tables get out."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.handler import AlertsHandler, make_handler
from tests.alerts.specimens import AT_MS, FIRING, PENDING, PLAN, RESOLVED, of_device
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import MINUTE_MS
from tocsin.core.errors import PublishError, UnavailableError
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.formats.dynamodb_event import stream_record
from tocsin.core.keys import group_of
from tocsin.core.messages import Decision, Notification, Severity, Transition
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Grouping, plan_hash
from tocsin.core.ports import Backend, FilterPolicy, StateKey, StateWrite, Topic

EVENTS = Path(__file__).parents[1] / "events"
DONE: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: AT_MS) as opened:
        opened.backend.topic.subscribe("night")
        yield opened


def feed(*transitions: Transition, first: int = 1) -> dict[str, Any]:
    """Return an event with the transitions, arriving as they happen."""
    return {
        "Records": [
            stream_record(one, sequence=str(first + place), arrival_ms=one.at_ms)
            for place, one in enumerate(transitions)
        ]
    }


def minute(instant_ms: int) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / "schedule.json").read_text("utf-8"))
    return event | {"time": f"2026-11-23T10:{(instant_ms - AT_MS) // MINUTE_MS:02d}:00Z"}


def told(embedded: Embedded, queue: str = "night") -> list[Notification]:
    """Return what the queue got, oldest first, and empty it."""
    messages = embedded.queue(queue).receive(limit=10, visibility_ms=1_000)
    embedded.queue(queue).delete([message.receipt for message in messages])
    return [msgspec.json.decode(message.body, type=Notification) for message in messages]


def decided(embedded: Embedded) -> list[tuple[int, Decision]]:
    return [(one.alert.number, one.decision) for one in embedded.backend.decisions.query("acme", limit=100)]


def test_recorded_feed_is_told_decided_and_listed(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))
    event = json.loads((EVENTS / "alerts_feed.json").read_text("utf-8"))

    assert handler(event, None) == DONE

    assert [(one.number, one.attributes["state"]) for one in told(embedded)] == [(1, "firing"), (2, "resolved")]
    assert decided(embedded) == [(1, Decision.QUIET), (2, Decision.SENT), (3, Decision.SENT)]
    assert embedded.backend.directory.query("acme", prefix="OPEN#", limit=10) == []


def test_unreadable_transition_is_logged_and_holds_nothing_up(
    embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    event = json.loads((EVENTS / "alerts_feed.json").read_text("utf-8"))

    with caplog.at_level(logging.ERROR):
        make_handler(embedded.backend, PlanBook(PLAN))(event, None)

    assert [record.message for record in caplog.records] == ["transition cannot be read"]
    assert vars(caplog.records[0])["sequence"] == "111100000000005391461888"


def test_open_alert_is_listed_with_all_but_its_windows(embedded: Embedded) -> None:
    make_handler(embedded.backend, PlanBook(PLAN))(feed(FIRING), None)

    (entry,) = embedded.backend.directory.query("acme", prefix="OPEN#", limit=10)
    assert entry.key == "OPEN#9ac34d4d1e3b87ae"
    assert entry.data is not None
    assert decode_transition(entry.data) == replace(FIRING, evidence=replace(FIRING.evidence, panes=()))


def test_delivery_of_the_same_event_again_changes_nothing(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))
    event = feed(PENDING, FIRING)

    assert handler(event, None) == handler(event, None) == DONE

    assert len(told(embedded)) == 1
    assert decided(embedded) == [(1, Decision.QUIET), (2, Decision.SENT)]


def test_what_gathers_goes_out_at_the_tick_and_only_once(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))
    handler(feed(FIRING, of_device(FIRING, 1), of_device(FIRING, 2)), None)
    assert len(told(embedded)) == 1

    assert handler(minute(AT_MS + MINUTE_MS), None) == {}
    assert handler(minute(AT_MS + MINUTE_MS), None) == {}

    (gathered,) = told(embedded)
    assert [alert.fingerprint for alert in gathered.alerts] == [f"{1:016x}", f"{2:016x}"]


@pytest.mark.parametrize(
    ("policy", "numbers"),
    [
        pytest.param(None, [1, 2, 3, 4], id="no filter"),
        pytest.param({"severity": ["critical"]}, [1, 4], id="by severity"),
        pytest.param({"site": ["south", "east"], "state": ["firing"]}, [2], id="by site and state"),
        pytest.param({"kind": ["missing"]}, [3], id="by kind"),
        pytest.param({"state": ["resolved"]}, [4], id="by state"),
        pytest.param({"tenant": ["zeta"]}, [], id="by tenant"),
    ],
)
def test_subscribers_get_what_their_filter_asks_for(
    embedded: Embedded, policy: FilterPolicy | None, numbers: list[int]
) -> None:
    embedded.backend.topic.subscribe("filtered", policy)
    alerts = (
        FIRING,
        of_device(FIRING, 1, site="south", severity=Severity.WARNING),
        of_device(FIRING, 2, kind="missing", severity=Severity.WARNING),
        RESOLVED,
    )

    make_handler(embedded.backend, PlanBook(PLAN))(feed(*alerts), None)

    assert [one.number for one in told(embedded, "filtered")] == numbers


def test_nothing_of_one_tenant_is_counted_in_anothers_numbers(embedded: Embedded) -> None:
    alerts = [of_device(FIRING, index, tenant=tenant) for index, tenant in enumerate(["acme", "zeta", "tau", "rho"])]

    one_group = msgspec.structs.replace(PLAN, groups=1)
    make_handler(embedded.backend, PlanBook(one_group))(feed(*alerts), None)

    assert [(one.tenant, one.number) for one in told(embedded)] == [("acme", 1), ("zeta", 1), ("tau", 1), ("rho", 1)]


@dataclass
class Refusing:
    """A topic that refuses, answers not at all, or passes on, as told; copies are kept."""

    inner: Topic
    refuse: bool = False
    down: bool = False
    seen: list[Notification] = field(default_factory=list)

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        if self.down:
            raise UnavailableError("the topic does not answer")
        if self.refuse:
            return range(len(notifications))
        self.seen += notifications
        return self.inner.publish(notifications)

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        self.inner.subscribe(queue, policy)


def with_topic(embedded: Embedded) -> tuple[Refusing, Backend]:
    topic = Refusing(embedded.backend.topic)
    return topic, replace(embedded.backend, topic=topic)


@pytest.mark.parametrize("trouble", ["refuse", "down"])
def test_refused_notification_stays_and_follows_in_order_with_the_next_delivery(
    embedded: Embedded, trouble: str
) -> None:
    topic, backend = with_topic(embedded)
    handler = make_handler(backend, PlanBook(PLAN))
    setattr(topic, trouble, True)

    failed = handler(feed(PENDING, FIRING, first=41), None)
    setattr(topic, trouble, False)
    repeated = handler(feed(PENDING, FIRING, RESOLVED, first=41), None)

    assert failed == {"batchItemFailures": [{"itemIdentifier": "41"}]}
    assert repeated == DONE
    assert [one.number for one in told(embedded)] == [1, 2]


def test_what_was_taken_before_a_refusal_is_not_sent_again(embedded: Embedded) -> None:
    topic, backend = with_topic(embedded)

    class SecondRefused(Refusing):
        def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
            topic.publish(notifications[:1])
            return range(1, len(notifications))

    event = feed(FIRING, RESOLVED)
    make_handler(replace(backend, topic=SecondRefused(topic)), PlanBook(PLAN))(event, None)
    make_handler(backend, PlanBook(PLAN))(event, None)

    assert [one.number for one in topic.seen] == [1, 2]


def test_tick_publishes_what_a_delivery_could_not_though_another_process_took_it(embedded: Embedded) -> None:
    topic, backend = with_topic(embedded)
    topic.down = True
    make_handler(backend, PlanBook(PLAN))(feed(FIRING), None)
    topic.down = False

    make_handler(backend, PlanBook(PLAN))(minute(AT_MS + MINUTE_MS), None)

    assert [one.number for one in told(embedded)] == [1]


def test_tick_that_could_not_publish_fails_so_that_it_comes_again(embedded: Embedded) -> None:
    topic, backend = with_topic(embedded)
    handler = make_handler(backend, PlanBook(PLAN))
    handler(feed(FIRING, of_device(FIRING, 1)), None)
    topic.refuse = True

    with pytest.raises(PublishError):
        handler(minute(AT_MS + MINUTE_MS), None)


def test_only_groups_that_failed_are_delivered_again(embedded: Embedded) -> None:
    near, far = ("acme", next(name for name in ("b", "c", "d", "e", "f") if group_of(name, 4) != group_of("acme", 4)))
    _, backend = with_topic(embedded)

    class OneTenantDown(Refusing):
        def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
            return [place for place, one in enumerate(notifications) if one.tenant == far]

    handler = make_handler(replace(backend, topic=OneTenantDown(backend.topic)), PlanBook(PLAN))
    alerts = (of_device(FIRING, 1, tenant=near), of_device(FIRING, 2, tenant=far), of_device(FIRING, 3, tenant=near))

    assert handler(feed(*alerts, first=7), None) == {"batchItemFailures": [{"itemIdentifier": "8"}]}
    assert list(handler.failures) == [group_of(far, 4)]


class Crash(BaseException):
    """The process dies."""


def test_crash_between_commit_and_publish_sends_the_notification_with_the_same_id_and_number(
    embedded: Embedded,
) -> None:
    topic, backend = with_topic(embedded)

    class Dying(Refusing):
        def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
            topic.publish(notifications)
            raise Crash

    with pytest.raises(Crash):
        make_handler(replace(backend, topic=Dying(topic)), PlanBook(PLAN))(feed(FIRING), None)
    assert make_handler(backend, PlanBook(PLAN))(feed(FIRING), None) == DONE

    first, second = topic.seen
    assert first == second
    assert first.number == 1
    assert decided(embedded) == [(2, Decision.SENT)]


def test_what_is_published_is_not_published_again_by_a_later_process(embedded: Embedded) -> None:
    make_handler(embedded.backend, PlanBook(PLAN))(feed(FIRING), None)

    make_handler(embedded.backend, PlanBook(PLAN))(minute(AT_MS + MINUTE_MS), None)
    make_handler(embedded.backend, PlanBook(PLAN))(feed(FIRING), None)

    assert len(told(embedded)) == 1


def test_tick_sees_what_another_process_committed(embedded: Embedded) -> None:
    of_feed, of_schedule = (make_handler(embedded.backend, PlanBook(PLAN)) for _ in range(2))
    of_schedule(minute(AT_MS), None)
    of_feed(feed(FIRING, of_device(FIRING, 1)), None)

    of_schedule(minute(AT_MS + MINUTE_MS), None)

    assert [len(one.alerts) for one in told(embedded)] == [1, 1]


def test_process_that_lost_a_race_folds_again_on_what_the_winner_committed(embedded: Embedded) -> None:
    one, other = (make_handler(embedded.backend, PlanBook(PLAN)) for _ in range(2))
    one(feed(PENDING), None)
    other(feed(PENDING, FIRING), None)

    assert one(feed(FIRING, of_device(FIRING, 1)), None) == DONE

    assert [message.number for message in told(embedded)] == [1]
    assert sorted(decided(embedded)) == [(1, Decision.QUIET), (2, Decision.SENT)]


def test_tick_at_which_nothing_is_due_commits_nothing(embedded: Embedded) -> None:
    written: list[StateWrite] = []
    store = embedded.backend.state

    class Counting:
        def load(self, keys: Sequence[StateKey]) -> Any:
            return store.load(keys)

        def commit(self, writes: Sequence[StateWrite]) -> Any:
            written.extend(writes)
            return store.commit(writes)

    handler = make_handler(replace(embedded.backend, state=Counting()), PlanBook(PLAN))
    handler(minute(AT_MS), None)

    assert written == []


def test_store_that_does_not_answer_has_the_whole_batch_delivered_again(embedded: Embedded) -> None:
    class Down:
        def load(self, keys: Sequence[StateKey]) -> Any:
            raise UnavailableError(f"{len(keys)} states are out of reach")

        def commit(self, writes: Sequence[StateWrite]) -> Any:
            raise AssertionError(writes)

    handler = make_handler(replace(embedded.backend, state=Down()), PlanBook(PLAN))

    assert handler(feed(FIRING, first=5), None) == {"batchItemFailures": [{"itemIdentifier": "5"}]}
    with pytest.raises(UnavailableError):
        handler(minute(AT_MS), None)


def test_alerts_are_grouped_as_the_plan_that_judged_them_says(embedded: Embedded) -> None:
    quiet = msgspec.structs.replace(PLAN, grouping=Grouping(severity_min=Severity.CRITICAL))
    documents = {plan_hash(quiet): msgspec.json.encode(quiet)}
    mild = replace(FIRING, severity=Severity.WARNING, evidence=replace(FIRING.evidence, plan_hash=plan_hash(quiet)))

    make_handler(embedded.backend, PlanBook(PLAN, documents.get))(feed(mild), None)

    assert told(embedded) == []


def test_alert_is_told_though_the_plan_that_judged_it_is_gone(
    embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    gone = replace(FIRING, evidence=replace(FIRING.evidence, plan_hash="gone"))

    with caplog.at_level(logging.WARNING):
        assert make_handler(embedded.backend, PlanBook(PLAN))(feed(gone), None) == DONE

    assert len(told(embedded)) == 1
    assert [vars(record)["plan_hash"] for record in caplog.records] == ["gone"]


def test_gap_in_the_feed_is_logged(embedded: Embedded, caplog: pytest.LogCaptureFixture) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))
    handler(feed(PENDING), None)

    with caplog.at_level(logging.ERROR):
        handler(feed(replace(FIRING, number=4)), None)

    assert [vars(record)["lost"] for record in caplog.records] == [2]


def test_foreign_event_is_refused(embedded: Embedded) -> None:
    handler: AlertsHandler = make_handler(embedded.backend, PlanBook(PLAN))

    with pytest.raises(ValueError, match="schedule"):
        handler({"Records": [{"eventSource": "aws:sqs"}]}, None)
