"""What the routes answer about a deployment, its devices and their series; drawn into the OpenAPI document."""

from typing import Literal

import msgspec

State = Literal["ok", "quiet", "info", "warning", "critical"]
Mode = Literal["demo", "local", "aws"]


class Answer(msgspec.Struct, frozen=True):
    """Base of what is answered: immutable; fields are never left out."""


class Health(Answer, frozen=True):
    """Whether it serves.

    Attributes:
        status: Always ``ok``; who cannot answer says so by its status.
        version: Release of the server.
        now_ms: The pipeline's clock.
        mode: Where it runs.
    """

    status: Literal["ok"]
    version: str
    now_ms: int
    mode: Mode


class Me(Answer, frozen=True):
    """For whom the token speaks.

    Attributes:
        tenant: Whose devices and alerts are shown.
        subject: Who asks.
        role: What the caller may do.
        expires_ms: When the token ends.
        version: Release of the server.
        mode: Where it runs.
        now_ms: The pipeline's clock.
        speed: How much faster than real time that clock goes.
    """

    tenant: str
    subject: str
    role: str
    expires_ms: int
    version: str
    mode: Mode
    now_ms: int
    speed: float


class StateCounts(Answer, frozen=True):
    """How many devices are in each state."""

    total: int = 0
    ok: int = 0
    quiet: int = 0
    info: int = 0
    warning: int = 0
    critical: int = 0


class AlertCounts(Answer, frozen=True):
    """How many alerts fire, by severity; those acknowledged and silenced are among them."""

    firing: int
    info: int
    warning: int
    critical: int
    acknowledged: int
    silenced: int


class FleetGroup(Answer, frozen=True):
    """Devices of one site, type or gateway; the name is empty for those that have none."""

    name: str
    devices: StateCounts


class WorstDevice(Answer, frozen=True):
    """A device on which something fires.

    Attributes:
        device: Its id.
        site: Where it stands.
        device_type: What it is.
        gateway: Through which gateway it reports.
        state: The worst severity.
        alerts: How many fire.
        since_ms: Since when the first of them.
        summary: The worst, newest alert.
    """

    device: str
    site: str
    device_type: str
    gateway: str
    state: State
    alerts: int
    since_ms: int
    summary: str


class Cohort(Answer, frozen=True):
    """How one metric lies over the devices of one type: quantiles of their newest means."""

    device_type: str
    metric: str
    unit: str
    devices: int
    min: float
    p10: float
    p50: float
    p90: float
    max: float
    at_ms: int


class Fleet(Answer, frozen=True):
    """All devices at a glance.

    Attributes:
        now_ms: The pipeline's clock.
        newest_ms: End of the newest closed window, or null.
        group_by: What the groups are.
        devices: How many are in each state.
        alerts: What fires.
        groups: The devices by group, sorted by name.
        worst: Devices on which something fires, the worst first, at most 20.
        cohorts: Quantiles by type and metric, at most 200.
    """

    now_ms: int
    newest_ms: int | None
    group_by: Literal["site", "device_type", "gateway"]
    devices: StateCounts
    alerts: AlertCounts
    groups: tuple[FleetGroup, ...]
    worst: tuple[WorstDevice, ...]
    cohorts: tuple[Cohort, ...]


class NewestValue(Answer, frozen=True):
    """A metric's mean in its newest window, which began at ``at_ms``."""

    metric: str
    unit: str
    value: float | None
    at_ms: int


class Spark(Answer, frozen=True):
    """Means of the last windows of one metric, oldest first; null where nothing came."""

    metric: str
    size_ms: int
    start_ms: int
    values: tuple[float | None, ...]


class Device(Answer, frozen=True, kw_only=True):
    """One device.

    Attributes:
        device: Its id.
        site: Where it stands, from the plan; may be empty.
        device_type: What it is, from the plan; may be empty.
        gateway: Through which gateway it reports, from the plan; may be empty.
        state: Worst severity that fires, else ``quiet`` or ``ok``.
        seen_ms: End of its newest closed window, or null.
        alerts: How many alerts fire.
        values: Its newest values, by metric.
        spark: The last windows of one metric, where asked for.
    """

    device: str
    site: str
    device_type: str
    gateway: str
    state: State
    seen_ms: int | None
    alerts: int
    values: tuple[NewestValue, ...]
    spark: Spark | None


class DevicePage(Answer, frozen=True):
    """Some devices, by id; ``cursor`` asks for the next."""

    items: tuple[Device, ...]
    limit: int
    cursor: str | None


class LimitLine(Answer, frozen=True):
    """A limit that the plan sets."""

    rule: str
    severity: str
    above: float | None
    below: float | None


class MetricDetail(Answer, frozen=True):
    """What is kept of one metric.

    Attributes:
        metric: Its name.
        unit: As people write it.
        sizes_ms: Lengths of its windows, ascending.
        range_low: Smallest value that the sensor can show, or null.
        range_high: Largest value, or null.
        limits: Limits that the plan sets.
    """

    metric: str
    unit: str
    sizes_ms: tuple[int, ...]
    range_low: float | None
    range_high: float | None
    limits: tuple[LimitLine, ...]


class Mark(Answer, frozen=True):
    """An alert within the range of a series, and what was expected when it fired; the end is null while it fires."""

    alert: str
    rule: str
    severity: str
    phase: str
    from_ms: int
    until_ms: int | None
    summary: str
    expected_low: float | None
    expected_high: float | None


class LateValue(Answer, frozen=True):
    """A reading that came too late for its windows, and is in none of the columns."""

    at_ms: int
    value: float


class Series(Answer, frozen=True):
    """A series in steps.

    Attributes:
        device: Which device.
        metric: Which metric.
        unit: As people write it.
        from_ms: Start of the first step.
        until_ms: End of the range that was asked for.
        resolution: The step, as it is asked for.
        resolution_ms: Its length, or null for calendar steps.
        zone: Time zone of calendar steps.
        source_ms: Length of the windows that the steps are merged from.
        aggregations: Names of the columns.
        limit: Most points of one answer.
        points: Points of this answer.
        cursor: Asks for the steps that follow, or null.
        start_ms: Start of each step.
        columns: Aggregation to its value in each step; null where nothing came.
        count: Readings in each step.
        revised: Starts of steps that late readings changed.
        late: Readings that came too late and changed nothing, by instant, the first 200 at most.
        limits: Limits that the plan sets.
        marks: Alerts on this metric, or on the whole device, within the range, newest first, at most 200.
    """

    device: str
    metric: str
    unit: str
    from_ms: int
    until_ms: int
    resolution: str
    resolution_ms: int | None
    zone: str
    source_ms: int
    aggregations: tuple[str, ...]
    limit: int
    points: int
    cursor: str | None
    start_ms: list[int]
    columns: dict[str, list[float | None]]
    count: list[int]
    revised: list[int]
    late: tuple[LateValue, ...]
    limits: tuple[LimitLine, ...]
    marks: tuple[Mark, ...]
