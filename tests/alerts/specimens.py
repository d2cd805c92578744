"""Named transitions, and what the tests read from emitted entries."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from alerts.batch import Arrival
from alerts.lanes import DECISION, NOTIFICATION, OPEN
from tocsin.core.clock import MINUTE_MS
from tocsin.core.machine import Entry
from tocsin.core.messages import (
    DecisionRecord,
    Evidence,
    Notification,
    PaneEvidence,
    Phase,
    Severity,
    Transition,
)
from tocsin.core.plan.model import Grouping, MetricPlan, Plan, Window, plan_hash
from tocsin.core.ports import DirectoryEntry

AT_MS: Final = 1_795_428_000_000
"""2026-11-23T10:00:00Z"""

GROUPING: Final = Grouping()
PLAN: Final = Plan(metrics=(MetricPlan(match="*", windows=(Window(MINUTE_MS, MINUTE_MS),)),))

PANES: Final = tuple(
    PaneEvidence(AT_MS + minute * MINUTE_MS, AT_MS + (minute + 1) * MINUTE_MS, 60, mean, mean - 1.5, mean + 2.25)
    for minute, mean in zip(range(-5, 0), (80.0, 83.1, 86.2, 89.3, 92.4), strict=True)
)
FIRING: Final = Transition(
    tenant="acme",
    device="pump-7",
    metric="temperature_celsius",
    rule="too-hot",
    kind="limits",
    severity=Severity.CRITICAL,
    fingerprint="9ac34d4d1e3b87ae",
    episode=1,
    number=2,
    phase_from=Phase.PENDING,
    phase=Phase.FIRING,
    at_ms=AT_MS,
    since_ms=AT_MS - 5 * MINUTE_MS,
    evidence=Evidence(
        value=92.4,
        plan_hash=plan_hash(PLAN),
        threshold=90.0,
        expected_low=10.0,
        expected_high=90.0,
        panes=PANES,
    ),
    summary="temperature 92.4 °C is above 90 °C (limit too-hot) since 09:55 UTC",
    site="north",
    device_type="pump",
    gateway="gw-3",
    unit="°C",
)
PENDING: Final = replace(
    FIRING, number=1, phase_from=Phase.INACTIVE, phase=Phase.PENDING, at_ms=FIRING.since_ms, evidence=FIRING.evidence
)
RESOLVED: Final = replace(
    FIRING,
    number=3,
    phase_from=Phase.FIRING,
    phase=Phase.RESOLVED,
    at_ms=AT_MS + 12 * MINUTE_MS,
    evidence=replace(FIRING.evidence, value=71.0),
    summary="temperature 71 °C is back to normal (limit too-hot) after 17 min",
)


def of_device(transition: Transition, index: int, **changes: Any) -> Transition:
    """Return the same happening on another device."""
    return replace(transition, device=f"pump-{index}", fingerprint=f"{index:016x}", **changes)


def arrival(transition: Transition, arrival_ms: int | None = None, grouping: Grouping = GROUPING) -> Arrival:
    """Return the transition as it arrives, by default as it happens."""
    return Arrival(transition, transition.at_ms if arrival_ms is None else arrival_ms, grouping)


def notifications(entries: Iterable[Entry]) -> list[Notification]:
    """Return the notifications among the entries."""
    return [msgspec.msgpack.decode(one.data, type=Notification) for one in entries if one.lane == NOTIFICATION]


def decisions(entries: Iterable[Entry]) -> list[DecisionRecord]:
    """Return the decisions among the entries."""
    return [msgspec.msgpack.decode(one.data, type=DecisionRecord) for one in entries if one.lane == DECISION]


def listed(entries: Sequence[Entry]) -> dict[str, DirectoryEntry]:
    """Return key to newest entry of the directory."""
    found = [msgspec.msgpack.decode(one.data, type=DirectoryEntry) for one in entries if one.lane == OPEN]
    return {entry.key: entry for entry in found}
