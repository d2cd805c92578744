"""What may go wrong on the way without changing what comes out, as data: drawn by chance, written, applied.

Copies of messages, messages of a device that overtake each other within the allowed out-of-orderness,
batches of any size, and stages that fail, crash, or do not hear the answer to a write.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, Final, Literal

import msgspec

from tocsin.core.formats.recording import Recorded
from tocsin.runtime.overtaking import Overtaking

COPIES_MAX: Final = 40
SWAPS_MAX: Final = 40
FAILURES_MAX: Final = 8
COPY_DISTANCE_MAX: Final = 200
SIZES: Final = (1, 3, 17, 500)
LONG_RECORDS: Final = 20_000
"""Above it no batches of one: a replay would take minutes."""

STAGES: Final = ("processors", "anomaly")
HOW: Final = ("refused", "answer lost", "crashed", "not published", "commit unanswered")

How = Literal["refused", "answer lost", "crashed", "not published", "commit unanswered"]


class Copy(msgspec.Struct, frozen=True):
    """A record comes again, behind a later one."""

    record: int
    behind: int


class Swap(msgspec.Struct, frozen=True):
    """Two messages of a device change places; arrivals stay."""

    first: int
    second: int


class Failure(msgspec.Struct, frozen=True):
    """A call of a stage goes wrong.

    Attributes:
        stage: Which stage.
        call: Which call, from 0.
        how: ``refused`` before any work; ``answer lost`` after all of it; ``crashed`` after all of it, with the
            memory gone; ``not published``: what was committed next could not be passed on; ``commit unanswered``:
            the state was written next, but nobody heard of it.
    """

    stage: str
    call: int
    how: How


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that goes wrong in one run; places count the records of the recording, from 0.

    Attributes:
        copies: Records that come again.
        swaps: Messages that overtake each other.
        failures: Calls that go wrong.
        batch_records_max: Most records of a delivery, or None for as many as usual.
    """

    copies: tuple[Copy, ...] = ()
    swaps: tuple[Swap, ...] = ()
    failures: tuple[Failure, ...] = ()
    batch_records_max: int | None = None

    def within(self, kept: Sequence[int]) -> "Faults":
        """Return the faults of the records kept, counted among these; a copy may come behind the next earlier."""
        place = {record: number for number, record in enumerate(kept)}
        copies = [(copy, max((one for one in kept if one <= copy.behind), default=-1)) for copy in self.copies]
        return msgspec.structs.replace(
            self,
            copies=tuple(Copy(place[copy.record], place[behind]) for copy, behind in copies if copy.record in place),
            swaps=tuple(
                Swap(place[swap.first], place[swap.second])
                for swap in self.swaps
                if swap.first in place and swap.second in place
            ),
        )

    def parts(self) -> "list[Faults]":
        """Return each single fault."""
        return [
            *(Faults(copies=(copy,)) for copy in self.copies),
            *(Faults(swaps=(swap,)) for swap in self.swaps),
            *(Faults(failures=(failure,)) for failure in self.failures),
            *([Faults(batch_records_max=self.batch_records_max)] if self.batch_records_max else []),
        ]

    @classmethod
    def of_parts(cls, parts: "Sequence[Faults]") -> "Faults":
        """Return all the faults together."""
        return cls(
            copies=tuple(copy for part in parts for copy in part.copies),
            swaps=tuple(swap for part in parts for swap in part.swaps),
            failures=tuple(failure for part in parts for failure in part.failures),
            batch_records_max=next((part.batch_records_max for part in parts if part.batch_records_max), None),
        )

    def words(self) -> str:
        """Return what goes wrong, one line."""
        said = [f"record {copy.record} again behind {copy.behind}" for copy in self.copies]
        said += [f"records {swap.first} and {swap.second} in each other's place" for swap in self.swaps]
        said += [f"call {failure.call} of {failure.stage} {failure.how}" for failure in self.failures]
        said += [f"batches of {self.batch_records_max}"] if self.batch_records_max else []
        return "; ".join(said) or "nothing"


def drawn(random: Random, records: Sequence[Recorded], overtaking: Overtaking, calls: dict[str, int]) -> Faults:
    """Return faults that must change nothing.

    Args:
        random: The chance.
        records: The recording, at least one record.
        overtaking: Which messages may change places.
        calls: How often each stage is called when nothing goes wrong.
    """
    sizes: tuple[int | None, ...] = (*SIZES[1 if len(records) > LONG_RECORDS else 0 :], None)
    failures = [
        Failure(stage, random.randrange(calls[stage] * 2), random.choice(HOW))  # a failed call is called again
        for stage in random.choices(STAGES, k=random.randint(0, FAILURES_MAX))
        if calls.get(stage)
    ]
    unique = {(failure.stage, failure.call): failure for failure in failures}
    return Faults(
        copies=tuple(_copy(random, len(records)) for _ in range(random.randint(0, COPIES_MAX))),
        swaps=tuple(Swap(*pair) for pair in overtaking.pairs(random, random.randint(0, SWAPS_MAX))),
        failures=tuple(unique[key] for key in sorted(unique)),
        batch_records_max=random.choice(sizes),
    )


def _copy(random: Random, count: int) -> Copy:
    record = random.randrange(count)
    distance = random.choice((0, 1, random.randrange(COPY_DISTANCE_MAX), random.randrange(count)))
    return Copy(record, min(count - 1, record + distance))


def applied(records: Sequence[Recorded], faults: Faults) -> list[Recorded]:
    """Return the records with copies and in the order that the faults say."""
    moved = list(records)
    for swap in faults.swaps:
        first, second = moved[swap.first], moved[swap.second]
        moved[swap.first] = msgspec.structs.replace(first, data=second.data)
        moved[swap.second] = msgspec.structs.replace(second, data=first.data)
    behind: dict[int, list[Recorded]] = {}
    for copy in faults.copies:
        again = msgspec.structs.replace(moved[copy.record], arrival_ms=moved[copy.behind].arrival_ms)
        behind.setdefault(copy.behind, []).append(again)
    return [one for place, record in enumerate(moved) for one in (record, *behind.get(place, ()))]


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Faults)


def encode_faults(faults: Faults) -> bytes:
    """Return the faults as JSON."""
    return msgspec.json.format(_encoder.encode(faults), indent=2) + b"\n"


def decode_faults(document: bytes, records: int) -> Faults:
    """Return the faults of a document.

    Args:
        document: As ``encode_faults`` wrote it.
        records: How many records the recording has.

    Raises:
        ValueError: It is not one, or names a record that there is not.
    """
    faults = _decoder.decode(document)
    named = [place for part in (*faults.copies, *faults.swaps) for place in _places(part)]
    if any(not 0 <= place < records for place in named) or any(copy.behind < copy.record for copy in faults.copies):
        raise ValueError(f"places must be from 0 to {records - 1}, and a copy behind its record")
    return faults


def _places(part: Any) -> tuple[int, ...]:  # noqa: ANN401  a copy or a swap
    places: tuple[int, ...] = msgspec.structs.astuple(part)
    return places
