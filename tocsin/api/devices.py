"""Devices: the list, one by one, and what the last windows say of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

from tocsin.api.alert_answers import DeviceDetail
from tocsin.api.alerts import open_answers
from tocsin.api.answers import Device, DevicePage, MetricDetail, NewestValue, Spark, State
from tocsin.api.asked import Asked, DevicesAsked
from tocsin.api.cursors import decode_cursor, encode_cursor
from tocsin.api.limits import limit_lines
from tocsin.api.looking import base_sizes_ms, listed, listed_devices, open_alerts
from tocsin.api.problems import invalid, not_found
from tocsin.api.service import Call, Service
from tocsin.core.clock import MINUTE_MS
from tocsin.core.devices import REFRESH_MS, ListedDevice
from tocsin.core.keys import is_id
from tocsin.core.messages import SEVERITY_RANK, Transition
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import Plan
from tocsin.core.plan.resolve import device_plan, metric_plan, unit_of
from tocsin.core.ports import WindowItem

QUIET_MS: Final = 10 * MINUTE_MS
"""A device of which nothing came for this long, and on which nothing fires, is quiet."""

IDS_MAX: Final = 200
DETAIL_WINDOWS: Final = 60
"""Windows whose newest values one device shows: not every metric comes in each of them."""

LOOKS: Final = (1, 3)
"""How many of the newest windows are looked at, first of all devices, then of those that had nothing there."""

STATES: Final[tuple[State, ...]] = ("ok", "quiet", "info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at some devices.

    Attributes:
        windows: Device to its newest windows, oldest first.
        firing: Device to what fires on it, newest first.
        now_ms: When.
    """

    windows: Mapping[str, Sequence[WindowItem]]
    firing: Mapping[str, Sequence[Transition]]
    now_ms: int


def list_devices(service: Service, call: Call[DevicesAsked, None]) -> DevicePage:
    """Answer with a page of devices, by id."""
    asked = call.query
    wanted = _wanted_states(asked.state)
    names = _named(asked.ids) if asked.ids is not None else None
    after = decode_cursor(asked.cursor, str) if asked.cursor else ""
    known: Iterable[ListedDevice] = listed_devices(service, call.tenant, after=after)
    if names is not None:
        known = [one for name in sorted(names) if name > after and (one := listed(service, call.tenant, name))]
    plan = service.plan()
    fitting = (one for one in known if _fits(one.device, asked, device_plan(plan, call.tenant, one.device)))
    rows: list[Device] = []
    while len(rows) <= asked.limit and (some := list(islice(fitting, asked.limit + 1))):
        rows += [row for row in device_rows(service, call.tenant, some, asked.spark) if row.state in wanted]
    page = rows[: asked.limit]
    return DevicePage(tuple(page), asked.limit, encode_cursor(page[-1].device) if len(rows) > asked.limit else None)


def _wanted_states(text: str | None) -> set[str]:
    wanted: set[str] = set(text.split(",")) if text else {*STATES}
    if unknown := wanted - set(STATES):
        raise invalid("query state", f"must be of {', '.join(STATES)}, got {min(unknown)}")
    return wanted


def _named(text: str) -> set[str]:
    names = set(text.split(","))
    if len(names) > IDS_MAX or not all(map(is_id, names)):
        raise invalid("query ids", f"must be at most {IDS_MAX} ids of devices, got {len(names)}")
    return names


def _fits(device: str, asked: DevicesAsked, about: DevicePlan) -> bool:
    patterns = ((about.site, asked.site), (about.type, asked.device_type), (about.gateway, asked.gateway))
    text = (asked.q or "").casefold()
    return all(pattern is None or fnmatchcase(value, pattern) for value, pattern in patterns) and (
        text in f"{device} {about.site} {about.type}".casefold()
    )


def device_rows(
    service: Service, tenant: str, known: Sequence[ListedDevice], spark: int = 0, *, windows_min: int = 0
) -> list[Device]:
    """Return the devices as they stand, in order.

    Args:
        service: What is looked at.
        tenant: Whose devices.
        known: What is listed of them.
        spark: How many of the last windows of one metric to draw.
        windows_min: How many of the last windows to look at; 0 for the newest alone, where there is something.
    """
    look = look_at(service, tenant, known, max(spark, windows_min))
    plan = service.plan()
    return [_row(plan, tenant, one, look, spark) for one in known]


def look_at(service: Service, tenant: str, known: Sequence[ListedDevice], windows_min: int = 0) -> Look:
    """Return what the newest windows and open alerts say of the devices."""
    now_ms = service.now_ms()
    firing: dict[str, list[Transition]] = {}
    for alert in open_alerts(service, tenant):
        firing.setdefault(alert.device, []).append(alert)
    windows: dict[str, list[WindowItem]] = {one.device: [] for one in known}
    for size_ms in base_sizes_ms(service):
        for item in _newest(service, tenant, known, size_ms=size_ms, windows_min=windows_min):
            windows[item.device].append(item)
    return Look(windows, firing, now_ms)


def _newest(
    service: Service, tenant: str, known: Sequence[ListedDevice], *, size_ms: int, windows_min: int
) -> Iterable[WindowItem]:
    """Yield the newest windows of one size; of a quiet device those about when it was seen last."""
    table, now_ms = service.backend.windows, service.now_ms()
    newest_ms = table.newest_start_ms(tenant, size_ms=size_ms, since_ms=now_ms - QUIET_MS - size_ms)
    end_ms = (newest_ms + 1) if newest_ms is not None else now_ms
    missing = [one.device for one in known]
    for count in (windows_min,) if windows_min else LOOKS:  # most report in the newest window: one is enough of them
        start_ms = end_ms - count * size_ms
        found = table.newest(tenant, missing, size_ms=size_ms, start_ms=start_ms, end_ms=end_ms)
        yield from found
        seen = {item.device for item in found}
        missing = [device for device in missing if device not in seen]
    absent = set(missing) if size_ms <= REFRESH_MS else ()
    for one in known:
        if one.device in absent:
            from_ms = one.seen_ms - size_ms
            yield from table.query(
                tenant, one.device, size_ms=size_ms, start_ms=from_ms, end_ms=from_ms + REFRESH_MS, limit=CHUNK_WINDOWS
            )[-1:]


CHUNK_WINDOWS: Final = 3_600


def _row(plan: Plan, tenant: str, one: ListedDevice, look: Look, spark: int) -> Device:
    about = device_plan(plan, tenant, one.device)
    firing = look.firing.get(one.device, ())
    windows = look.windows[one.device]
    seen_ms = max((item.start_ms + item.size_ms for item in windows), default=one.seen_ms)
    return Device(
        device=one.device,
        site=about.site,
        device_type=about.type,
        gateway=about.gateway,
        state=state_of(firing, seen_ms, look.now_ms),
        seen_ms=seen_ms,
        alerts=len(firing),
        values=_values(plan, windows),
        spark=_spark(one, windows, firing, spark) if spark else None,
    )


def state_of(firing: Sequence[Transition], seen_ms: int, now_ms: int) -> State:
    """Return the worst severity that fires, else whether anything came lately."""
    if firing:
        worst = max((one.severity for one in firing), key=lambda severity: SEVERITY_RANK[severity])
        return STATES[2 + SEVERITY_RANK[worst]]
    return "ok" if now_ms - seen_ms < QUIET_MS else "quiet"


def _values(plan: Plan, windows: Sequence[WindowItem]) -> tuple[NewestValue, ...]:
    newest: dict[str, NewestValue] = {}
    for item in sorted(windows, key=lambda one: (one.start_ms, -one.revision)):
        for metric, stats in item.metrics.items():
            if item.revision == 0 or metric not in newest:
                unit = unit_of(metric_plan(plan, metric), metric)
                newest[metric] = NewestValue(metric, unit, stats.mean, item.start_ms)
    return tuple(value for _, value in sorted(newest.items()))


def _spark(one: ListedDevice, windows: Sequence[WindowItem], firing: Sequence[Transition], length: int) -> Spark | None:
    """Return the last windows of the metric that fires, else of the first."""
    reported = sorted({metric for item in windows for metric in item.metrics} | set(one.metrics))
    metric = next((alert.metric for alert in firing if alert.metric in reported), next(iter(reported), None))
    found = {
        item.start_ms: (item.metrics[metric].mean, item.size_ms)
        for item in windows
        if metric in item.metrics and not item.revision
    }
    if metric is None or not found:
        return None
    end_ms = max(found)
    size_ms = found[end_ms][1]
    start_ms = end_ms - (length - 1) * size_ms
    means = [found[at_ms][0] if at_ms in found else None for at_ms in range(start_ms, end_ms + 1, size_ms)]
    return Spark(metric, size_ms, start_ms, tuple(means))


def show_device(service: Service, call: Call[Asked, None]) -> DeviceDetail:
    """Answer with one device, its metrics, and what fires on it."""
    name, plan = call.path["device"], service.plan()
    known = listed(service, call.tenant, name)
    if known is None:
        raise not_found(f"device {name}")
    (row,) = device_rows(service, call.tenant, [known], windows_min=DETAIL_WINDOWS)
    metrics = sorted({*known.metrics, *(value.metric for value in row.values)})
    return DeviceDetail(
        **{field: getattr(row, field) for field in row.__struct_fields__},
        metrics=tuple(_metric(plan, call.tenant, name, metric) for metric in metrics),
        firing=open_answers(service, call.tenant, device=name),
    )


def _metric(plan: Plan, tenant: str, device: str, metric: str) -> MetricDetail:
    part = metric_plan(plan, metric)
    return MetricDetail(
        metric,
        unit_of(part, metric),
        tuple(sorted({window.size_ms for window in part.windows})),
        part.range_low,
        part.range_high,
        limit_lines(plan, tenant, device, metric),
    )
