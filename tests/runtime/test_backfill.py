"""The past is folded as if it had come in time, beside what is known, and comes into force at once."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import structs

from anomaly.detectors.adaptive import Adaptive
from tests.runtime.walk import PLAN, START_MS, play, transitions_of, walk
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import DAY_MS, MINUTE_MS, VirtualClock
from tocsin.core.errors import ConfigError
from tocsin.core.formats.recording import Recorded
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.model import AdaptiveRule, Plan
from tocsin.runtime.backfill import BLOBS_PREFIX, backfill, event_time_ms
from tocsin.runtime.generations import insist_on_generation, load_known
from tocsin.runtime.pipeline import Pipeline

NEXT = structs.replace(PLAN, generation=2)
PAST_MS = START_MS - 90 * DAY_MS
"""Far beyond the age that is accepted of what arrives now."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START_MS)


@pytest.fixture
def embedded(clock: VirtualClock) -> Iterator[Embedded]:
    with open_embedded(None, now_ms=clock.now_ms) as opened:
        yield opened


def reading(device: str, time_ms: int, value: float = 70.0, **more: Any) -> Recorded:
    message = {"device": device, "ts": time_ms, "metrics": {"temperature_celsius": value}, **more}
    return Recorded(START_MS + 5, f"acme#{device}", msgspec.json.encode(message))


def past(device: str = "old-1", minutes: int = 30, start_ms: int = PAST_MS) -> list[Recorded]:
    return [reading(device, start_ms + second * 1_000, seq=second) for second in range(0, minutes * 60, 20)]


def run(embedded: Embedded, clock: VirtualClock, plan: Plan, records: list[Recorded]) -> Pipeline:
    pipeline = Pipeline(embedded, plan, clock.now_ms)
    pipeline.start_ticks()
    list(play(pipeline, clock, records))
    return pipeline


def windows(embedded: Embedded, device: str, start_ms: int) -> list[int]:
    items = embedded.backend.windows.query(
        "acme", device, size_ms=MINUTE_MS, start_ms=start_ms, end_ms=start_ms + DAY_MS, limit=9_999
    )
    return [item.metrics["temperature_celsius"].count for item in items]


def test_the_past_fills_its_windows_and_nothing_of_it_is_late_or_rejected(
    embedded: Embedded, clock: VirtualClock
) -> None:
    run(embedded, clock, PLAN, list(walk(minutes=2)))

    done = backfill(embedded, NEXT, reversed(past()), clock.now_ms)

    assert windows(embedded, "old-1", PAST_MS) == [3] * 30
    assert (done.records, done.readings, done.rejected, done.new_devices) == (90, 90, 0, 1)
    assert embedded.backend.blobs.names(f"{BLOBS_PREFIX}2/late/", limit=9) == []


def test_what_goes_on_meanwhile_goes_on_as_if_nothing_had_happened(clock: VirtualClock) -> None:
    records = list(walk(minutes=10))
    cut = next(place for place, one in enumerate(records) if one.arrival_ms >= START_MS + 6 * MINUTE_MS)
    outcomes = []
    for with_past in (False, True):
        clock = VirtualClock(START_MS)
        with open_embedded(None, now_ms=clock.now_ms) as embedded:
            plan = PLAN
            pipeline = run(embedded, clock, plan, records[:cut])
            if with_past:
                plan = NEXT
                backfill(embedded, plan, past(), clock.now_ms)
            pipeline = run(embedded, clock, plan, records[cut:])
            pipeline.advance_to(clock, START_MS + 14 * MINUTE_MS)
            counts = pipeline.counts()
            told = transitions_of(embedded).split("acme/old-1")[0]
            outcomes.append(
                (told, counts.messages, counts.late, counts.duplicates, windows(embedded, "pump-1", START_MS))
            )

    assert outcomes[0][0].count("firing") >= 1
    assert outcomes[0] == outcomes[1]


def test_what_was_learned_of_a_device_that_nobody_knew_stays(embedded: Embedded, clock: VirtualClock) -> None:
    plan = structs.replace(PLAN, rules=(*PLAN.rules, AdaptiveRule("odd")))
    run(embedded, clock, plan, list(walk(minutes=2)))
    after = structs.replace(plan, generation=2)
    backfill(embedded, after, past(minutes=60), clock.now_ms)

    known = load_known(embedded.backend, after, Adaptive(), reads_only=True)
    now = [msgspec.structs.replace(one, arrival_ms=clock.now_ms() + 9) for one in past("old-1", 1, clock.now_ms())]
    pipeline = run(embedded, clock, after, now)
    pipeline.advance_to(clock, clock.now_ms() + 4 * MINUTE_MS)

    learned = [
        (int(state.series["start_ms"][row]), int(state.series["detector"][row]))
        for state in known.anomaly
        for row, device in enumerate(state.series["device"])
        if state.device_keys[device] == "acme#old-1"
    ]
    assert learned == [(PAST_MS + 59 * MINUTE_MS, learned[0][1])]
    assert learned[0][1] >= 0
    assert sum(known.devices()) == 7
    assert sum(windows(embedded, "old-1", START_MS)) == 3


def test_alerts_of_the_past_are_counted_and_nobody_is_told(embedded: Embedded, clock: VirtualClock) -> None:
    run(embedded, clock, PLAN, list(walk(minutes=2)))
    before = transitions_of(embedded)
    hot = [
        *past(),
        *[reading("old-1", PAST_MS + 30 * MINUTE_MS + second * 1_000, 95.0) for second in range(0, 300, 20)],
    ]

    done = backfill(embedded, NEXT, hot, clock.now_ms)
    pipeline = run(embedded, clock, NEXT, [])
    pipeline.advance_to(clock, clock.now_ms() + MINUTE_MS)

    assert done.alerts == 2, "it was hot, and it is silent once the past ends"
    assert transitions_of(embedded) == before


def test_a_time_in_which_a_device_is_known_is_left_as_it_is(embedded: Embedded, clock: VirtualClock) -> None:
    run(embedded, clock, PLAN, list(walk(minutes=3)))
    before = windows(embedded, "pump-0", START_MS)
    mixed = past("pump-0", 2, START_MS - 2 * MINUTE_MS) + past("pump-0", 2, START_MS)

    done = backfill(embedded, NEXT, mixed, clock.now_ms)

    assert (done.records, done.overlapping, done.new_devices) == (6, 6, 0)
    assert windows(embedded, "pump-0", START_MS) == before
    assert windows(embedded, "pump-0", START_MS - DAY_MS) == [3, 3]


def test_ticks_and_what_has_no_time_are_left_out_and_bad_messages_are_stored_apart(
    embedded: Embedded, clock: VirtualClock
) -> None:
    bad = [
        Recorded(1, TICK_KEY, b"{}"),
        Recorded(1, "acme#old-1", b"no json"),
        Recorded(1, "acme#old-2", reading("other", PAST_MS).data),
    ]

    done = backfill(embedded, PLAN, [*past(), *bad], clock.now_ms)

    assert (done.left_out, done.rejected, done.generation) == (2, 1, 1)
    assert len(embedded.backend.blobs.names(f"{BLOBS_PREFIX}1/rejected/", limit=9)) == 1
    assert embedded.backend.blobs.names("rejected/", limit=9) == []


def test_a_dry_run_changes_nothing(embedded: Embedded, clock: VirtualClock) -> None:
    run(embedded, clock, PLAN, list(walk(minutes=2)))

    done = backfill(embedded, NEXT, past(), clock.now_ms, is_trial=True)

    assert (done.records, done.new_devices) == (90, 1)
    assert windows(embedded, "old-1", PAST_MS) == []
    insist_on_generation(embedded.backend.blobs, PLAN)


def test_the_generation_must_be_raised_and_there_must_be_something_to_fold(
    embedded: Embedded, clock: VirtualClock
) -> None:
    run(embedded, clock, PLAN, list(walk(minutes=1)))

    with pytest.raises(ConfigError, match="groups and generation alone"):
        backfill(embedded, PLAN, past(), clock.now_ms)
    with pytest.raises(ConfigError, match="nothing to fold: 1 records left out, 0 known already"):
        backfill(embedded, NEXT, [Recorded(1, TICK_KEY, b"{}")], clock.now_ms)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"ts": 5}', 5),
        (b'{"ts": "1970-01-01T00:00:01Z"}', 1_000),
        (b'[{"ts": 5}, {"ts": 7}]', 7),
        (b'{"ts": "noon"}', None),
        (b"no json", None),
    ],
)
def test_the_newest_event_time_of_a_record_counts(data: bytes, expected: int | None) -> None:
    assert event_time_ms(data) == expected
