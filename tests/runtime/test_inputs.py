"""What the local runtime takes readings from."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fleet import deliveries
from simulator.scenario import load_scenario
from simulator.shift import shifted
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import HOUR_MS, MINUTE_MS, VirtualClock
from tocsin.core.formats.rejections import decode_rejections
from tocsin.core.plan.model import Bounds
from tocsin.core.plan.source import default_plan
from tocsin.runtime.inputs import FleetInput, LinesInput
from tocsin.runtime.local import run_local
from tocsin.runtime.pipeline import Pipeline

NOW_MS = 1_795_428_000_000
BOUNDS = Bounds()
SMALL = Path(__file__).parents[2] / "scenarios" / "small.yaml"


def message(device: str, seq: int) -> bytes:
    return b'{"device":"%s","ts":%d,"seq":%d,"metrics":{"x_celsius":1}}' % (device.encode(), NOW_MS, seq)


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: NOW_MS) as opened:
        yield opened


def fed(embedded: Embedded, *chunks: bytes, bounds: Bounds = BOUNDS) -> LinesInput:
    """Take the chunks, each in a read of its own, to the end."""
    reading, writing = os.pipe()
    source = LinesInput(reading, "plant", bounds, embedded.backend, lambda: NOW_MS)
    for chunk in chunks:
        os.write(writing, chunk)
        source.poll()
    os.close(writing)
    while not source.is_done:
        source.poll()
    os.close(reading)
    return source


def on_the_log(embedded: Embedded) -> list[tuple[str, bytes]]:
    (shard,) = embedded.readings.shards()
    records = embedded.readings.read(shard.id, after=None, limit=1_000)
    return [(record.partition_key, line) for record in records for line in record.data.splitlines()]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(min_value=0, max_value=260), max_size=5))
def test_messages_are_the_same_however_the_pipe_cuts_them(cuts: list[int]) -> None:
    whole = b"\n".join([message("a", 0), message("b", 1), b"", message("a", 2)])
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        source = fed(embedded, *(whole[start:end] for start, end in pairwise(places)))

        found = on_the_log(embedded)
    assert (source.accepted, source.rejected) == (3, 0)
    assert sorted(found) == sorted(
        [("plant#a", message("a", 0)), ("plant#a", message("a", 2)), ("plant#b", message("b", 1))]
    )
    assert [line for key, line in found if key == "plant#a"] == [message("a", 0), message("a", 2)]


def test_line_that_breaks_a_rule_is_stored_as_it_came_and_the_others_are_taken(embedded: Embedded) -> None:
    source = fed(embedded, message("a", 0) + b"\n\xffjunk\n[" + message("a", 1) + b"," + message("b", 2) + b"]\n{}\n")

    (name,) = embedded.backend.blobs.names("rejected/", limit=10)
    stored = embedded.backend.blobs.get(name)
    assert stored is not None
    assert (source.accepted, source.rejected) == (3, 2)
    assert [one.data for one in decode_rejections(stored)] == [b"\xffjunk", b"{}"]
    assert name.startswith("rejected/ingest/lines/")


def test_line_without_an_end_does_not_fill_the_memory(embedded: Embedded) -> None:
    bounds = Bounds(record_bytes_max=1_000)

    source = fed(embedded, *[b"x" * 900] * 10, b"\n" + message("a", 0), bounds=bounds)

    assert source.accepted == 1
    assert source.rejected == 5


def test_nothing_to_read_is_not_waited_for(embedded: Embedded) -> None:
    reading, writing = os.pipe()
    source = LinesInput(reading, "plant", BOUNDS, embedded.backend, lambda: NOW_MS)

    assert (source.poll(), source.is_done) == (0, False)
    os.close(writing)
    os.close(reading)


def test_fleet_delivers_what_has_arrived_and_all_of_it_in_the_end(embedded: Embedded) -> None:
    scenario = shifted(load_scenario(SMALL), NOW_MS)
    sent = sum(one.messages for batch in deliveries(scenario, 1) for one in batch.deliveries)
    clock = VirtualClock(NOW_MS)
    source = FleetInput(scenario, 1, embedded.backend, clock.now_ms)

    first = source.poll()
    clock.advance_to(NOW_MS + MINUTE_MS)
    within_a_minute = source.poll()
    clock.advance_to(NOW_MS + HOUR_MS)
    rest = source.poll()

    assert first == 0
    assert 10 < within_a_minute < 40
    assert (within_a_minute + rest, source.is_done) == (sent, True)


def test_run_folds_what_was_taken_before_it_ends(embedded: Embedded) -> None:
    clock = VirtualClock(NOW_MS)
    pipeline = Pipeline(embedded, default_plan(), clock.now_ms)
    reading, writing = os.pipe()
    os.write(writing, message("a", 0) + b"\n")
    source = LinesInput(reading, "plant", BOUNDS, pipeline.backend, clock.now_ms)
    rounds: list[int] = []

    run_local(
        pipeline,
        [source],
        clock.now_ms,
        stop=lambda: len(rounds) == 1,
        after_round=lambda: rounds.append(pipeline.counts().messages),
    )

    assert rounds == [1, 1]
    os.close(writing)
    os.close(reading)
