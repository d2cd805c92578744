"""Named specimens of what the ports carry, and helpers that every backend can serve."""

from collections.abc import Sequence
from typing import Final

from tocsin.core.actions import Action, ActionKind
from tocsin.core.messages import (
    AlertRef,
    Decision,
    DecisionRecord,
    Evidence,
    Notification,
    PaneEvidence,
    Phase,
    Severity,
    Transition,
)
from tocsin.core.ports import Log, LogReader, LogRecord, StoredRecord, WindowItem, WindowStats

NOW_MS: Final = 1_795_428_000_000

STATS: Final = WindowStats(count=3, mean=20.5, sum=61.5, variance=0.25, min=20.0, max=21.0, first=20.0, last=21.0)
WINDOW: Final = WindowItem(
    tenant="acme", device="pump-7", size_ms=60_000, start_ms=0, revision=0, metrics={"temperature": STATS}
)
TRANSITION: Final = Transition(
    tenant="acme",
    device="pump-7",
    metric="temperature",
    rule="too-hot",
    kind="limits",
    severity=Severity.CRITICAL,
    fingerprint="00000000000000f1",
    episode=1,
    number=1,
    phase_from=Phase.PENDING,
    phase=Phase.FIRING,
    at_ms=60_000,
    since_ms=0,
    evidence=Evidence(
        value=91.5, plan_hash="p1", threshold=90.0, panes=(PaneEvidence(0, 60_000, 3, 91.0, 90.5, 91.5),)
    ),
    summary="temperature above 90",
    site="north",
)
DECISION: Final = DecisionRecord(
    tenant="acme",
    device="pump-7",
    alert=AlertRef("00000000000000f1", 1, 1),
    decision=Decision.SENT,
    notification_id="n1",
    at_ms=60_000,
)
NOTIFICATION: Final = Notification(
    id="n1",
    number=1,
    tenant="acme",
    subject="pump-7 is too hot",
    text="temperature 91.5 above 90",
    attributes={"tenant": "acme", "severity": "critical", "state": "firing"},
    alerts=(AlertRef("00000000000000f1", 1, 1),),
    at_ms=60_000,
)


def records(*datas: bytes, key: str = "acme#pump-7") -> list[LogRecord]:
    """Return a record of each payload, all with one key."""
    return [LogRecord(key, data) for data in datas]


def put_all(log: Log, wanted: Sequence[LogRecord]) -> None:
    """Put the records, and those refused again, as every caller must."""
    for _ in range(10):
        refused = log.put(wanted)
        if not refused:
            return
        wanted = [wanted[place] for place in refused]
    raise AssertionError(f"{len(wanted)} records were refused ten times")


def read_shard(reader: LogReader, shard: str, *, limit: int = 100) -> list[StoredRecord]:
    """Return all records of the shard, read ``limit`` at a time."""
    found: list[StoredRecord] = []
    while part := reader.read(shard, after=found[-1].sequence if found else None, limit=limit):
        assert len(part) <= limit
        assert not found or int(part[0].sequence) > int(found[-1].sequence)
        found += part
    return found


def read_all(reader: LogReader) -> list[StoredRecord]:
    """Return all records of all shards, shard by shard."""
    return [record for shard in reader.shards() for record in read_shard(reader, shard.id)]


ACTION = Action(
    "acme",
    "00c0ffee00c0ffee",
    NOW_MS,
    "anna",
    ActionKind.ACKNOWLEDGE,
    fingerprint=TRANSITION.fingerprint,
    episode=1,
    text="on my way",
)
