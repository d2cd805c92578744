"""The event with which EventBridge's rules and schedules call a function at an instant."""

from collections.abc import Mapping
from typing import Any, Final

from tocsin.core.formats.iso_time import NOT_A_TIME, iso_ms

SOURCES: Final = frozenset({"aws.events", "aws.scheduler"})


def is_schedule_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event comes from a schedule."""
    return event.get("source") in SOURCES


def scheduled_ms(event: Mapping[str, Any]) -> int:
    """Return the instant for which the call was scheduled, UTC epoch milliseconds.

    Raises:
        ValueError: The event is not one of a schedule.
    """
    time = event.get("time")
    instant_ms = iso_ms(time) if is_schedule_event(event) and isinstance(time, str) else NOT_A_TIME
    if instant_ms == NOT_A_TIME:
        raise ValueError(f"event must be one of a schedule, with its time, got time {time!r}")
    return instant_ms
