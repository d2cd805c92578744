"""The messages that stages share; thousands of readings and panes travel as columns: ``tocsin.core.columns``."""

from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement of one metric by one device.

    Attributes:
        tenant: Owner of the device; with the device it is the partition key.
        device: Stable id, unique within the tenant.
        metric: Measured quantity with its unit, e.g. ``temperature_celsius``.
        event_time_ms: When the device measured, UTC epoch milliseconds.
        value: Measured value in the unit named by ``metric``; finite.
    """

    tenant: str
    device: str
    metric: str
    event_time_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Position:
    """Where in an ordered source a record stands.

    Attributes:
        source: Shard id, or another name of one ordered source.
        sequence: Sequence number within the source, decimal digits; compared as a number.
        index: Which message of the record, from 0.
    """

    source: str
    sequence: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """Bad data, kept as it came.

    Attributes:
        reason: The rule that was broken.
        detail: The thing, the rule and the value, one line; holds no payload beyond the value.
        data: The bytes as they came.
        partition_key: Under which key they came; may itself be what is wrong.
        position: Where they stood, or None before they were on a log.
    """

    reason: Reason
    detail: str
    data: bytes
    partition_key: str = ""
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time as a record of the log.

    Attributes:
        tick_ms: The instant that has come, UTC epoch milliseconds.
        plan_hash: The plan in force from here on.
        hash_start: First hash of the range of the shard it was put into.
        hash_end: First hash after that range.
        shard: Id of that shard, or empty. In another one, after a split or merge on its way, it speaks for nobody.
    """

    tick_ms: int
    plan_hash: str
    hash_start: int
    hash_end: int
    shard: str = ""


class Severity(StrEnum):
    """How bad; ordered by ``SEVERITY_RANK``."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


SEVERITY_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
PANES_MAX, TRACES_MAX = 8, 8


class Phase(StrEnum):
    """Where an alert stands in its life cycle."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    EXPIRED = "expired"


class Amendment(StrEnum):
    """What late data say of an alert that was told."""

    NONE = ""
    CONFIRMED = "confirmed"
    WEAKENED = "weakened"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PaneEvidence:
    """One window that led to an alert.

    Attributes:
        start_ms: Start of the window, inclusive.
        end_ms: End of the window, exclusive.
        count: Readings in it.
        mean: Their mean.
        min: The smallest.
        max: The largest.
    """

    start_ms: int
    end_ms: int
    count: int
    mean: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an alert moved.

    Attributes:
        value: What was compared, in the metric's unit (or milliseconds of silence for missing data).
        score: Tail surprise on the common scale, or None for kinds that do not score.
        threshold: What ``value`` or ``score`` was compared with.
        expected_low: Lower end of what was expected, or None.
        expected_high: Upper end of what was expected, or None.
        parts: Name of each part of the score to its share; empty for kinds that do not score.
        panes: The newest windows that led here, oldest first, at most ``PANES_MAX``.
        position: Position of the reading that crossed a limit, for early panes.
        plan_hash: The plan under which it was judged.
        trace: W3C trace id of the message whose window moved it, 32 hexadecimal digits, or empty.
    """

    value: float
    plan_hash: str
    score: float | None = None
    threshold: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    parts: dict[str, float] = field(default_factory=dict)
    panes: tuple[PaneEvidence, ...] = ()
    position: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """One move of one alert through its life cycle; append-only.

    Attributes:
        tenant: Owner of the device.
        device: Which device.
        metric: Which metric; empty where the alert is about the whole device.
        rule: Name of the plan's rule.
        kind: Kind of the rule, e.g. ``limits``.
        severity: How bad.
        fingerprint: 16 hexadecimal digits of tenant, device, metric and rule.
        episode: Counts from 1 each time the alert leaves ``inactive``.
        number: Counts the transitions of the fingerprint from 1, without gaps, over all episodes.
        phase_from: Where it stood.
        phase: Where it stands now.
        at_ms: Event time, or tick time, at which it moved.
        since_ms: When the episode began.
        evidence: Why.
        summary: What a person reads first, one line.
        site: Where the device stands, from the plan; may be empty.
        device_type: Type of the device, from the plan; may be empty.
        gateway: Through which gateway it reports, from the plan; may be empty.
        unit: Unit of the metric as people write it; may be empty.
        shadow_of: Rule beside which this one is only tried, so that nobody is told; empty for a rule that is live.
        severity_from: Severity before, where it changed; at the end of an episode its highest, if higher; else None.
        amendment: What late data say of the alert, where it moved because of them.
    """

    tenant: str
    device: str
    metric: str
    rule: str
    kind: str
    severity: Severity
    fingerprint: str
    episode: int
    number: int
    phase_from: Phase
    phase: Phase
    at_ms: int
    since_ms: int
    evidence: Evidence
    summary: str
    site: str = ""
    device_type: str = ""
    gateway: str = ""
    unit: str = ""
    shadow_of: str = ""
    severity_from: Severity | None = None
    amendment: Amendment = Amendment.NONE

    @property
    def fires(self) -> bool:
        """Whether the alert comes to fire; what fires already may move too, to another severity."""
        return self.phase is Phase.FIRING and self.phase_from is not Phase.FIRING

    @property
    def severity_heard(self) -> Severity:
        """The higher of what it is and what it was: whoever heard of the one hears of the other."""
        if self.severity_from is None:
            return self.severity
        return max(self.severity, self.severity_from, key=SEVERITY_RANK.__getitem__)


@dataclass(frozen=True, slots=True)
class AlertRef:
    """Which transition a notification tells of."""

    fingerprint: str
    episode: int
    number: int


@dataclass(frozen=True, slots=True)
class Notification:
    """What is sent to people and their tools.

    Attributes:
        id: Stable id from what it tells, the same in every copy.
        number: Counts the tenant's notifications from 1, without gaps.
        tenant: Whom it concerns.
        subject: One line of at most 100 printable characters.
        text: What, where, since when, how bad, compared with what, what to look at.
        attributes: tenant, site, severity, kind, state, change and maybe escalation, for subscribers' filters.
        alerts: The transitions that it tells of, in order.
        at_ms: Time of the newest of them.
        group: What the alerts have in common, e.g. ``acme|site=north|kind=limits``: the name of an incident.
        left: How many alerts of the group people know to fire, once this is told.
        traces: Distinct trace ids behind the transitions, at most ``TRACES_MAX``.
    """

    id: str
    number: int
    tenant: str
    subject: str
    text: str
    attributes: dict[str, str]
    alerts: tuple[AlertRef, ...]
    at_ms: int
    group: str = ""
    left: int = 0
    traces: tuple[str, ...] = ()


class Decision(StrEnum):
    """What the alerts stage did with a transition."""

    SENT = "sent"
    GROUPED = "grouped"
    QUIET = "quiet"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    HELD = "held"
    SHADOWED = "shadowed"


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """The one recorded decision about one committed transition.

    Attributes:
        tenant: Owner of the device.
        device: Which device.
        alert: Which transition.
        decision: What was done.
        notification_id: In which notification it was told, or empty.
        at_ms: When.
        outage, outage_alert: The outage that it is part of or muted by, and the first silence told as part of that.
    """

    tenant: str
    device: str
    alert: AlertRef
    decision: Decision
    notification_id: str
    at_ms: int
    outage: str = ""
    outage_alert: AlertRef | None = None
