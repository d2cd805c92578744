"""Waiting for what a script says; the page's own rules forbid the usual way, which makes code of text in the page."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKS_MAX = 300
SAME_LOOKS = 12
LOOK_EVERY_MS = 50


def until(page: "Page", script: str, seconds: int = 15) -> None:
    """Wait until the expression is true, at most so many seconds."""
    for _ in range(seconds * 1_000 // LOOK_EVERY_MS):
        if page.evaluate(script):
            return
        page.wait_for_timeout(LOOK_EVERY_MS)
    raise AssertionError(f"never true: {script}")


def settled(page: "Page", script: str) -> str:
    """Return what the expression says once it has said the same for more than half a second."""
    seen: list[str] = []
    for _ in range(LOOKS_MAX):
        seen.append(str(page.evaluate(script)))
        if len(seen) >= SAME_LOOKS and len(set(seen[-SAME_LOOKS:])) == 1:
            return seen[-1]
        page.wait_for_timeout(LOOK_EVERY_MS)
    raise AssertionError(f"never settled: {script}, {seen[-3:]}")
