"""Each page as a picture, light, dark and on a phone, in ``out/browser``: a person looks at them, not a test."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lived_in import DEVICE, live_an_hour
from tests.browser.made_server import MadeServer

if TYPE_CHECKING:
    from tests.browser.conftest import Open

OUT = Path(__file__).parents[2] / "out" / "browser"
SIZES = {"light": (1360, 850), "dark": (1360, 850), "phone": (390, 844)}
PNG = b"\x89PNG"
SETTLED_MS = 200
"""Until colours and boxes have faded in."""


@pytest.mark.parametrize("name", SIZES)
def test_every_page_is_drawn(name: str, serve: Callable[..., MadeServer], open_page: "Open") -> None:
    server = serve(count=60)
    alert = live_an_hour(server.fleet)
    pages = {
        "fleet": ("/", ".device-row canvas[style]"),
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
        page.wait_for_timeout(SETTLED_MS)
        file = OUT / f"{title}-{name}.png"
        page.screenshot(path=file)
        assert file.read_bytes().startswith(PNG)
