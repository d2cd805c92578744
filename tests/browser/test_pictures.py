"""The README's pictures, taken of the demo: `make pictures` writes them, and without it nothing is taken."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from tests.browser.played import played_demo
from tests.browser.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Open

FOLDER = os.environ.get("TOCSIN_PICTURES", "")
SIZE = (1280, 800)
SPEED = 240
FADED_MS = 300
TAKEN_AT = "11:57"
"""Zone of the browser: by then something fires, and the detector has seen enough to expect something."""

PUMP = "north-pump-05"  # cavitates from 11:50
COLD_ROOM = "east-cold-room-03"
CLOCK = "document.querySelector('.status').textContent.match(/[0-9]{2}:[0-9]{2}/)[0]"


def picture(page: "Page", name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(FADED_MS)
    page.evaluate("document.querySelectorAll('.toast').forEach((one) => one.remove())")
    page.screenshot(path=Path(FOLDER) / f"page-{name}.png")


@pytest.mark.skipif(not FOLDER, reason="`make pictures` takes them")
@pytest.mark.timeout(300)
def test_pictures_show_the_demo_as_it_is(open_page: "Open") -> None:
    with played_demo(SPEED) as address:
        page = open_page(address, size=SIZE)
        page.set_default_timeout(60_000)
        page.locator(".device-row canvas").first.wait_for()
        until(page, f"{CLOCK} >= '{TAKEN_AT}'", seconds=90)
        picture(page, "fleet")
        page.emulate_media(color_scheme="dark")
        page.goto(urljoin(page.url, f"/devices/{PUMP}?range=5400000"))
        page.locator(".chart[aria-label*='points']").nth(1).wait_for()
        picture(page, "device")
        page.emulate_media(color_scheme="light")
        _break_and_find(page)


def _break_and_find(page: "Page") -> None:
    page.goto(urljoin(page.url, f"/simulator?device={COLD_ROOM}"))
    page.get_by_label("What goes wrong").select_option("door_open")
    page.locator("select[name='for_ms']").select_option("3600000")
    page.get_by_role("button", name="Break it now").click()
    page.locator(".fault[data-injected='true'] .fault-end a").wait_for()
    page.wait_for_timeout(2_000)  # some minutes of the demo: what fires has a length
    picture(page, "simulator")
    page.locator(".fault[data-injected='true'] .fault-end a").click()
    page.get_by_role("button", name="Note").click()
    page.locator("dialog textarea").fill("closed the door; the seal is worn")
    page.locator("dialog button.primary").click()
    page.locator(".life .said", has_text="closed the door").wait_for()
    page.locator("#main .chart[aria-label*='points']").wait_for()
    picture(page, "alert")
