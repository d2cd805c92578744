"""What mappings gave up: found again, and brought back.

A reading that is put into its log again gets a new sequence number there; under its old one the fence would skip it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tocsin.adapters.aws.keys import PLATFORM_PREFIX
from tocsin.core.clock import iso
from tocsin.core.errors import DamagedError, UnavailableError, UsageError
from tocsin.core.formats.kinesis_event import kinesis_records
from tocsin.core.keys import TICK_KEY
from tocsin.core.ports import Backend, Blobs, Log, LogReader, LogRecord, StoredRecord
from tocsin.runtime.discarded import ON_FAILURE_PREFIX
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.mapping import Context, Handler

REDRIVEN_PREFIX: Final = "redriven/"
NAMES_MAX: Final = 1_000
READ_RECORDS_MAX: Final = 1_000
LOGS: Final = ("readings", "panes")
OTHER: Final = "other"
"""Stands for the log of what was given up of another source than a log; there it lies still, or is in the report."""

NO_BATCH: Final[dict[str, Any]] = {
    "streamArn": OTHER,
    "shardId": "",
    "startSequenceNumber": "0",
    "endSequenceNumber": "0",
    "batchSize": 0,
}


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A batch that a mapping gave up.

    Attributes:
        name: Of the blob that tells of it.
        function: Whose mapping it was.
        log: ``readings``, ``panes``, ``alerts`` for the change feed, or ``other``.
        shard: Where its records stood.
        first: Their first sequence number.
        last: Their last.
        records: How many.
        condition: Why, in Lambda's word.
        attempts: How often they were tried.
        at: When they were given up, ISO 8601.
        is_redriven: Whether they were put again since.
        event: The event with the records, where the report has it.
    """

    name: str
    function: str
    log: str
    shard: str
    first: str
    last: str
    records: int
    condition: str
    attempts: int
    at: str
    is_redriven: bool
    event: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Redriven:
    """What became of a batch.

    Attributes:
        name: Of the batch.
        put: Records put again.
        ticks: Ticks among them, which are left out: their time has passed.
        left: Why nothing was put, or empty.
    """

    name: str
    put: int = 0
    ticks: int = 0
    left: str = ""


def given_up(blobs: Blobs) -> Iterator[GivenUp]:
    """Yield what was given up, by name, so that the batches of a shard come in order."""
    for prefix in (ON_FAILURE_PREFIX, PLATFORM_PREFIX):
        after = ""
        while names := blobs.names(prefix, after=after, limit=NAMES_MAX):
            found = [one for name in names if (one := find(blobs, name)) is not None]
            yield from sorted(found, key=lambda one: (one.function, one.shard, int(one.first)))
            after = names[-1]


def find(blobs: Blobs, name: str) -> GivenUp | None:
    """Return the batch of the name, or None where there is none.

    Raises:
        DamagedError: The report cannot be read.
    """
    data = blobs.get(name)
    if data is None:
        return None
    try:
        said = msgspec.json.decode(data)
        request = said["requestContext"]
        batch = said.get("KinesisBatchInfo") or said.get("DDBStreamBatchInfo") or NO_BATCH
        payload = said.get("payload")
        return GivenUp(
            name,
            _function_of(request["functionArn"]),
            _log_of(batch["streamArn"]),
            batch["shardId"],
            batch["startSequenceNumber"],
            batch["endSequenceNumber"],
            int(batch["batchSize"]),
            request["condition"],
            int(request["approximateInvokeCount"]),
            said["timestamp"],
            blobs.get(REDRIVEN_PREFIX + name) is not None,
            msgspec.json.decode(payload) if payload else None,
        )
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"report {name} cannot be read: {error!r}") from error


def redrive(batch: GivenUp, backend: Backend, now_ms: int, *, fold_panes: Handler, is_trial: bool = False) -> Redriven:
    """Bring the batch's records back; a second time does nothing.

    Readings are put into their log again. Panes are folded at once, by their own numbers: behind them on the log
    stand those that wait for them. A process that dies before it noted this does it twice, which the identities
    of messages, and the numbers of panes, tell.

    Args:
        batch: What was given up.
        backend: With the log, and with the blobs that say what was redriven.
        now_ms: The present instant.
        fold_panes: The handler of the anomaly stage.
        is_trial: Whether only to say what would be done.

    Raises:
        UnavailableError: The log refused records, or panes still wait for others: nothing is noted as done.
    """
    if batch.is_redriven:
        return Redriven(batch.name, left="was put again before")
    if batch.log == OTHER:
        return Redriven(batch.name, left="it is of no log: its source must send it again")
    if batch.log not in LOGS:
        return Redriven(batch.name, left="the stage has gone on: what it counted as a gap cannot be filled")
    log: Log = backend.readings if batch.log == "readings" else backend.panes
    records = _records(batch, log)
    if not records:
        return Redriven(batch.name, left="the report has no records, and the log has forgotten them")
    kept = [record for record in records if record.partition_key != TICK_KEY]
    if not is_trial:
        if batch.log == "readings":
            _put(batch, log, kept)
        else:
            _fold(batch, fold_panes, kept)
        backend.blobs.put(REDRIVEN_PREFIX + batch.name, iso(now_ms).encode())
    return Redriven(batch.name, len(kept), len(records) - len(kept))


def _put(batch: GivenUp, log: Log, records: Sequence[StoredRecord]) -> None:
    if refused := log.put([LogRecord(record.partition_key, record.data) for record in records]):
        raise UnavailableError(f"{batch.name}: the log refused {len(refused)} of {len(records)} records, try again")


def _fold(batch: GivenUp, fold_panes: Handler, records: Sequence[StoredRecord]) -> None:
    answer = fold_panes(kinesis_event_of(batch.log)(records), Context("dlq", batch.name))
    if answer["batchItemFailures"]:
        raise UnavailableError(
            f"{batch.name}: its panes go on where others are missing: `tocsin state skip` says which"
        )


def chosen(blobs: Blobs, names: Sequence[str]) -> list[GivenUp]:
    """Return the batches of the names, or all that wait where none is named.

    Raises:
        UsageError: There is no batch of a name.
    """
    if not names:
        return [batch for batch in given_up(blobs) if not batch.is_redriven]
    found = [(name, find(blobs, name)) for name in names]
    if missing := [name for name, batch in found if batch is None]:
        raise UsageError(f"nothing was given up under {missing[0]}")
    return [batch for _, batch in found if batch is not None]


def _records(batch: GivenUp, log: LogReader) -> list[StoredRecord]:
    """Return the records: of the report, else as the log still has them."""
    if batch.event is not None:
        return kinesis_records(batch.event)
    found: list[StoredRecord] = []
    after: str | None = None
    while read := log.read(batch.shard, after=after, limit=READ_RECORDS_MAX):
        found += [record for record in read if int(batch.first) <= int(record.sequence) <= int(batch.last)]
        after = read[-1].sequence
        if int(after) >= int(batch.last):
            break
    return found


def _function_of(arn: str) -> str:
    """Return the function's name, without its version or alias."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else parts[-1]


def _log_of(arn: str) -> str:
    if ":dynamodb:" in arn:
        return "alerts"
    name = arn.rpartition("/")[2]
    return next((log for log in LOGS if name == log or name.endswith(f"-{log}")), name)
