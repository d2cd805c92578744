"""Golden alerts: what a recording leads to, as text that people read, keep and compare.

One block an episode: a headline that says what, where and how bad, then a line a move with when, why
and who was told. Numbers have six digits, so the last bits of a sum never show.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tocsin.core.clock import iso
from tocsin.core.errors import RecordingError
from tocsin.core.messages import Evidence, Notification, Transition

GOLDEN_MARK: Final = "# tocsin golden alerts, version 1"
LINES_SHOWN_MAX: Final = 200

Blocks = Mapping[str, tuple[str, ...]]
"""Headline of an episode to its lines, in the order of the text."""


def golden_text(transitions: Iterable[Transition], notifications: Iterable[Notification]) -> str:
    """Return the text of the alerts, by start, device, metric and rule."""
    told = _subjects(notifications)
    ordered = sorted(transitions, key=_order)
    blocks = [_block(list(episode), told) for _, episode in groupby(ordered, key=_order_of_episode)]
    return "\n\n".join([GOLDEN_MARK, *blocks]) + "\n"


def _subjects(notifications: Iterable[Notification]) -> dict[tuple[str, int, int], list[str]]:
    told: dict[tuple[str, int, int], list[str]] = {}
    for notification in sorted(notifications, key=lambda one: (one.at_ms, one.tenant, one.id)):
        for alert in notification.alerts:
            subjects = told.setdefault((alert.fingerprint, alert.episode, alert.number), [])
            subjects.append(f"{notification.tenant}: {notification.subject}")
    return told


def _order_of_episode(transition: Transition) -> tuple[object, ...]:
    where = (transition.tenant, transition.device, transition.metric, transition.rule)
    return (transition.since_ms, *where, transition.fingerprint, transition.episode)


def _order(transition: Transition) -> tuple[object, ...]:
    return (*_order_of_episode(transition), transition.number)


def _block(episode: Sequence[Transition], told: Mapping[tuple[str, int, int], list[str]]) -> str:
    lines = [_headline(episode[0])]
    for move in episode:
        lines.append(f"  {iso(move.at_ms)} {move.phase.value}: {move.summary}")
        lines.append(f"    why: {_why(move.evidence)}")
        told_here = told.get((move.fingerprint, move.episode, move.number), [])
        lines += [f"    told {subject}" for subject in told_here] or ["    told nobody"]
    return "\n".join(lines)


def _headline(first: Transition) -> str:
    where = " ".join(part for part in (f"{first.tenant}/{first.device}", first.metric) if part)
    site = f" at {first.site}" if first.site else ""
    return f"{where}{site}: {first.rule} ({first.kind}, {first.severity.value}), episode {first.episode}"


def _why(evidence: Evidence) -> str:
    parts = [f"value {_number(evidence.value)}"]
    if evidence.score is not None:
        parts.append(f"score {_number(evidence.score)}")
    if evidence.threshold is not None:
        parts.append(f"threshold {_number(evidence.threshold)}")
    if evidence.expected_low is not None and evidence.expected_high is not None:
        parts.append(f"expected {_number(evidence.expected_low)} to {_number(evidence.expected_high)}")
    if evidence.panes:
        parts.append(f"windows {iso(evidence.panes[0].start_ms)} to {iso(evidence.panes[-1].end_ms)}")
    return ", ".join(parts)


def _number(value: float) -> str:
    return f"{value:.6g}"


@dataclass(frozen=True, slots=True)
class Difference:
    """How found alerts differ from the expected ones.

    Attributes:
        lost: Expected blocks that were not found.
        added: Found blocks that were not expected.
        changed: Headline to (expected lines, found lines) where these differ.
    """

    lost: Blocks
    added: Blocks
    changed: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

    def __bool__(self) -> bool:
        return bool(self.lost or self.added or self.changed)

    def __str__(self) -> str:
        """Return what a person reads: lost, added, changed, each with what it was about."""
        counts = f"{len(self.lost)} lost, {len(self.added)} added, {len(self.changed)} changed"
        lines = [f"alerts differ from the expected ones: {counts}"]
        for headline, body in self.lost.items():
            lines += ["", f"lost: {headline}", *(f"- {line}" for line in body)]
        for headline, body in self.added.items():
            lines += ["", f"added: {headline}", *(f"+ {line}" for line in body)]
        for headline, (expected, found) in self.changed.items():
            lines += ["", f"changed: {headline}", *_changed_lines(expected, found)]
        left = len(lines) - LINES_SHOWN_MAX
        return "\n".join(lines if left <= 0 else [*lines[:LINES_SHOWN_MAX], f"... and {left} more lines"])


def _changed_lines(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return the lines of both, in order, with a mark at those that only one of them has."""
    # difflib would load half a megabyte of code for blocks of a few lines.
    head = next((place for place, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), None)
    head = min(len(expected), len(found)) if head is None else head
    tail = 0
    while tail < min(len(expected), len(found)) - head and expected[-1 - tail] == found[-1 - tail]:
        tail += 1
    return [
        *(f"  {line}" for line in expected[:head]),
        *(f"- {line}" for line in expected[head : len(expected) - tail]),
        *(f"+ {line}" for line in found[head : len(found) - tail]),
        *(f"  {line}" for line in expected[len(expected) - tail :]),
    ]


def difference(expected: str, found: str, *, file: str = "expected") -> Difference:
    """Return how the found golden text differs from the expected one; false where it does not.

    Raises:
        RecordingError: The expected text is not one of golden alerts.
    """
    before, after = parse_golden(expected, file=file), parse_golden(found, file="found")
    return Difference(
        lost={headline: body for headline, body in before.items() if headline not in after},
        added={headline: body for headline, body in after.items() if headline not in before},
        changed={
            headline: (body, after[headline])
            for headline, body in before.items()
            if headline in after and after[headline] != body
        },
    )


def parse_golden(text: str, *, file: str) -> Blocks:
    """Return the blocks of a golden text; comments and blank lines do not matter.

    Raises:
        RecordingError: A line stands where none can, or the text is another file's.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != GOLDEN_MARK:
        raise RecordingError(f"{file}:1: must begin with {GOLDEN_MARK!r}, got {''.join(lines[:1])[:80]!r}")
    blocks: dict[str, list[str]] = {}
    body: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if line in blocks:
                raise RecordingError(f"{file}:{number}: stands there twice: {line}")
            body = blocks[line] = []
        elif body is None:
            raise RecordingError(f"{file}:{number}: line belongs to no alert: {line.strip()[:80]}")
        else:
            body.append(line.rstrip())
    return {headline: tuple(found) for headline, found in blocks.items()}
