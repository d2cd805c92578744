"""The JSON message of a device: its fields and their limits.

``{"device": "pump-7", "ts": "2026-11-23T10:00:00Z", "seq": 812, "boot": 3, "metrics": {"flow_lpm": 61.2}}``
"""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tocsin.core.reasons import Reason

WHOLE_MAX: Final = (1 << 53) - 1
"""Largest whole number that every JSON writer keeps exact."""
VALUE_MAX: Final = 1e100
"""No sensor measures more, and squares of what is less add up without overflow."""

ABSENT: Final = -1
Whole = Annotated[int, Meta(ge=0, le=WHOLE_MAX)]


class Message(msgspec.Struct, gc=False):
    """A message as it stands in JSON; fields that it does not know are skipped.

    Attributes:
        device: Which device measured.
        ts: Event time, UTC epoch milliseconds or ISO 8601 text.
        metrics: Metric to value.
        tenant: Owner of the device; may be absent, as the partition key says it.
        seq: The device's own counter, or ``ABSENT``.
        boot: How often the device had started, or ``ABSENT``.
    """

    device: str
    ts: Whole | str
    metrics: dict[str, float]
    tenant: str | UnsetType = UNSET
    seq: Whole = ABSENT
    boot: Whole = ABSENT


@dataclass(frozen=True, slots=True)
class Broken:
    """The first rule that a message breaks.

    Attributes:
        reason: Name of the rule.
        detail: The thing, the rule and the value, one line.
    """

    reason: Reason
    detail: str


DETAIL_CHARS_MAX: Final = 80


def shown(value: object) -> str:
    """Return the value for a detail: one line, printable ASCII, cut to ``DETAIL_CHARS_MAX``."""
    text = ascii(value)
    return text if len(text) <= DETAIL_CHARS_MAX else f"{text[:DETAIL_CHARS_MAX]}..."
