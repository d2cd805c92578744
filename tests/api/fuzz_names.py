"""The OpenAPI document with the names that exist in a deployment as the only ones, so that requests reach something."""

from typing import Any

Json = dict[str, Any]
WORD = {"type": "string", "pattern": "^[ -~]{0,40}$"}


def narrowed(document: Json, simulator: Json, alerts: list[str], silences: list[str]) -> Json:
    """Return the document, where each name is one that is known; what it says of answers stays.

    Args:
        document: As the server has it.
        simulator: What is simulated: devices, their metrics, and faults that can befall them.
        alerts: Ids of alerts.
        silences: Ids of silences that people made.
    """
    devices = simulator["devices"]
    known = {
        "device": [one["device"] for one in devices],
        "metric": sorted({metric for one in devices for metric in one["metrics"]}),
        "alert": alerts,
        "silence": silences,
        "zone": ["UTC", "Europe/Berlin", "America/St_Johns"],
        "aggregations": ["mean,min,max", "expected_low,expected_high", "sum,first,last,variance,stddev,rate"],
        "resolution": ["auto", "1m", "5m", "1h", "day", "week"],
        "phase": ["firing", "firing,resolved"],
        "state": ["ok", "warning,critical"],
        "severity": ["info", "warning,critical"],
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            asked = [one for one in operation["parameters"] if one["name"] not in ANSWERED]
            operation["parameters"] = [_parameter(one, known) for one in asked]
        if path in BODIES:
            operations["post"]["requestBody"]["content"] = {"application/json": {"schema": BODIES[path](simulator)}}
    return document


ANSWERED = ("cursor", "since")
"""What only an answer knows."""


def _parameter(parameter: Json, known: dict[str, list[str]]) -> Json:
    is_pattern = "Shell pattern" in parameter["schema"].get("description", "")
    names = known.get(parameter["name"])
    if not names or is_pattern:
        return parameter
    return {**parameter, "schema": {"type": "string", "enum": names}}


def _object(**fields: Any) -> Json:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _one_of(names: list[str]) -> Json:
    return {"type": "string", "enum": names}


def _readings(simulator: Json) -> Json:
    value = {"type": "number", "minimum": -1e6, "maximum": 1e6}
    instant = {"type": "integer", "minimum": simulator["now_ms"] - 3_600_000, "maximum": simulator["now_ms"]}
    each = [
        _object(
            device=_one_of([one["device"]]),
            ts=instant,
            metrics={**_object(**dict.fromkeys(one["metrics"], value)), "required": one["metrics"][:1]},
        )
        for one in simulator["devices"][:4]
    ]
    return {"anyOf": each}


def _silences(simulator: Json) -> Json:
    device = _one_of([one["device"] for one in simulator["devices"]])
    length = {"type": "integer", "minimum": 1, "maximum": 86_400_000}
    recurs = _object(
        device=device, from_time=_one_of(["22:00", "08:30"]), until_time=_one_of(["06:00"]), days=_days(), comment=WORD
    )
    return {"anyOf": [_object(device=device, for_ms=length, comment=WORD), recurs]}


def _days() -> Json:
    return {"type": "array", "uniqueItems": True, "maxItems": 3, "items": _one_of(["mon", "tue", "sat"])}


def _faults(simulator: Json) -> Json:
    """A schema for each kind of fault and type of device that it can befall."""
    found = []
    for kind in simulator["kinds"]:
        types = kind["device_types"] or (
            [] if kind["acts_on"] == "strain" else {one["device_type"] for one in simulator["devices"]}
        )
        of_kind = [one for one in simulator["devices"] if one["device_type"] in types]
        if not of_kind:
            continue
        fields: Json = {"kind": _one_of([kind["kind"]]), "device": _one_of([of_kind[0]["device"]])}
        if kind["needs_metric"]:
            fields["metric"] = _one_of(of_kind[0]["metrics"])
        if kind["sized"]:
            fields["sigmas"] = {"type": "number", "minimum": 1, "maximum": 20}
        if needed := [one for one in kind["settings"] if one["default"] is None]:
            fields["settings"] = _object(
                **{one["name"]: {"type": "number", "minimum": 1, "maximum": 1} for one in needed}
            )
        found.append(_object(**fields, for_ms={"type": "integer", "minimum": 60_000, "maximum": 3_600_000}))
    return {"anyOf": found}


BODIES = {"/v1/readings": _readings, "/v1/silences": _silences, "/v1/simulator/faults": _faults}
