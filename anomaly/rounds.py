"""Rounds: panes of one series are judged one after the other, those of different series at once."""

from collections.abc import Iterator

import numpy as np

from tocsin.core.columns import Int64s


def rounds(rows: Int64s, places: Int64s) -> Iterator[Int64s]:
    """Yield the places of the first of each row, then of the second of each, and so on; each time ascending.

    Args:
        rows: shape (n,), to which row each place belongs.
        places: shape (k,), the places in question, ascending.

    >>> [turn.tolist() for turn in rounds(np.array([7, 8, 7, 7]), np.arange(4))]
    [[0, 1], [2], [3]]
    """
    if len(places) < 2:
        yield from [places] if len(places) else []
        return
    order = np.argsort(rows[places], kind="stable")
    ordered = rows[places][order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    lengths = np.diff(np.append(begins, len(ordered)))
    turn = np.empty(len(places), np.int64)
    turn[order] = np.arange(len(places)) - np.repeat(begins, lengths)
    by_turn = np.argsort(turn, kind="stable")
    yield from np.split(places[by_turn], np.cumsum(np.bincount(turn))[:-1])
