"""The life of an alert: one table of transitions, for the stages and for the documentation.

A *condition* is where an alert stands as people see it, an *event* is what moves it. The anomaly stage uses the rows
between its phases (what was measured), the alerts stage all of them (what was measured, and what people did).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Condition(StrEnum):
    """Where an alert stands; the phases of evaluation have the same names."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    FLAPPING = "flapping"
    RESOLVED = "resolved"
    EXPIRED = "expired"


class Event(StrEnum):
    """What moves an alert; the signals of evaluation have the same names."""

    BREACHED = "breached"
    HELD = "held"
    HELD_AGAIN = "held again"
    FLAPPED = "flapped"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ROSE = "severity up"
    EASED = "severity down"
    ACKNOWLEDGED = "acknowledged"
    LAPSED = "acknowledgement expired"
    CLOSED = "closed"
    STAYED = "stays firing"
    SETTLED = "stays clear"


EVENT_MEANINGS: Final = {
    Event.BREACHED: "over the limit, not yet for as long as the rule asks",
    Event.HELD: "over the limit for as long as the rule asks; at once where it asks for no time",
    Event.HELD_AGAIN: "the same, and it was over within `flap_within` before",
    Event.FLAPPED: "the same, for the `flap_episodes`-th time within `flap_within`",
    Event.CLEARED: "back inside for as long as the rule asks; at once while pending",
    Event.WITHDRAWN: "the plan in force has no such rule any more, or late data show that there was no breach",
    Event.EXPIRED: "nothing came from the device for as long as `expire` says",
    Event.ROSE: "a severer limit of the same rule is crossed",
    Event.EASED: "back inside of the severer limit, not of the rule's own",
    Event.ACKNOWLEDGED: "a person knows of it",
    Event.LAPSED: "the time for which it was acknowledged is over",
    Event.CLOSED: "a person wants to hear no more of this episode",
    Event.STAYED: "flapping is over: it fires, and has for `flap_settle`",
    Event.SETTLED: "flapping is over: it is clear, and has been for `flap_settle`",
}

Table = dict[tuple[str, str], Condition]

_OVER: Final = {
    Event.CLEARED: Condition.RESOLVED,
    Event.WITHDRAWN: Condition.RESOLVED,
    Event.EXPIRED: Condition.EXPIRED,
}
_FIRES: Final = {
    Event.HELD: Condition.FIRING,
    Event.HELD_AGAIN: Condition.REOPENED,
    Event.FLAPPED: Condition.FLAPPING,
}


def _rows(condition: Condition, *moves: dict[Event, Condition]) -> Table:
    return {(condition, event): after for part in moves for event, after in part.items()}


LIFE: Final[Table] = {
    **_rows(Condition.INACTIVE, {Event.BREACHED: Condition.PENDING}, _FIRES),
    **_rows(Condition.PENDING, _FIRES, dict.fromkeys(_OVER, Condition.INACTIVE)),
    **_rows(
        Condition.FIRING,
        {
            Event.ACKNOWLEDGED: Condition.ACKNOWLEDGED,
            Event.CLOSED: Condition.CLOSED,
            Event.ROSE: Condition.FIRING,
            Event.EASED: Condition.FIRING,
        },
        _OVER,
    ),
    **_rows(
        Condition.REOPENED,
        {
            Event.ACKNOWLEDGED: Condition.ACKNOWLEDGED,
            Event.CLOSED: Condition.CLOSED,
            Event.ROSE: Condition.REOPENED,
            Event.EASED: Condition.REOPENED,
        },
        _OVER,
    ),
    **_rows(
        Condition.ACKNOWLEDGED,
        {
            Event.ACKNOWLEDGED: Condition.ACKNOWLEDGED,
            Event.LAPSED: Condition.FIRING,
            Event.CLOSED: Condition.CLOSED,
            Event.ROSE: Condition.FIRING,
            Event.EASED: Condition.ACKNOWLEDGED,
        },
        _OVER,
    ),
    **_rows(Condition.CLOSED, _OVER),
    **_rows(
        Condition.FLAPPING,
        {
            Event.STAYED: Condition.FIRING,
            Event.SETTLED: Condition.RESOLVED,
            Event.EXPIRED: Condition.EXPIRED,
        },
    ),
    **_rows(Condition.RESOLVED, {Event.BREACHED: Condition.PENDING}, _FIRES),
    **_rows(Condition.EXPIRED, {Event.BREACHED: Condition.PENDING}, _FIRES),
}
"""Every move there is; a pair that is not here changes nothing."""

FIRING_CONDITIONS: Final = frozenset(
    {Condition.FIRING, Condition.REOPENED, Condition.ACKNOWLEDGED, Condition.CLOSED, Condition.FLAPPING}
)
"""While it stands in one of these, an alert is on the list of open alerts, unless a person closed it."""


def after(condition: Condition, event: Event) -> Condition:
    """Return where an alert stands after the event.

    >>> after(Condition.ACKNOWLEDGED, Event.ROSE), after(Condition.CLOSED, Event.ROSE)
    (<Condition.FIRING: 'firing'>, <Condition.CLOSED: 'closed'>)
    """
    return LIFE.get((condition, event), condition)


def between(conditions: Iterable[str], events: Iterable[str]) -> Table:
    """Return the rows of the table that begin and end in the conditions and are moved by the events."""
    stand, move = set(conditions), set(events)
    return {key: found for key, found in LIFE.items() if key[0] in stand and key[1] in move and found in stand}


def render_mermaid(table: Table = LIFE) -> str:
    """Return the table as a Mermaid state diagram; events that lead the same way share an arrow.

    >>> print(render_mermaid().splitlines()[0])
    stateDiagram-v2
    """
    arrows: dict[tuple[str, str], list[str]] = {}
    for (condition, event), found in table.items():
        arrows.setdefault((str(condition), str(found)), []).append(str(event))
    lines = ["stateDiagram-v2", f"    [*] --> {Condition.INACTIVE}"]
    lines += [f"    {begin} --> {end}: {', '.join(events)}" for (begin, end), events in arrows.items()]
    return "\n".join(lines)
