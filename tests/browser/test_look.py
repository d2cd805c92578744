"""Each page as a picture, light, dark and on a phone, in ``out/browser``: a person looks at them, not a test."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.made_answers import new_fault
from tests.browser.made_fleet import MINUTE_MS, MadeFleet
from tests.browser.made_server import MadeServer

if TYPE_CHECKING:
    from tests.browser.conftest import Open

OUT = Path(__file__).parents[2] / "out" / "browser"
SIZES = {"light": (1360, 850), "dark": (1360, 850), "phone": (390, 844)}
DEVICE = "north-pump-00000"
PNG = b"\x89PNG"


@pytest.mark.parametrize("name", SIZES)
def test_every_page_is_drawn(name: str, serve: Callable[..., MadeServer], open_page: "Open") -> None:
    server = serve(count=60)
    alert = _lived_in(server.fleet)
    pages = {
        "fleet": ("/", ".device-row canvas"),
        "device": (f"/devices/{DEVICE}?range=10800000", ".chart[aria-label*='points']"),
        "alerts": ("/alerts?phase=all", ".alert-row"),
        "alert": (f"/alerts/{alert}", ".panes .pane"),
        "silences": ("/alerts?phase=silences", ".silence"),
        "pipeline": ("/pipeline", ".stage"),
        "simulator": ("/simulator", ".watch .chart[aria-label*='points']"),
    }
    page = open_page(server.address, size=SIZES[name], color_scheme="dark" if name == "dark" else "light")
    OUT.mkdir(parents=True, exist_ok=True)

    for title, (path, drawn) in pages.items():
        page.goto(server.address + path)
        page.locator(drawn).first.wait_for()
        page.wait_for_timeout(400)
        file = OUT / f"{title}-{name}.png"
        page.screenshot(path=file)
        assert file.read_bytes().startswith(PNG)


def _lived_in(fleet: MadeFleet) -> str:
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
