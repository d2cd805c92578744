"""Puts records to the log, and again those that it refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tocsin.core.errors import UnavailableError
from tocsin.core.ports import Log, LogRecord

PUT_ATTEMPTS_MAX: Final = 6
BACKOFF_S_FIRST: Final = 0.05
BACKOFF_S_MAX: Final = 2.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How to wait between attempts: a random part of a time that doubles, so that senders spread out.

    Attributes:
        random: Draws the part.
        pause: Waits for seconds.
    """

    random: Random
    pause: Callable[[float], None]

    def wait(self, attempts: int) -> None:
        """Wait after that many failed attempts, at least one."""
        longest_s = min(BACKOFF_S_MAX, BACKOFF_S_FIRST * 2 ** (attempts - 1))
        self.pause(self.random.uniform(0, longest_s))


def put_all(log: Log, records: Sequence[LogRecord], backoff: Backoff) -> list[int]:
    """Put the records; return the places of those that were not taken in ``PUT_ATTEMPTS_MAX`` attempts.

    Only what was refused is put again. Where the log does not answer, that is everything that was just
    put, so a record may be there twice; its messages' identities tell.
    """
    left = list(range(len(records)))
    for attempts in range(PUT_ATTEMPTS_MAX):
        if not left:
            break
        if attempts:
            backoff.wait(attempts)
        try:
            refused = log.put([records[place] for place in left])
        except UnavailableError:
            continue
        left = [left[place] for place in refused]
    return left
