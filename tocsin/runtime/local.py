"""The durable local runtime on the real clock: inputs in, stages on, until someone says stop."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tocsin.core.clock import NowMs, pause
from tocsin.runtime.pipeline import Pipeline

IDLE_PAUSE_MS: Final = 50


class Input(Protocol):
    """Puts what has come onto the log."""

    def poll(self) -> int:
        """Put what is there now, without waiting for more; return how many messages that was."""
        ...


def run_local(
    pipeline: Pipeline,
    inputs: Sequence[Input],
    now_ms: NowMs,
    *,
    stop: Callable[[], bool],
    after_round: Callable[[], None],
) -> None:
    """Run until ``stop`` says so, then finish what is on the logs; what was taken is durable.

    Args:
        pipeline: With the same clock.
        inputs: Asked in every round.
        now_ms: The clock.
        stop: Asked before every round.
        after_round: Called after every round and once at the end, to show what happened.
    """
    pipeline.start_ticks()
    while not stop():
        moved = sum(source.poll() for source in inputs) + pipeline.run_due()
        after_round()
        if not moved:
            pause(min(IDLE_PAUSE_MS, max(1, pipeline.due_ms() - now_ms())) / 1_000)
    pipeline.drain()
    after_round()
