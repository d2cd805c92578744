"""Geometry: what the plan means for slices, rings and windows.

A reading is folded once, into a *slice*, the metric's smallest hop. The metric's other windows are
*lanes*: rings of ``size / hop`` partial results into which closed slices are merged. The open slices
of a series lie in a ring as well; its size follows from how far readings may come out of order.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Final, Self

from tocsin.core.columns import Int64s
from tocsin.core.errors import ConfigError
from tocsin.core.plan.model import MetricPlan, Plan, Window
from tocsin.core.plan.resolve import early_limits, metric_plan, slice_ms

RING_MAX: Final = 4_096
SLICE_MS_MAX: Final = 2**31 - 1
"""Times within a slice are kept as 32-bit offsets: 24 days."""

METRIC_PLANS_MAX: Final = 256
"""Of so many parts of plans the geometry is kept."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One window of the plan that is merged from slices.

    Attributes:
        size_ms: Length of the window.
        hop_ms: How often one starts; divides ``size_ms``.
    """

    size_ms: int
    hop_ms: int

    @property
    def ring(self) -> int:
        """How many hops a window spans, and so how many are kept."""
        return self.size_ms // self.hop_ms


@dataclass(frozen=True, slots=True)
class MetricGeometry:
    """How one metric is windowed.

    Attributes:
        slice_ms: Length of its slices.
        emits_slices: Whether a slice is itself one of the metric's windows.
        lanes: Which of the geometry's lanes it has.
        quantiles: In ``(0, 1)``, ascending; empty for none.
    """

    slice_ms: int
    emits_slices: bool
    lanes: tuple[int, ...]
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How all metrics of a plan are windowed.

    Attributes:
        plan: Where it comes from.
        bound_ms: How far the closed horizon is behind a device's highest event time.
        correction_ms: How long after closing late data still revises; 0 for never.
        idle_ms: How long a window stays open without news, in tick time.
        step_ms: Divides every slice, so windows begin and end only at its multiples.
        ring: Open slices a series can have at one time.
        identity_ms: Length of the slots that keep message identities: the longest slice.
        identity_ring: How many such slots a device can have at one time.
        fits_ms: A message less than this ahead of its device's horizon fits all rings, wherever slices begin.
        lanes: Distinct windows that are merged from slices.
        quantiles: All quantiles that any metric asks for, ascending.
        has_early_limits: Whether any rule asks for early panes.
    """

    plan: Plan
    bound_ms: int
    correction_ms: int
    idle_ms: int
    step_ms: int
    ring: int
    identity_ms: int
    identity_ring: int
    fits_ms: int
    lanes: tuple[Lane, ...]
    quantiles: tuple[float, ...]
    has_early_limits: bool

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return the geometry of the plan.

        Raises:
            ConfigError: Slices do not nest or are too long, or a ring would hold more than ``RING_MAX`` slices.
        """
        slices = {slice_ms(part) for part in plan.metrics}
        identity_ms = max(slices)
        bound_ms = plan.timing.out_of_orderness_ms + plan.timing.lateness_ms
        ring = -(-bound_ms // min(slices)) + 1
        problems = [
            f"slice of {size} ms must divide the longest slice, {identity_ms} ms"
            for size in sorted(slices)
            if identity_ms % size
        ]
        if identity_ms > SLICE_MS_MAX:
            problems.append(f"slice of {identity_ms} ms must be at most {SLICE_MS_MAX} ms")
        if ring > RING_MAX:
            problems.append(f"readings {bound_ms} ms out of order keep {ring} slices open, at most {RING_MAX} may be")
        if problems:
            raise ConfigError("; ".join(problems))
        lanes = {Lane(w.size_ms, w.hop_ms) for part in plan.metrics for w in part.windows if not _is_slice(w, part)}
        correction_ms = plan.timing.correction_ms
        identity_ring = -(-(bound_ms + correction_ms) // identity_ms) + 1
        return cls(
            plan=plan,
            bound_ms=bound_ms,
            correction_ms=correction_ms,
            idle_ms=plan.timing.idle_ms,
            step_ms=gcd(*slices),
            ring=ring,
            identity_ms=identity_ms,
            identity_ring=identity_ring,
            fits_ms=min((ring - 1) * min(slices), (identity_ring - 1) * identity_ms - correction_ms),
            lanes=tuple(sorted(lanes, key=lambda lane: (lane.size_ms, lane.hop_ms))),
            quantiles=tuple(sorted({q for part in plan.metrics for q in part.quantiles})),
            has_early_limits=any(early_limits(rule) for rule in plan.rules),
        )

    def metric(self, name: str) -> MetricGeometry:
        """Return how the metric is windowed."""
        return _metric(metric_plan(self.plan, name), self.lanes)

    def windows_key(self) -> tuple[object, ...]:
        """Return what must stay the same within one generation of state."""
        return (self.plan.metrics, self.plan.timing, self.plan.groups)


@lru_cache(maxsize=16)
def geometry_of(plan: Plan) -> Geometry:
    """Return the plan's geometry, computed once."""
    return Geometry.of(plan)


@lru_cache(maxsize=METRIC_PLANS_MAX)
def _metric(part: MetricPlan, lanes: tuple[Lane, ...]) -> MetricGeometry:
    held = [Lane(window.size_ms, window.hop_ms) for window in part.windows if not _is_slice(window, part)]
    return MetricGeometry(
        slice_ms=slice_ms(part),
        emits_slices=any(_is_slice(window, part) for window in part.windows),
        lanes=tuple(sorted(lanes.index(lane) for lane in held)),
        quantiles=tuple(sorted(part.quantiles)),
    )


def place_in_ring(number: Int64s, ring: int) -> Int64s:
    """Return ``number % ring``, in half the time: numpy divides by one number much faster than it takes the rest."""
    return number - number // ring * ring


def _is_slice(window: Window, part: MetricPlan) -> bool:
    return window.size_ms == window.hop_ms == slice_ms(part)
