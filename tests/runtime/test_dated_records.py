"""Replays put records with arrivals of their own."""

from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.ports import LogRecord


def test_dated_records_keep_their_arrivals_and_others_get_the_clocks() -> None:
    with open_embedded(None, now_ms=lambda: 9_000, shards=2) as embedded:
        log = embedded.backend.readings
        log.put([DatedRecord(f"acme#pump-{place}", b"x", None, 1_000 + place) for place in range(20)])
        log.put([LogRecord("acme#pump-0", b"y")])

        shards = [log.read(shard.id, after=None, limit=100) for shard in log.shards()]
        later = [log.read(shard.id, after="2", limit=100) for shard in log.shards()]

    assert all(records for records in shards)
    assert sorted(record.arrival_ms for records in shards for record in records) == [
        *range(1_000, 1_020),
        9_000,
    ]
    assert later == [records[2:] for records in shards]
