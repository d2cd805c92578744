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
    from playwright.sync_api import Browser, Page

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


@pytest.fixture
def open_page(chromium: "Browser") -> Iterator[Open]:
    """Return a function that opens an address in a fresh profile; at the end no page may have complained."""
    complaints: list[str] = []
    expected: list[str] = []
    with ExitStack() as contexts:

        def open_(
            address: str, *, expect: str | tuple[str, ...] = (), size: tuple[int, int] = (1360, 900), **context: Any
        ) -> "Page":
            settings = {"timezone_id": ZONE, "locale": "en-GB", "color_scheme": "light", **context}
            opened = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **settings)
            contexts.callback(opened.close)
            opened.set_default_timeout(PATIENCE_MS)
            page = opened.new_page()
            origin = urlsplit(address).netloc
            expected.extend([expect] if isinstance(expect, str) else expect)
            page.on("console", lambda one: complaints.append(one.text) if one.type in {"error", "warning"} else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda one: None if _is_own(one.url, origin) else complaints.append(f"asked {one.url}"))
            page.goto(address)
            return page

        yield open_
        said = list(complaints)  # a page that is closed in the middle may complain of just that
    assert not [one for one in said if not any(words and words in one for words in expected)]


def _is_own(url: str, origin: str) -> bool:
    return urlsplit(url).netloc == origin or url.startswith(("data:", "about:"))


@pytest.fixture
def serve() -> Iterator[Callable[..., MadeServer]]:
    """Return a function that serves a made fleet until the test ends."""
    with ExitStack() as servers:
        yield lambda **fleet: servers.enter_context(MadeServer(MadeFleet(**fleet)))
