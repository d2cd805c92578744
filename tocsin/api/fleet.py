"""The fleet at a glance: how many devices are how, what is worst, how metrics lie over each type."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final

from tocsin.api.answers import AlertCounts, Cohort, Device, Fleet, FleetGroup, StateCounts, WorstDevice
from tocsin.api.asked import FleetAsked
from tocsin.api.devices import STATES, device_rows
from tocsin.api.looking import base_sizes_ms, listed_devices, open_alerts, overlay
from tocsin.api.service import Call, Service
from tocsin.core.clock import DAY_MS
from tocsin.core.messages import SEVERITY_RANK, Transition

WORST_MAX: Final = 20
COHORTS_MAX: Final = 200


def show_fleet(service: Service, call: Call[FleetAsked, None]) -> Fleet:
    """Answer with counts, the worst devices, and quantiles by type."""
    rows = device_rows(service, call.tenant, list(listed_devices(service, call.tenant)))
    firing = open_alerts(service, call.tenant)
    group_by = call.query.group_by
    groups: dict[str, list[Device]] = {}
    for row in rows:
        groups.setdefault(getattr(row, group_by), []).append(row)
    return Fleet(
        now_ms=service.now_ms(),
        newest_ms=newest_end_ms(service, call.tenant),
        group_by=group_by,
        devices=_counts(rows),
        alerts=_alerts(service, call.tenant, firing),
        groups=tuple(FleetGroup(name, _counts(some)) for name, some in sorted(groups.items())),
        worst=tuple(_worst(rows, firing)),
        cohorts=tuple(_cohorts(rows))[:COHORTS_MAX],
    )


def newest_end_ms(service: Service, tenant: str) -> int | None:
    """Return the end of the tenant's newest closed window; on AWS, where the table cannot tell, by the clock."""
    table, now_ms = service.backend.windows, service.now_ms()
    if service.mode == "aws":
        size_ms = base_sizes_ms(service)[0]
        return (now_ms - service.plan().timing.out_of_orderness_ms) // size_ms * size_ms
    ends = [
        start_ms + size_ms
        for size_ms in base_sizes_ms(service)
        if (start_ms := table.newest_start_ms(tenant, size_ms=size_ms, since_ms=max(0, now_ms - DAY_MS))) is not None
    ]
    return max(ends, default=None)


def _counts(rows: Sequence[Device]) -> StateCounts:
    found = Counter(row.state for row in rows)
    return StateCounts(len(rows), *(found[state] for state in STATES))


def _alerts(service: Service, tenant: str, firing: Sequence[Transition]) -> AlertCounts:
    over = overlay(service, tenant)
    severities = Counter(one.severity.value for one in firing)
    return AlertCounts(
        firing=len(firing),
        info=severities["info"],
        warning=severities["warning"],
        critical=severities["critical"],
        acknowledged=sum(bool(over.of(one.fingerprint, one.episode).acknowledged_by) for one in firing),
        silenced=sum(over.covers(one) for one in firing),
    )


def _worst(rows: Sequence[Device], firing: Sequence[Transition]) -> Iterable[WorstDevice]:
    by_device: dict[str, list[Transition]] = {}
    for one in firing:
        by_device.setdefault(one.device, []).append(one)
    hurt = [row for row in rows if row.device in by_device]
    for row in sorted(hurt, key=lambda one: (-STATES.index(one.state), -one.alerts, one.device))[:WORST_MAX]:
        alerts = by_device[row.device]
        worst = max(alerts, key=lambda one: (SEVERITY_RANK[one.severity], one.at_ms))
        yield WorstDevice(
            row.device,
            row.site,
            row.device_type,
            row.gateway,
            row.state,
            len(alerts),
            min(one.since_ms for one in alerts),
            worst.summary,
        )


def _cohorts(rows: Sequence[Device]) -> Iterable[Cohort]:
    values: dict[tuple[str, str, str], list[tuple[float, int]]] = {}
    for row in rows:
        for value in row.values if row.state != "quiet" else ():
            if value.value is not None and isfinite(value.value):
                key = (row.device_type, value.metric, value.unit)
                values.setdefault(key, []).append((value.value, value.at_ms))
    for (device_type, metric, unit), found in sorted(values.items()):
        means = sorted(mean for mean, _ in found)
        low, middle, high = (means[round(share * (len(means) - 1))] for share in (0.1, 0.5, 0.9))
        newest_ms = max(at_ms for _, at_ms in found)
        yield Cohort(device_type, metric, unit, len(means), means[0], low, middle, high, means[-1], newest_ms)
