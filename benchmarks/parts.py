"""Where the time of a step goes, part by part: ``python -m benchmarks.parts``.

Functions of the hot path are wrapped by a stop watch; what a part calls that is a part itself does not count for it.
Of each batch the fastest of several runs counts, so other work on the machine disturbs little; the wrapping itself
adds half a microsecond a call.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from benchmarks import folding
from benchmarks.table import print_table
from benchmarks.workload import Workload, make_workload
from processors import fold, state, step
from tocsin.core.formats import json_columns, json_readings

RUNS: Final = 4
BATCH: Final = 1_000
PARTS: Final[dict[str, tuple[tuple[Any, str], ...]]] = {
    "JSON to objects": ((json_readings, "decode_typed"), (json_readings, "decode_all")),
    "values and times to arrays": (
        (json_columns, "values_of"),
        (json_columns, "floats"),
        (json_columns, "_readings"),
        (json_columns, "_times"),
    ),
    "devices and keys": ((json_readings, "_distinct"), (json_readings, "_records_of_another_device")),
    "bounds, and proof that nothing was passed over": (
        (json_columns, "_mark_bad_readings"),
        (json_columns, "_is_out_of_time"),
        (json_readings, "bytes_and_quotes"),
    ),
    "identity of each message": ((json_columns, "_identities"),),
    "malformed ones, by name": ((json_readings, "_look_closely"),),
    "rest of decoding": ((json_readings, "decode_records"), (folding, "decode_records")),
    "rows of devices and series": ((step, "admit"),),
    "watermarks along the messages": ((fold, "next_part"),),
    "identities looked up and remembered": ((fold, "_take_identities"),),
    "readings into open slices": ((fold, "_fold_readings"),),
    "closing of windows": ((fold, "advance"),),
    "copy of the state": ((state.Group, "copy"),),
    "rest of the step: accounts, panes, what goes aside": ((step, "step"), (folding, "step")),
}


class _Watch:
    """Adds up what each part takes in the batch that is under way, in nanoseconds."""

    def __init__(self) -> None:
        self.took_ns = dict.fromkeys(PARTS, 0)
        self._inner_ns = [0]

    def wrapped(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the work, timed for its part."""

        def timed(*args: Any, **named: Any) -> Any:  # noqa: ANN401  whatever the work takes and returns
            self._inner_ns.append(0)
            begun_ns = time.perf_counter_ns()
            try:
                return work(*args, **named)
            finally:
                all_ns = time.perf_counter_ns() - begun_ns
                self.took_ns[part] += all_ns - self._inner_ns.pop()
                self._inner_ns[-1] += all_ns

        return timed

    def lap(self) -> list[int]:
        """Return what the parts took since the last lap."""
        took = list(self.took_ns.values())
        self.took_ns = dict.fromkeys(PARTS, 0)
        return took


def measure(work: Workload) -> dict[str, float]:
    """Return nanoseconds a message of each part, in the second half of the workload."""
    watch = _Watch()
    originals = [(place, name, getattr(place, name)) for places in PARTS.values() for place, name in places]
    for part, places in PARTS.items():
        for place, name in places:
            setattr(place, name, watch.wrapped(part, getattr(place, name)))
    try:
        runs = [_laps(work, watch) for _ in range(RUNS)]
    finally:
        for place, name, original in originals:
            setattr(place, name, original)
    best = np.min(np.array(runs), axis=0)
    return dict(zip(PARTS, best[len(best) // 2 :].mean(axis=0) / BATCH, strict=True))


def _laps(work: Workload, watch: _Watch) -> list[list[int]]:
    plans = folding.PlanBook(folding.PLAN)
    known = folding.live(folding.Group.empty(0, folding.geometry_of(folding.PLAN)), plans)
    laps = []
    for batch in folding.deliveries(work, BATCH):
        known = folding.step(known, batch, plans).state
        laps.append(watch.lap())
    return laps


def main() -> None:
    """Print a table for one metric a message and for five."""
    for metrics in (1, 5):
        took = measure(make_workload(100_000 * metrics, metrics_per_message=metrics))
        total = sum(took.values())
        rows = [(part, f"{ns:,.0f}", f"{ns / total:.0%}") for part, ns in took.items()]
        print_table(
            f"{metrics} metric{'s' if metrics > 1 else ''} a message: nanoseconds a message",
            ("part", "ns", "share"),
            [*rows, ("sum", f"{total:,.0f}", "100%")],
        )


if __name__ == "__main__":
    main()
