"""One device in a real browser: its series, how it moves through time, what its address says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.browser.made_server import MadeServer
from tests.browser.waiting import settled, until

if TYPE_CHECKING:
    from tests.browser.conftest import Open

Serve = Callable[..., MadeServer]
DEVICE = "/devices/north-pump-00000"
WORDS = "document.querySelector('.range-words').textContent"
COLOURS_IN_CHART = """() => {
  const canvas = document.querySelector('.series canvas');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) {
    seen.add([data[i], data[i + 1], data[i + 2]].join());
  }
  return [...seen];
}"""

COLUMNS_WITH_BAND = """() => {
  const canvas = document.querySelector('.series canvas');
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const isShade = (i) => data[i + 3] > 0 && data[i + 3] < 80 && data[i + 1] > data[i] + 20;
  const columns = new Set();
  for (let i = 0; i < data.length; i += 4) if (isShade(i)) columns.add((i / 4) % width);
  return columns.size;
}"""

HATCHED_RIGHT = """() => {
  const canvas = document.querySelector('.series canvas');
  const from = Math.round(canvas.width * 0.7);
  const { data, width } = canvas.getContext('2d').getImageData(from, 40, canvas.width - from - 40, 60);
  const near = (a, b) => Math.abs(a - b) < 12;
  const isGrey = (i) => data[i + 3] > 10 && near(data[i], data[i + 1]) && near(data[i + 1], data[i + 2]);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) found += isGrey(i);
  return found;
}"""


def charts(page: Any) -> Any:
    page.locator(".chart[aria-label*='points']").nth(2).wait_for()
    return page.locator(".series .u-over")


def test_device_shows_a_chart_of_each_metric(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=8).address + DEVICE)

    assert charts(page).count() == 3
    assert "44,80,196" in page.evaluate(COLOURS_IN_CHART)


def test_alert_is_drawn_into_the_series_in_its_colour(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(server.address + DEVICE, expect="willReadFrequently")
    charts(page)
    assert "179,35,27" not in page.evaluate(COLOURS_IN_CHART)

    server.fleet.fire("north-pump-00000", severity="critical")
    server.fleet.advance(3 * 60_000)

    until(page, f"({COLOURS_IN_CHART})().includes('179,35,27')")
    page.locator(".alert-line[data-state='critical']").wait_for()


def test_pause_holds_the_span_and_live_follows_again(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(server.address + DEVICE)
    charts(page)
    words = page.locator(".range-words")
    held = "09:59 – 10:59 · 1 h"
    until(page, f"{WORDS} === {held!r}")
    page.get_by_role("button", name="Pause").click()

    server.fleet.advance(20 * 60_000)
    page.locator(".page-head time[title='2026-11-23 10:19:00 UTC']").wait_for()

    assert words.inner_text() == held
    page.get_by_role("button", name="Go live").click()
    until(page, f"{WORDS} !== {held!r}")


def test_dragging_moves_all_charts_and_the_address_says_where(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    page = open_page(server.address + DEVICE)
    box = charts(page).first.bounding_box()

    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 60, steps=8)
    page.mouse.up()

    page.wait_for_url("**until=*")
    settled(page, "location.href")
    again = open_page(page.url)
    charts(again)
    assert again.locator(".range-words").inner_text() == page.locator(".range-words").inner_text()
    assert again.get_by_role("button", name="Go live").is_visible()


def test_keys_move_and_zoom_what_a_mouse_would(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=8).address + DEVICE)
    charts(page)
    words = page.locator(".range-words")

    page.keyboard.press("-")
    assert words.inner_text().endswith("2 h")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Go live").wait_for()
    page.keyboard.press("End")
    page.get_by_role("button", name="Pause").wait_for()


def test_series_can_be_read_as_a_table(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=8).address + DEVICE)
    charts(page)

    page.get_by_role("button", name="flow as a table").click()

    assert page.locator(".series-table tbody tr").count() >= 55


def test_gap_is_hatched_and_no_line_goes_through_it(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=8).address}{DEVICE}?range=21600000")
    charts(page)

    page.get_by_role("button", name="flow as a table").click()

    assert page.locator(".series-table td", has_text="–").count() > 0


def test_gap_that_lasts_is_hatched_to_its_end(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8, silent_ms=30 * 60_000)
    page = open_page(server.address + DEVICE, expect="willReadFrequently")
    charts(page)

    right_half = page.evaluate(HATCHED_RIGHT)

    assert right_half > 500  # lines of the scale are half of that


def test_what_is_expected_is_drawn_all_along_also_where_nothing_fires(serve: Serve, open_page: "Open") -> None:
    page = open_page(serve(count=8).address + DEVICE, expect="willReadFrequently")
    charts(page)

    width = page.evaluate("document.querySelector('.series canvas').width")
    assert page.evaluate(COLUMNS_WITH_BAND) > 0.7 * width  # the scale and a gap of ten minutes take the rest
    page.get_by_role("button", name="flow as a table").click()
    assert page.locator(".series-table td:last-child", has_text=" to ").count() >= 45


def test_late_and_revised_points_are_marked_each_in_its_way(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=8).address}{DEVICE}?range=21600000")
    charts(page)

    words = page.locator(".series .chart").first.get_attribute("aria-label")

    assert "late reading" in words
    assert "revised point" in words


def test_unknown_device_says_so(serve: Serve, open_page: "Open") -> None:
    page = open_page(f"{serve(count=8).address}/devices/nobody", expect="404")

    page.get_by_role("heading", name="No such device").wait_for()
