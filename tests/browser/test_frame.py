"""What holds on every page: colours, the connection, keys."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.browser.made_server import MadeServer

if TYPE_CHECKING:
    from tests.browser.conftest import Open

Serve = Callable[..., MadeServer]
GROUND = "getComputedStyle(document.documentElement).backgroundColor"
LIGHT, DARK = "rgb(245, 245, 243)", "rgb(15, 17, 19)"
REFUSED = "ERR_"


def test_colours_follow_the_system_and_then_the_choice(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=4).address, color_scheme="dark")
    page.locator("#theme").wait_for()
    assert page.evaluate(GROUND) == DARK

    page.locator("#theme").click()

    assert page.evaluate(GROUND) == LIGHT
    page.reload()
    page.locator("#theme").wait_for()
    assert page.evaluate(GROUND) == LIGHT


def test_page_says_that_nobody_answers_and_goes_on_when_somebody_does(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4)
    page = open_page(server.address, expect=REFUSED)
    page.get_by_role("heading", name="All 4 devices are fine").wait_for()

    server.go_away()
    page.locator(".banner", has_text="does not answer").wait_for()
    assert page.locator(".device-row:visible").count() == 4
    server.fleet.fire("north-pump-00000")
    server.come_back()

    page.locator(".banner").wait_for(state="hidden")
    page.get_by_role("heading", name="1 of 4 devices needs attention").wait_for()


def test_what_was_opened_while_nobody_answered_fills_when_somebody_does(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4)
    page = open_page(server.address, expect=REFUSED)
    page.get_by_role("heading", name="All 4 devices are fine").wait_for()

    server.go_away()
    page.locator(".device-row:visible a").first.click()
    page.locator(".banner", has_text="does not answer").wait_for()
    server.come_back()

    page.locator(".chart[aria-label*='points']").first.wait_for()


def test_page_opened_while_nobody_answers_waits(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4)
    page = open_page(server.address, expect="50")
    page.get_by_role("heading", name="All 4 devices are fine").wait_for()
    page.route("**/v1/me", lambda route: route.fulfill(status=503, body="{}"))
    page.reload()
    page.get_by_text("Waiting for the server").wait_for()

    page.unroute("**/v1/me")

    page.get_by_role("heading", name="All 4 devices are fine").wait_for()


def test_token_is_taken_out_of_the_address_and_sent(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4)
    page = open_page(server.address)
    page.goto("about:blank")

    with page.expect_request("**/v1/me") as asked:
        page.goto(f"{server.address}/alerts#token=abc.def.ghi")

    assert asked.value.headers["authorization"] == "Bearer abc.def.ghi"
    page.locator("main h1").wait_for()
    assert page.evaluate("location.hash") == ""


def test_whoever_is_not_known_is_asked_for_a_token(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=4).address, expect="401")
    page.route("**/v1/me", lambda route: route.fulfill(status=401, body="{}"))

    page.reload()

    page.get_by_label("Token").wait_for()


def test_single_keys_can_be_turned_off(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=4).address)
    page.locator("main h1").wait_for()
    page.keyboard.press("?")
    page.get_by_label("Single keys act").uncheck()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")

    page.keyboard.press("?")

    assert page.locator("dialog").count() == 0


def test_address_that_leads_nowhere_says_so(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=4).address}/nowhere")

    page.get_by_role("heading", name="No such page").wait_for()


def test_fault_is_injected_from_the_panel(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(f"{server.address}/simulator?device=north-pump-00004")

    page.get_by_label("What goes wrong").select_option("drift")
    page.get_by_label("Metric").select_option("pressure_bar")
    page.get_by_role("button", name="Break it now").click()

    page.locator(".fault[data-found='searching']", has_text="north-pump-00004").wait_for()
    assert server.fleet.faults[0]["metric"] == "pressure_bar"


def test_pipeline_page_shows_figures_that_add_up(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=4).address}/pipeline")

    page.get_by_role("heading", name="6,800 readings a second, nothing waits long").wait_for()
    assert page.locator(".stage").count() == 4
    assert "85,022" in page.locator(".account").first.inner_text()


def test_page_on_aws_says_who_counts_and_offers_no_simulator(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=4, mode='aws').address}/pipeline")

    page.get_by_text("Here the cloud's own metrics count.").wait_for()
    assert page.locator(".stage").count() == 3
    assert page.locator("nav a", has_text="Simulator").count() == 0


def test_panel_says_when_the_scenario_is_over_and_offers_no_more_faults(serve: Serve, open_page: "Open") -> None:
    server = serve(count=4)
    page = open_page(f"{server.address}/simulator")
    page.get_by_role("button", name="Break it now").wait_for()

    server.fleet.is_over = True

    page.get_by_text("The scenario is over.").wait_for()
    assert page.get_by_role("button", name="Break it now").count() == 0
