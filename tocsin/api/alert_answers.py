"""What the routes answer about alerts, people's actions and silences."""

from typing import Literal

from tocsin.api.answers import Answer, Device, MetricDetail
from tocsin.core.occurrences import Day

AlertPhase = Literal["inactive", "pending", "firing", "resolved", "expired"]


class Alert(Answer, frozen=True, kw_only=True):
    """One episode of an alert.

    Attributes:
        id: Fingerprint and episode.
        fingerprint: Of tenant, device, metric and rule.
        episode: Counts from 1.
        device: Which device.
        metric: Which metric; empty where it is about the whole device.
        unit: Unit of the metric.
        site: Where the device stands.
        device_type: What it is.
        gateway: Through which gateway it reports.
        rule: Name of the rule.
        kind: Kind of the rule.
        severity: How bad.
        phase: Where it stands.
        since_ms: When it began.
        fired_ms: When it fired, or null.
        ended_ms: When it was over, or null.
        at_ms: When it moved last.
        summary: One line, of when it fired if it did.
        value: What was compared; milliseconds for kinds ``missing`` and ``flatline``.
        score: On the common scale, or null.
        threshold: What value or score was compared with, or null.
        expected_low: Lower end of what was expected, or null.
        expected_high: Upper end, or null.
        acknowledged_by: Who acknowledged it, or null.
        acknowledged_until_ms: Until when, or null for as long as it lasts.
        assignee: Who takes care of it, or null.
        closed_by: Who closed it, or null.
        amendment: What late data say of it: confirmed, weakened or withdrawn; or null.
        silenced: Whether a silence that is in force covers it.
        muted_by: Id of the alert that stands for the outage that mutes it: nobody is told while that lasts; or null.
        notes: How many notes there are.
    """

    id: str
    fingerprint: str
    episode: int
    device: str
    metric: str
    unit: str
    site: str
    device_type: str
    gateway: str
    rule: str
    kind: str
    severity: str
    phase: AlertPhase
    since_ms: int
    fired_ms: int | None
    ended_ms: int | None
    at_ms: int
    summary: str
    value: float | None
    score: float | None
    threshold: float | None
    expected_low: float | None
    expected_high: float | None
    acknowledged_by: str | None
    acknowledged_until_ms: int | None
    assignee: str | None
    closed_by: str | None
    amendment: str | None
    silenced: bool
    muted_by: str | None
    notes: int


class AlertPage(Answer, frozen=True):
    """Some alerts, newest move first; there may be fewer than ``limit`` though there is a cursor."""

    items: tuple[Alert, ...]
    limit: int
    cursor: str | None


class Matchers(Answer, frozen=True):
    """Shell patterns of what a silence is about."""

    site: str
    gateway: str
    device: str
    metric: str
    rule: str
    kind: str
    severity: str


class SilenceAnswer(Answer, frozen=True, kw_only=True):
    """A silence: what fires meanwhile is recorded and not told.

    Attributes:
        id: Of the action that made it, or its name in the plan.
        origin: Whether a person or the plan made it.
        by: Who, or null.
        at_ms: When it was made, or null.
        comment: Why.
        matchers: What it is about.
        start_ms: From when on; null for always.
        end_ms: Until when; null for ever.
        days: Days on which an occurrence begins; none for every day.
        from_time: Time of day at which it begins; empty where it does not recur.
        until_time: Time of day at which it ends.
        zone: Time zone of these.
        active: Whether it is in force now.
    """

    id: str
    origin: Literal["person", "plan"]
    by: str | None
    at_ms: int | None
    comment: str
    matchers: Matchers
    start_ms: int | None
    end_ms: int | None
    days: tuple[Day, ...]
    from_time: str
    until_time: str
    zone: str
    active: bool


class SilencePage(Answer, frozen=True):
    """All silences that are not over; there is always one page."""

    items: tuple[SilenceAnswer, ...]
    limit: int
    cursor: str | None


class ActionAnswer(Answer, frozen=True, kw_only=True):
    """What one person did.

    Attributes:
        id: A copy has the same.
        kind: What.
        at_ms: When.
        by: Who.
        alert: About which alert, or null.
        text: What was said.
        assignee: Who takes care from then on, or null.
        until_ms: When an acknowledgement expires, or null.
        silence: Id of the silence that it makes or ends, or null.
    """

    id: str
    kind: Literal["acknowledge", "assign", "note", "close", "silence", "unsilence"]
    at_ms: int
    by: str
    alert: str | None
    text: str
    assignee: str | None
    until_ms: int | None
    silence: str | None


class ScorePart(Answer, frozen=True):
    """One part of a score."""

    name: str
    share: float | None


class Pane(Answer, frozen=True):
    """A window that led to an alert."""

    start_ms: int
    end_ms: int
    count: int
    mean: float | None
    min: float | None
    max: float | None


class Move(Answer, frozen=True):
    """One move of an alert, what was decided about telling it, and which outage it is part of or muted by; or null."""

    number: int
    phase_from: AlertPhase
    phase: AlertPhase
    at_ms: int
    summary: str
    decision: str | None
    notification_id: str | None
    outage: str | None
    outage_alert: str | None


class AlertDetail(Alert, frozen=True, kw_only=True):
    """One episode of an alert with all that led to it.

    Attributes:
        plan_hash: The plan under which it was judged.
        position: Of the reading that crossed a limit; may be empty.
        parts: Of the score, the largest first.
        panes: The windows that led to it, oldest first.
        history: Its moves, oldest first.
        actions: What people did about it, oldest first.
        mutes: Ids of the alerts that fire and are muted by the outage that this one stands for, at most 100.
        episodes: Ids of the alert's episodes, newest first.
    """

    plan_hash: str
    position: str
    parts: tuple[ScorePart, ...]
    panes: tuple[Pane, ...]
    history: tuple[Move, ...]
    actions: tuple[ActionAnswer, ...]
    mutes: tuple[str, ...]
    episodes: tuple[str, ...]


class DeviceDetail(Device, frozen=True, kw_only=True):
    """One device with its metrics and what fires on it."""

    metrics: tuple[MetricDetail, ...]
    firing: tuple[Alert, ...]


class ChangedAlert(Answer, frozen=True):
    """A move that an alert made."""

    id: str
    number: int
    device: str
    metric: str
    severity: str
    site: str
    rule: str
    phase_from: AlertPhase
    phase: AlertPhase
    at_ms: int
    summary: str


class Changes(Answer, frozen=True):
    """What is new.

    Attributes:
        cursor: Goes into the next request.
        now_ms: The pipeline's clock.
        newest_ms: End of the newest closed window, or null.
        truncated: Whether there is more already.
        alerts: Moves, in order.
        actions: What people did, in order.
    """

    cursor: str
    now_ms: int
    newest_ms: int | None
    truncated: bool
    alerts: tuple[ChangedAlert, ...]
    actions: tuple[ActionAnswer, ...]
