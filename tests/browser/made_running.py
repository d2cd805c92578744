"""What the made fleet answers about its pipeline and its simulator."""

from tests.browser.made_fleet import TYPES, Json, MadeFleet

Query = dict[str, str]


def pipeline(fleet: MadeFleet, query: Query) -> Json:  # noqa: ARG001  the shape of an answer
    rates = {"messages_per_s": 1510.2, "readings_per_s": 6800.0, "panes_per_s": 480.1}
    history = [
        {
            "at_ms": fleet.now_ms - 1000 * index,
            **{key: value * (1 + 0.1 * ((index * 7) % 5 - 2)) for key, value in rates.items()},
        }
        for index in range(60)
    ]
    figures = {
        "now_ms": fleet.now_ms,
        "uptime_s": 52.1,
        "version": "0.1.0",
        "plan_hash": "0123456789abcdef",
        "mode": fleet.mode,
        "rates": rates,
        "history": history,
        "totals": {
            "messages": 84534,
            "readings": 376492,
            "duplicates": 464,
            "late": 3220,
            "rejected": 24,
            "panes": 90000,
            "transitions": 120,
            "notifications": 39,
        },
        "rejected": [{"stage": "processors", "reason": "time_in_future", "count": 24}],
        "decisions": [{"decision": "sent", "count": 39}, {"decision": "quiet", "count": 61}],
        "stages": [
            {"stage": stage, "waiting": 3 * index, "lag_ms": 90 + 40 * index, "error": ""}
            for index, stage in enumerate(("ingest", "processors", "anomaly", "alerts"))
        ],
        "outbox": [{"stage": stage, "entries": 0} for stage in ("processors", "anomaly", "alerts")],
    }
    return figures | counted_elsewhere() if fleet.mode == "aws" else figures


def counted_elsewhere() -> Json:
    """The figures of a pipeline on AWS: CloudWatch has them."""
    stages = [
        {"stage": one, "waiting": None, "lag_ms": None, "error": ""} for one in ("processors", "anomaly", "alerts")
    ]
    return {
        "rates": None,
        "totals": None,
        "history": [],
        "rejected": [],
        "decisions": [],
        "stages": stages,
        "outbox": [],
    }


def simulator(fleet: MadeFleet, query: Query) -> Json:  # noqa: ARG001  the shape of an answer
    kinds = [
        {"kind": "drift", "acts_on": "value", "needs_metric": True, "sized": True, "device_types": [], "settings": []},
        {
            "kind": "dropout",
            "acts_on": "silence",
            "needs_metric": False,
            "sized": False,
            "device_types": [],
            "settings": [],
        },
        {
            "kind": "cavitation",
            "acts_on": "strain",
            "needs_metric": False,
            "sized": False,
            "device_types": ["pump"],
            "settings": [{"name": "severity", "reads": "ratio", "default": 1.0}],
        },
        {
            "kind": "loss",
            "acts_on": "network",
            "needs_metric": False,
            "sized": False,
            "device_types": [],
            "settings": [{"name": "ratio", "reads": "ratio", "default": None}],
        },
    ]
    return {
        "scenario": "demo",
        "seed": 1,
        "speed": 240.0,
        "start_ms": fleet.now_ms - 3_600_000,
        "end_ms": fleet.now_ms + 3 * 3_600_000,
        "now_ms": fleet.now_ms,
        "is_over": fleet.is_over,
        "kinds": kinds,
        "faults": fleet.faults,
        "devices": [
            {"device": name, "device_type": one["type"], "metrics": list(TYPES[one["type"]])}
            for name, one in fleet.devices.items()
        ],
    }


def new_fault(fleet: MadeFleet, body: Json) -> Json:
    fault = {
        "id": f"f{len(fleet.faults) + 1}",
        "kind": body["kind"],
        "devices": [body["device"]],
        "metric": body.get("metric", ""),
        "start_ms": fleet.now_ms,
        "end_ms": fleet.now_ms + body["for_ms"],
        "injected": True,
        "expect": True,
        "alert": None,
        "found_ms": None,
    }
    fleet.faults.append(fault)
    return fault
