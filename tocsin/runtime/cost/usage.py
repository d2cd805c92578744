"""What was used: counters by the names of the price table."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self


@dataclass(slots=True)
class Usage:
    """What one stage used, or one port of it.

    Attributes:
        units: Name of a price to how much of it.
        kept_bytes: Place to bytes written that stay there.
        kept_objects: Place to how many objects these are.
        kept_byte_days: Place to bytes written, times the days after which each goes by itself.
        minute_writes: Minute to write units of the table of windows in it.
        waits_ms: How long functions waited for answers, in milliseconds.
        cpu_ms: CPU of functions without their requests, as measured here, in milliseconds.
        request_count: Requests that functions sent.
        record_count: Records or messages that came in events.
        key_count: Devices that came in events, those of each event counted anew.
        held_ms: How long the records that came had waited, in sum, in milliseconds.
        held_ms_max: The longest of these waits.
    """

    units: Counter[str] = field(default_factory=Counter)
    kept_bytes: Counter[str] = field(default_factory=Counter)
    kept_objects: Counter[str] = field(default_factory=Counter)
    kept_byte_days: Counter[str] = field(default_factory=Counter)
    minute_writes: Counter[int] = field(default_factory=Counter)
    waits_ms: float = 0.0
    cpu_ms: float = 0.0
    request_count: int = 0
    record_count: int = 0
    key_count: int = 0
    held_ms: int = 0
    held_ms_max: int = 0

    def plus(self, other: Self) -> Self:
        """Return both together."""
        return type(self)(
            self.units + other.units,
            self.kept_bytes + other.kept_bytes,
            self.kept_objects + other.kept_objects,
            self.kept_byte_days + other.kept_byte_days,
            self.minute_writes + other.minute_writes,
            self.waits_ms + other.waits_ms,
            self.cpu_ms + other.cpu_ms,
            self.request_count + other.request_count,
            self.record_count + other.record_count,
            self.key_count + other.key_count,
            self.held_ms + other.held_ms,
            max(self.held_ms_max, other.held_ms_max),
        )
