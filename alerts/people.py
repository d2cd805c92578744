"""What people's actions do to what fires and to the silences."""

from dataclasses import dataclass, replace
from typing import Final

from alerts.state import Firing
from tocsin.core.actions import Action, ActionKind
from tocsin.core.life import LIFE, Event
from tocsin.core.messages import Transition
from tocsin.core.silences import Silence, covers, is_active, problems

SILENCES_MAX: Final = 500
"""Of people in one key group; a further one is not taken, so people are told rather than not."""


@dataclass(frozen=True, slots=True)
class Acted:
    """An action that arrived on the change feed.

    Attributes:
        action: What a person did.
        arrival_ms: When the feed took it: the same in every delivery.
    """

    action: Action
    arrival_ms: int


def after_action(firing: Firing, action: Action) -> Firing:
    """Return what fires after a person acted on it; another tenant's or episode's action changes nothing."""
    seen = firing.transition
    if action.tenant != seen.tenant or action.episode not in {0, seen.episode}:
        return firing
    if action.kind is ActionKind.ASSIGN:
        return replace(firing, assignee=action.assignee)
    moves = {ActionKind.ACKNOWLEDGE: Event.ACKNOWLEDGED, ActionKind.CLOSE: Event.CLOSED}
    if action.kind not in moves or (firing.condition, moves[action.kind]) not in LIFE:
        return firing
    after = replace(firing, condition=LIFE[firing.condition, moves[action.kind]])
    if action.kind is ActionKind.ACKNOWLEDGE:
        return replace(after, acked_by=action.by, until_ms=action.until_ms)
    return after


def silence_of(action: Action) -> Silence | None:
    """Return the silence that the action makes, over its own tenant alone; None where it makes no valid one."""
    if action.kind is not ActionKind.SILENCE or action.silence is None:
        return None
    made = action.silence
    own = Silence(
        **{name: getattr(made, name) for name in made.__struct_fields__} | {"tenant": action.tenant, "name": action.id}
    )
    return None if any(problems(own)) else own


def is_silenced(transition: Transition, silences: tuple[Silence, ...], at_ms: int) -> bool:
    """Tell whether one of the silences keeps the alert back at the instant."""
    return any(is_active(one, at_ms) and covers(one, transition) for one in silences)
