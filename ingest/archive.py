"""The Lambda handler of the archive: what the log of readings takes lies in the bucket, by tenant and hour, once.

The same machine as that of the stages that count: which records make a part is committed before the part is
written, so a delivery that comes again, in whatever batches, finds its records known, and a part that is written
twice is the same part. A shard is a group of its own.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import msgspec

from tocsin.adapters.function import Entry as Function
from tocsin.core.clock import HOUR_MS
from tocsin.core.errors import DamagedError, UnavailableError
from tocsin.core.formats.archive_part import encode_part, owner_of, part_name
from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.machine import Entry, Machine, Step
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend, Blobs, StoredRecord

NAME: Final = "archive"
GENERATION: Final = 0
"""The archive has no key groups, so it lives through all generations of those."""
STEP_BYTES_MAX: Final = 3 * 1024 * 1024
"""After so much the rest of a batch waits for the next commit."""
LANE: Final = "part"

Shards = Mapping[str, tuple[str, int]]
"""Shard to the last sequence number that is archived, and how many records are."""


@dataclass(slots=True)
class _Archive:
    """What the machine needs of the archive."""

    blobs: Blobs
    name: str = NAME
    generation: int = GENERATION

    def initial(self, group: int) -> Shards:  # noqa: ARG002  all groups begin alike
        """Return the state before anything is archived."""
        return {}

    def decode(self, blob: bytes) -> Shards:
        """Return the state of the bytes.

        Raises:
            DamagedError: The bytes are not such a state.
        """
        try:
            return _decoder.decode(blob)
        except msgspec.MsgspecError as error:
            raise DamagedError(f"state of the archive cannot be read: {error}") from error

    def encode(self, state: Shards) -> bytes:
        """Return the bytes of the state."""
        return _encoder.encode(dict(sorted(state.items())))

    def step(self, state: Shards, batch: tuple[StoredRecord, ...]) -> Step[Shards, tuple[StoredRecord, ...]]:
        """Divide what is new among parts, an owner and hour each, in the order of the log."""
        shard = batch[0].shard if batch else ""
        last, count = state.get(shard, ("", 0))
        fresh = [record for record in batch if not last or int(record.sequence) > int(last)]
        taken = _within(fresh)
        if not taken:
            return Step(state)
        parts: dict[tuple[str, int], list[StoredRecord]] = {}
        for record in taken:
            parts.setdefault((owner_of(record.partition_key), record.arrival_ms // HOUR_MS), []).append(record)
        entries = [Entry(LANE, part_name(owner, part[0]), encode_part(part)) for (owner, _), part in parts.items()]
        moved = {**state, shard: (taken[-1].sequence, count + len(taken))}
        rest = tuple(fresh[len(taken) :])
        return Step(moved, tuple(entries), rest or None)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Write the parts; one that is there already is written again, the same."""
        published = dict.fromkeys(outboxes, 0)
        for group, entries in outboxes.items():
            for entry in entries:
                try:
                    self.blobs.put(entry.name, entry.data)
                except UnavailableError:
                    break
                published[group] += 1
        return published


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(dict[str, tuple[str, int]])


class ArchiveHandler:
    """Takes deliveries of the log of readings; built once, at cold start.

    Attributes:
        archived: Records of the last call that are archived.
    """

    def __init__(self, backend: Backend) -> None:
        self.archived = 0
        self._machine: Machine[Shards, tuple[StoredRecord, ...]] = Machine(_Archive(backend.blobs), backend.state)

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Archive the event's records; return the first sequence number that must be delivered again.

        Raises:
            UnavailableError: The state store did not answer; the whole batch comes again.
        """
        records = _records(event)
        self.archived = 0
        if not records:
            return batch_failures([])
        failures = self._machine.run({group_of_shard(records[0].shard): records})
        self.archived = 0 if failures else len(records)
        return batch_failures([records[0].sequence] if failures else [])

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return {"archived": self.archived}


def group_of_shard(shard: str) -> int:
    """Return the group of a shard: its number, else one made of its name."""
    number = shard.rpartition("-")[2]
    return int(number) if number.isdecimal() else crc32(shard.encode())


def _within(records: Sequence[StoredRecord]) -> Sequence[StoredRecord]:
    """Return the first of the records, as many as a commit takes, at least one where there is one."""
    left = STEP_BYTES_MAX
    for place, record in enumerate(records):
        left -= len(record.data)
        if left < 0:
            return records[: max(1, place)]
    return records


def _records(event: Mapping[str, Any]) -> tuple[StoredRecord, ...]:
    """Return the records of a Kinesis event; read here without columns, so that the function stays small."""
    try:
        return tuple(
            StoredRecord(
                record["eventID"].partition(":")[0],
                record["kinesis"]["sequenceNumber"],
                record["kinesis"]["partitionKey"],
                b64decode(record["kinesis"]["data"]),
                round(record["kinesis"]["approximateArrivalTimestamp"] * 1_000),
            )
            for record in event["Records"]
        )
    except (KeyError, TypeError, Base64Error) as error:
        raise ValueError(f"event must be one of a Kinesis stream: {error!r}") from error


def make_handler(backend: Backend, plans: PlanBook) -> ArchiveHandler:  # noqa: ARG001  the shape of all functions
    """Return the handler on the backend's ports."""
    return ArchiveHandler(backend)


handler: Final = Function(NAME, ("state", "blobs"), make_handler)
