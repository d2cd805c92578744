"""What two runs over the same recording tell differently: alerts and notifications, matched and compared.

An alert of one run is the same as one of the other where the fingerprint is the same and the time is: they
overlap, or begin within an hour of each other. The closest are matched first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

from tocsin.core.clock import HOUR_MS
from tocsin.core.messages import Notification, Phase, Transition
from tocsin.runtime.episodes import Episode, episodes

MATCH_MS: Final = HOUR_MS

Told = tuple[int, Notification]
"""When it was sent, and what."""


class Kind(StrEnum):
    """How something differs."""

    ADDED = "added"
    LOST = "lost"
    EARLIER = "earlier"
    LATER = "later"
    ENDS_EARLIER = "ends earlier"
    ENDS_LATER = "ends later"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class Item:
    """An alert that fired, or a notification that was sent.

    Attributes:
        key: What must be equal in both runs for two items to be the same one.
        what: One line for people.
        at_ms: When it fired or was sent.
        end_ms: When it was resolved; ``at_ms`` of what has no length; None where it is still open.
        severity: How bad.
    """

    key: tuple[str, ...]
    what: str
    at_ms: int
    end_ms: int | None
    severity: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What one item is in both runs, at least one of them not None."""

    before: Item | None
    after: Item | None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """How they differ; empty where they do not."""
        if self.before is None:
            return (Kind.ADDED,)
        if self.after is None:
            return (Kind.LOST,)
        found = []
        if self.after.at_ms != self.before.at_ms:
            found.append(Kind.EARLIER if self.after.at_ms < self.before.at_ms else Kind.LATER)
        if _end_ms(self.after) != _end_ms(self.before) and self.before.end_ms != self.before.at_ms:
            found.append(Kind.ENDS_EARLIER if _end_ms(self.after) < _end_ms(self.before) else Kind.ENDS_LATER)
        if self.after.severity != self.before.severity:
            found.append(Kind.SEVERITY)
        return tuple(found)

    @property
    def shift_ms(self) -> int | None:
        """How much later it is in the second run, or None where one of them has none."""
        return self.after.at_ms - self.before.at_ms if self.before and self.after else None

    @property
    def shown(self) -> Item:
        """The one to name it by."""
        shown = self.after or self.before
        assert shown is not None, "a pair has at least one item"  # noqa: S101  an invariant
        return shown


@dataclass(frozen=True, slots=True)
class RunDiff:
    """How the second run differs from the first.

    Attributes:
        alerts: Every alert of both runs, by time.
        notifications: Every notification of both runs, by time.
    """

    alerts: tuple[Pair, ...]
    notifications: tuple[Pair, ...]

    def __bool__(self) -> bool:
        return any(pair.kinds for pair in (*self.alerts, *self.notifications))


def diff_of(
    before: tuple[Sequence[Transition], Sequence[Told]], after: tuple[Sequence[Transition], Sequence[Told]]
) -> RunDiff:
    """Return how the second run's transitions and notifications differ from the first one's."""
    notifications = matched(_told_items(*before), _told_items(*after))
    return RunDiff(matched(_alert_items(before[0]), _alert_items(after[0])), notifications)


def matched(before: Iterable[Item], after: Iterable[Item]) -> tuple[Pair, ...]:
    """Return all items of both, those that are the same in pairs; costs n log n, and n² where one key has n items."""
    lefts, rights = _by_key(before), _by_key(after)
    pairs = [
        pair for key in sorted({*lefts, *rights}) for pair in _matched_of_key(lefts.get(key, []), rights.get(key, []))
    ]
    return tuple(sorted(pairs, key=lambda pair: (pair.shown.at_ms, pair.shown.key)))


def _by_key(items: Iterable[Item]) -> dict[tuple[str, ...], list[Item]]:
    ordered = sorted(items, key=lambda item: (item.key, item.at_ms))
    return {key: list(same) for key, same in groupby(ordered, key=lambda item: item.key)}


def _matched_of_key(lefts: Sequence[Item], rights: Sequence[Item]) -> list[Pair]:
    near = sorted(
        (abs(left.at_ms - right.at_ms), place, other)
        for place, left in enumerate(lefts)
        for other, right in enumerate(rights)
        if _is_near(left, right)
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, place, other in near:
        if place not in partner and other not in taken:
            partner[place] = other
            taken.add(other)
    pairs = [Pair(left, rights[partner[place]] if place in partner else None) for place, left in enumerate(lefts)]
    return pairs + [Pair(None, right) for other, right in enumerate(rights) if other not in taken]


def _is_near(left: Item, right: Item) -> bool:
    overlap = left.at_ms < _end_ms(right) and right.at_ms < _end_ms(left)
    return overlap or abs(left.at_ms - right.at_ms) <= MATCH_MS


def _end_ms(item: Item) -> float:
    return float("inf") if item.end_ms is None else item.end_ms


def _alert_items(transitions: Iterable[Transition]) -> list[Item]:
    return [_alert_item(episode) for episode in episodes(transitions) if episode.fired]


def _alert_item(episode: Episode) -> Item:
    told, newest = episode.told, episode.newest
    where = " ".join(part for part in (f"{told.tenant}/{told.device}", told.metric) if part)
    end_ms = newest.at_ms if newest.phase is Phase.RESOLVED else None
    return Item((told.tenant, told.fingerprint), f"{where}: {told.rule}", told.at_ms, end_ms, told.severity.value)


def _told_items(transitions: Iterable[Transition], told: Iterable[Told]) -> list[Item]:
    phases = {(one.tenant, one.fingerprint, one.number): one.phase.value for one in transitions}
    return [_told_item(at_ms, one, phases) for at_ms, one in told]


def _told_item(at_ms: int, told: Notification, phases: dict[tuple[str, str, int], str]) -> Item:
    """Return the notification; the same one tells of the same alerts in the same phases, whatever its words."""
    about = {f"{ref.fingerprint} {phases.get((told.tenant, ref.fingerprint, ref.number), '')}" for ref in told.alerts}
    what = f"{told.tenant}: {told.subject}"
    return Item((told.tenant, *sorted(about)), what, at_ms, at_ms, told.attributes.get("severity", ""))
