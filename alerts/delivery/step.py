"""The pure half of delivery: what waits for a receiver, what is posted next, and what follows from its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerts.delivery.digest import digest
from alerts.delivery.state import KNOWN_MAX, WAITING_MAX, DeliveryState, Line
from tocsin.core.clock import MINUTE_MS, SECOND_MS
from tocsin.core.machine import Step
from tocsin.core.messages import Notification
from tocsin.core.outlet import Answer

POSTS_MAX: Final = 10
"""Posts to one receiver in one round; more wait for the next."""

CROWD_MIN: Final = 6
"""Where so many wait for a receiver that did not answer, they are told as one: nobody reads hundreds of messages."""

BURST_MIN: Final = 30
"""The same for a receiver that answers, to whom too much comes at once."""

CROWD_MAX: Final = 100
"""At most so many notifications in one digest."""

BACKOFF_MS: Final = 2 * SECOND_MS
BACKOFF_MS_MAX: Final = 5 * MINUTE_MS
"""Wait after the first failure, doubled after each further one up to the second: then the circuit is open, and each
post is a probe, one at a time."""

REFUSED: Final = frozenset({400, 413, 415, 422})
"""Statuses that say: this very content, never. All others may pass: receivers are mended, keys are renewed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A notification for a receiver."""

    receiver: str
    notification: Notification


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a post.

    Attributes:
        receiver: To whom.
        ids: Which notifications were in it.
        answer: What it answered.
        at_ms: When.
    """

    receiver: str
    ids: tuple[str, ...]
    answer: Answer
    at_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What is folded at once."""

    taken: tuple[Taken, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What is posted next.

    Attributes:
        notification: What is told.
        missed: The notifications that it stands for, where it is a digest.
        ids: Of all that are done with once it is taken.
    """

    notification: Notification
    missed: tuple[Notification, ...]
    ids: tuple[str, ...]


def has_room(line: Line | None) -> bool:
    """Tell whether a further notification can wait here."""
    return line is None or len(line.waiting) < WAITING_MAX


def step(state: DeliveryState, batch: Batch) -> Step[DeliveryState, Batch]:
    """Fold the batch; copies change nothing."""
    lines = dict(state.lines)
    for taken in batch.taken:
        line = lines.get(taken.receiver) or Line(taken.receiver)
        lines[taken.receiver] = _taken(line, taken.notification)
    for outcome in batch.outcomes:
        if outcome.receiver in lines:
            lines[outcome.receiver] = _after(lines[outcome.receiver], outcome)
    changed = any(lines[name] is not state.lines.get(name) for name in lines)
    return Step(DeliveryState(lines) if changed else state)


def _taken(line: Line, notification: Notification) -> Line:
    if notification.id in line.known:
        return line
    known = (*line.known, notification.id)[-KNOWN_MAX:]
    return replace(line, waiting=(*line.waiting, notification), known=known)


def _after(line: Line, outcome: Outcome) -> Line:
    """Return the receiver after a post; an outcome of what is done with already changes nothing."""
    done = set(outcome.ids)
    left = tuple(one for one in line.waiting if one.id not in done)
    count = len(line.waiting) - len(left)
    if not count:
        return line
    answer = outcome.answer
    if 200 <= answer.status < 300:
        return replace(
            line,
            waiting=left,
            failures=0,
            next_ms=0,
            down_ms=0,
            posted=line.posted + 1,
            told=line.told + count,
            error="",
        )
    if answer.status in REFUSED:
        return replace(line, waiting=left, refused=line.refused + count, error=answer.detail)
    failures = line.failures + 1
    wait_ms = max(min(BACKOFF_MS * 2 ** min(line.failures, 20), BACKOFF_MS_MAX), answer.retry_after_ms)
    return replace(
        line,
        failures=failures,
        next_ms=outcome.at_ms + wait_ms,
        down_ms=line.down_ms or outcome.at_ms,
        error=answer.detail or str(answer.status),
    )


def is_due(line: Line, now_ms: int) -> bool:
    """Tell whether something is to be posted to the receiver now."""
    return bool(line.waiting) and now_ms >= line.next_ms


def next_post(line: Line, channel: str, now_ms: int) -> Dispatch:
    """Return what is posted next: the oldest that waits, or where many do a digest of them.

    Args:
        line: A receiver for whom something waits.
        channel: How it gets it; PagerDuty gets the newest of each incident, as it keeps how that stands.
        now_ms: The instant.
    """
    crowd = line.waiting[:CROWD_MAX]
    if channel == "pagerduty":
        return _newest_of_incident(line.waiting)
    if len(line.waiting) < (CROWD_MIN if line.down_ms else BURST_MIN):
        return _single(crowd[0])
    return Dispatch(digest(crowd, since_ms=line.down_ms, now_ms=now_ms), crowd, tuple(one.id for one in crowd))


def _single(notification: Notification) -> Dispatch:
    return Dispatch(notification, (), (notification.id,))


def _newest_of_incident(waiting: Sequence[Notification]) -> Dispatch:
    same = [one for one in waiting if one.group == waiting[0].group]
    if not waiting[0].group or len(same) == 1:
        return _single(waiting[0])
    return Dispatch(same[-1], tuple(same[:-1]), tuple(one.id for one in same))
