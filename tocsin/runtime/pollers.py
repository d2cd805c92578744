"""How many batches of a standard queue Lambda reads at once: few to begin with, and more as long as there is more.

Source: AWS Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings".
"""

from typing import Final

from tocsin.core.clock import MINUTE_MS

BEGIN: Final = 5
MORE_A_MINUTE: Final = 300
MOST: Final = 1_000
STEP_MS: Final = MINUTE_MS // MORE_A_MINUTE
"""After so long there is one more."""


class Pollers:
    """Grow while all are busy and messages are left, and are few again once the queue was found empty.

    Args:
        most: The mapping's maximum concurrency; None for ``MOST``.
    """

    def __init__(self, most: int | None) -> None:
        self._most = MOST if most is None else most
        self._busy_ms: int | None = None

    def count(self, now_ms: int) -> int:
        """Return how many batches may be in flight."""
        more = 0 if self._busy_ms is None else (now_ms - self._busy_ms) // STEP_MS
        return min(self._most, MOST, BEGIN + more)

    def all_busy(self, now_ms: int) -> None:
        """Take note that there may be more messages than are being worked on."""
        if self._busy_ms is None:
            self._busy_ms = now_ms

    def nothing_left(self) -> None:
        """Take note that the queue showed no further message."""
        self._busy_ms = None

    def next_ms(self, now_ms: int) -> int | None:
        """Return when there is one more, or None where no more come."""
        if self._busy_ms is None or self.count(now_ms) >= min(self._most, MOST):
            return None
        return self._busy_ms + ((now_ms - self._busy_ms) // STEP_MS + 1) * STEP_MS
