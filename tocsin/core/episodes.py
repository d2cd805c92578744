"""Alerts as people know them: the moves of one episode together."""

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.core.messages import Phase, Transition


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert, from when it was first suspected until it was over.

    Attributes:
        moves: Its transitions, oldest first, at least one.
    """

    moves: tuple[Transition, ...]

    @property
    def newest(self) -> Transition:
        """Where it stands."""
        return self.moves[-1]

    @property
    def fired(self) -> Transition | None:
        """The first move into firing, or None where it never came to that."""
        return next((move for move in self.moves if move.phase is Phase.FIRING), None)

    @property
    def told(self) -> Transition:
        """The move that says most: the one into firing, else the newest."""
        return self.fired or self.newest


def episodes(transitions: Iterable[Transition]) -> list[Episode]:
    """Return the episodes, those that moved last first."""
    moves: dict[tuple[str, str, int], list[Transition]] = {}
    for transition in transitions:
        moves.setdefault((transition.tenant, transition.fingerprint, transition.episode), []).append(transition)
    found = [Episode(tuple(sorted(one, key=lambda move: move.number))) for one in moves.values()]
    return sorted(found, key=lambda one: (-one.newest.at_ms, one.newest.device, one.newest.fingerprint))
