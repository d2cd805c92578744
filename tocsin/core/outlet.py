"""What is posted to receivers, and what they answer; the adapter that does it is ``tocsin.adapters.web``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

Secrets = Callable[[str], str | None]
"""Finds a secret by the name that the plan gives it."""


@dataclass(frozen=True, slots=True)
class Post:
    """One thing to post.

    Attributes:
        url: Where.
        body: What, UTF-8.
        headers: With it.
        timeout_ms: How long the answer may take.
    """

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_ms: int = 5_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a post.

    Attributes:
        status: HTTP status; 0 where none came.
        detail: What went wrong, one line; empty where nothing did.
        retry_after_ms: How long the receiver wants to be left alone; 0 where it did not say.
    """

    status: int
    detail: str = ""
    retry_after_ms: int = 0


class Outlet(Protocol):
    """Posts, and waits for the answer."""

    def post(self, post: Post) -> Answer:
        """Return what came of it; whatever goes wrong outside is an answer, not an error."""
        ...
