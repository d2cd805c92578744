"""Silences: which alerts they cover, and when, be it once or again and again in a time zone."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.messages import Transition
from tocsin.core.occurrences import CACHE_MAX, Day, occurrences

MATCHERS: Final = ("site", "gateway", "device", "metric", "rule", "kind", "severity")
"""What of an alert a silence looks at, besides its tenant."""
TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Silence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """Alerts that fire while it is active are recorded and not told.

    Attributes:
        name: Unique among the plan's, or the id of the action that made it.
        comment: Why, for people.
        tenant: Shell pattern of tenants, as all the following.
        site: Of sites.
        gateway: Of gateways.
        device: Of device ids.
        metric: Of metrics; alerts about whole devices have the empty one.
        rule: Of names of rules.
        kind: Of kinds of rules.
        severity: Of severities.
        start: First instant, ISO 8601; empty where it is active from the beginning.
        end: First instant after it, ISO 8601; empty where it has no end.
        days: Days of the week on which an occurrence begins; none means every day.
        from_time: Time of day ``HH:MM`` at which an occurrence begins; empty where it does not recur.
        until_time: Time of day at which it ends, of the next day where that is not later than ``from_time``.
        zone: Time zone of the two, such as ``Europe/Berlin``.
    """

    name: str
    comment: str = ""
    tenant: str = "*"
    site: str = "*"
    gateway: str = "*"
    device: str = "*"
    metric: str = "*"
    rule: str = "*"
    kind: str = "*"
    severity: str = "*"
    start: str = ""
    end: str = ""
    days: tuple[Day, ...] = ()
    from_time: str = ""
    until_time: str = ""
    zone: str = "UTC"


def covers(silence: Silence, transition: Transition) -> bool:
    """Tell whether the alert is one of those that the silence is about, whenever that is."""
    names = ("tenant", *MATCHERS)
    return all(fnmatchcase(getattr(transition, name), getattr(silence, name)) for name in names)


def is_active(silence: Silence, at_ms: int) -> bool:
    """Tell whether the silence is in force at the instant, UTC epoch milliseconds."""
    start_ms, end_ms = span_ms(silence)
    if at_ms < start_ms or (end_ms is not None and at_ms >= end_ms):
        return False
    if not silence.from_time:
        return True
    known = occurrences(silence.days, silence.from_time, silence.until_time, silence.zone, at_ms)
    return any(begins_ms <= at_ms < ends_ms for begins_ms, ends_ms in known)


def is_over(silence: Silence, at_ms: int) -> bool:
    """Tell whether the silence will never be in force again."""
    end_ms = span_ms(silence)[1]
    return end_ms is not None and at_ms >= end_ms


@lru_cache(maxsize=CACHE_MAX)
def span_ms(silence: Silence) -> tuple[int, int | None]:
    """Return the first instant and the first one after it, or None where it has no end."""
    return (iso_ms(silence.start) if silence.start else 0), (iso_ms(silence.end) if silence.end else None)


def problems(silence: Silence) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a silence: the attribute, and the rule with the value."""
    if all(getattr(silence, name) == "*" for name in MATCHERS):
        yield "name", f"must say what is silenced: one of {', '.join(MATCHERS)}"
    for key in ("start", "end"):
        written = getattr(silence, key)
        if written and iso_ms(written) < 0:
            yield key, f"must be like 2026-11-23T22:00:00Z, got {written[:40]!r}"
            return
    start_ms, end_ms = span_ms(silence)
    if end_ms is not None and end_ms <= start_ms:
        yield "end", f"must be after start {silence.start}, got {silence.end}"
    for key in ("from_time", "until_time"):
        written = getattr(silence, key)
        if written and not TIME_OF_DAY.fullmatch(written):
            yield key, f"must be a time of day such as 22:00, got {written[:40]!r}"
    if bool(silence.from_time) != bool(silence.until_time):
        yield "until_time" if silence.from_time else "from_time", "must be written where the other time is"
    if silence.days and not silence.from_time:
        yield "days", "must have from and until, the times of day"
    try:
        ZoneInfo(silence.zone)
    except (KeyError, ValueError, OSError):  # not found, no name of a file, or that of a folder
        yield "zone", f"must be a time zone such as Europe/Berlin, got {silence.zone[:40]!r}"
