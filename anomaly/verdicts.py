"""What a rule says of many windows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from anomaly.lifecycle import BREACH, CLEAR, HOLD, Int8s
from tocsin.core.columns import Bools, Floats, Int64s


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts on n subjects, and what they rest on.

    Attributes:
        verdict: shape (n,), int8, a ``Verdict`` each.
        value: shape (n,), what was compared, in the metric's unit, or milliseconds of silence or stillness.
        threshold: shape (n,), what it was compared with; NaN where there is no such number.
        low: shape (n,), lower end of what was expected; NaN where there is none.
        high: shape (n,), upper end.
        score: shape (n,), tail surprise, or None for kinds that do not score.
        parts: Name of each part of the score to its share, each shape (n,); NaN where it is no part.
    """

    verdict: Int8s
    value: Floats
    threshold: Floats
    low: Floats
    high: Floats
    score: Floats | None = None
    parts: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.verdict)

    def take(self, places: Int64s) -> "Verdicts":
        """Return the verdicts at the places, in that order."""
        return Verdicts(
            self.verdict[places],
            self.value[places],
            self.threshold[places],
            self.low[places],
            self.high[places],
            None if self.score is None else self.score[places],
            {name: part[places] for name, part in self.parts.items()},
        )


def verdict_of(breached: Bools, cleared: Bools) -> Int8s:
    """Return the verdict of each: BREACH where breached, CLEAR where cleared and not breached, else HOLD."""
    chosen = np.where(breached, BREACH, np.where(cleared, CLEAR, HOLD))
    return chosen.astype(np.int8)


def constants(count: int, value: float | None) -> Floats:
    """Return shape (count,) of the value; NaN for None."""
    return np.full(count, np.nan if value is None else value, np.float64)


def joined(parts: Sequence[tuple[Int64s, Verdicts]], count: int) -> Verdicts:
    """Return the verdicts on ``count`` subjects, of parts that each come with the places of their subjects."""
    names = dict.fromkeys(name for _, verdicts in parts for name in verdicts.parts)
    value, threshold, low, high = (constants(count, None) for _ in range(4))
    every = {name: constants(count, None) for name in names}
    whole = Verdicts(np.zeros(count, np.int8), value, threshold, low, high, parts=every)
    for places, verdicts in parts:
        for column in ("verdict", "value", "threshold", "low", "high"):
            getattr(whole, column)[places] = getattr(verdicts, column)
        for name, part in verdicts.parts.items():
            whole.parts[name][places] = part
    return whole
