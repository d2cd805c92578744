"""The fleet in a real browser, from a fleet made by hand."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.browser.made_fleet import HOSTILE
from tests.browser.made_server import MadeServer
from tests.browser.waiting import until

if TYPE_CHECKING:
    from tests.browser.conftest import Open

ONE_ROW = "document.querySelectorAll('.device-row:not([hidden])').length === 1"
Serve = Callable[..., MadeServer]


def rows(page: Any) -> Any:
    return page.locator(".device-row:visible")


def test_page_says_in_one_sentence_how_the_fleet_stands(serve: Serve, open_page: "Open") -> None:
    server = serve(count=24)
    server.fleet.fire("north-pump-00000", severity="critical")

    page = open_page(server.address)

    page.get_by_role("heading", name="1 of 24 devices needs attention").wait_for()
    assert rows(page).first.inner_text().split()[0] == "north-pump-00000"
    assert page.locator(".device-row canvas").first.is_visible()
    assert page.locator(".device-row time").first.get_attribute("title").endswith("UTC")


def test_alert_that_fires_shows_without_a_reload(serve: Serve, open_page: "Open") -> None:
    server = serve(count=24)
    page = open_page(server.address)
    page.get_by_role("heading", name="All 24 devices are fine").wait_for()

    alert = server.fleet.fire("east-motor-00002")

    page.get_by_role("heading", name="1 of 24 devices needs attention").wait_for()
    page.locator(f".toast[href='/alerts/{alert}']").wait_for()
    page.locator(".nav-alerts .badge", has_text="1").wait_for()


def test_newer_windows_show_without_a_reload(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4)
    page = open_page(server.address)
    page.locator(".device-row time[title='2026-11-23 09:59:00 UTC']").first.wait_for()

    server.fleet.advance(5 * 60_000)

    page.locator(".device-row time[title='2026-11-23 10:04:00 UTC']").first.wait_for()


def test_filter_is_in_the_address_and_comes_back_from_it(serve: Serve, open_page: "Open") -> None:
    server = serve(count=24)
    page = open_page(server.address)
    page.get_by_role("button", name="north").click()
    page.get_by_label("Search devices").fill("pump-00004")
    until(page, ONE_ROW)

    again = open_page(page.url)

    until(again, ONE_ROW)
    assert "site=north" in page.url
    assert again.get_by_label("Search devices").input_value() == "pump-00004"


def test_fleet_without_devices_says_how_one_appears(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=0).address)

    page.get_by_role("heading", name="No device has reported yet").wait_for()
    assert page.locator(".fleet").is_hidden()


def test_words_of_devices_and_people_are_text_and_never_markup(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4, hostile=True)
    alert = server.fleet.fire(HOSTILE)
    server.fleet.act(alert, {"kind": "note", "text": HOSTILE}, "1")
    page = open_page(server.address)

    page.locator(".device-row", has_text=HOSTILE).first.wait_for()
    page.locator(".device-row a").first.click()
    page.locator("h1", has_text=HOSTILE).wait_for()
    page.locator(".alert-line", has_text=HOSTILE).click()
    page.locator(".life .said", has_text=HOSTILE).wait_for()
    page.goto(f"{server.address}/simulator")
    page.locator("option[value^='<img']").first.wait_for(state="attached")

    assert page.locator("img").count() == 0
    assert page.title() != "1"


def test_list_is_used_with_the_keyboard_alone(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=60).address)
    rows(page).first.wait_for()

    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.locator(".vrow[tabindex='0']").focus()
    page.keyboard.press("End")
    page.locator(".vrow:focus[aria-rowindex='60']").wait_for()
    page.keyboard.press("Enter")

    page.wait_for_url("**/devices/west-tank-sensor-00059")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/alerts")


def test_whoever_may_only_look_is_offered_no_action(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4, role="viewer")
    alert = server.fleet.fire("north-pump-00000")

    page = open_page(f"{server.address}/alerts/{alert}")

    page.locator(".evidence").wait_for()
    assert page.locator(".actions button").count() == 0


def test_nothing_is_cut_off_sideways_on_a_phone(serve: Serve, open_page: "Open") -> None:
    server = serve(count=24)
    alert = server.fleet.fire("north-pump-00000")
    page = open_page(server.address, size=(360, 740), has_touch=True)

    for path in ("/", "/devices/north-pump-00000", "/alerts", f"/alerts/{alert}", "/pipeline", "/simulator"):
        page.goto(server.address + path)
        page.locator("main h1").wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
