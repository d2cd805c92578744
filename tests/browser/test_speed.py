"""What the dashboard costs, by the browser's own counters; `make browser ARGS="-n 0 -s -k speed"` prints them."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.browser.made_server import MadeServer
from tests.browser.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.conftest import Open

Serve = Callable[..., MadeServer]
LIVE_SHARE_MAX = 0.10
FRAME_MS = 1_000 / 60
ROWS_MAX = 80
STALL_MS = 50
"""Longer than this without an answer, and a person notices."""

WATCHED_MS = 6_000
DRAG_STEPS = 60
KEPT_SHARE = 0.97
TRIES_MAX = 6

FRAMES = """() => {
  window.frames_ = [];
  const note = (at) => { window.frames_.push(at); window.asked_ = requestAnimationFrame(note); };
  requestAnimationFrame(note);
}"""
LONG_TASKS = """() => {
  window.long_ = [];
  new PerformanceObserver((list) => window.long_.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: 'longtask', buffered: true });
}"""


def processes(browser: "Browser") -> dict[str, float]:
    """Processor time of the browser's processes so far, seconds, by kind; without a GPU drawing is among them."""
    session = browser.new_browser_cdp_session()
    found: dict[str, float] = {}
    for one in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        found[one["type"]] = found.get(one["type"], 0.0) + one["cpuTime"]
    session.detach()
    return found


class Counters:
    """The browser's counters of a page, since this was made: processor time of its main thread, and what it went to.

    Processor time, because on a machine that is busy with other tests the clock on the wall tells of those.
    """

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._begin = self._read()

    def _read(self) -> dict[str, float]:
        names = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in metrics if one["name"] in names}

    def spent(self) -> dict[str, float]:
        """Seconds of the processor, by what they went to; ``TaskDuration`` is all of them."""
        return {name: round(value - self._begin[name], 3) for name, value in self._read().items()}


def test_two_hundred_live_devices_cost_under_a_tenth_of_a_core(
    serve: Serve, open_page: "Open", chromium: "Browser"
) -> None:
    server = serve(count=200)
    page = open_page(server.address)
    until(page, "document.querySelectorAll('.device-row canvas').length > 5")
    page.wait_for_timeout(1_000)
    counters = Counters(page)
    before = processes(chromium)

    for step in range(WATCHED_MS // 1_000):
        server.fleet.advance(60_000)
        if step % 4 == 3:
            server.fleet.fire(f"north-pump-{step * 4:05d}")
        page.wait_for_timeout(1_000)

    used = counters.spent()
    ended = processes(chromium)
    shares = {kind: (ended[kind] - before.get(kind, 0.0)) / (WATCHED_MS / 1_000) for kind in ended}
    told = ", ".join(f"{kind.split('.')[0]} {share:.1%}" for kind, share in shares.items() if share > 0.001)
    print(  # noqa: T201
        f"\n200 devices, a new window for all of them each second: {sum(shares.values()):.1%} of a core ({told}); "
        f"of the page's main thread {used['TaskDuration'] / (WATCHED_MS / 1_000):.1%}"
    )
    assert sum(shares.values()) < LIVE_SHARE_MAX


def dragged(page: Any, left: float, top: float) -> tuple[float, float]:
    """Drag for a while; returns frames a second, and milliseconds of the main thread for each."""
    page.bring_to_front()
    page.mouse.move(left, top)
    page.mouse.down()
    counters = Counters(page)
    page.evaluate(FRAMES)
    for step in range(DRAG_STEPS):
        page.mouse.move(left + 8 * step, top)
        page.wait_for_timeout(12)
    frames = page.evaluate("() => { cancelAnimationFrame(window.asked_); return window.frames_; }")
    page.mouse.up()
    count = len(frames) - 1
    return 1_000 * count / (frames[-1] - frames[0]), 1_000 * counters.spent()["TaskDuration"] / count


def test_charts_keep_sixty_frames_a_second_while_they_are_dragged(serve: Serve, open_page: "Open") -> None:
    server = serve(count=8)
    server.fleet.fire("north-pump-00000")
    page = open_page(f"{server.address}/devices/north-pump-00000?range=21600000")
    page.locator(".chart[aria-label*='points']").nth(2).wait_for()
    box = page.locator(".series .u-over").first.bounding_box()
    blank = open_page("about:blank")

    # Others use this machine as well: a page with nothing on it, dragged in turn, says what it can do just now.
    tries = []
    for _ in range(TRIES_MAX):
        possible, _ = dragged(blank, 100, 60)
        rate, busy_ms = dragged(page, box["x"] + 100, box["y"] + 60)
        tries.append((rate / possible, rate, possible, busy_ms))
        if tries[-1][0] >= KEPT_SHARE:
            break

    share, rate, possible, busy_ms = max(tries)
    print(  # noqa: T201
        f"\nthree charts dragged: {rate:.1f} frames a second, of an empty page {possible:.1f}; "
        f"{busy_ms:.1f} ms of the main thread a frame"
    )
    assert share >= KEPT_SHARE
    assert busy_ms < FRAME_MS / 2


def test_ten_thousand_devices_are_listed_and_scrolled_without_a_stall(serve: Serve, open_page: "Open") -> None:
    server = serve(count=10_000)
    page = open_page(server.address)
    until(page, "document.querySelector('.total')?.textContent.startsWith('10,000')")
    page.wait_for_timeout(500)
    page.evaluate(LONG_TASKS)
    page.evaluate("window.long_.length = 0")
    page.evaluate(FRAMES)
    counters = Counters(page)

    for _ in range(60):
        page.mouse.wheel(0, 4_000)
        page.wait_for_timeout(16)
    page.keyboard.press("Escape")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    until(page, "document.querySelector('.vrow[aria-rowindex=\"10000\"]') !== null")
    frames = page.evaluate("() => { cancelAnimationFrame(window.asked_); return window.frames_; }")
    longest = max(page.evaluate("window.long_"), default=0.0)

    gaps = sorted(later - earlier for earlier, later in pairwise(frames))
    drawn = page.evaluate("document.querySelectorAll('.vrow').length")
    busy_ms = 1_000 * counters.spent()["TaskDuration"] / len(gaps)
    print(  # noqa: T201
        f"\n10,000 devices scrolled: {1_000 * len(gaps) / (frames[-1] - frames[0]):.1f} frames a second, "
        f"95 % within {gaps[int(len(gaps) * 0.95)]:.1f} ms; longest task {longest:.0f} ms; "
        f"{busy_ms:.1f} ms of the main thread a frame; {drawn} rows exist"
    )
    assert drawn < ROWS_MAX
    assert busy_ms < STALL_MS


def test_ten_thousand_devices_answer_a_search_at_once(serve: Serve, open_page: "Open") -> None:
    server = serve(count=10_000)
    page = open_page(server.address)
    until(page, "document.querySelector('.total')?.textContent.startsWith('10,000')")
    counters = Counters(page)

    page.get_by_label("Search devices").fill("09999")
    until(page, "document.querySelectorAll('.vrow:not([hidden])').length === 1")

    busy_ms = 1_000 * counters.spent()["TaskDuration"]
    print(f"\n10,000 devices searched: {busy_ms:.0f} ms of the main thread for five letters")  # noqa: T201
    assert busy_ms < 5 * STALL_MS
