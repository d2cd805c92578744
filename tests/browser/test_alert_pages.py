"""Alerts in a real browser: the list, the evidence, and what a person does about one."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.browser.made_server import MadeServer

if TYPE_CHECKING:
    from tests.browser.conftest import Open

Serve = Callable[..., MadeServer]
DEVICE = "north-pump-00000"


def test_list_shows_what_fires_and_forgets_what_is_over(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(f"{server.address}/alerts")
    page.get_by_role("heading", name="Nothing fires").wait_for()

    alert = server.fleet.fire(DEVICE)
    page.locator(".alert-row", has_text=DEVICE).wait_for()
    server.fleet.resolve(alert)

    page.get_by_role("heading", name="Nothing fires").wait_for()
    page.get_by_role("button", name="All").click()
    page.locator(".alert-row", has_text=DEVICE).wait_for()


def test_alert_has_an_address_of_its_own_with_its_evidence_drawn(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    alert = server.fleet.fire(DEVICE)

    page = open_page(f"{server.address}/alerts/{alert}")

    page.locator(".panes .pane.out").nth(2).wait_for()
    assert page.locator(".panes .pane").count() == 8
    assert page.locator(".compared").inner_text().split("\n")[:4] == [
        "Value",
        "140 L/min",
        "Expected",
        "190 to 210 L/min",
    ]
    page.locator(".alert-main .series .u-over").wait_for()


def test_alert_is_acknowledged_once_however_often_one_clicks(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    alert = server.fleet.fire(DEVICE)
    page = open_page(f"{server.address}/alerts/{alert}")

    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_label("Message").fill("on my way")
    page.locator("dialog button.primary").dblclick()

    page.locator(".life .said", has_text="on my way").wait_for()
    page.locator(".tag", has_text="acknowledged by local").wait_for()
    assert len(server.fleet.alerts[alert]["actions"]) == 1


def test_alert_is_silenced_and_the_silence_is_listed_and_ended(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    alert = server.fleet.fire(DEVICE)
    page = open_page(f"{server.address}/alerts/{alert}")
    page.get_by_role("button", name="Silence").click()
    page.get_by_label("Why").fill("maintenance")
    page.locator("dialog button.primary").click()
    page.locator(".tag", has_text="silenced").wait_for()

    page.goto(f"{server.address}/alerts?phase=silences")
    page.locator(".silence", has_text="maintenance").wait_for()
    page.get_by_role("button", name="End it").click()

    page.get_by_role("heading", name="Nothing is silenced").wait_for()


def test_note_and_assignment_show_in_the_life_of_the_alert(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(f"{server.address}/alerts/{server.fleet.fire(DEVICE)}")

    page.get_by_role("button", name="Note").click()
    page.locator("dialog textarea").fill("bearing is worn")
    page.locator("dialog button.primary").click()
    page.locator(".life .said", has_text="bearing is worn").wait_for()
    page.get_by_role("button", name="Assign").click()
    page.locator("dialog input").fill("ben")
    page.keyboard.press("Enter")

    page.locator(".life b", has_text="assigned to ben").wait_for()


def test_dialog_closes_with_escape_and_gives_the_focus_back(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(f"{server.address}/alerts/{server.fleet.fire(DEVICE)}")
    page.get_by_role("button", name="Acknowledge").press("Enter")
    page.locator("dialog[open]").wait_for()

    page.keyboard.press("Escape")

    page.locator("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.textContent") == "Acknowledge"


def test_unknown_alert_says_so(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=1).address}/alerts/0123456789abcdef-9", expect="404")

    page.get_by_role("heading", name="No such alert").wait_for()


def test_long_list_of_alerts_is_loaded_as_one_scrolls(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    for _ in range(450):
        server.fleet.fire(DEVICE)
    page = open_page(f"{server.address}/alerts")
    page.locator(".total", has_text="the newest 200 alerts").wait_for()

    for _ in range(40):
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(250)
        if page.locator(".vgrid[aria-rowcount='450']").count():
            break

    page.locator(".total", has_text="450 alerts").wait_for()
    assert page.locator(".vrow").count() < 60


def test_what_late_data_say_of_an_alert_is_shown(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    alert = server.fleet.fire(DEVICE)
    server.fleet.alerts[alert]["amendment"] = "weakened"

    page = open_page(f"{server.address}/alerts/{alert}")

    page.locator(".page-head .tag", has_text="late data: weakened").wait_for()
