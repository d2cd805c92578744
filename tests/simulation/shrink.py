"""Shrinking: a history that shows a finding, cut down to what is needed to show one of its kind."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.history import run
from tests.simulation.script import History

ItemT = TypeVar("ItemT")


def kind_of(finding: str) -> str:
    """Return the kind of a finding: ``lost``, ``doubled``, ..."""
    return finding.partition(":")[0]


def shrunk(history: History, runs_max: int = 600) -> History:
    """Return a history of fewer actions, messages and faults that shows a finding of the kind of the first one.

    Args:
        history: Shows at least one finding; its faults are written down.
        runs_max: How many histories may be tried.
    """
    wanted = kind_of(run(history).findings[0])
    left = [runs_max]

    def shows(candidate: History) -> bool:
        left[0] -= 1
        return left[0] >= 0 and wanted in map(kind_of, run(candidate).findings)

    size = -1
    while size != _size(history) and left[0] > 0:
        size = _size(history)
        history = _fewer_faults(history, shows)
        history = _fewer_actions(history, shows)
        history = _fewer_messages(history, shows)
    return history


def _size(history: History) -> int:
    return sum(map(len, history.actions)) + len(history.faults or ())


def _fewer_actions(history: History, shows: Callable[[History], bool]) -> History:
    kept = _minimal(history.actions, lambda actions: shows(replace(history, actions=list(actions))))
    return replace(history, actions=list(kept))


def _fewer_faults(history: History, shows: Callable[[History], bool]) -> History:
    faults = sorted((history.faults or {}).items())
    kept = _minimal(faults, lambda some: shows(replace(history, faults=dict(some))))
    return replace(history, faults=dict(kept))


def _fewer_messages(history: History, shows: Callable[[History], bool]) -> History:
    for place in [place for place, action in enumerate(history.actions) if action[0] == "put"]:
        history = _fewer_in(history, place, shows)
    return history


def _fewer_in(history: History, place: int, shows: Callable[[History], bool]) -> History:
    """Leave out messages of one put."""

    def with_messages(messages: Sequence[object]) -> History:
        return replace(history, actions=[*history.actions[:place], ["put", *messages], *history.actions[place + 1 :]])

    return with_messages(_minimal(history.actions[place][1:], lambda some: shows(with_messages(some))))


def _minimal(items: Sequence[ItemT], shows: Callable[[Sequence[ItemT]], bool]) -> Sequence[ItemT]:
    """Return fewer of the items that still show it, leaving out ever smaller runs of them.

    Source: Zeller and Hildebrandt (2002), delta debugging, without the step of subsets.
    """
    length = max(1, len(items) // 2)
    while items:
        begin = 0
        while begin < len(items):
            fewer = [*items[:begin], *items[begin + length :]]
            if shows(fewer):
                items = fewer
            else:
                begin += length
        if length == 1:
            break
        length //= 2
    return items
