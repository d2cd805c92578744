"""Tumbling windows of a mapping: a state that goes from call to call until the window is over.

Windows are cut by arrival, and a state is lost with its process. Lambda has them, so others' handlers may want
them; nothing of this pipeline counts on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from tocsin.core.clock import MINUTE_MS, iso
from tocsin.core.ports import StoredRecord

STATE_BYTES_MAX: Final = 1024 * 1024
"""A larger state ends its window early."""

QUIET_MS_MAX: Final = 2 * MINUTE_MS
"""How long after its end a window waits for records, if none of a later window has come."""


class Closing(StrEnum):
    """Why the last call of a window is made."""

    OVER = "over"
    STATE_TOO_LARGE = "state too large"


@dataclass(slots=True)
class Tumbling:
    """The window of one lane.

    Attributes:
        size_ms: Length of the windows.
        start_ms: Start of the open window, or None between windows.
        state: What the handler answered last.
        arn: Name of the source, as the events of the window say.
    """

    size_ms: int
    start_ms: int | None = None
    state: dict[str, Any] = field(default_factory=dict)
    arn: str = ""

    def open_for(self, record: StoredRecord) -> None:
        """Open the record's window, if none is open."""
        if self.start_ms is None:
            self.start_ms = record.arrival_ms // self.size_ms * self.size_ms

    def takes(self, record: StoredRecord) -> bool:
        """Tell whether the record belongs to the open window; one that arrived before its start does, too."""
        return self.start_ms is not None and record.arrival_ms < self.start_ms + self.size_ms

    def over_ms(self) -> int | None:
        """Return when the open window is over though no later record has come, or None where none is open."""
        return None if self.start_ms is None else self.start_ms + self.size_ms + QUIET_MS_MAX

    def event(self, event: Mapping[str, Any], shard: str, closing: Closing | None) -> dict[str, Any]:
        """Return the event with what it says of the window."""
        if records := event["Records"]:
            self.arn = records[0]["eventSourceARN"]
        start_ms = self.start_ms or 0
        return {
            **event,
            "window": {"start": iso(start_ms), "end": iso(start_ms + self.size_ms)},
            "state": self.state,
            "shardId": shard,
            "eventSourceARN": self.arn,
            "isFinalInvokeForWindow": closing is not None,
            "isWindowTerminatedEarly": closing is Closing.STATE_TOO_LARGE,
        }

    def keep(self, answer: Mapping[str, Any]) -> bool:
        """Keep the answered state; return whether it is small enough for the window to go on."""
        self.state = answer["state"]
        return len(msgspec.json.encode(self.state)) <= STATE_BYTES_MAX

    def close(self) -> None:
        """Forget the window."""
        self.start_ms = None
        self.state = {}
