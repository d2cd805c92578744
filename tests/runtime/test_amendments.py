"""Late data through the whole pipeline: who was told of an alert is told what they say of it."""

import json
from collections.abc import Iterator

import msgspec
import pytest

from tests.runtime.walk import PLAN, START_MS
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import HOUR_MS, MINUTE_MS, SECOND_MS, VirtualClock
from tocsin.core.messages import Notification
from tocsin.core.plan.bounds import Timing
from tocsin.core.plan.model import LimitsRule, SourcePlan
from tocsin.runtime.pipeline import Pipeline

LATE_PLAN = msgspec.structs.replace(
    PLAN,
    rules=(LimitsRule(name="high", metric="flow_lpm", above=80.0, early=False, clear_ms=HOUR_MS),),
    sources=(SourcePlan("gateway", "acme"),),
    timing=Timing(correction_ms=HOUR_MS),
)


@pytest.fixture
def embedded(clock: VirtualClock) -> Iterator[Embedded]:
    with open_embedded(None, now_ms=clock.now_ms) as opened:
        opened.backend.topic.subscribe("people")
        yield opened


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START_MS)


def sent(second: int, value: float) -> str:
    message = {"device": "pump-1", "ts": START_MS + second * SECOND_MS, "seq": second, "metrics": {"flow_lpm": value}}
    return json.dumps(message)


def told(embedded: Embedded) -> list[tuple[str, str]]:
    messages = embedded.queue("people").receive(limit=100, visibility_ms=1)
    found = [msgspec.json.decode(one.body, type=Notification) for one in messages]
    return [(one.attributes["change"], one.alerts[0].fingerprint) for one in found]


@pytest.mark.parametrize(
    ("late", "change"),
    [
        pytest.param(10.0, "withdrawn", id="that it was never so"),
        pytest.param(78.0, "amended", id="that it was less bad"),
        pytest.param(99.0, "amended", id="that it was worse"),
    ],
)
def test_late_readings_say_of_an_alert(embedded: Embedded, clock: VirtualClock, late: float, change: str) -> None:
    pipeline = Pipeline(embedded, LATE_PLAN, clock.now_ms)
    pipeline.start_ticks()
    embedded.backend.gateway.send([sent(second, 85.0) for second in (5, 25)])
    pipeline.advance_to(clock, START_MS + 4 * MINUTE_MS)
    embedded.backend.gateway.send([sent(second, late) for second in (15, 35)])
    pipeline.advance_to(clock, START_MS + 7 * MINUTE_MS)

    (first, named), (second, again) = told(embedded)
    assert (first, second) == ("firing", change)
    assert named == again
