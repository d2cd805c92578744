"""What the stages refused or set aside as late, read from where they keep it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tocsin.core.formats.rejections import (
    LATE_PREFIX,
    REJECTED_PREFIX,
    LateReading,
    decode_late,
    decode_rejections,
)
from tocsin.core.messages import Rejection
from tocsin.core.ports import Blobs

NAMES_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """A rejection, and who rejected it.

    Attributes:
        stage: Which stage.
        rejection: What, why, and the bytes as they came.
    """

    stage: str
    rejection: Rejection


@dataclass(slots=True)
class Summary:
    """Rejections of one stage for one reason.

    Attributes:
        count: How many.
        keys: Partition key to how many of them.
        example: Detail of the newest.
    """

    count: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    example: str = ""


def rejections(blobs: Blobs) -> Iterator[Refused]:
    """Yield all rejections, by stage and source, those of a source in order.

    Raises:
        DamagedError: One cannot be read.
    """
    for name, data in _blobs(blobs, REJECTED_PREFIX):
        stage = name.removeprefix(REJECTED_PREFIX).split("/", 1)[0]
        yield from (Refused(stage, one) for one in decode_rejections(data))


def late_readings(blobs: Blobs) -> Iterator[LateReading]:
    """Yield all readings that came too late for their windows, by source, those of a source in order.

    Raises:
        DamagedError: One cannot be read.
    """
    for _, data in _blobs(blobs, LATE_PREFIX):
        yield from decode_late(data)


def summaries(refused: Iterable[Refused]) -> dict[tuple[str, str], Summary]:
    """Return (stage, reason) to what was refused, the most frequent first."""
    found: dict[tuple[str, str], Summary] = {}
    for one in refused:
        summary = found.setdefault((one.stage, one.rejection.reason.value), Summary())
        summary.count += 1
        summary.keys[one.rejection.partition_key] += 1
        summary.example = one.rejection.detail
    return dict(sorted(found.items(), key=lambda item: (-item[1].count, item[0])))


def _blobs(blobs: Blobs, prefix: str) -> Iterator[tuple[str, bytes]]:
    after = ""
    while names := blobs.names(prefix, after=after, limit=NAMES_MAX):
        for name in names:
            yield name, blobs.get(name) or b""
        after = names[-1]
