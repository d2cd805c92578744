"""The handler on real ports: what is stored, published, kept aside and asked for again."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from processors.handler import ProcessorsHandler, make_handler
from tests.processors.streams import EPOCH_MS, WIDE, plan_of
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.formats.rejections import decode_late, decode_rejections
from tocsin.core.formats.ticks import encode_tick
from tocsin.core.keys import HASH_END, TICK_KEY
from tocsin.core.late_marks import late_values
from tocsin.core.messages import Tick
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Bounds, LimitsRule, Plan
from tocsin.core.ports import Backend, LogRecord, StoredRecord
from tocsin.core.reasons import Reason
from tocsin.runtime.events import kinesis_event_of

MINUTE = 60_000
PLAN = plan_of({"*": [(MINUTE, MINUTE)]})
EVENT_OF = kinesis_event_of("readings")


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: EPOCH_MS) as opened:
        yield opened


def reading(device: str, at_ms: int, value: float = 1.0) -> LogRecord:
    data = json.dumps({"device": device, "ts": EPOCH_MS + at_ms, "metrics": {"level_percent": value}})
    return LogRecord(f"demo#{device}", data.encode())


def tick(at_ms: int, shard: str = "") -> LogRecord:
    return LogRecord(TICK_KEY, encode_tick(Tick(EPOCH_MS + at_ms, "", 0, HASH_END, shard)))


def deliver(handler: ProcessorsHandler, records: list[LogRecord], first: int = 1) -> list[str]:
    stored = [
        StoredRecord("shardId-000000000000", str(first + place), record.partition_key, record.data, EPOCH_MS)
        for place, record in enumerate(records)
    ]
    answer = handler(EVENT_OF(stored), None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def panes_on_log(backend: Backend) -> list[int]:
    found = []
    for shard in backend.panes.shards():
        for record in backend.panes.read(shard.id, after=None, limit=1_000):
            batch = decode_panes(record.data)
            found += [batch.number] * len(batch.panes)
    return found


def test_closed_window_is_stored_for_people_and_put_on_the_log_of_panes(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))

    failed = deliver(handler, [reading("a", 0, 2.0), reading("a", 30_000, 4.0), reading("a", 95_000)])

    [item] = embedded.backend.windows.query("demo", "a", size_ms=MINUTE, start_ms=0, end_ms=EPOCH_MS * 2, limit=9)
    stats = item.metrics["level_percent"]
    assert failed == []
    assert (item.start_ms, stats.count, stats.mean, stats.variance) == (EPOCH_MS, 2, 3.0, 1.0)
    assert stats.rate == pytest.approx(2.0 / 30)
    assert panes_on_log(embedded.backend) == [1]


def test_bad_record_is_stored_with_bytes_position_and_reason_and_counted(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))

    deliver(handler, [reading("a", 0), LogRecord("demo#a", b"{nonsense"), LogRecord(TICK_KEY, b"forged")], first=7)

    names = embedded.backend.blobs.names("rejected/processors/", limit=9)
    kept = [one for name in names for one in decode_rejections(embedded.backend.blobs.get(name) or b"")]
    assert {(one.reason, one.data, one.position.sequence) for one in kept if one.position} == {
        (Reason.NOT_JSON, b"{nonsense", "8"),
        (Reason.FORMAT_UNKNOWN, b"forged", "9"),
    }
    assert handler.accounts()["shardId-000000000000"].rejected == 2


def test_late_reading_is_kept_aside_and_changes_no_window(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))
    deliver(handler, [reading("a", 0), reading("a", 10 * MINUTE)])

    deliver(handler, [reading("a", 1_000, 99.0)], first=3)

    [name] = embedded.backend.blobs.names("late/", limit=9)
    [late] = decode_late(embedded.backend.blobs.get(name) or b"")
    assert (late.partition_key, late.metric, late.value) == ("demo#a", "level_percent", 99.0)
    assert handler.accounts()["shardId-000000000000"].late == 1
    assert panes_on_log(embedded.backend) == [1]


def test_late_reading_is_found_where_people_look_at_its_series(embedded: Embedded) -> None:
    handler, windows = make_handler(embedded.backend, PlanBook(PLAN)), embedded.backend.windows
    deliver(handler, [reading("a", 0), reading("a", 60 * MINUTE)])

    deliver(handler, [reading("a", 20 * MINUTE + 1, 98.0), reading("a", 20 * MINUTE, 97.0), reading("b", 0)], first=3)

    begin_ms = EPOCH_MS + 20 * MINUTE
    both = late_values(windows, "demo", "a", "level_percent", from_ms=begin_ms, until_ms=begin_ms + 2, limit=9)
    first = late_values(windows, "demo", "a", "level_percent", from_ms=begin_ms, until_ms=begin_ms + 1, limit=9)
    others = late_values(windows, "demo", "b", "level_percent", from_ms=0, until_ms=begin_ms, limit=9)
    assert both == [(begin_ms, 97.0), (begin_ms + 1, 98.0)]
    assert (first, others) == (both[:1], [])


def test_tick_is_not_lost_on_a_process_that_knew_the_group_when_it_was_empty(embedded: Embedded) -> None:
    early, other = (make_handler(embedded.backend, PlanBook(PLAN)) for _ in range(2))
    deliver(early, [tick(0)])
    deliver(other, [reading("a", 1_000)], first=2)

    deliver(early, [tick(10 * MINUTE)], first=3)

    assert panes_on_log(embedded.backend) == [1]


def test_tick_that_a_split_overtook_closes_nothing_and_the_next_one_does(embedded: Embedded) -> None:
    fold = make_handler(embedded.backend, PlanBook(PLAN))
    deliver(fold, [reading("a", 1_000), tick(10 * MINUTE, shard="shardId-of-its-parent")])
    before = panes_on_log(embedded.backend)

    deliver(fold, [tick(20 * MINUTE, shard="shardId-000000000000")], first=3)

    assert (before, panes_on_log(embedded.backend)) == ([], [1])


def test_two_processes_that_take_turns_fold_every_record_once(embedded: Embedded) -> None:
    plan = plan_of({"*": [(MINUTE, MINUTE)]})
    one, two = (make_handler(embedded.backend, PlanBook(plan)) for _ in range(2))
    records = [reading("a", second * 1_000) for second in range(100)]

    for begin in range(0, 100, 5):
        deliver((one, two)[begin // 5 % 2], records[begin : begin + 5], first=begin + 1)

    fresh = make_handler(embedded.backend, PlanBook(plan))
    deliver(fresh, [reading("a", 101_000)], first=101)
    account = fresh.accounts()["shardId-000000000000"]
    assert (account.messages, account.duplicates, account.readings) == (101, 0, 101)


def test_device_beyond_the_bound_is_rejected_by_name_and_others_go_on(embedded: Embedded) -> None:
    plan = Plan(metrics=PLAN.metrics, timing=PLAN.timing, groups=1, bounds=WIDE_FOR_TWO)
    handler = make_handler(embedded.backend, PlanBook(plan))

    deliver(handler, [reading("a", 0), reading("b", 0), reading("c", 0), reading("a", 1_000)])

    [name] = embedded.backend.blobs.names("rejected/", limit=9)
    [rejection] = decode_rejections(embedded.backend.blobs.get(name) or b"")
    assert (rejection.reason, rejection.partition_key) == (Reason.GROUP_FULL, "demo#c")
    assert handler.accounts()["shardId-000000000000"].messages == 3


WIDE_FOR_TWO = Bounds(skew_ms=WIDE.skew_ms, age_ms_max=WIDE.age_ms_max, devices_per_group_max=2)


def test_reading_over_a_limit_is_told_at_once_and_once_per_window(embedded: Embedded) -> None:
    rule = LimitsRule(name="high", above=50.0)
    plan = Plan(metrics=PLAN.metrics, timing=PLAN.timing, groups=1, bounds=WIDE, rules=(rule,))
    handler = make_handler(embedded.backend, PlanBook(plan))

    deliver(handler, [reading("a", 0, 10.0), reading("a", 1_000, 60.0), reading("a", 2_000, 70.0)])
    deliver(handler, [reading("a", 3_000, 80.0), reading("a", 61_000, 90.0)], first=4)

    early = []
    for shard in embedded.backend.panes.shards():
        for record in embedded.backend.panes.read(shard.id, after=None, limit=99):
            panes = decode_panes(record.data).panes
            early += [
                (panes.last[row], panes.limit[row], panes.positions[panes.position[row]]) for row in range(len(panes))
            ]
    assert early == [(60.0, 50.0, "shardId-000000000000:2:0"), (90.0, 50.0, "shardId-000000000000:5:0")]


def test_group_whose_panes_cannot_be_put_is_delivered_again_and_publishes_once(embedded: Embedded) -> None:
    refusing = _RefusingLog(embedded.backend)
    handler = make_handler(replace(embedded.backend, panes=refusing), PlanBook(PLAN))  # type: ignore[arg-type]

    first = deliver(handler, [reading("a", 0), reading("a", 10 * MINUTE)], first=5)
    refusing.refuses = False
    second = deliver(handler, [reading("a", 0), reading("a", 10 * MINUTE)], first=5)

    assert (first, second) == (["5"], [])
    assert panes_on_log(embedded.backend) == [1]


class _RefusingLog:
    """A log of panes that refuses every record until told otherwise."""

    def __init__(self, backend: Backend) -> None:
        self.refuses = True
        self._log = backend.panes

    def put(self, records: list[LogRecord]) -> list[int]:
        return list(range(len(records))) if self.refuses else list(self._log.put(records))
