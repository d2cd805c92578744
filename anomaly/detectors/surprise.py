"""The adaptive rule: the adaptive detector's score against one threshold for every metric."""

from typing import Final

import numpy as np

from anomaly.contract import Observations, Scores
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Bools, Int64s
from tocsin.core.plan.model import AdaptiveRule

CONFIRM_WINDOWS: Final = 2
"""Windows that must confirm a score that is not sure."""

YOUNG_WINDOWS: Final = 240
"""So long no score needs to be confirmed."""

SURE_WINDOWS: Final = 1_000.0
"""Windows that other series lend to a young one, as in its score."""

CLEAR_WINDOWS: Final = 5
"""Quiet windows before an episode ends, where the plan does not say."""


def judge(rule: AdaptiveRule, windows: Observations, scores: Scores, is_open: Bools) -> Verdicts:
    """Compare the alert score with the threshold.

    The detector damps repeats, so one anomaly is a short alarm, maybe several. An open alert is
    therefore kept open by the score itself, damped or not, and it clears only after a time of quiet
    (``clear_ms``): one anomaly, one episode. While warming up it is neither breached nor clear.

    Args:
        rule: The threshold.
        windows: n windows.
        scores: What the detector says of them.
        is_open: shape (n,), whether the alert is pending or firing.
    """
    breached = (scores.alert >= rule.threshold) | (is_open & (scores.score >= rule.threshold))
    return Verdicts(
        verdict=verdict_of(breached & ~scores.warming, ~scores.warming),
        value=windows.mean,
        threshold=constants(len(windows), rule.threshold),
        low=scores.expected_low,
        high=scores.expected_high,
        score=np.maximum(scores.alert, np.where(is_open, scores.score, 0.0)),
        parts=scores.parts,
    )


def times(rule: AdaptiveRule, windows: Observations, verdicts: Verdicts, first_ms: Int64s) -> tuple[Int64s, Int64s]:
    """Return how long each alert must be breached before it fires, and quiet before it resolves; each shape (n,).

    Of many windows a few look odd by chance, and chance seldom looks odd three times: a score that is not sure waits
    for two more windows. Scores grow with what a series has seen, and so does what is sure. The first windows need no
    such doubt: the detector has more of its own there.

    Args:
        rule: May ask for more.
        windows: The windows it looks at.
        verdicts: What it says of them.
        first_ms: shape (n,), since when their devices are known.
    """
    assert verdicts.score is not None, rule
    window_ms = windows.end_ms - windows.start_ms
    seen = np.maximum(windows.end_ms - first_ms, 0) / window_ms
    is_sure = (verdicts.score >= rule.sure + np.log10(1.0 + seen / SURE_WINDOWS)) | (seen <= YOUNG_WINDOWS)
    confirmed_ms = np.where(is_sure, 0, CONFIRM_WINDOWS * window_ms)
    return np.asarray(np.maximum(confirmed_ms, rule.for_ms), np.int64), clear_ms(rule, windows)


def clear_ms(rule: AdaptiveRule, windows: Observations) -> Int64s:
    """Return shape (n,): how long each alert must be quiet before it resolves.

    Args:
        rule: May ask for a time.
        windows: The windows it looks at; without a time asked for, five of them.
    """
    window_ms = windows.end_ms - windows.start_ms
    return np.full_like(window_ms, rule.clear_ms) if rule.clear_ms else CLEAR_WINDOWS * window_ms
