"""Progress of long work on standard error: a bar in a terminal, now and then a line elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from tocsin.core.clock import elapsed_s

PLAIN_EVERY_S: Final = 10.0

Show = Callable[[float | None, str], None]
"""Takes how much is done, in [0, 1] or None where nobody knows, and words."""


@contextmanager
def shown_progress(title: str) -> Iterator[Show]:
    """Yield what shows the progress."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, title)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=None, words="")

        def show(share: float | None, words: str) -> None:
            progress.update(task, total=None if share is None else 1.0, completed=share or 0.0, words=words)

        yield show


class _Lines:
    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._shown_s = elapsed_s()

    def __call__(self, share: float | None, words: str) -> None:
        if elapsed_s() - self._shown_s < PLAIN_EVERY_S:
            return
        self._shown_s = elapsed_s()
        part = "" if share is None else f" {share:.0%}"
        self._console.print(f"{self._title}{part}: {words}", soft_wrap=True, highlight=False)
