"""What requests carry: query parameters and bodies, with their rules; drawn into the OpenAPI document."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tocsin.core.occurrences import Day

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
    """Which devices; names are shell patterns.

    Attributes:
        state: One or several with commas.
        ids: These devices alone, at most 200, with commas.
        spark: Of one metric: the one that fires, else the first.
        limit: Most devices of a page.
    """

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
    """Which series, when, and how finely.

    Attributes:
        device: Its id.
        metric: Its name.
        from_ms: Six hours before the end, if left out.
        until_ms: Now, if left out.
        resolution: ``auto`` for at most 500 points, a duration such as ``5m``, or ``day``, ``week``, ``month``.
        aggregations: Of mean, sum, min, max, first, last, variance, stddev, rate, expected_low, expected_high, ``p50``.
        zone: In which calendar steps begin at midnight.
        limit: Most points; what does not fit follows at the cursor.
    """

    device: Id
    metric: Id
    from_ms: Instant | None = None
    until_ms: Instant | None = None
    resolution: Annotated[str, Meta(pattern=r"^(auto|day|week|month|[0-9]{1,6}(ms|s|m|h|d))$")] = "auto"
    aggregations: Annotated[str, Meta(pattern=r"^[a-z0-9._]{1,16}(,[a-z0-9._]{1,16}){0,19}$")] = "mean,min,max"
    zone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", max_length=64)] = "UTC"
    limit: Annotated[int, Meta(ge=1, le=POINTS_MAX)] = 2_000
    cursor: Cursor | None = None


class AlertsAsked(Asked, frozen=True):
    """Which alerts; names are shell patterns.

    Attributes:
        phase: Of inactive, pending, firing, resolved, expired; several with commas.
        severity: Of info, warning, critical; several with commas.
        acknowledged: Only those that somebody acknowledged, or nobody did.
        from_ms: Those that moved at this instant or later.
        until_ms: Those that moved before it.
        limit: Most alerts of a page.
    """

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
    """Since when, and how long to wait.

    Attributes:
        since: Without it the answer comes at once, and has a cursor and no changes.
        wait_s: How long to wait for something new, seconds.
    """

    since: Cursor | None = None
    wait_s: Annotated[float, Meta(ge=0, le=25)] = 0.0


class NewAction(Asked, frozen=True):
    """What a person does about an alert.

    Attributes:
        kind: All but a note need an alert that fires.
        text: The note, or why.
        assignee: Who takes care of it, for ``assign``.
        for_ms: How long an acknowledgement or a silence lasts; an acknowledgement without it as long as the alert.
    """

    kind: Literal["acknowledge", "assign", "note", "close", "silence"]
    text: Text = ""
    assignee: Words = ""
    for_ms: Length | None = None


class NewSilence(Asked, frozen=True):
    """What is to be silenced, and when; one of the patterns must be written.

    Attributes:
        metric: Shell pattern; alerts about whole devices have the empty metric.
        start_ms: Now, if left out.
        for_ms: Needed unless it recurs.
        days: On which an occurrence begins; none for every day.
        from_time: Time of day at which an occurrence begins, if it recurs.
        until_time: Time of day at which it ends.
        zone: Time zone of these.
        comment: Why.
    """

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
    """A fault that begins now.

    Attributes:
        kind: One of the simulator's kinds.
        device: Whom it befalls.
        metric: About which metric, where the kind needs one.
        for_ms: How long it lasts.
        size: In the metric's unit, for kinds that are sized.
        sigmas: Instead of the size: in the noise of the sensor.
        settings: The numbers of its kind by name.
    """

    kind: Words
    device: Id
    metric: Words = ""
    for_ms: Length = 1_800_000
    size: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    sigmas: Annotated[float, Meta(ge=-1e6, le=1e6)] | None = None
    settings: Annotated[dict[str, Annotated[float, Meta(ge=-1e9, le=1e9)]], Meta(max_length=16)] = {}
