"""The page from another origin and path than the API's, as `tocsin page` writes it, with the headers it prints."""

import re
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.browser.played import ROOT, TOCSIN

if TYPE_CHECKING:
    from tests.browser.conftest import Open

PLACE = "/iot/fleet/"
ADDRESS = re.compile(r"(http://\S+)/#token=(\S+)")


class _Files(SimpleHTTPRequestHandler):
    headers_too: dict[str, str]

    def do_GET(self) -> None:
        inside = self.path.partition("?")[0].removeprefix(PLACE)
        self.path = f"/{inside}" if inside.startswith("assets/") else "/index.html"
        super().do_GET()

    def end_headers(self) -> None:
        for name, value in self.headers_too.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere(chromium: object, tmp_path: Path) -> Iterator[tuple[str, str, str]]:  # noqa: ARG001  nothing without it
    """Address of the page, address of the API, and a token."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    origin = f"http://127.0.0.1:{server.server_port}"
    command = [TOCSIN, "serve", "--file", tmp_path / "a.db", "--simulate", "small", "--port", "0"]
    served = subprocess.Popen(
        [*command, "--allow-origin", origin], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert served.stdout is not None
        said = ADDRESS.search(served.stdout.readline().decode())
        assert said is not None
        api, token = said.groups()
        folder = tmp_path / "page"
        written = subprocess.run(
            [TOCSIN, "page", folder, "--api", api, "--path", PLACE], capture_output=True, text=True, check=True
        )
        headers = dict(line.split(": ", 1) for line in written.stdout.splitlines())
        handler = type("Handler", (_Files,), {"headers_too": headers})
        server.RequestHandlerClass = partial(handler, directory=str(folder))  # type: ignore[assignment]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield origin + PLACE, api, token
        server.shutdown()
    finally:
        server.server_close()
        served.send_signal(signal.SIGINT)
        served.communicate(timeout=20)


def test_page_is_signed_into_and_used_from_another_origin_and_path(
    elsewhere: tuple[str, str, str], open_page: "Open"
) -> None:
    place, api, token = elsewhere
    page = open_page(place, expect=(f"asked {api}", "401", "404"))  # nothing has been measured yet
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Open").click()

    page.get_by_role("link", name="Simulator").click()
    page.wait_for_url(f"{place}simulator")
    page.get_by_role("button", name="Break it now").click()
    page.locator(".fault[data-injected='true']").first.wait_for()
    page.reload()
    page.locator(".fault[data-injected='true']").first.wait_for()
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url(place)
    page.locator("main h1").wait_for()
