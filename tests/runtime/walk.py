"""A short recording with something of everything: heat, silence, copies, late and broken messages.

Also a program: ``python -m tests.runtime.walk FILE`` plays it into a durable pipeline, and goes on where an
earlier run was stopped.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.formats.recording import Recorded
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Severity
from tocsin.core.plan.model import Grouping, LimitsRule, MetricPlan, MissingRule, Plan, Window
from tocsin.runtime.golden import golden_text
from tocsin.runtime.pipeline import Pipeline

START_MS = 1_795_435_200_000
MINUTES = 20
PLAN = Plan(
    metrics=(MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS),)),),
    rules=(
        LimitsRule("too_hot", metric="temperature_celsius", severity=Severity.CRITICAL, above=80.0, hysteresis=5.0),
        MissingRule("silent", floor_ms=3 * MINUTE_MS),
    ),
    grouping=Grouping(by=("kind",)),
)


def walk(devices: int = 6, minutes: int = MINUTES) -> Iterator[Recorded]:
    """Yield the recording: pump-1 runs hot, pump-2 falls silent, pump-3 stutters, pump-4 lies, pump-5 is late."""
    for second in range(0, minutes * 60, 10):
        for number in range(devices):
            if number == 2 and 300 <= second < 720:
                continue
            at_ms = START_MS + second * 1_000 + number
            lag_ms = 240_000 if number == 5 and second % 300 == 0 else 0
            hot = 12.0 * (number == 1 and 400 <= second < 700)
            metrics = {"temperature_celsius": 70.0 + second % 7 + hot, "flow_lpm": float(second)}
            data = msgspec.json.encode(
                {"device": f"pump-{number}", "ts": at_ms - lag_ms, "seq": second, "metrics": metrics}
            )
            yield Recorded(at_ms + 50, f"acme#pump-{number}", data)
            if number == 3 and second % 120 == 0:
                yield Recorded(at_ms + 60, "acme#pump-3", data)
            if number == 4 and second % 240 == 0:
                yield Recorded(at_ms + 60, "acme#pump-4", b'{"device":"pump-4","ts":1,')


def play(pipeline: Pipeline, clock: VirtualClock, records: Iterable[Recorded]) -> Iterator[int]:
    """Put the records minute by minute, in parts, and let time pass; yield each minute that is over.

    What was owed when a minute began comes before its records, also where a run goes on that was stopped between.
    """
    for minute, arrived in groupby(records, key=lambda record: record.arrival_ms // MINUTE_MS):
        pipeline.advance_to(clock, minute * MINUTE_MS)
        dated = [DatedRecord(one.partition_key, one.data, None, one.arrival_ms) for one in arrived]
        for first in range(0, len(dated), 16):
            pipeline.backend.readings.put(dated[first : first + 16])
            pipeline.drain()
        pipeline.advance_to(clock, (minute + 1) * MINUTE_MS)
        yield minute


def transitions_of(embedded: Embedded) -> str:
    """Return all transitions on the feed as golden text."""
    feed = embedded.backend.alerts.feed
    read = [record for shard in feed.shards() for record in feed.read(shard.id, after=None, limit=100_000)]
    return golden_text([decode_transition(record.data) for record in read], [])


def summary_of(embedded: Embedded, pipeline: Pipeline) -> dict[str, Any]:
    """Return what must not depend on where a run was interrupted."""
    counts = msgspec.to_builtins(pipeline.counts())
    decisions = embedded.backend.decisions.query("acme", limit=10_000)
    return {
        "alerts": transitions_of(embedded),
        "decided": sorted([one.alert.fingerprint, one.alert.number] for one in decisions),
        "accounts": {name: counts[name] for name in ("messages", "duplicates", "rejected", "readings", "late")},
    }


def _put_so_far(embedded: Embedded) -> tuple[int, int]:
    """Return how many records of the walk are on the log, and when the last record of all arrived."""
    log = embedded.backend.readings
    held = [record for shard in log.shards() for record in log.read(shard.id, after=None, limit=100_000)]
    walked = sum(record.partition_key != TICK_KEY for record in held)
    return walked, max([START_MS, *(record.arrival_ms for record in held)])


def go_on(path: Path, told: Callable[[int], object]) -> dict[str, Any]:
    """Play what the log does not hold yet, tell each minute that is over, and return the summary of the whole."""
    clock = VirtualClock(START_MS)
    with open_embedded(path, now_ms=clock.now_ms, shards=2) as embedded:
        done, last_ms = _put_so_far(embedded)
        clock.advance_to(last_ms)
        pipeline = Pipeline(embedded, PLAN, clock.now_ms)
        pipeline.start_ticks()
        for minute in play(pipeline, clock, list(walk())[done:]):
            told(minute)
        pipeline.advance_to(clock, START_MS + (MINUTES + 4) * MINUTE_MS)
        return summary_of(embedded, pipeline)


def _play(path: Path) -> None:
    # Whoever kills this program counts the lines.
    print(json.dumps(go_on(path, partial(print, flush=True))), flush=True)  # noqa: T201  a program


if __name__ == "__main__":
    _play(Path(sys.argv[1]))
