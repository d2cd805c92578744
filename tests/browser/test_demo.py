"""The page over the real pipeline: `tocsin demo`, a fault put in by hand, the alert it leads to, what a person does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from tests.browser.played import played_demo
from tests.browser.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Open

SPEED = 120
FOUND_WITHIN_MS = 60_000
COLD_ROOM = "east-cold-room-02"


@pytest.fixture(scope="module")
def demo(chromium: object) -> Iterator[str]:  # noqa: ARG001  without a browser nothing is played
    """The address of a demo that plays until the tests end."""
    with played_demo(SPEED) as address:
        yield address


def at(page: "Page", path: str) -> None:
    page.goto(urljoin(page.url, path))


def test_fault_that_is_injected_is_found_and_its_alert_taken_care_of(demo: str, open_page: "Open") -> None:
    page = open_page(demo)
    page.get_by_role("heading", name="102 devices").wait_for()
    at(page, f"/simulator?device={COLD_ROOM}")
    page.get_by_label("What goes wrong").select_option("door_open")
    page.locator("select[name='for_ms']").select_option("3600000")
    page.get_by_role("button", name="Break it now").click()
    page.locator(".fault[data-injected='true']", has_text=COLD_ROOM).wait_for()

    found = page.locator(".fault[data-injected='true'] .fault-end a")
    found.wait_for(timeout=FOUND_WITHIN_MS)
    page.locator(".watch .chart[aria-label*='points']").wait_for()
    found.click()

    page.locator("h1", has_text="is above 9 °C").wait_for()
    page.locator(".panes .pane").first.wait_for()
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_label("Message").fill("closing the door")
    page.locator("dialog button.primary").click()
    page.locator(".life .said", has_text="closing the door").wait_for()
    page.get_by_role("button", name="Silence").click()
    page.get_by_label("Why").fill("door is being mended")
    page.locator("dialog button.primary").click()
    page.locator(".page-head .tag", has_text="silenced").wait_for()
    at(page, "/alerts?phase=silences")
    page.locator(".silence", has_text="door is being mended").wait_for()


def test_fleet_of_the_demo_is_live_and_a_device_can_be_opened_by_its_address(demo: str, open_page: "Open") -> None:
    page = open_page(demo)
    page.get_by_role("heading", name="102 devices").wait_for()
    page.locator(".site").nth(2).wait_for()

    at(page, "/devices/north-pump-01?range=3600000")

    page.locator(".chart[aria-label*='points']").nth(4).wait_for()
    words = page.locator(".range-words").inner_text()
    until(page, f"document.querySelector('.range-words').textContent !== {words!r}")
    at(page, "/pipeline")
    page.get_by_role("heading", name="readings a second").wait_for()


def test_whoever_comes_without_the_token_is_asked_for_it(demo: str, open_page: "Open") -> None:
    page = open_page(demo.split("#", maxsplit=1)[0], expect="401")

    page.get_by_label("Token").wait_for()
