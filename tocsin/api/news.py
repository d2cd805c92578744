"""Where news of alerts comes from: the change feed, where it can be read; else the newest rows of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from zlib import crc32

import msgspec

from tocsin.core.actions import Action, decode_action, is_action_key
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.messages import Transition
from tocsin.core.ports import AlertTable, LogReader, StoredRecord

RECORDS_MAX: Final = 500
"""Most records of the feed that one answer looks at."""

SHARDS_MAX: Final = 64
DIGITS_MAX: Final = 128
CHUNK: Final = 5_000
GLANCE: Final = 20
KNOWN_MAX: Final = 400


class Place(msgspec.Struct, array_like=True, frozen=True):
    """How far a reader of news is.

    Attributes:
        shards: Shard of the feed to the sequence number read last.
        known: Of a table: checksums of the newest rows.
    """

    shards: dict[str, str] = {}
    known: list[int] = []


@dataclass(frozen=True, slots=True)
class Found:
    """What is new.

    Attributes:
        place: How far the reader is now.
        moves: Transitions of the tenant, in order.
        actions: What people did, in order.
        is_more: Whether there is more already.
    """

    place: Place
    moves: Sequence[Transition]
    actions: Sequence[Action]
    is_more: bool = False


class News(Protocol):
    """Tells what a tenant has not heard yet; usable by any thread."""

    look_every_s: float

    def now(self, tenant: str) -> Place:
        """Return where the news ends at present."""
        ...

    def since(self, tenant: str, place: Place) -> Found:
        """Return what came after the place.

        Raises:
            ValueError: Nobody gave this place.
        """
        ...


class FeedNews:
    """News of the change feed: all of it, in its order.

    Attributes:
        look_every_s: How often a poll looks.
    """

    look_every_s = 0.25

    def __init__(self, feed: LogReader) -> None:
        self._feed = feed
        self._ends: Mapping[str, str] = {}

    def now(self, tenant: str) -> Place:  # noqa: ARG002  the feed is everybody's
        """Return the end of the feed; what it held before is read once."""
        ends = dict(self._ends)
        for shard in self._feed.shards():
            while read := self._feed.read(shard.id, after=ends.get(shard.id), limit=CHUNK):
                ends[shard.id] = read[-1].sequence
        self._ends = ends
        return Place(ends)

    def since(self, tenant: str, place: Place) -> Found:
        """Return what came on the feed after the place, of what one answer may look at."""
        sequences = place.shards.values()
        if len(place.shards) > SHARDS_MAX or not all(one.isdecimal() and len(one) <= DIGITS_MAX for one in sequences):
            raise ValueError("the place is none of the feed")
        after: dict[str, str] = {}
        found: list[StoredRecord] = []
        for shard in self._feed.shards():
            last = place.shards.get(shard.id)
            left = RECORDS_MAX - len(found)
            read = self._read(shard.id, last, left) if left else ()
            found += read
            if newest := (read[-1].sequence if read else last):
                after[shard.id] = newest
        own = [one for one in found if one.partition_key.partition("#")[0] == tenant]
        moves = [decode_transition(one.data) for one in own if not is_action_key(one.partition_key)]
        actions = [decode_action(one.data) for one in own if is_action_key(one.partition_key)]
        return Found(Place(after), moves, actions, len(found) >= RECORDS_MAX)

    def _read(self, shard: str, after: str | None, limit: int) -> Sequence[StoredRecord]:
        try:
            return self._feed.read(shard, after=after, limit=limit)
        except OverflowError as error:
            raise ValueError("the place is none of the feed") from error


class TableNews:
    """News of the table of alerts, where nobody may read its stream: the newest rows against those known.

    What arrives late, with an instant behind the newest ``GLANCE`` moves, shows with the next one.

    Attributes:
        look_every_s: How often a poll looks; a look reads ``GLANCE`` rows.
    """

    look_every_s = 2.0

    def __init__(self, table: AlertTable) -> None:
        self._table = table

    def now(self, tenant: str) -> Place:
        """Return checksums of the newest rows."""
        moves, actions = self._rows(tenant, KNOWN_MAX // 2)
        return Place(known=[*map(_move_sum, moves), *map(_action_sum, actions)])

    def since(self, tenant: str, place: Place) -> Found:
        """Return the newest rows that are not known, oldest first."""
        known = set(place.known[: 2 * KNOWN_MAX])
        glance = self._rows(tenant, GLANCE)
        if known.issuperset((*map(_move_sum, glance[0]), *map(_action_sum, glance[1]))):
            return Found(place, (), ())
        moves, actions = self._rows(tenant, KNOWN_MAX // 2)
        return Found(
            Place(known=[*map(_move_sum, moves), *map(_action_sum, actions)]),
            [one for one in reversed(moves) if _move_sum(one) not in known],
            [one for one in reversed(actions) if _action_sum(one) not in known],
        )

    def _rows(self, tenant: str, limit: int) -> tuple[list[Transition], list[Action]]:
        return self._table.query(tenant, limit=limit), self._table.actions(tenant, limit=limit)


def _move_sum(move: Transition) -> int:
    return crc32(f"{move.fingerprint}-{move.episode}-{move.number}".encode())


def _action_sum(action: Action) -> int:
    return crc32(action.id.encode())
