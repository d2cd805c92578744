"""What stands for the log of panes where there is none: whoever puts panes has them judged before the put returns.

The outbox of the key group is the log then. Panes leave it only when the anomaly stage has committed what they led to,
and until then they are handed on again with the same numbers, which its fence knows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tocsin.core.errors import TransientError
from tocsin.core.formats.pane_bytes import decode_sender
from tocsin.core.ports import LogRecord, Shard, StoredRecord

SHARD: Final = "handed-on"
"""What positions of panes name, which were never on a shard."""

Judge = Callable[[Sequence[StoredRecord]], Mapping[int, TransientError]]
"""Folds records of panes, oldest first; returns key group to why it failed."""


class HandedOn:
    """A log that keeps nothing: it takes what is judged, and refuses the rest.

    Args:
        judge: The anomaly stage.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge: Final = judge

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Have the panes judged; return the places of those whose key group failed.

        Raises:
            UnavailableError: A store did not answer; nobody knows which of them are judged.
        """
        handed = [
            StoredRecord(SHARD, str(place), record.partition_key, record.data, 0)
            for place, record in enumerate(records)
        ]
        failed = self._judge(handed)
        return [place for place, record in enumerate(handed) if decode_sender(record.data).group in failed]

    def shards(self) -> Sequence[Shard]:
        """Return none: nothing is kept."""
        return ()

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:  # noqa: ARG002  of the port
        """Return nothing."""
        return ()

    def trim(self, shard: str, *, through: str) -> None:
        """Forget nothing."""
