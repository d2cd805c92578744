"""What was expected of a series, in the steps that are asked for: the adaptive detector's band over its windows.

Nobody keeps the band of each window: that would be a second write for every one that closes. It follows from the
windows, so it is made of them when somebody looks: ``docs/decisions/expected-band.md``.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from anomaly.detectors.expectation import expected_band
from tocsin.api.asked import SeriesAsked
from tocsin.api.merging import Column
from tocsin.api.service import Call, Service
from tocsin.api.steps import Steps
from tocsin.core.columns import Floats, Int64s
from tocsin.core.plan.model import AdaptiveRule, Plan
from tocsin.core.plan.resolve import metric_plan, rules_of_series, smallest_window
from tocsin.core.series import SeriesWindows

LOW: Final = "expected_low"
HIGH: Final = "expected_high"
ENDS: Final = (LOW, HIGH)

LEAD_WINDOWS: Final = 4_000
"""Windows before the first step that the detector is shown. It forgets: after so many, whatever came before them
moves the band by less than a thousandth of its width, also where a day has a shape and windows are of a minute."""

BAND_WINDOWS_MAX: Final = 12_000
"""Most windows of the steps themselves; of a longer range the newest have a band."""


def expected_columns(
    service: Service, call: Call[SeriesAsked, None], steps: Steps, names: Sequence[str]
) -> dict[str, Column]:
    """Return those of the band's two ends that are asked for, None in steps of which nothing was expected.

    A step of several windows has the mean of their bands; a step within a window has the window's.
    """
    wanted = [name for name in ENDS if name in names]
    points = len(steps.borders_ms) - 1
    size_ms = _watched_ms(service.plan(), call) if wanted else None
    if size_ms is None:
        return {name: [None] * points for name in wanted}
    windows = _windows(service, call, steps, size_ms)
    band = expected_band(windows.start_ms, windows.mean, windows.min, windows.max)
    borders_ms = np.array(steps.borders_ms, np.int64)
    ends = {LOW: band.low, HIGH: band.high}
    return {name: _in_steps(windows.start_ms, ends[name], borders_ms, size_ms) for name in wanted}


def _watched_ms(plan: Plan, call: Call[SeriesAsked, None]) -> int | None:
    """Return the length of the windows that an adaptive rule looks at, None where none covers the series."""
    asked = call.query
    rules = rules_of_series(plan, call.tenant, asked.device, asked.metric)
    adaptive = [rule for rule in rules if isinstance(rule, AdaptiveRule)]
    if not adaptive:
        return None
    rule = min(adaptive, key=lambda one: bool(one.shadow_of))
    return rule.window_ms or smallest_window(metric_plan(plan, asked.metric)).size_ms


def _windows(service: Service, call: Call[SeriesAsked, None], steps: Steps, size_ms: int) -> SeriesWindows:
    """Return the windows of the steps and those before them; late readings have changed nothing in the detector."""
    end_ms = steps.borders_ms[-1]
    begin_ms = max(steps.borders_ms[0], end_ms - BAND_WINDOWS_MAX * size_ms)
    return service.backend.windows.series(
        call.tenant,
        call.query.device,
        call.query.metric,
        size_ms=size_ms,
        start_ms=max(0, begin_ms - LEAD_WINDOWS * size_ms),
        end_ms=end_ms,
        limit=LEAD_WINDOWS + BAND_WINDOWS_MAX,
    ).on_time()


def _in_steps(start_ms: Int64s, values: Floats, borders_ms: Int64s, size_ms: int) -> Column:
    if int(borders_ms[1] - borders_ms[0]) < size_ms:
        return _held(start_ms, values, borders_ms[:-1], size_ms)
    known = np.flatnonzero((start_ms >= borders_ms[0]) & ~np.isnan(values))
    places = np.searchsorted(borders_ms, start_ms[known], side="right") - 1
    points = len(borders_ms) - 1
    counts = np.bincount(places, minlength=points)
    sums = np.bincount(places, values[known], minlength=points)
    means: Column = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).tolist()
    return means


def _held(start_ms: Int64s, values: Floats, at_ms: Int64s, size_ms: int) -> Column:
    """Return at each instant the value of the window that holds it."""
    place = np.searchsorted(start_ms, at_ms, side="right") - 1
    if not len(start_ms):
        return [None] * len(at_ms)
    holds = (place >= 0) & (at_ms < start_ms[place] + size_ms)
    held: Column = np.where(holds, values[place], np.nan).tolist()
    return held
