"""Delivery beside the local pipeline: from a transition on the feed to a receiver on this machine."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.alerts.delivery.receiver import Receiver as Listener
from tests.alerts.delivery.receiver import receiving
from tests.alerts.specimens import AT_MS, FIRING, PLAN, RESOLVED, of_device
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.adapters.web.outlet import WebOutlet
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.messages import Severity
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.model import Plan
from tocsin.runtime.deliveries import Deliveries
from tocsin.runtime.pipeline import Pipeline


@pytest.fixture
def listener() -> Iterator[Listener]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(AT_MS)


@pytest.fixture
def embedded(clock: VirtualClock) -> Iterator[Embedded]:
    with open_embedded(None, now_ms=clock.now_ms) as opened:
        yield opened


def plan_with(url: str, **route: Any) -> Plan:
    return msgspec.structs.replace(
        PLAN, receivers=(Receiver("ops", "webhook", url),), routes=(Route("bad", "ops", **route),)
    )


def deliveries(embedded: Embedded, plan: Plan, clock: VirtualClock) -> Deliveries:
    return Deliveries(embedded, plan, clock.now_ms, WebOutlet(), {}.get)


def test_alert_that_fits_a_route_is_posted_to_its_receiver(
    embedded: Embedded, listener: Listener, clock: VirtualClock
) -> None:
    plan = plan_with(listener.url, severity=("critical",))
    pipeline, delivery = Pipeline(embedded, plan, clock.now_ms), deliveries(embedded, plan, clock)
    embedded.backend.alerts.put([FIRING, of_device(FIRING, 1, severity=Severity.WARNING), RESOLVED])

    pipeline.run_due()
    while delivery.poll():
        pass
    clock.advance_to(AT_MS + MINUTE_MS)
    pipeline.run_due()
    while delivery.poll():
        pass

    assert [(one["attributes"]["state"], one["attributes"]["severity"]) for one in listener.bodies()] == [
        ("firing", "critical"),
        ("resolved", "critical"),
    ]


def test_receiver_that_was_down_gets_it_from_the_schedule(
    embedded: Embedded, listener: Listener, clock: VirtualClock
) -> None:
    plan = plan_with(listener.url)
    pipeline, delivery = Pipeline(embedded, plan, clock.now_ms), deliveries(embedded, plan, clock)
    listener.status = 503
    embedded.backend.alerts.put([FIRING])
    pipeline.run_due()
    delivery.poll()
    listener.status = 200

    delivery = deliveries(embedded, plan, clock)
    clock.advance_to(AT_MS + MINUTE_MS)
    delivery.poll()

    assert len(listener.bodies()) == 1


def test_route_that_left_the_plan_gets_nothing_more(
    embedded: Embedded, listener: Listener, clock: VirtualClock
) -> None:
    deliveries(embedded, plan_with(listener.url), clock)
    delivery = deliveries(embedded, PLAN, clock)
    pipeline = Pipeline(embedded, PLAN, clock.now_ms)
    embedded.backend.alerts.put([FIRING])

    pipeline.run_due()
    delivery.poll()

    assert embedded.queue("route-bad").depth() == 0
    assert listener.tried == 0


def test_pipeline_alone_posts_nothing(embedded: Embedded, listener: Listener, clock: VirtualClock) -> None:
    embedded.backend.alerts.put([FIRING])

    Pipeline(embedded, plan_with(listener.url), clock.now_ms).run_due()

    assert listener.tried == 0
