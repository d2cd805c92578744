"""What a transition is told as: the first word of its notification, and the attribute ``change``."""

from enum import StrEnum

from alerts.state import Recent
from tocsin.core.life import Event
from tocsin.core.messages import Amendment, Phase, Transition


class Change(StrEnum):
    """What a notification tells; each has its own first word."""

    FIRING = "firing"
    REOPENED = "reopened"
    FLAPPING = "flapping"
    WORSE = "worse"
    EASED = "eased"
    STILL_FIRING = "still_firing"
    ESCALATED = "escalated"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    SUMMARY = "summary"

    @property
    def words(self) -> str:
        """How a notification begins, e.g. ``STILL FIRING``."""
        return self.upper().replace("_", " ")


def change_of(transition: Transition, recent: Recent | None = None) -> Change:
    """Return what the transition is told as.

    Args:
        transition: What happened.
        recent: What the alert did lately, where that is known.
    """
    if transition.amendment is Amendment.WITHDRAWN:
        return Change.WITHDRAWN
    if transition.amendment:
        return Change.AMENDED
    if transition.phase is not Phase.FIRING:
        return Change(transition.phase)
    if not transition.fires and transition.severity_from is not None:
        return Change.WORSE if transition.severity_heard is transition.severity else Change.EASED
    if recent is not None and recent.told_as[0] == transition.number:
        return {Event.HELD_AGAIN: Change.REOPENED, Event.FLAPPED: Change.FLAPPING}[recent.told_as[1]]
    return Change.FIRING
