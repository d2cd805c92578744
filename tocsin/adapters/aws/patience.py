"""How long calls are repeated: with jittered waits, within the time that is left."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

ATTEMPTS_MAX: Final = 12
FIRST_WAIT_S: Final = 0.05
LONGEST_WAIT_S: Final = 2.0
CALL_S_MAX: Final = 10.0
"""How long one call of a port may go on where nobody said how much time is left."""

RESERVE_S: Final = 1.0
"""What is left of an invocation for its answer; a retry that would reach into it is not begun."""


class Patience:
    """Says whether, and when, to try again.

    Waits are drawn between nothing and a bound that doubles, so that those who were refused together do not come
    back together.

    Source: Brooker (2015), Exponential Backoff and Jitter, AWS Architecture Blog, "full jitter".

    Args:
        random: Draws the waits.
        elapsed_s: A clock that only moves forward.
        pause: Waits for seconds.
    """

    def __init__(self, random: Random, elapsed_s: Callable[[], float], pause: Callable[[float], None]) -> None:
        self._random = random
        self._elapsed_s = elapsed_s
        self._pause = pause
        self._until_s: float | None = None

    def begin(self, remaining_ms: int) -> None:
        """Take note that an invocation ends in so many milliseconds."""
        self._until_s = self._elapsed_s() + remaining_ms / 1_000 - RESERVE_S

    def attempts(self) -> Iterator[int]:
        """Yield 0 at once, then 1, 2, … after a wait each, for as long as there is time."""
        ends_s = self._elapsed_s() + CALL_S_MAX if self._until_s is None else self._until_s
        yield 0
        for attempt in range(1, ATTEMPTS_MAX):
            bound_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1))
            wait_s = self._random.uniform(0, bound_s)
            if self._elapsed_s() + wait_s > ends_s:
                return
            self._pause(wait_s)
            yield attempt
