"""How long the anomaly stage takes for 5,000 panes of 5,000 series, by rules; and what a series costs in state.

Run: ``python -m benchmarks.anomaly_step``. Figures are medians over batches after the first; the last
column is the ratio to four rules without the adaptive detector, in the same run.
"""

from collections.abc import Sequence
from statistics import median

import numpy as np

from anomaly.cohort_step import step_cohorts
from anomaly.detectors.adaptive import Adaptive
from anomaly.state import encode, initial
from anomaly.step import step
from tocsin.core.clock import MINUTE_MS, elapsed_s
from tocsin.core.columns import PaneBatch, PaneColumns, PaneKind
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import (
    AdaptiveRule,
    FlatlineRule,
    LimitsRule,
    MetricPlan,
    MissingRule,
    PeersRule,
    Plan,
    RateRule,
    Rule,
    Window,
)

DEVICES, METRICS, BATCHES = 1_000, 5, 12
WAITING = 6
"""Batches after which windows of a cohort have waited for long enough."""
START_MS = 1_795_428_000_000
FOUR: Sequence[Rule] = (
    LimitsRule(name="limits", above=1e6, below=-1e6),
    RateRule(name="rate", rise_per_s=1e6, fall_per_s=1e6),
    FlatlineRule(name="flatline"),
    MissingRule(name="metric_missing", scope="metric"),
)
CASES: dict[str, Sequence[Rule]] = {
    "limits, rate, flatline, missing": FOUR,
    "the same, twenty limits": [*FOUR, *(LimitsRule(name=f"limit-{place}", above=1e6) for place in range(19))],
    "the same four, all limits crossed back and forth": [LimitsRule(name="crossed", above=50.0), *FOUR[1:]],
    "the same four and the adaptive detector": [*FOUR, AdaptiveRule(name="adaptive", threshold=1e9)],
}


def panes(minute: int, noise: np.random.Generator) -> PaneColumns:
    """Return a window of every series."""
    count = DEVICES * METRICS
    mean = noise.normal(100.0 * (minute % 2), 1.0, count)
    start = np.full(count, START_MS + minute * MINUTE_MS)
    nothing = np.full(count, -1, np.int32)
    return PaneColumns(
        devices=tuple(f"acme#device-{place}" for place in range(DEVICES)),
        metrics=tuple(f"metric-{place}_celsius" for place in range(METRICS)),
        rules=(),
        positions=(),
        device=np.repeat(np.arange(DEVICES, dtype=np.int32), METRICS),
        metric=np.tile(np.arange(METRICS, dtype=np.int32), DEVICES),
        kind=np.full(count, PaneKind.ON_TIME, np.int32),
        size_ms=np.full(count, MINUTE_MS),
        start_ms=start,
        revision=np.zeros(count, np.int32),
        count=np.full(count, 6),
        sum=mean * 6,
        mean=mean,
        m2=np.ones(count),
        min=mean - 1.0,
        max=mean + 1.0,
        first=mean - 0.5,
        last=mean + 0.5,
        first_ms=start,
        last_ms=start + 50_000,
        quantiles=np.empty((count, 0)),
        limit=np.full(count, np.nan),
        rule=nothing,
        position=nothing,
    )


def measure(rules: Sequence[Rule]) -> tuple[float, float]:
    """Return median milliseconds a batch, and bytes of state a series."""
    plan = Plan(metrics=(MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS),)),), rules=tuple(rules))
    detector, plans = Adaptive(), PlanBook(plan)
    noise, state, took_ms = np.random.default_rng(1), initial(detector), []
    for minute in range(BATCHES):
        tick_ms = START_MS + (minute + 2) * MINUTE_MS
        batches: tuple[PaneBatch, ...] | None = (PaneBatch(1, 0, minute + 1, panes(minute, noise), tick_ms),)
        begin = elapsed_s()
        while batches:
            done = step(state, batches, plans=plans, detector=detector)
            state, batches = done.state, done.rest
        took_ms.append((elapsed_s() - begin) * 1_000)
    return median(took_ms[1:]), len(encode(state)) / (DEVICES * METRICS)


def measure_cohorts() -> tuple[float, float]:
    """Return the same of the group of cohorts: all 1,000 devices are of one type, and one metric is compared."""
    rule = PeersRule(name="peers", metric="metric-0_celsius", cohort="type")
    metrics = (MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS),)),)
    plan = Plan(metrics=metrics, rules=(rule,), devices=(DevicePlan("*", type="room"),), groups=1)
    detector, plans = Adaptive(), PlanBook(plan)
    noise, state, took_ms = np.random.default_rng(1), initial(detector), []
    for minute in range(BATCHES):
        batch = PaneBatch(1, 0, minute + 1, panes(minute, noise), START_MS + (minute + 2) * MINUTE_MS)
        begin = elapsed_s()
        state = step_cohorts(state, (batch,), plans=plans, detector=detector).state
        took_ms.append((elapsed_s() - begin) * 1_000)
    return median(took_ms[WAITING:]), len(encode(state)) / DEVICES


def main() -> None:
    """Print a line a case."""
    measure(FOUR)  # warms up
    base = 0.0
    for name, rules in CASES.items():
        took_ms, state_bytes = measure(rules)
        base = base or took_ms
        print(f"{name:50} {took_ms:8.1f} ms {state_bytes:7.0f} B a series {took_ms / base:7.1f} x")
    took_ms, state_bytes = measure_cohorts()
    name = "1,000 of them compared with peers"
    print(f"{name:50} {took_ms:8.1f} ms {state_bytes:7.0f} B a series {took_ms / base:7.1f} x")


if __name__ == "__main__":
    main()
