"""A made fleet on which something has happened: alerts, what people did, a fault."""

from tests.browser.made_fleet import MINUTE_MS, MadeFleet
from tests.browser.made_running import new_fault

DEVICE = "north-pump-00000"


def live_an_hour(fleet: MadeFleet) -> str:
    """Let an hour pass on the fleet; returns the alert that somebody took care of."""
    over = fleet.fire("south-cold-room-00021", severity="info")
    fleet.advance(9 * MINUTE_MS)
    fleet.resolve(over)
    alert = fleet.fire(DEVICE, severity="critical")
    fleet.act(alert, {"kind": "acknowledge", "text": "on my way", "for_ms": 60 * MINUTE_MS}, "1")
    new_fault(fleet, {"kind": "leak", "device": DEVICE, "metric": "flow_lpm", "for_ms": 60 * MINUTE_MS})
    fleet.faults[0] |= {"alert": alert, "found_ms": fleet.now_ms + 4 * MINUTE_MS}
    fleet.advance(22 * MINUTE_MS)
    fleet.act(alert, {"kind": "note", "text": "the valve is stuck, Ben brings a new one"}, "2")
    for device in ("south-cold-room-00005", "east-motor-00010"):
        fleet.fire(device)
    fleet.silence({"site": "east", "comment": "new switchgear, call Anna", "for_ms": 480 * MINUTE_MS})
    fleet.advance(14 * MINUTE_MS)
    return alert
