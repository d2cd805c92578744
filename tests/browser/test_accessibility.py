"""Every page against the rules of WCAG 2.2 A and AA that a program can judge, by axe-core from npm."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lived_in import DEVICE, live_an_hour
from tests.browser.made_server import MadeServer

if TYPE_CHECKING:
    from tests.browser.conftest import Open

AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = {"light": (1360, 900), "dark": (390, 844)}
FOUND = "rules => axe.run(document, { runOnly: rules }).then(({ violations }) => violations)"


@pytest.mark.parametrize("look", LOOKS)
def test_page_breaks_no_rule_of_wcag(look: str, serve: Callable[..., MadeServer], open_page: "Open") -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core: `npm ci --prefix dashboard`")
    server = serve(count=60)
    alert = live_an_hour(server.fleet)
    page = open_page(server.address, size=LOOKS[look], color_scheme=look)
    paths = ("/", f"/devices/{DEVICE}", "/alerts?phase=all", f"/alerts/{alert}", "/alerts?phase=silences", "/pipeline")
    found = []

    for path in (*paths, "/simulator"):
        page.goto(server.address + path)
        page.locator("main .panel, main .vrow").first.wait_for()
        page.wait_for_timeout(200)  # colours fade in
        page.evaluate(AXE.read_text("utf-8"))
        found += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in page.evaluate(FOUND, RULES)]

    assert not found, "\n".join(found)
