"""A fleet made by hand, of any size, that answers as the query API does; for what a real run shows too seldom."""

import math
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

Json = dict[str, Any]

MINUTE_MS = 60_000
NOW_MS = 1_795_428_000_000
TYPES = {
    "pump": ("flow_lpm", "pressure_bar", "vibration_mmps"),
    "cold_room": ("air_celsius", "door_ratio"),
    "motor": ("current_ampere", "winding_celsius"),
    "tank_sensor": ("level_percent", "battery_volt"),
}
UNITS = {"flow_lpm": "L/min", "pressure_bar": "bar", "vibration_mmps": "mm/s", "air_celsius": "°C", "door_ratio": ""}
LEVELS = {"flow_lpm": 200.0, "pressure_bar": 5.6, "vibration_mmps": 2.1, "air_celsius": 4.0, "level_percent": 71.0}
SITES = ("north", "south", "east", "west")
HOSTILE = '<img src=x onerror="document.title=1">'
MATCHERS = ("site", "gateway", "device", "metric", "rule", "kind", "severity")


@dataclass
class MadeFleet:
    """Devices, alerts and what people did, behind one lock.

    Attributes:
        devices: Id to site, type and gateway.
        alerts: Id to the alert, newest last.
        silent_ms: How long nothing has come from any device.
        hostile: Whether all words that devices or people write are markup.
    """

    count: int = 24
    hostile: bool = False
    role: str = "operator"
    mode: str = "demo"
    is_over: bool = False
    silent_ms: int = 0
    now_ms: int = NOW_MS
    changed: Condition = field(default_factory=Condition)
    devices: dict[str, Json] = field(default_factory=dict)
    alerts: dict[str, Json] = field(default_factory=dict)
    silences: list[Json] = field(default_factory=list)
    changes: list[Json] = field(default_factory=list)
    actions_by_key: dict[str, Json] = field(default_factory=dict)
    faults: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = list(TYPES)
        for index in range(self.count):
            kind, site = names[index % len(names)], SITES[index % len(SITES)]
            device = HOSTILE if self.hostile and index == 0 else f"{site}-{kind.replace('_', '-')}-{index:05d}"
            self.devices[device] = {
                "site": HOSTILE if self.hostile else site,
                "type": kind,
                "gateway": f"{site}-gw-{index % 2}",
            }

    def advance(self, ms: int = MINUTE_MS) -> None:
        """Let time go on: a newer window is there for every device."""
        with self.changed:
            self.now_ms += ms
            self.changed.notify_all()

    def fire(self, device: str, *, severity: str = "warning", summary: str = "") -> str:
        """Let an alert fire on the first metric of the device; returns its id."""
        metric = TYPES[self.devices[device]["type"]][0]
        level, at_ms = LEVELS.get(metric, 10.0), self.now_ms
        fingerprint = f"{len(self.alerts) + 1:016x}"
        words = (
            HOSTILE
            if self.hostile
            else summary
            or f"{metric.split('_')[0]} {level * 0.7:.4g}, expected {level * 0.95:.4g} to {level * 1.05:.4g}"
        )
        alert = {
            "id": f"{fingerprint}-1",
            "fingerprint": fingerprint,
            "episode": 1,
            "device": device,
            "metric": metric,
            "unit": UNITS.get(metric, ""),
            "site": self.devices[device]["site"],
            "device_type": self.devices[device]["type"],
            "gateway": "",
            "rule": "adaptive",
            "kind": "adaptive",
            "severity": severity,
            "phase": "firing",
            "since_ms": at_ms - 3 * MINUTE_MS,
            "fired_ms": at_ms,
            "ended_ms": None,
            "at_ms": at_ms,
            "summary": words,
            "value": level * 0.7,
            "score": 5.12,
            "threshold": 3.7,
            "expected_low": level * 0.95,
            "expected_high": level * 1.05,
            "acknowledged_by": None,
            "acknowledged_until_ms": None,
            "assignee": None,
            "closed_by": None,
            "amendment": None,
            "silenced": False,
            "muted_by": None,
            "notes": 0,
        }
        with self.changed:
            self.alerts[alert["id"]] = {**alert, "history": [], "actions": []}
            self._move(alert["id"], "pending", "firing")
        return str(alert["id"])

    def resolve(self, alert_id: str) -> None:
        """Let an alert end."""
        with self.changed:
            self.alerts[alert_id] |= {"phase": "resolved", "ended_ms": self.now_ms, "at_ms": self.now_ms}
            self._move(alert_id, "firing", "resolved")

    def _move(self, alert_id: str, phase_from: str, phase: str) -> None:
        alert = self.alerts[alert_id]
        number = len(alert["history"]) + 1
        alert["history"].append(
            {
                "number": number,
                "phase_from": phase_from,
                "phase": phase,
                "at_ms": self.now_ms,
                "summary": alert["summary"],
                "decision": "sent",
                "notification_id": "00c0ffee00c0ffee",
                "outage": None,
                "outage_alert": None,
            }
        )
        kept = ("id", "device", "metric", "severity", "site", "rule", "at_ms", "summary")
        self.changes.append(
            {**{key: alert[key] for key in kept}, "number": number, "phase_from": phase_from, "phase": phase}
        )
        self.changed.notify_all()

    def firing(self, device: str | None = None) -> list[Json]:
        """The alerts that fire, newest first."""
        return [
            one
            for one in reversed(self.alerts.values())
            if one["phase"] == "firing" and device in {None, one["device"]}
        ]

    def state(self, device: str) -> str:
        """The worst severity that fires on the device."""
        severities = {one["severity"] for one in self.firing(device)} if self.alerts else set()
        return next((one for one in ("critical", "warning", "info") if one in severities), "ok")

    def value(self, device: str, metric: str, at_ms: int) -> float | None:
        """What a device measured in a minute; there is a gap of ten minutes every three hours."""
        minute = at_ms // MINUTE_MS
        if (minute % 180 < 10 and not self.firing(device)) or (self.silent_ms and at_ms >= NOW_MS - self.silent_ms):
            return None
        seed = sum(map(ord, device + metric))
        level = LEVELS.get(metric, 10.0)
        wave = _wave(minute, seed) + math.sin(minute * (1.7 + seed % 5)) * 0.012
        dip = 0.28 if any(one["metric"] == metric and at_ms >= one["since_ms"] for one in self.firing(device)) else 0.0
        return round(level * (1 + wave - dip), 3)

    def usual(self, device: str, metric: str, at_ms: int) -> float | None:
        """What is expected of a device in a minute; nothing where it says nothing."""
        minute = at_ms // MINUTE_MS
        if minute % 180 < 10 and not self.firing(device):
            return None
        return round(LEVELS.get(metric, 10.0) * (1 + _wave(minute, sum(map(ord, device + metric)))), 3)

    def act(self, alert_id: str, body: Json, key: str) -> Json:
        """Do what a person asks; the same key gives the same action."""
        with self.changed:
            if key in self.actions_by_key:
                return self.actions_by_key[key]
            alert, kind = self.alerts[alert_id], body["kind"]
            action = {
                "id": f"{len(self.actions_by_key) + 1:016x}",
                "kind": kind,
                "at_ms": self.now_ms,
                "by": "local",
                "alert": alert_id,
                "text": body.get("text", ""),
                "assignee": body.get("assignee"),
                "until_ms": self.now_ms + body["for_ms"] if body.get("for_ms") else None,
                "silence": None,
            }
            told = {
                "acknowledge": {"acknowledged_by": "local"},
                "assign": {"assignee": body.get("assignee")},
                "close": {"closed_by": "local"},
                "note": {"notes": alert["notes"] + 1},
                "silence": {"silenced": True},
            }[kind]
            alert |= told
            alert["actions"].append(action)
            if kind == "silence":
                self.silences.append(
                    self._silence(
                        {"device": alert["device"], "metric": alert["metric"], "comment": action["text"]},
                        body["for_ms"],
                    )
                )
            self.actions_by_key[key] = action
            self.changes.append({"action": action})
            self.changed.notify_all()
            return action

    def silence(self, body: Json) -> Json:
        """Make a silence."""
        with self.changed:
            made = self._silence(body, body["for_ms"])
            self.silences.append(made)
            return made

    def _silence(self, body: Json, for_ms: int) -> Json:
        return {
            "id": f"{len(self.silences) + 1:016x}",
            "origin": "person",
            "by": "local",
            "at_ms": self.now_ms,
            "comment": body.get("comment", ""),
            "matchers": {name: body.get(name, "*") for name in MATCHERS},
            "start_ms": self.now_ms,
            "end_ms": self.now_ms + for_ms,
            "days": [],
            "from_time": "",
            "until_time": "",
            "zone": "UTC",
            "active": True,
        }


def _wave(minute: int, seed: int) -> float:
    return math.sin(minute / 37 + seed) * 0.03
