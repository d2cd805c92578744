"""Latency: from the instant at which a device's message is due to the notification of its alert, on the real clock.

Run ``python -m benchmarks.latency``, ``--json`` for one object. The whole pipeline in one process on a durable file,
as ``tocsin run`` runs it: 2,000 devices with five metrics send in turn, and every so often one of them crosses a limit
for the first time. Messages are due at their instant whether the pipeline is ready for them or not, so what a stall
holds up counts in full. First the capacity is measured: how fast it works
through messages of which the next thousand come when the last are done with.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import gcd
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.table import print_table
from benchmarks.workload import METRICS
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import elapsed_s, wall_now_ms
from tocsin.core.messages import Notification, Severity, Transition
from tocsin.core.plan.model import LimitsRule, Plan
from tocsin.core.plan.source import default_plan
from tocsin.core.plan.telling import Grouping
from tocsin.core.ports import Backend, LogRecord
from tocsin.runtime.local import run_local
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.stages import Stages, make_stages

DEVICES: Final = 2_000
METRICS_A_MESSAGE: Final = 5
HELD_READINGS_PER_S: Final = 10_000
SHARES: Final = (0.1, 0.5, 0.8)
LASTS_S: Final = 65.0
"""Longer than a minute: the windows of all series close together once, and all are judged."""

ALERTS_PER_S: Final = 20
BACKLOG_READINGS: Final = 300_000
CAPACITY_MS: Final = 120_000
BATCH: Final = 1_000
LIMIT: Final = 90.0
PERCENTILES: Final = (50, 99, 99.9)
STAGES: Final = ("taken", "folded", "judged", "told")
"""What happens to a reading: on the log; in a committed window; a transition is in the table; a notification is out."""


def plan_of_limits() -> Plan:
    """Return the default plan with a limit whose alerts are told one by one."""
    rule = LimitsRule("too_hot", metric=METRICS[0], above=LIMIT, severity=Severity.CRITICAL)
    plan = default_plan()
    grouping = Grouping(by=("device",), wait_ms=0, interval_ms=0, gateway_wait_ms=0)
    return msgspec.structs.replace(plan, rules=(*plan.rules, rule), grouping=grouping)


@dataclass(slots=True)
class Times:
    """When what happened, in seconds on a clock that only moves forward.

    Attributes:
        due: Device to when its crossing message was due.
        reached: Stage to device to when its crossing was there.
        panes_s: When panes were last put.
    """

    due: dict[str, float] = field(default_factory=dict)
    reached: dict[str, dict[str, float]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    panes_s: float = 0.0

    def note(self, stage: str, device: str, at_s: float) -> None:
        """Note the first time that the device's crossing was there."""
        if device in self.due:
            self.reached[stage].setdefault(device, at_s)


class _Noted:
    """A port of which one method is noted once it is done."""

    def __init__(self, port: object, method: str, note: Any) -> None:  # noqa: ANN401  takes what the method takes
        self._port = port
        self._method = method
        self._note = note

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        found = getattr(self._port, name)
        if name != self._method:
            return found

        def noted(items: Any) -> Any:  # noqa: ANN401  as the port
            done = found(items)
            self._note(items)
            return done

        return noted


def noting(backend: Backend, times: Times) -> Backend:
    """Return the ports, noting when panes, transitions and notifications pass."""
    devices: dict[str, str] = {}

    def panes(_: object) -> None:
        times.panes_s = elapsed_s()

    def transitions(put: Sequence[Transition]) -> None:
        for one in put:
            devices[one.fingerprint] = one.device
            times.note("folded", one.device, times.panes_s)
            times.note("judged", one.device, elapsed_s())

    def notifications(told: Sequence[Notification]) -> None:
        for one in told:
            for alert in one.alerts:
                times.note("told", devices.get(alert.fingerprint, ""), elapsed_s())

    noted: dict[str, Any] = {
        "panes": _Noted(backend.panes, "put", panes),
        "alerts": _Noted(backend.alerts, "put", transitions),
        "topic": _Noted(backend.topic, "publish", notifications),
    }
    return replace(backend, **noted)


class Devices:
    """Sends what is due: an input of the local runtime.

    Args:
        pipeline: Whose log takes the messages.
        times: Where crossings are noted.
        readings_per_s: Of all devices together.
        lasts_s: How long they send.
    """

    def __init__(self, pipeline: Pipeline, times: Times, readings_per_s: float, lasts_s: float) -> None:
        self._log = pipeline.backend.readings
        self._times = times
        self._every_s = METRICS_A_MESSAGE / readings_per_s
        self._count = int(lasts_s / self._every_s)
        self._crosses_every = _coprime(max(1, round(1 / self._every_s / ALERTS_PER_S)))
        self._sent = 0
        self._over: set[int] = set()
        self._begun_s, self._begun_ms = elapsed_s(), wall_now_ms()

    def is_done(self) -> bool:
        """Tell whether all was sent."""
        return self._sent >= self._count

    def poll(self) -> int:
        """Put all messages that are due by now; return how many."""
        due = min(self._count, int((elapsed_s() - self._begun_s) / self._every_s) + 1)
        numbers = range(self._sent, due)
        if not numbers:
            return 0
        records = [self._record(number) for number in numbers]
        assert not self._log.put(records)
        taken_s = elapsed_s()
        for record in records:
            self._times.note("taken", record.partition_key.rpartition("#")[2], taken_s)
        self._sent = due
        return len(numbers)

    def _record(self, number: int) -> LogRecord:
        device = number % DEVICES
        name = f"device-{device:05d}"
        at_s = number * self._every_s
        if number % self._crosses_every == 0 and device not in self._over:
            self._over.add(device)
            self._times.due[name] = self._begun_s + at_s
        return LogRecord(
            f"demo#{name}", message(name, self._begun_ms + int(at_s * 1_000), number, is_over=device in self._over)
        )


def _coprime(every: int) -> int:
    """Return the next number that shares no factor with the devices, so that each of them has its turn."""
    return next(number for number in range(every, every + DEVICES) if gcd(number, DEVICES) == 1)


def message(device: str, at_ms: int, number: int, *, is_over: bool) -> bytes:
    """Return a message of five metrics that wander; the first of them over its limit or not."""
    values = {metric: 20 + (number * 7 + place * 13) % 97 / 10 for place, metric in enumerate(METRICS)}
    if is_over:
        values[METRICS[0]] = LIMIT + 5
    return json.dumps({"device": device, "ts": at_ms, "metrics": values}).encode()


def capacity(readings: int = BACKLOG_READINGS) -> float:
    """Return how many readings a second the pipeline takes and works through, made by the same process.

    Messages of two minutes are put a thousand at a time, and worked through before the next.
    """
    messages = readings // METRICS_A_MESSAGE
    begun_ms, every_ms = wall_now_ms() - CAPACITY_MS, CAPACITY_MS / messages
    with tempfile.TemporaryDirectory() as folder, open_embedded(Path(folder) / "tocsin.db", now_ms=wall_now_ms) as host:
        pipeline = Pipeline(host, plan_of_limits(), wall_now_ms)
        begun_s = elapsed_s()
        for first in range(0, messages, BATCH):
            numbers = range(first, min(messages, first + BATCH))
            assert not pipeline.backend.readings.put([_unremarkable(n, begun_ms + int(n * every_ms)) for n in numbers])
            pipeline.drain()
        return readings / (elapsed_s() - begun_s)


def _unremarkable(number: int, at_ms: int) -> LogRecord:
    name = f"device-{number % DEVICES:05d}"
    return LogRecord(f"demo#{name}", message(name, at_ms, number, is_over=False))


def measure(readings_per_s: float, lasts_s: float = LASTS_S) -> Times:
    """Return when each crossing was where, at that rate."""
    times = Times()

    def stages(backend: Backend, plans: Any) -> Stages:  # noqa: ANN401  as make_stages
        return make_stages(noting(backend, times), plans)

    with tempfile.TemporaryDirectory() as folder, open_embedded(Path(folder) / "tocsin.db", now_ms=wall_now_ms) as host:
        pipeline = Pipeline(host, plan_of_limits(), wall_now_ms, stages=stages)
        devices = Devices(pipeline, times, readings_per_s, lasts_s)
        run_local(pipeline, [devices], wall_now_ms, stop=devices.is_done, after_round=lambda: None)
    return times


def rows_of(times: Times) -> list[dict[str, Any]]:
    """Return a row a stage and one for the whole way: percentiles in milliseconds, over all crossings."""
    told = times.reached["told"]
    assert len(told) == len(times.due), f"{len(times.due) - len(told)} of {len(times.due)} crossings were not told"
    before, rows = times.due, []
    for stage in STAGES:
        rows.append(_row(f"until {stage}", [times.reached[stage][name] - before[name] for name in told]))
        before = times.reached[stage]
    return [*rows, _row("reading to notification", [at_s - times.due[name] for name, at_s in told.items()])]


def _row(name: str, took_s: Sequence[float]) -> dict[str, Any]:
    found = np.percentile(np.array(took_s) * 1_000, PERCENTILES)
    return {"what": name, "alerts": len(took_s)} | {
        f"p{percent:g}_ms": round(float(value), 1) for percent, value in zip(PERCENTILES, found, strict=True)
    }


def main(arguments: list[str] | None = None) -> None:
    """Print a table for each rate, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--for", dest="lasts_s", type=float, default=LASTS_S, help="seconds a rate")
    parser.add_argument("--json", action="store_true", help="print one object")
    asked = parser.parse_args(arguments if arguments is not None else [])
    most = capacity()
    rates = {f"{share:.0%} of capacity": share * most for share in SHARES}
    rates["held against the goal"] = HELD_READINGS_PER_S
    found: dict[str, dict[str, Any]] = {
        name: {"readings_per_s": rate, "rows": rows_of(measure(rate, asked.lasts_s))} for name, rate in rates.items()
    }
    if asked.json:
        print(json.dumps({"capacity_readings_per_s": most, "rates": found}))
        return
    print(f"capacity: {most:,.0f} readings a second, over {BACKLOG_READINGS:,} that come as fast as they are taken")
    for name, one in found.items():
        head = ("what", "alerts", *(f"p{percent:g} ms" for percent in PERCENTILES))
        rows = [[str(value) for value in row.values()] for row in one["rows"]]
        print_table(f"{name}: {one['readings_per_s']:,.0f} readings a second for {asked.lasts_s:g} s", head, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
