"""Independent requests side by side: a request is mostly waiting."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

REQUESTS_MAX: Final = 8
"""As many connections a client keeps, so that none is opened for one request only."""


class Parallel:
    """Sends requests, at most so many at a time; the threads are begun with the first that need them."""

    def __init__(self, requests_max: int = REQUESTS_MAX) -> None:
        self._requests_max = requests_max
        self._pool: ThreadPoolExecutor | None = None

    def map(self, send: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return what each request returns, in order; the first error in that order is raised."""
        wanted = list(items)
        if len(wanted) < 2 or self._requests_max == 1:
            return [send(item) for item in wanted]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._requests_max, thread_name_prefix="aws")
        futures = [self._pool.submit(send, item) for item in wanted]
        for future in futures:
            future.exception()  # all have ended, and none goes on behind the caller's back, before one is raised
        return [future.result() for future in futures]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
