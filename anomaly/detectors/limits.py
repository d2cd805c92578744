"""Limits: a value above or below what the plan allows, with hysteresis on the way back."""

from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.lifecycle import PHASES, SEVERITIES, UNSTEPPED, Int8s, Lives, Verdict
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Floats, Int64s
from tocsin.core.messages import Phase, Severity
from tocsin.core.plan.model import LimitsRule

NO_LIMIT: Final = np.inf


def judge(rule: LimitsRule, windows: Observations) -> Verdicts:
    """Compare the statistic of each window with the limits.

    Breached strictly outside a limit; cleared where the value is at least the hysteresis inside of every
    limit; in between it is neither. The threshold told is the limit that is crossed, else the nearer one.
    """
    statistics: dict[str, Floats] = {
        "mean": windows.mean,
        "min": windows.min,
        "max": windows.max,
        "last": windows.last,
    }
    return compare(rule, statistics[rule.statistic])


def compare(rule: LimitsRule, value: Floats) -> Verdicts:
    """Compare values with the limits, whatever they are statistics of.

    Args:
        rule: The limits.
        value: shape (n,), in the metric's unit.
    """
    above = NO_LIMIT if rule.above is None else rule.above
    below = -NO_LIMIT if rule.below is None else rule.below
    breached = (value > above) | (value < below)
    cleared = (value <= above - rule.hysteresis) & (value >= below + rule.hysteresis)
    nearest = np.where(above - value <= value - below, above, below)
    return Verdicts(
        verdict=verdict_of(breached, cleared),
        value=value,
        threshold=np.where(np.isfinite(nearest), nearest, np.nan),
        low=constants(len(value), rule.below),
        high=constants(len(value), rule.above),
    )


def steps_of(rule: LimitsRule) -> list[tuple[int, float, float]]:
    """Return the severer limits: place among the severities, above, below; infinite where there is none."""
    written = (
        (Severity.WARNING, rule.warning_above, rule.warning_below),
        (Severity.CRITICAL, rule.critical_above, rule.critical_below),
    )
    return [
        (SEVERITIES.index(severity), NO_LIMIT if above is None else above, -NO_LIMIT if below is None else below)
        for severity, above, below in written
        if (above, below) != (None, None)
    ]


def severities(rule: LimitsRule, verdicts: Verdicts, before: Lives, at_ms: Int64s) -> Int8s:
    """Return shape (n,): how bad each value is, as a place in ``SEVERITIES``.

    A step that was reached is left only ``hysteresis`` inside of its limit, never while the alert clears, and never for
    a window that ended before the newest breach.

    Args:
        rule: With steps.
        verdicts: n verdicts of the rule.
        before: The alerts as they stood.
        at_ms: shape (n,), time of the evaluation.
    """
    value = verdicts.value
    known = np.where(before.phase == PHASES.index(Phase.FIRING), before.severity, UNSTEPPED)
    found = np.full(len(value), SEVERITIES.index(rule.severity), np.int8)
    for place, above, below in steps_of(rule):
        margin = np.where(known >= place, rule.hysteresis, 0.0)
        found[(value > above - margin) | (value < below + margin)] = place
    keeps = (verdicts.verdict == Verdict.CLEAR) & (known != UNSTEPPED)
    found = np.where(at_ms < before.newest_ms, np.maximum(known, found), found)
    return np.where(keeps, known, found).astype(np.int8)
