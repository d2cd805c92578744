"""Delivery from the queue behind a route to a real receiver on this machine, through every kind of trouble."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from alerts.delivery import step as delivery_step
from alerts.delivery.handler import DeliveryHandler, secret_of_environment
from tests.alerts.delivery.receiver import Receiver as Listener
from tests.alerts.delivery.receiver import receiving
from tests.alerts.specimens import AT_MS, PLAN
from tests.contract.specimens import NOTIFICATION
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.adapters.web.outlet import WebOutlet
from tocsin.core.clock import HOUR_MS, MINUTE_MS, VirtualClock
from tocsin.core.formats.webhook_signature import problem_with
from tocsin.core.messages import Notification
from tocsin.core.outlet import Answer, Post
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.model import Plan

SECRET = "whsec_c2VjcmV0LWtleS1vZi10aGUtdGVzdHM="  # noqa: S105  of the tests alone
SECRETS = {"hook_key": SECRET, "pager_key": "R0UTINGKEY"}
CLOCK_START = AT_MS


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: AT_MS) as opened:
        yield opened


@pytest.fixture
def listener() -> Iterator[Listener]:
    with receiving() as receiver:
        yield receiver


def plan_for(url: str, channel: str = "webhook", **more: Any) -> Plan:
    secret = {"webhook": "hook_key", "pagerduty": "pager_key"}.get(channel, "")
    receiver = Receiver("ops", channel, url, secret, **more)  # type: ignore[arg-type]
    return msgspec.structs.replace(PLAN, receivers=(receiver,), routes=(Route("all", "ops"), Route("twice", "ops")))


class Night:
    """A handler on a clock of its own, and what is sent to it."""

    def __init__(self, embedded: Embedded, plan: Plan, outlet: Any = None) -> None:
        self.clock = VirtualClock(CLOCK_START)
        self.embedded = embedded
        self.plan = plan
        self.outlet = outlet or WebOutlet()
        self.handler = self.restarted()

    def restarted(self) -> DeliveryHandler:
        self.handler = DeliveryHandler(
            self.embedded.backend, PlanBook(self.plan), self.outlet, SECRETS.get, self.clock.now_ms
        )
        return self.handler

    def send(self, *notifications: Notification, queue: str = "route-all") -> list[str]:
        """Deliver the notifications as SQS does; return the ids of messages that stay in the queue."""
        records = [
            {
                "messageId": f"m{one.number}",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-central-1:000000000000:{queue}",
                "body": msgspec.json.encode(one).decode(),
                "attributes": {"SentTimestamp": str(self.clock.now_ms())},
            }
            for one in notifications
        ]
        answer = self.handler({"Records": records}, None)
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]

    def tick(self, *, after_ms: int = 0) -> None:
        self.clock.advance_to(self.clock.now_ms() + after_ms)
        self.handler({"time": "2026-11-23T10:00:00Z", "source": "aws.events"}, None)


def message(number: int, **changes: Any) -> Notification:
    return replace(NOTIFICATION, id=f"{number:032x}", number=number, at_ms=AT_MS + number, **changes)


def test_notification_is_posted_once_signed_and_under_its_id(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url))

    assert night.send(message(1)) == []
    night.send(message(1), queue="route-twice")
    night.tick()

    ((headers, body),) = listener.got
    assert headers["webhook-id"] == message(1).id
    assert problem_with(headers, body, SECRET, AT_MS) == ""
    assert json.loads(body)["number"] == 1
    assert night.handler.line("ops").told == 1


def test_queue_of_all_notifications_leads_to_each_receiver_whose_route_fits(
    embedded: Embedded, listener: Listener
) -> None:
    plan = msgspec.structs.replace(
        PLAN,
        receivers=(Receiver("north", "webhook", listener.url), Receiver("south", "webhook", f"{listener.url}south")),
        routes=(
            Route("n", "north", site="north-*"),
            Route("n2", "north", site="*-1"),
            Route("s", "south", site="south"),
        ),
    )
    handler = DeliveryHandler(
        embedded.backend, PlanBook(plan), WebOutlet(), SECRETS.get, lambda: AT_MS, shared_queue="routes.fifo"
    )
    night = Night(embedded, plan)
    night.handler = handler

    told = [message(place, attributes={"site": site}) for place, site in enumerate(("north-1", "west", "south"), 1)]
    assert night.send(*told, queue="routes.fifo") == []
    night.send(message(4, attributes={"site": "north-1"}), queue="some-other")

    assert sorted(body["number"] for body in listener.bodies()) == [1, 3]
    assert (handler.line("north").told, handler.line("south").told) == (1, 1)


def test_message_comes_again_while_one_of_its_receivers_has_no_room_and_nobody_gets_it_twice(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_step, "WAITING_MAX", 1)
    answers = {"https://a.invalid": Answer(200), "https://b.invalid": Answer(500)}
    posted: list[str] = []

    class Outlet:
        def post(self, post: Post) -> Answer:
            posted.append(post.url)
            return answers[post.url]

    both = tuple(Receiver(name, "webhook", f"https://{name}.invalid") for name in ("a", "b"))
    plan = msgspec.structs.replace(PLAN, receivers=both, routes=tuple(Route(f"r{one.name}", one.name) for one in both))
    night = Night(embedded, plan, Outlet())
    night.handler = DeliveryHandler(
        embedded.backend, PlanBook(plan), Outlet(), SECRETS.get, night.clock.now_ms, shared_queue="routes"
    )

    assert night.send(message(1), queue="routes") == []
    assert night.send(message(2), queue="routes") == ["m2"]
    answers["https://b.invalid"] = Answer(200)
    night.tick(after_ms=MINUTE_MS)
    assert night.send(message(2), queue="routes") == []

    assert posted.count("https://a.invalid") == 2
    assert night.handler.line("b").told == 2


def test_notifications_arrive_in_order(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url))

    night.send(*map(message, range(1, 25)))
    for _ in range(3):
        night.tick()

    assert [body["number"] for body in listener.bodies()] == list(range(1, 25))


@pytest.mark.parametrize("status", [500, 503, 429, 401, 404, 0, -1])
def test_receiver_that_is_down_for_an_hour_loses_nothing_and_gets_no_flood(
    embedded: Embedded, listener: Listener, status: int
) -> None:
    night = Night(
        embedded, plan_for(listener.url, timeout_ms=1_000) if status >= 0 else plan_for(listener.url, timeout_ms=50)
    )
    listener.status = status
    for minute in range(60):
        night.send(*(message(5 * minute + one) for one in range(5)))
        night.tick(after_ms=MINUTE_MS)
    tried = listener.tried
    listener.status = 200
    for _ in range(12):
        night.tick(after_ms=MINUTE_MS)

    bodies = listener.bodies()
    told = [one["number"] for body in bodies for one in body.get("missed", [body])]
    assert told == list(range(300))
    assert len(bodies) <= 4
    assert tried <= 25
    assert bodies[0]["subject"].startswith("CAUGHT UP")
    assert night.handler.line("ops").waiting == ()


def test_receiver_is_left_alone_for_as_long_as_it_asks(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url))
    listener.status, listener.headers = 429, {"Retry-After": "1800"}
    night.send(message(1))
    listener.status = 200

    for _ in range(29):
        night.tick(after_ms=MINUTE_MS)
    assert listener.got == []
    night.tick(after_ms=MINUTE_MS)

    assert len(listener.got) == 1


def test_what_a_receiver_will_never_take_is_set_aside_and_holds_nothing_up(
    embedded: Embedded, listener: Listener
) -> None:
    night = Night(embedded, plan_for(listener.url))
    listener.status = 400
    night.send(message(1))
    listener.status = 200

    night.send(message(2))

    assert [body["number"] for body in listener.bodies()] == [2]
    (name,) = embedded.backend.blobs.names("undelivered/", limit=10)
    assert name == f"undelivered/ops/{message(1).id}.json"
    kept = embedded.backend.blobs.get(name)
    assert kept is not None
    assert msgspec.json.decode(kept, type=Notification) == message(1)


class Crash(BaseException):
    """The process dies."""


class Dying:
    """Posts, and dies before the answer is known to anybody."""

    def __init__(self) -> None:
        self.inner = WebOutlet()
        self.lives = 0

    def post(self, post: Post) -> Answer:
        answer = self.inner.post(post)
        if not self.lives:
            raise Crash
        self.lives -= 1
        return answer


def test_crash_after_a_post_posts_it_again_under_the_same_id(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url), Dying())
    with pytest.raises(Crash):
        night.send(message(1), message(2))
    night.outlet = WebOutlet()
    night.restarted()

    night.send(message(1), message(2))

    ids = [headers["webhook-id"] for headers, _ in listener.got]
    assert ids == [message(1).id, message(1).id, message(2).id]


def test_full_line_leaves_messages_in_the_queue(
    embedded: Embedded, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_step, "WAITING_MAX", 3)
    night = Night(embedded, plan_for(listener.url))
    listener.status = 503
    for number in range(1, 4):
        night.send(message(number))

    assert night.send(message(4)) == ["m4"]


def test_missing_secret_posts_nothing_until_it_is_there(embedded: Embedded, listener: Listener) -> None:
    plan = plan_for(listener.url)
    night = Night(
        embedded, msgspec.structs.replace(plan, receivers=(Receiver("ops", "webhook", listener.url, "gone"),))
    )

    night.send(message(1))

    assert listener.tried == 0
    assert "secret gone is not set" in night.handler.line("ops").error


def test_pagerduty_gets_how_an_incident_stands_and_not_how_it_came_to_that(
    embedded: Embedded, listener: Listener
) -> None:
    night = Night(embedded, plan_for(listener.url, "pagerduty"))
    listener.status = 503
    fires = {"attributes": NOTIFICATION.attributes | {"state": "firing"}, "left": 1}
    over = {"attributes": NOTIFICATION.attributes | {"state": "resolved"}, "left": 0}
    for minute in range(30):
        night.send(message(minute, group=f"acme|{minute % 3}", **(over if minute >= 27 else fires)))
        night.tick(after_ms=MINUTE_MS)
    listener.status = 200
    for _ in range(6):
        night.tick(after_ms=MINUTE_MS)

    events = listener.bodies()
    assert [(one["event_action"], one["dedup_key"]) for one in events] == [
        ("resolve", f"tocsin:acme|{name}") for name in (0, 1, 2)
    ]
    assert {one["routing_key"] for one in events} == {"R0UTINGKEY"}
    assert len(events[0]["payload"]["custom_details"]["superseded"]) == 9


def test_template_that_fails_is_replaced_by_the_notifications_own_words(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url, text="{{ nothing.like.this }}"))

    night.send(message(1))

    assert listener.bodies()[0]["text"] == NOTIFICATION.text


def test_what_is_no_notification_is_passed_over(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url))

    assert night.send(message(1), queue="route-unknown") == []
    assert listener.tried == 0


def test_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SECRET_HOOK_KEY", "x")

    assert secret_of_environment("hook-key") == "x"
    assert secret_of_environment("other") is None


def test_receiver_answers_after_a_day_and_hears_of_the_whole_day(embedded: Embedded, listener: Listener) -> None:
    night = Night(embedded, plan_for(listener.url))
    listener.status = 502
    for hour in range(24):
        night.send(message(hour))
        night.tick(after_ms=HOUR_MS)
    listener.status = 200

    night.tick(after_ms=HOUR_MS)

    (body,) = listener.bodies()
    assert [one["number"] for one in body["missed"]] == list(range(24))
