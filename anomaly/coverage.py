"""Which rules judge which devices and series, and in which rows their alerts stand: derived from the plan.

Matrices of subjects by rules, so that judging a batch is a few array operations a rule.
"""

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from anomaly.rows import NONE
from tocsin.core.columns import Bools, Int32s
from tocsin.core.keys import split_key
from tocsin.core.plan.model import PeersRule, Plan, Rule
from tocsin.core.plan.resolve import (
    cohort_of,
    is_device_rule,
    metric_plan,
    rules_of_device,
    rules_of_series,
    smallest_window,
)


@dataclass(slots=True)
class Coverage:
    """The plan's r rules over the group's d devices and s series.

    Attributes:
        device: shape (d, r), whether the rule judges the device as a whole.
        series: shape (s, r), whether it judges the series.
        device_alert: shape (d, r), int32, row of the alert, or ``NONE``.
        series_alert: shape (s, r), int32, row of the alert, or ``NONE``.
        still: shape (s, r), int32, row of the movement, or ``NONE``.
        joint: shape (d, r), int32, first row of what is gathered of the device, or ``NONE``.
        block: shape (j,), int32, row in which what is gathered in a row goes on, or ``NONE``.
        memory: Series row, place of the rule, and baseline, to the row of what the rule learned there.
        mode: Device row, and place of the mode in the plan, to its row.
    """

    device: Bools
    series: Bools
    device_alert: Int32s
    series_alert: Int32s
    still: Int32s
    joint: Int32s
    block: Int32s
    memory: dict[tuple[int, int, int], int] = field(default_factory=dict)
    mode: dict[tuple[int, int], int] = field(default_factory=dict)

    def copy(self) -> Self:
        """Return the same matrices in memory of their own."""
        return type(self)(*[getattr(self, name).copy() for name in COVERAGE_PARTS])

    def add_devices(self, covered: Bools) -> None:
        """Append devices, without alerts.

        Args:
            covered: shape (k, r), which rules judge them.
        """
        self.device = np.concatenate([self.device, covered])
        self.device_alert = np.concatenate([self.device_alert, _nowhere(covered)])
        self.joint = np.concatenate([self.joint, _nowhere(covered)])

    def add_series(self, covered: Bools) -> None:
        """Append series, without alerts and movement.

        Args:
            covered: shape (k, r), which rules judge them.
        """
        self.series = np.concatenate([self.series, covered])
        self.series_alert = np.concatenate([self.series_alert, _nowhere(covered)])
        self.still = np.concatenate([self.still, _nowhere(covered)])


COVERAGE_PARTS: Final = tuple(part.name for part in fields(Coverage))


def empty_coverage(plan: Plan) -> Coverage:
    """Return the coverage of a group without devices."""
    none = np.zeros((0, len(plan.rules)), np.bool_)
    return Coverage(none, none, _nowhere(none), _nowhere(none), _nowhere(none), _nowhere(none), np.empty(0, np.int32))


def rules_over_device(plan: Plan, key: str, *, peers: bool = False) -> Bools:
    """Return shape (r,): which rules judge the device as a whole.

    Args:
        plan: The plan in force.
        key: Partition key of the device.
        peers: Whether to ask for the rules that compare with peers: none of them judges a whole device.
    """
    return _places(plan, () if peers else rules_of_device(plan, *split_key(key)))


def rules_over_series(plan: Plan, key: str, metric: str, size_ms: int, *, peers: bool = False) -> Bools:
    """Return shape (r,): which rules judge the windows of that length of the device's metric.

    Args:
        plan: The plan in force.
        key: Partition key of the device.
        metric: Its metric.
        size_ms: Length of the windows.
        peers: Whether to ask for the rules that compare with peers, or for all others.
    """
    tenant, device = split_key(key)
    is_stranger = peers and cohort_of(plan, tenant, device, "type") is None
    if is_stranger or not is_judged(plan, metric, size_ms, peers=peers):
        return np.zeros(len(plan.rules), np.bool_)
    rules = (rule for rule in rules_of_series(plan, tenant, device, metric) if isinstance(rule, PeersRule) == peers)
    return _places(plan, [rule for rule in rules if window_of(plan, rule, metric) == size_ms])


def window_of(plan: Plan, rule: Rule, metric: str) -> int:
    """Return the length of the metric's windows that the rule looks at, milliseconds."""
    return rule.window_ms or smallest_window(metric_plan(plan, metric)).size_ms


@lru_cache(maxsize=65_536)
def is_judged(plan: Plan, metric: str, size_ms: int, *, peers: bool = False) -> bool:
    """Tell whether any rule may look at windows of that length of the metric, whatever the device."""
    rules = (rule for rule in plan.rules if not is_device_rule(rule) and isinstance(rule, PeersRule) == peers)
    return any(window_of(plan, rule, metric) == size_ms for rule in rules)


def _places(plan: Plan, rules: tuple[Rule, ...] | list[Rule]) -> Bools:
    names = {rule.name for rule in rules}
    return np.array([rule.name in names for rule in plan.rules], np.bool_)


def _nowhere(covered: Bools) -> NDArray[np.int32]:
    return np.full(covered.shape, NONE, np.int32)
