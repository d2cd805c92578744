"""Escalation: who else is told of what fires while nobody acknowledges it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from alerts.people import is_silenced
from alerts.state import Firing, GroupKey, Stance
from alerts.wording import duration
from tocsin.core.life import Condition
from tocsin.core.messages import Transition
from tocsin.core.plan.telling import Escalation
from tocsin.core.silences import MATCHERS, Silence

OPEN_CONDITIONS: Final = frozenset({Condition.FIRING, Condition.REOPENED})
"""While an alert stands there, nobody has done anything about it."""


@dataclass(frozen=True, slots=True, order=True)
class DueStep:
    """A step that is due: in the order in which steps are told.

    Attributes:
        after_ms: How long after the alert was told.
        name: Of the escalation.
    """

    after_ms: int
    name: str

    @property
    def why(self) -> str:
        """Why it is told, as people read it."""
        return f"Nobody has acknowledged this within {duration(self.after_ms)}: escalation {self.name}."


def escalated(
    firing: Mapping[str, Firing], steps: Sequence[Escalation], silences: tuple[Silence, ...], tick_ms: int
) -> dict[tuple[GroupKey, DueStep], list[Firing]]:
    """Return the alerts to escalate at the tick, one step each, by group and step, in a fixed order.

    Args:
        firing: All that fires, by fingerprint.
        steps: The plan's.
        silences: The plan's and people's: what they cover is not escalated.
        tick_ms: The instant that has come.
    """
    found: dict[tuple[GroupKey, DueStep], list[Firing]] = {}
    for _, one in sorted(firing.items()) if steps else ():
        step = _due(one, steps, tick_ms)
        if step is not None and not is_silenced(one.transition, silences, tick_ms):
            found.setdefault((one.key, DueStep(step.after_ms, step.name)), []).append(one)
    return dict(sorted(found.items()))


def _due(one: Firing, steps: Sequence[Escalation], tick_ms: int) -> Escalation | None:
    """Return the first step that is due and was not told, or None."""
    if one.condition not in OPEN_CONDITIONS or one.stance is not Stance.TOLD or not one.since_ms:
        return None
    left = (step for step in steps if step.name not in one.steps and concerns(step, one.transition))
    return next((step for step in left if one.since_ms + step.after_ms <= tick_ms), None)


def concerns(step: Escalation, transition: Transition) -> bool:
    """Tell whether the step is about the alert."""
    names = ("tenant", *MATCHERS)
    return all(fnmatchcase(getattr(transition, name), getattr(step, name)) for name in names)
