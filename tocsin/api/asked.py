"""What requests carry: query parameters and bodies, with their rules; drawn into the OpenAPI document."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tocsin.core.silences import Day

INSTANT_MAX: Final = 4_102_444_800_000
"""The year 2100: later instants are mistakes."""

DURATION_MAX: Final = 366 * 86_400_000
POINTS_MAX: Final = 11_000
ID: Final = r"^[A-Za-z0-9_.-]{1,64}$"

Id = Annotated[str, Meta(pattern=ID, max_length=64)]
Pattern = Annotated[str, Meta(min_length=1, max_length=64, description="Shell pattern")]
Words = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=1_000)]
Cursor = Annotated[str, Meta(max_length=20_000, description="As a page before gave it")]
Instant = Annotated[int, Meta(ge=0, le=INSTANT_MAX, description="Milliseconds of UTC")]
Length = Annotated[int, Meta(ge=1_000, le=DURATION_MAX, description="Milliseconds")]
PageLimit = Annotated[int, Meta(ge=1, le=1_000)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parameters and bodies; also what a route takes that takes none."""


class FleetAsked(Asked, frozen=True):
    """How the fleet is cut into groups."""

    group_by: Literal["site", "device_type", "gateway"] = "site"


class DevicesAsked(Asked, frozen=True):
    """Which devices; names are shell patterns, ``ids`` and ``state`` lists with commas."""

    site: Pattern | None = None
    device_type: Pattern | None = None
    gateway: Pattern | None = None
    state: (
        Annotated[str, Meta(pattern=r"^[a-z]+(,[a-z]+){0,4}$", description="Of ok, quiet, info, warning, critical")]
        | None
    ) = None
    q: Annotated[str, Meta(min_length=1, max_length=64, description="Part of the id, site or type")] | None = None
    ids: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.,-]{1,13000}$", max_length=13_000)] | None = None
    spark: Annotated[int, Meta(ge=0, le=60, description="How many windows")] = 0
    limit: PageLimit = 100
    cursor: Cursor | None = None


class SeriesAsked(Asked, frozen=True):
    """Which series, when, and how finely."""

    device: Id
    metric: Id
    from_ms: Instant | None = None
    until_ms: Instant | None = None
    resolution: Annotated[str, Meta(pattern=r"^(auto|day|week|month|[0-9]{1,6}(ms|s|m|h|d))$")] = "auto"
    aggregations: Annotated[str, Meta(pattern=r"^[a-z0-9.]{1,16}(,[a-z0-9.]{1,16}){0,19}$")] = "mean,min,max"
    zone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", max_length=64)] = "UTC"
    limit: Annotated[int, Meta(ge=1, le=POINTS_MAX)] = 2_000
    cursor: Cursor | None = None


class AlertsAsked(Asked, frozen=True):
    """Which alerts; names are shell patterns, ``phase`` and ``severity`` lists with commas."""

    phase: Annotated[str, Meta(pattern=r"^[a-z]+(,[a-z]+){0,4}$")] = "firing,resolved"
    severity: Annotated[str, Meta(pattern=r"^[a-z]+(,[a-z]+){0,2}$")] | None = None
    site: Pattern | None = None
    gateway: Pattern | None = None
    device: Pattern | None = None
    metric: Pattern | None = None
    rule: Pattern | None = None
    kind: Pattern | None = None
    acknowledged: bool | None = None
    from_ms: Instant | None = None
    until_ms: Instant | None = None
    limit: PageLimit = 100
    cursor: Cursor | None = None


class ChangesAsked(Asked, frozen=True):
    """Since when, and how long to wait for something new, seconds."""

    since: Cursor | None = None
    wait_s: Annotated[float, Meta(ge=0, le=25)] = 0.0


class NewAction(Asked, frozen=True):
    """What a person does about an alert."""

    kind: Literal["acknowledge", "assign", "note", "close", "silence"]
    text: Text = ""
    assignee: Words = ""
    for_ms: Length | None = None


class NewSilence(Asked, frozen=True):
    """What is to be silenced, and when."""

    site: Pattern = "*"
    gateway: Pattern = "*"
    device: Pattern = "*"
    metric: Words = "*"
    rule: Pattern = "*"
    kind: Pattern = "*"
    severity: Pattern = "*"
    start_ms: Instant | None = None
    for_ms: Length | None = None
    days: Annotated[tuple[Day, ...], Meta(max_length=7)] = ()
    from_time: Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    until_time: Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    zone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", max_length=64)] = "UTC"
    comment: Text = ""


class NewFault(Asked, frozen=True):
    """A fault that begins now."""

    kind: Words
    device: Id
    metric: Words = ""
    for_ms: Length = 1_800_000
    size: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    sigmas: Annotated[float, Meta(ge=-1e6, le=1e6)] | None = None
    settings: Annotated[dict[str, Annotated[float, Meta(ge=-1e9, le=1e9)]], Meta(max_length=16)] = {}
