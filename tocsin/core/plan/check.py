"""What metrics and timing must be together; each finding names a key of the part."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tocsin.core.durations import format_duration
from tocsin.core.plan.bounds import Bounds, Timing
from tocsin.core.plan.model import MetricPlan, Plan, Window
from tocsin.core.plan.resolve import slice_ms
from tocsin.core.silences import MATCHERS, Silence, problems

HOPS_MAX: Final = 1_440
SLICES_OPEN_MAX: Final = 4_096
SIZES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a part.

    Attributes:
        key: Which of the part's keys, as in YAML.
        message: The rule and the value.
    """

    key: str
    message: str


def check_metric(part: MetricPlan) -> Iterator[Finding]:
    """Yield what is wrong with the metric's windows, quantiles and range."""
    yield from _check_windows(part.windows)
    for quantile in part.quantiles:
        if not 0 < quantile < 1:
            yield Finding("quantiles", f"must be above 0 and below 1, got {quantile:g}")
    if len(set(part.quantiles)) < len(part.quantiles):
        yield Finding("quantiles", "must all differ")
    low, high = part.range_low, part.range_high
    if low is not None and high is not None and low >= high:
        yield Finding("range_high", f"must be above range_low {low:g}, got {high:g}")


def _check_windows(windows: tuple[Window, ...]) -> Iterator[Finding]:
    if not windows:
        yield Finding("windows", "must hold at least one window")
        return
    slice_length_ms = min(window.hop_ms for window in windows)
    sizes: set[int] = set()
    for window in windows:
        size, hop = format_duration(window.size_ms), format_duration(window.hop_ms)
        if window.size_ms in sizes:
            yield Finding("windows", f"must all differ in size, {size} comes twice")
        sizes.add(window.size_ms)
        if window.size_ms % window.hop_ms:
            yield Finding("windows", f"hop {hop} must divide size {size}")
        elif window.size_ms // window.hop_ms > HOPS_MAX:
            yield Finding("windows", f"size {size} must span at most {HOPS_MAX} hops of {hop}")
        if window.hop_ms % slice_length_ms:
            smallest = format_duration(slice_length_ms)
            yield Finding("windows", f"hop {hop} must be a multiple of the smallest hop {smallest}")


def check_timing(timing: Timing, bounds: Bounds) -> Iterator[Finding]:
    """Yield what is wrong between the timing's keys."""
    open_ms = timing.out_of_orderness_ms + timing.lateness_ms
    together = f"out_of_orderness and lateness together, {format_duration(open_ms)}"
    if timing.idle_ms < open_ms:
        got = format_duration(timing.idle_ms)
        yield Finding("idle", f"must be at least {together}, else ticks close windows too early, got {got}")
    if open_ms > bounds.age_ms_max:
        limit = format_duration(bounds.age_ms_max)
        yield Finding("out_of_orderness", f"must with lateness be at most bounds.age_max {limit}, got {together}")
    if timing.correction_ms > bounds.age_ms_max:
        limit, got = format_duration(bounds.age_ms_max), format_duration(timing.correction_ms)
        yield Finding("correction", f"must be at most bounds.age_max {limit}, got {got}")


def check_silence(silence: Silence) -> Iterator[Finding]:
    """Yield what is wrong with a silence."""
    for attribute, message in problems(silence):
        yield Finding(attribute.removesuffix("_time"), message)


def check_maintenance(window: Silence) -> Iterator[Finding]:
    """Yield what is wrong with a maintenance window: it is about whole sites, and it ends."""
    if window.site == "*":
        yield Finding("site", "must say at which site")
    for name in MATCHERS:
        if name != "site" and getattr(window, name) != "*":
            yield Finding(name, "must not be said of a maintenance window, which covers its whole site; use silences")
    if not window.end and not window.from_time:
        yield Finding("end", "must be written, or from and until, for a window that recurs")
    for finding in check_silence(window):
        if finding.key != "name":
            yield finding


def check_slices(plan: Plan) -> Iterator[tuple[int, Finding]]:
    """Yield the place of each metric whose slices do not fit the plan's others, and why."""
    sizes = {window.size_ms for part in plan.metrics for window in part.windows}
    if len(sizes) > SIZES_MAX:
        yield 0, Finding("windows", f"must have at most {SIZES_MAX} sizes over all metrics, got {len(sizes)}")
    slices = [slice_ms(part) for part in plan.metrics]
    longest_ms = max(slices)
    open_ms = plan.timing.out_of_orderness_ms + plan.timing.lateness_ms
    for place, length_ms in enumerate(slices):
        length = format_duration(length_ms)
        if longest_ms % length_ms:
            longest = format_duration(longest_ms)
            yield (
                place,
                Finding("windows", f"smallest hop {length} must divide the plan's longest slice {longest}"),
            )
        if -(-open_ms // length_ms) + 1 > SLICES_OPEN_MAX:
            wait = f"out_of_orderness and lateness of {format_duration(open_ms)}"
            message = f"smallest hop {length} keeps more than {SLICES_OPEN_MAX} slices open with {wait}"
            yield place, Finding("windows", message)
