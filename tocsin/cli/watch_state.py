"""What the watcher sees and where they are; how a key changes that. Pure: drawing and asking are elsewhere."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from tocsin.api.alert_answers import Alert, AlertDetail
from tocsin.api.answers import Device, Fleet

Pane = Literal["devices", "alerts"]
STATE_RANK: Final = {"critical": 0, "warning": 1, "info": 2, "quiet": 3, "ok": 4}
SILENCE_MS: Final = 3_600_000
PAGE: Final = 10
QUESTIONS: Final = {"close": "close this alert: nothing more is told of it?", "silence": "silence it for an hour?"}
HELP: Final = (
    "↑↓ move · tab devices/alerts · enter details · a acknowledge · s silence 1 h · c close · / filter · q quit"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was asked for last.

    Attributes:
        place: What is watched.
        devices: All devices, the worst first.
        sparks: Some of them once more, with their last windows.
        alerts: The newest alerts, those that fire first.
        fleet: Counts, or None before the first answer.
        detail: The alert that is looked at.
        error: Why the last question had no answer; empty where it had.
    """

    place: str
    devices: tuple[Device, ...] = ()
    sparks: dict[str, Device] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    fleet: Fleet | None = None
    detail: AlertDetail | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Looking:
    """Where the watcher is.

    Attributes:
        pane: Which list the keys move in.
        places: Of the marked line in each list.
        detail: Id of the alert that is shown in full, or empty.
        filter: What devices and alerts must have in their names.
        is_typing: Whether keys go into the filter.
        asks: What is asked before it is done, or empty.
        message: What was done last.
        is_over: Whether the watcher wants to leave.
    """

    pane: Pane = "alerts"
    places: tuple[int, int] = (0, 0)
    detail: str = ""
    filter: str = ""
    is_typing: bool = False
    asks: str = ""
    message: str = ""
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """An action that the watcher wants.

    Attributes:
        alert: Id of the alert.
        body: Of the request.
    """

    alert: str
    body: dict[str, object]


def shown_devices(seen: Seen, looking: Looking) -> list[Device]:
    """Return the devices that the filter lets through, the worst first."""
    text = looking.filter.casefold()
    found = [one for one in seen.devices if text in f"{one.device} {one.site} {one.device_type}".casefold()]
    return sorted(found, key=lambda one: (STATE_RANK[one.state], one.device))


def shown_alerts(seen: Seen, looking: Looking) -> list[Alert]:
    """Return the alerts that the filter lets through: those that fire, then the others, newest first."""
    text = looking.filter.casefold()
    found = [one for one in seen.alerts if text in f"{one.device} {one.site} {one.rule} {one.metric}".casefold()]
    return sorted(found, key=lambda one: (one.phase != "firing", -one.at_ms, one.id))


def marked_alert(seen: Seen, looking: Looking) -> Alert | None:
    """Return the alert that keys act on: the one in full, else the marked one, else what fires on the marked device."""
    alerts = shown_alerts(seen, looking)
    if looking.detail:
        return next((one for one in seen.alerts if one.id == looking.detail), seen.detail)
    if looking.pane == "alerts":
        return alerts[looking.places[1]] if looking.places[1] < len(alerts) else None
    devices = shown_devices(seen, looking)
    if looking.places[0] >= len(devices):
        return None
    name = devices[looking.places[0]].device
    return next((one for one in alerts if one.device == name and one.phase == "firing"), None)


def after_key(looking: Looking, key: str, seen: Seen) -> tuple[Looking, Wanted | None]:
    """Return where the watcher is after a key, and what they want done."""
    if looking.asks:
        return _answered(looking, key, seen)
    if looking.is_typing:
        return _typed(looking, key), None
    looking = replace(looking, message="")
    if key in {"a", "s", "c"}:
        return _acted(looking, key, seen)
    return _went(looking, key, seen), None


def _went(looking: Looking, key: str, seen: Seen) -> Looking:
    if key in {"q", "escape"}:
        return replace(looking, detail="") if looking.detail else replace(looking, is_over=key == "q")
    if key == "tab":
        return replace(looking, pane="devices" if looking.pane == "alerts" else "alerts", detail="")
    if key == "/":
        return replace(looking, is_typing=True, detail="")
    if key == "enter":
        alert = marked_alert(seen, looking)
        return replace(looking, detail=alert.id) if alert else looking
    return _moved(looking, key, seen)


def _moved(looking: Looking, key: str, seen: Seen) -> Looking:
    steps = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -PAGE, "page down": PAGE, "home": -(10**9), "end": 10**9}
    if key not in steps:
        return looking
    which = 0 if looking.pane == "devices" else 1
    count = len(shown_devices(seen, looking) if which == 0 else shown_alerts(seen, looking))
    places = list(looking.places)
    places[which] = max(0, min(count - 1, places[which] + steps[key]))
    return replace(looking, places=(places[0], places[1]))


def _acted(looking: Looking, key: str, seen: Seen) -> tuple[Looking, Wanted | None]:
    alert = marked_alert(seen, looking)
    if alert is None or alert.phase != "firing":
        return replace(looking, message="mark an alert that fires first"), None
    if key == "a":
        return looking, Wanted(alert.id, {"kind": "acknowledge"})
    return replace(looking, asks="silence" if key == "s" else "close"), None


def _answered(looking: Looking, key: str, seen: Seen) -> tuple[Looking, Wanted | None]:
    """Take yes or no; every other key is no."""
    kind, alert = looking.asks, marked_alert(seen, looking)
    looking = replace(looking, asks="", message="" if key == "y" else "nothing done")
    if key != "y" or alert is None:
        return looking, None
    return looking, Wanted(alert.id, {"kind": kind} | ({"for_ms": SILENCE_MS} if kind == "silence" else {}))


def _typed(looking: Looking, key: str) -> Looking:
    if key in {"enter", "escape"}:
        return replace(looking, is_typing=False, filter="" if key == "escape" else looking.filter, places=(0, 0))
    if key == "backspace":
        return replace(looking, filter=looking.filter[:-1], places=(0, 0))
    return replace(looking, filter=looking.filter + key, places=(0, 0)) if len(key) == 1 else looking
