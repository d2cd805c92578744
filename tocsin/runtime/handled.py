"""What people did about an alert, and where it stands by that: read off the feed, as the stage folds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tocsin.core.actions import Action, ActionKind
from tocsin.core.life import LIFE, Condition, Event, after
from tocsin.core.messages import AlertRef, Phase
from tocsin.runtime.episodes import Episode

AlertEpisode = tuple[str, str, int]
"""Tenant, fingerprint and episode."""

MOVES: Final = {ActionKind.ACKNOWLEDGE: Event.ACKNOWLEDGED, ActionKind.CLOSE: Event.CLOSED}


@dataclass(frozen=True, slots=True)
class Handled:
    """Where an alert stands.

    Attributes:
        condition: As people see it; flapping, and a hold by a silence or a budget, are the stage's own knowledge.
        acknowledged_by: Who acknowledged it, while that lasts; else empty.
        until_ms: When the acknowledgement expires, or None.
        assignee: Who takes care of it; may be empty.
        muted_by: The alert that stands for the outage that mutes it, where one does and that was looked up.
    """

    condition: Condition
    acknowledged_by: str = ""
    until_ms: int | None = None
    assignee: str = ""
    muted_by: AlertRef | None = None


def by_episode(actions: Iterable[Action]) -> dict[AlertEpisode, list[Action]]:
    """Return the actions about each episode, oldest first; those about episode 0 are about whichever is newest."""
    found: dict[AlertEpisode, list[Action]] = {}
    for action in actions:
        if action.fingerprint:
            found.setdefault((action.tenant, action.fingerprint, action.episode), []).append(action)
    return found


def handled(episode: Episode, actions: Mapping[AlertEpisode, list[Action]], now_ms: int) -> Handled:
    """Return where the episode stands at the instant, by its moves and by what people did.

    Args:
        episode: Which.
        actions: As ``by_episode`` returns them.
        now_ms: UTC epoch milliseconds.
    """
    newest = episode.newest
    about = [*actions.get((newest.tenant, newest.fingerprint, newest.episode), [])]
    about += actions.get((newest.tenant, newest.fingerprint, 0), [])
    stands = Handled(Condition(newest.phase))
    for action in sorted(about, key=lambda one: (one.at_ms, one.id)):
        if action.kind is ActionKind.ASSIGN:
            stands = replace(stands, assignee=action.assignee)
        event = MOVES.get(action.kind)
        if event is None or (stands.condition, event) not in LIFE:
            continue
        is_ack = event is Event.ACKNOWLEDGED
        by, until_ms = (action.by, action.until_ms) if is_ack else (stands.acknowledged_by, stands.until_ms)
        stands = replace(stands, condition=after(stands.condition, event), acknowledged_by=by, until_ms=until_ms)
        if is_ack and _got_worse(episode, action.at_ms):
            stands = _unacknowledged(stands, Event.ROSE)
    is_over = stands.until_ms is not None and stands.until_ms <= now_ms
    return _unacknowledged(stands, Event.LAPSED) if is_over else stands


def _unacknowledged(stands: Handled, event: Event) -> Handled:
    if stands.condition is not Condition.ACKNOWLEDGED:
        return stands
    return replace(stands, condition=after(stands.condition, event), acknowledged_by="", until_ms=None)


def _got_worse(episode: Episode, since_ms: int) -> bool:
    """Tell whether the alert got worse after the instant: who acknowledged it before knows less than that."""
    return any(
        move.at_ms > since_ms
        and move.phase is move.phase_from is Phase.FIRING
        and move.severity_from is not None
        and move.severity_heard is move.severity
        for move in episode.moves
    )
