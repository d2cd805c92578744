"""Ctrl-C and SIGTERM as a wish to stop; a second one stops at once."""

import signal
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Tells whether to stop, while it is used in a ``with`` statement."""

    def __init__(self) -> None:
        self._wanted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._want) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Tell whether someone wants to stop."""
        return self._wanted

    def _want(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  the system passes both
        if self._wanted:
            raise KeyboardInterrupt
        self._wanted = True
