"""Where a mapping begins in each shard that it has not read yet."""

from collections.abc import Mapping
from typing import Final

from tocsin.core.ports import LogReader
from tocsin.runtime.mapping import Start

READ_RECORDS_MAX: Final = 10_000


def start_positions(reader: LogReader, start: Start, start_ms: int) -> Mapping[str, str]:
    """Return the last sequence number to pass over in each shard that exists now; none where all is wanted.

    Shards that are made later are read from their oldest record whatever the start is: they continue
    others.

    Args:
        reader: The log.
        start: Where to begin.
        start_ms: The instant of ``Start.AT_TIMESTAMP``; what arrived then or later is wanted.
    """
    if start is Start.TRIM_HORIZON:
        return {}
    before_ms = start_ms if start is Start.AT_TIMESTAMP else None
    found = {shard.id: _last_before(reader, shard.id, before_ms) for shard in reader.shards()}
    return {shard: sequence for shard, sequence in found.items() if sequence is not None}


def _last_before(reader: LogReader, shard: str, before_ms: int | None) -> str | None:
    last: str | None = None
    while read := reader.read(shard, after=last, limit=READ_RECORDS_MAX):
        for record in read:
            if before_ms is not None and record.arrival_ms >= before_ms:
                return last
            last = record.sequence
    return last
