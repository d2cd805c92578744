"""Single rows counted: F1, and the shares of false and of missed alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.runtime.row_scores.model import Scored, ranked


@dataclass(frozen=True, slots=True)
class Points:
    """Rows past probation, by label and alarm.

    Attributes:
        hit: In a window, with an alarm.
        false: Outside, with one.
        missed: In a window, without.
        quiet: Outside, without.
    """

    hit: int
    false: int
    missed: int
    quiet: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 where nothing was hit."""
        return 2 * self.hit / (2 * self.hit + self.false + self.missed) if self.hit else 0.0

    @property
    def false_percent(self) -> float:
        """Of the rows outside windows."""
        return _percent(self.false, self.false + self.quiet)

    @property
    def missed_percent(self) -> float:
        """Of the rows in windows."""
        return _percent(self.missed, self.missed + self.hit)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else float("nan")


def points_at(scored: Sequence[Scored], threshold: float) -> Points:
    """Return the rows as one threshold on the alert score has them."""
    hit = false = missed = quiet = 0
    for one in scored:
        label = one.labels.is_anomalous()[one.labels.probation :]
        alarm = one.alert[one.labels.probation :] >= threshold
        hit += int((label & alarm).sum())
        false += int((~label & alarm).sum())
        missed += int((label & ~alarm).sum())
        quiet += int((~label & ~alarm).sum())
    return Points(hit, false, missed, quiet)


def best_f1(scored: Sequence[Scored], *, of_alerts: bool = False) -> tuple[float, float]:
    """Return the highest F1 that any one threshold has, and that threshold.

    Args:
        scored: The series.
        of_alerts: Whether the alert scores are swept, and not the continuous ones.
    """
    live = [(one.alert if of_alerts else one.score)[one.labels.probation :] for one in scored]
    label = np.concatenate([one.labels.is_anomalous()[one.labels.probation :] for one in scored])
    falling, order, places = ranked(live)
    if not len(places):
        return 0.0, float("inf")
    f1 = 2.0 * np.cumsum(label[order]) / (np.arange(1, len(label) + 1) + label.sum())
    place = int(places[np.argmax(f1[places])])
    return float(f1[place]), float(falling[place])
