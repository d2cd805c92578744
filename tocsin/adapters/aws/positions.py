"""Reads a shard from where a caller says, whatever iterators the service hands out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from botocore.exceptions import ClientError

from tocsin.adapters.aws.faults import code_of
from tocsin.adapters.aws.patience import Patience
from tocsin.core.errors import UnavailableError
from tocsin.core.ports import StoredRecord

EXPIRED: Final = frozenset({"ExpiredIteratorException", "TrimmedDataAccessException"})
"""An iterator lives five minutes (Kinesis) or fifteen (DynamoDB), and what it points at may have been dropped."""

EMPTY_ANSWERS_MAX: Final = 1_000
"""Kinesis answers with nothing for stretches of a shard that hold nothing; more than this of them is no shard."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought.

    Attributes:
        records: What is for the caller, in order.
        last: Sequence number of the last record, also of one that is not for the caller; or None.
        following: Iterator of what comes next, or None at the end of a closed shard.
        is_behind: Whether there is more after it now.
    """

    records: list[StoredRecord]
    last: str | None
    following: str | None
    is_behind: bool


class Pages(Protocol):
    """A service that reads shards page by page."""

    def iterator(self, shard: str, after: str | None) -> str:
        """Return an iterator of what follows the sequence number, or of the oldest kept."""
        ...

    def page(self, shard: str, iterator: str, limit: int) -> Page:
        """Return the next page."""
        ...


@dataclass(slots=True)
class _Place:
    """What is known of a shard.

    Attributes:
        after: Number that the iterator follows, or None for the oldest kept.
        iterator: Iterator that follows it, or None.
        seen: Highest number that was read here, or None.
        trimmed: Number up to which nothing is handed out again, or None. It is kept as it was written: a service
            may write zeros in front, and then knows a number only with them.
    """

    after: str | None = None
    iterator: str | None = None
    seen: str | None = None
    trimmed: str | None = None


class Positions:
    """Hands out records of shards; iterators are kept between calls, and got anew where they have expired.

    The services drop records when their retention is over and not before. So trimming is remembered here, and
    only keeps this reader from handing out again what was trimmed.
    """

    def __init__(self, pages: Pages, patience: Patience) -> None:
        self._pages = pages
        self._patience = patience
        self._places: dict[str, _Place] = {}  # at most one a shard that the service retains

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return at most ``limit`` records after the number, in order; nothing only where there is nothing now."""
        place = self._places.setdefault(shard, _Place())
        after = _later(after, place.trimmed)
        if place.iterator is None or place.after != after:
            place.after, place.iterator = after, self._pages.iterator(shard, after)
        for _ in range(EMPTY_ANSWERS_MAX):
            page = self._page(shard, place, limit)
            place.iterator = page.following
            if page.records:
                # What is left of a page that was not for the caller is skipped by the iterator that follows.
                place.after = page.records[-1].sequence
                place.seen = _later(place.after, place.seen)
                return page.records
            if page.following is None or not (page.is_behind or page.last):
                return []
        raise UnavailableError(
            f"shard {shard} has answered with nothing {EMPTY_ANSWERS_MAX} times, and says there is more"
        )

    def trim(self, shard: str, *, through: str) -> None:
        """Hand out nothing up to the number any more; a number beyond all that was read counts as the last one read."""
        place = self._places.setdefault(shard, _Place())
        if place.seen is not None:
            place.trimmed = _later(place.trimmed, through if int(through) <= int(place.seen) else place.seen)

    def _page(self, shard: str, place: _Place, limit: int) -> Page:
        """Return the next page; from a new iterator where the one at hand has expired."""
        for _ in self._patience.attempts():
            try:
                return self._pages.page(shard, place.iterator or self._pages.iterator(shard, place.after), limit)
            except ClientError as error:
                if code_of(error) not in EXPIRED:
                    raise
                place.iterator = None
                if code_of(error) == "TrimmedDataAccessException":
                    place.after = None
        raise UnavailableError(f"shard {shard} could not be read: its iterators keep expiring")


def _later(number: str | None, other: str | None) -> str | None:
    """Return the higher of two sequence numbers, as it was written; None is below all."""
    if number is None or other is None:
        return number or other
    return number if int(number) >= int(other) else other
