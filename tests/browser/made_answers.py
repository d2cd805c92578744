"""What the made fleet answers, route by route, in the shapes of docs/decisions/query-api.md."""

from typing import Any

from tests.browser.made_fleet import MINUTE_MS, TYPES, UNITS, Json, MadeFleet

Query = dict[str, str]


def device_json(fleet: MadeFleet, device: str, spark: int) -> Json:
    known = fleet.devices[device]
    metrics = TYPES[known["type"]]
    newest_ms = fleet.now_ms - 2 * MINUTE_MS
    values = [(metric, fleet.value(device, metric, newest_ms)) for metric in metrics]
    starts = [newest_ms - MINUTE_MS * (spark - 1 - index) for index in range(spark)]
    return {
        "device": device,
        "site": known["site"],
        "device_type": known["type"],
        "gateway": known["gateway"],
        "state": fleet.state(device),
        "seen_ms": newest_ms + MINUTE_MS,
        "alerts": len(fleet.firing(device)),
        "values": [
            {"metric": name, "unit": UNITS.get(name, ""), "value": value, "at_ms": newest_ms} for name, value in values
        ],
        "spark": {
            "metric": metrics[0],
            "size_ms": MINUTE_MS,
            "start_ms": starts[0],
            "values": [fleet.value(device, metrics[0], at) for at in starts],
        }
        if spark
        else None,
    }


def devices(fleet: MadeFleet, query: Query) -> Json:
    names = (
        [one for one in query["ids"].split(",") if one in fleet.devices] if "ids" in query else sorted(fleet.devices)
    )
    begin, limit = int(query.get("cursor", "0")), int(query.get("limit", "100"))
    items = [device_json(fleet, name, int(query.get("spark", "0"))) for name in names[begin : begin + limit]]
    return {"items": items, "limit": limit, "cursor": str(begin + limit) if begin + limit < len(names) else None}


def device_detail(fleet: MadeFleet, device: str) -> Json | None:
    if device not in fleet.devices:
        return None
    limits = [{"rule": "too_low", "severity": "critical", "above": None, "below": 120.0}]
    metrics = [
        {
            "metric": name,
            "unit": UNITS.get(name, ""),
            "sizes_ms": [MINUTE_MS],
            "range_low": None,
            "range_high": None,
            "limits": limits if name == "flow_lpm" else [],
        }
        for name in TYPES[fleet.devices[device]["type"]]
    ]
    return {
        **device_json(fleet, device, 0),
        "metrics": metrics,
        "firing": [listed(one) for one in fleet.firing(device)],
    }


def series(fleet: MadeFleet, query: Query) -> Json:
    step = int(query["resolution"].removesuffix("m")) * MINUTE_MS
    until = min(int(query.get("until_ms", fleet.now_ms)), fleet.now_ms - MINUTE_MS)
    begin = int(query["from_ms"]) // step * step
    starts = list(range(begin, until, step))
    means = [fleet.value(query["device"], query["metric"], at) for at in starts]
    spread = [None if mean is None else abs(mean) * 0.02 for mean in means]
    columns = {
        "mean": means,
        "min": [None if mean is None else mean - more for mean, more in zip(means, spread, strict=True)],
        "max": [None if mean is None else mean + more for mean, more in zip(means, spread, strict=True)],
    }
    usual = [fleet.usual(query["device"], query["metric"], at) for at in starts]
    columns["expected_low"] = [None if mean is None else mean * 0.965 for mean in usual]
    columns["expected_high"] = [None if mean is None else mean * 1.035 for mean in usual]
    mine = [
        one for one in fleet.alerts.values() if one["device"] == query["device"] and one["metric"] == query["metric"]
    ]
    return {
        "device": query["device"],
        "metric": query["metric"],
        "unit": UNITS.get(query["metric"], ""),
        "from_ms": begin,
        "until_ms": until,
        "resolution": query["resolution"],
        "resolution_ms": step,
        "zone": "UTC",
        "source_ms": MINUTE_MS,
        "aggregations": list(columns),
        "limit": 3000,
        "points": len(starts),
        "cursor": None,
        "start_ms": starts,
        "columns": columns,
        "count": [0 if one is None else 6 for one in means],
        "revised": [at for at in starts if at // MINUTE_MS % 240 == 61],
        "late": [
            {"at_ms": at + 20_000, "value": fleet.usual(query["device"], query["metric"], at) or 0.0}
            for at in starts
            if at // MINUTE_MS % 240 == 97
        ],
        "limits": [],
        "marks": [
            {
                "alert": one["id"],
                "rule": one["rule"],
                "severity": one["severity"],
                "phase": one["phase"],
                "from_ms": one["since_ms"],
                "until_ms": one["ended_ms"],
                "summary": one["summary"],
                "expected_low": one["expected_low"],
                "expected_high": one["expected_high"],
            }
            for one in mine
        ],
    }


def fleet_figures(fleet: MadeFleet, query: Query) -> Json:  # noqa: ARG001  the shape of an answer
    firing = fleet.firing()
    states = {
        "total": len(fleet.devices),
        "ok": len(fleet.devices) - len({one["device"] for one in firing}),
        "quiet": 0,
        "info": 0,
    }
    states |= {name: sum(one["severity"] == name for one in firing) for name in ("warning", "critical")}
    worst = [
        {
            **{key: one[key] for key in ("device", "site", "device_type", "gateway", "since_ms", "summary")},
            "state": one["severity"],
            "alerts": 1,
        }
        for one in sorted(firing, key=lambda one: one["severity"])[:10]
    ]
    return {
        "now_ms": fleet.now_ms,
        "newest_ms": fleet.now_ms - MINUTE_MS,
        "group_by": "site",
        "devices": states,
        "groups": [],
        "worst": worst,
        "cohorts": [],
        "alerts": {
            "firing": len(firing),
            "info": 0,
            "warning": states["warning"],
            "critical": states["critical"],
            "acknowledged": 0,
            "silenced": 0,
        },
    }


def listed(alert: Json) -> Json:
    """The alert without what only its own page shows."""
    return {key: value for key, value in alert.items() if key not in {"history", "actions"}}


def alerts(fleet: MadeFleet, query: Query) -> Json:
    phases = query.get("phase", "firing,resolved").split(",")
    found = [
        one
        for one in reversed(fleet.alerts.values())
        if one["phase"] in phases
        and query.get("severity", one["severity"]) == one["severity"]
        and query.get("device", one["device"]) == one["device"]
    ]
    begin, limit = int(query.get("cursor", "0")), int(query.get("limit", "100"))
    return {
        "items": [listed(one) for one in found[begin : begin + limit]],
        "limit": limit,
        "cursor": str(begin + limit) if begin + limit < len(found) else None,
    }


def alert_detail(fleet: MadeFleet, alert_id: str) -> Json | None:
    alert = fleet.alerts.get(alert_id)
    if alert is None:
        return None
    at_ms = alert["fired_ms"]
    panes: list[dict[str, Any]] = []
    for index in range(8):
        start_ms = at_ms - (8 - index) * MINUTE_MS
        mean = alert["expected_low"] * (1.04 if index < 5 else 0.74)
        panes.append(
            {
                "start_ms": start_ms,
                "end_ms": start_ms + MINUTE_MS,
                "count": 6,
                "mean": mean,
                "min": mean * 0.985,
                "max": mean * 1.02,
            }
        )
    parts = [{"name": "level", "share": 3.1}, {"name": "spike", "share": 1.4}, {"name": "trend", "share": 0.62}]
    return {
        **alert,
        "plan_hash": "0123456789abcdef",
        "position": "",
        "parts": parts,
        "panes": panes,
        "mutes": [],
        "episodes": [alert_id],
    }
