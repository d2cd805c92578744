"""A headless Chromium, and pages in it that must not complain or ask anybody else."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.browser.made_fleet import MadeFleet
from tests.browser.made_server import MadeServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# As root in a container Chromium has no sandbox of its own; the rest keeps it from asking the network for anything.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_MS = 15_000
ZONE = "Europe/Berlin"

Open = Callable[..., "Page"]


def _cannot(reason: str) -> None:
    """Skip; where the browser was asked for by name (`make browser`, CI) fail."""
    if os.environ.get("TOCSIN_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(f"{reason}; `make browser` runs the tests of the dashboard")


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """One browser for all tests."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  it is in an environment of its own
    except ImportError:
        _cannot("needs Playwright")
    if CHROMIUM is None:
        _cannot("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(chromium: "Browser") -> Iterator[Callable[..., "BrowserContext"]]:
    """Return a function that gives a profile with these settings, the same one for all tests: files stay cached."""
    known: dict[str, BrowserContext] = {}
    with ExitStack() as opened:

        def context(size: tuple[int, int], **settings: Any) -> "BrowserContext":
            name = repr((size, sorted(settings.items())))
            if name not in known:
                known[name] = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **settings)
                known[name].set_default_timeout(PATIENCE_MS)
                opened.callback(known[name].close)
            return known[name]

        yield context


@pytest.fixture
def open_page(contexts: Callable[..., "BrowserContext"]) -> Iterator[Open]:
    """Return a function that opens an address in a profile without memory; no page may complain until the end."""
    complaints: list[str] = []
    expected: list[str] = []
    with ExitStack() as pages:

        def open_(
            address: str, *, expect: str | tuple[str, ...] = (), size: tuple[int, int] = (1360, 900), **settings: Any
        ) -> "Page":
            settings = {"timezone_id": ZONE, "locale": "en-GB", "color_scheme": "light", **settings}
            page = contexts(size, **settings).new_page()
            pages.callback(page.close)
            place = urlsplit(address)
            if place.netloc:
                _forget(page, f"{place.scheme}://{place.netloc}")
            expected.extend([expect] if isinstance(expect, str) else expect)
            page.on("console", lambda one: complaints.append(one.text) if one.type in {"error", "warning"} else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "request",
                lambda one: None if _is_own(one.url, place.netloc) else complaints.append(f"asked {one.url}"),
            )
            page.goto(address)
            return page

        yield open_
        said = list(complaints)  # a page that is closed in the middle may complain of just that
    assert not [one for one in said if not any(words and words in one for words in expected)]


def _forget(page: "Page", origin: str) -> None:
    """Forget what pages of the origin have remembered for their next visit."""
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage"})
    session.detach()


def _is_own(url: str, origin: str) -> bool:
    return urlsplit(url).netloc == origin or url.startswith(("data:", "about:"))


@pytest.fixture(scope="session")
def server() -> Iterator[MadeServer]:
    """One server for all tests."""
    with MadeServer(MadeFleet(count=0)) as opened:
        yield opened


@pytest.fixture
def serve(server: MadeServer) -> Callable[..., MadeServer]:
    """Return a function that has the server show a fleet of its own."""

    def show(**fleet: Any) -> MadeServer:
        server.show(MadeFleet(**fleet))
        return server

    return show
