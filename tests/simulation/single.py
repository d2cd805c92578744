"""Every single fault: one small scenario, played again and again with one fault at one of its calls."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Final

from tests.simulation.faults import AFTER, BEFORE, CRASH_AFTER, CRASH_BEFORE, PARTIAL, ZOMBIE_AFTER, Fault
from tests.simulation.history import HistoryResult, run
from tests.simulation.script import START_MS, Action, History

KINDS: Final[tuple[Fault, ...]] = (
    *((BEFORE, 0), (AFTER, 0), (CRASH_BEFORE, 0), (CRASH_AFTER, 0)),
    *((PARTIAL, 1), (ZOMBIE_AFTER, 3)),
)
PAIRED: Final[tuple[Fault, ...]] = ((AFTER, 0), (CRASH_AFTER, 0))


def _chain(instance: int) -> list[Action]:
    """Deliver everything down the chain once."""
    return [["deliver", stage, 0, 40, instance] for stage in ("processors", "anomaly", "alerts")]


def _at(second: int, temp: float, counter: int) -> list[object]:
    return [1, START_MS + second * 1_000, counter, temp, None]


SMALL: Final = History(
    groups=1,
    shards=1,
    actions=[
        ["put", _at(1, 20.0, 1), _at(2, 70.0, 2)],
        *_chain(0),
        ["wait", 60_000],
        ["put", _at(1, 20.0, 1), _at(55, 21.0, 3)],
        ["tick", 0, 0],
        *_chain(1),
        ["put", _at(3, 22.0, 4)],
        *_chain(0),
    ],
    faults={},
)
"""One device: two readings, of which one is over the limit; a copy; a tick; one that is late."""

SMALLEST: Final = replace(SMALL, actions=[["put", _at(1, 70.0, 1)], *_chain(0)])
"""One reading over the limit, told at once."""


def calls_of(history: History) -> int:
    """Return how many port calls the history makes where nothing fails."""
    return run(replace(history, faults={})).calls


def with_one_fault(history: History) -> Iterator[tuple[dict[int, Fault], HistoryResult]]:
    """Yield the outcome for each fault at each call."""
    for number, fault in product(range(1, calls_of(history) + 1), KINDS):
        yield {number: fault}, run(replace(history, faults={number: fault}))


def with_two_faults(history: History) -> Iterator[tuple[dict[int, Fault], HistoryResult]]:
    """Yield the outcome for each pair of faults; the second may hit what the first made necessary."""
    calls = calls_of(history) + 6
    for (first, second), one, other in product(combinations(range(1, calls + 1), 2), PAIRED, PAIRED):
        faults = {first: one, second: other}
        yield faults, run(replace(history, faults=faults))
