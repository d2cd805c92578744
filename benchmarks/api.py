"""The query API on the embedded backend: how long answers take, without the socket.

Run ``python -m benchmarks.api``. The file holds a week of one-minute windows of five metrics, and two minutes of a
fleet of 10,000 devices; each question is asked of another device, so nothing of it was read before.
"""

import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import Final

from benchmarks.table import print_table
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.api.dispatch import Api, Reply, Request
from tocsin.api.news import FeedNews
from tocsin.api.ratelimit import Rate, Rates
from tocsin.api.service import Caller, Role, Service
from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, elapsed_s
from tocsin.core.devices import ListedDevice, device_entry
from tocsin.core.plan.source import default_plan
from tocsin.core.ports import WindowItem, WindowStats

NOW_MS: Final = 1_795_428_000_000
WEEK_MS: Final = 7 * DAY_MS
DEVICES: Final = 20
FLEET: Final = 10_000
BATCH: Final = 60
METRICS: Final = ("flow_lpm", "power_watt", "pressure_bar", "speed_rpm", "temperature_celsius")
RESOLUTIONS: Final = ("1m", "2m", "5m", "15m", "1h", "6h", "1d", "day", "week")
BANDED: Final = ("5m", "1h")
BUDGET_MS: Final = 50.0
FREE: Final = Rate(1e9, 1e9)
TIMES: Final = ("fastest ms", "median ms", "median CPU ms")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how often.

    Attributes:
        name: For the table.
        path: Of each time it is asked.
        times: How often.
    """

    name: str
    path: Callable[[int], str]
    times: int = DEVICES


def main() -> None:
    """Print how long each question takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tocsin.db"
        with open_embedded(path, now_ms=lambda: NOW_MS) as embedded:
            _fill(embedded)
        with open_embedded(path, now_ms=lambda: NOW_MS, read_only=True) as embedded:
            api = _api(embedded)
            _print_series(api)
            _print_lists(api)


def _print_series(api: Api) -> None:
    begin = f"from_ms={NOW_MS - WEEK_MS}&until_ms={NOW_MS}&limit=11000"
    rows = []
    for resolution in RESOLUTIONS:
        asked = f"metric=flow_lpm&{begin}&resolution={resolution}"
        took, reply = _asked(api, _question(resolution, asked))
        points = reply.body.count(b",", reply.body.index(b'"start_ms":'), reply.body.index(b'"columns"'))
        rows.append((resolution, f"{points:,}", *took, f"{len(reply.body):,}", f"{BUDGET_MS:.0f}"))
    for resolution in BANDED:
        asked = f"metric=flow_lpm&{begin}&resolution={resolution}&aggregations=mean,min,max,expected_low,expected_high"
        took, reply = _asked(api, _question(resolution, asked))
        rows.append((f"{resolution}, with the band", "", *took, f"{len(reply.body):,}", ""))
    head = ("resolution", "points", *TIMES, "bytes", "budget ms")
    print_table(f"A week of one series, mean, min and max, of {DEVICES} devices with windows of a minute", head, rows)


def _question(name: str, asked: str) -> Question:
    return Question(name, lambda turn: f"/v1/series?device=dev-{turn}&{asked}")


def _print_lists(api: Api) -> None:
    questions = (
        Question("1,000 devices of 10,000", lambda _: "/v1/devices?limit=1000", 5),
        Question("50 devices with sparks of 30 windows", lambda _: "/v1/devices?limit=50&spark=30", 10),
        Question("one device", lambda turn: f"/v1/devices/dev-{turn}"),
        Question("fleet of 10,000", lambda _: "/v1/fleet", 5),
        Question("alerts", lambda _: "/v1/alerts", 10),
        Question("changes, nothing new", lambda _: "/v1/changes", 10),
    )
    rows = []
    for question in questions:
        took, reply = _asked(api, question)
        rows.append((question.name, *took, f"{len(reply.body):,}"))
    print_table("Other questions", ("what", *TIMES, "bytes"), rows)


def _asked(api: Api, question: Question) -> tuple[tuple[str, str, str], Reply]:
    """Return the times, and the last reply."""
    took_ms, cpu_ms = [], []
    gc.collect()
    for turn in range(question.times):
        place, _, query = question.path(turn).partition("?")
        parameters = [tuple(part.split("=")) for part in query.split("&") if part]
        begun_s, begun_cpu_s = elapsed_s(), process_time()
        reply = api.answer(Request("GET", place, parameters))  # type: ignore[arg-type]
        took_ms.append(1_000 * (elapsed_s() - begun_s))
        cpu_ms.append(1_000 * (process_time() - begun_cpu_s))
        assert reply.status == 200, reply.body
    return (f"{min(took_ms):.1f}", f"{median(took_ms):.1f}", f"{median(cpu_ms):.1f}"), reply


def _api(embedded: Embedded) -> Api:
    plan = default_plan()
    service = Service(
        embedded.backend, FeedNews(embedded.backend.alerts.feed), lambda: plan, lambda: NOW_MS, "local", "benchmark"
    )
    caller = Caller("acme", "benchmark", Role.VIEWER, NOW_MS, {})
    return Api(service, lambda _: caller, log_error=print, rates=Rates(FREE, FREE, FREE))


def _fill(embedded: Embedded) -> None:
    random = Random(1)  # noqa: S311  no secret
    first_ms = NOW_MS - WEEK_MS - HOUR_MS
    for begin_ms in range(first_ms, NOW_MS, BATCH * MINUTE_MS):
        starts = range(begin_ms, min(NOW_MS, begin_ms + BATCH * MINUTE_MS), MINUTE_MS)
        embedded.backend.windows.put(
            [_window(f"dev-{device}", start_ms, random) for start_ms in starts for device in range(DEVICES)]
        )
    names = [f"fleet-{number}" for number in range(FLEET - DEVICES)]
    for start_ms in (NOW_MS - 2 * MINUTE_MS, NOW_MS - MINUTE_MS):
        embedded.backend.windows.put([_window(name, start_ms, random) for name in names])
    devices = [*names, *(f"dev-{device}" for device in range(DEVICES))]
    entries = [device_entry("acme", ListedDevice(name, NOW_MS, METRICS)) for name in devices]
    embedded.backend.directory.put(entries)


def _window(device: str, start_ms: int, random: Random) -> WindowItem:
    value = 20.0 + random.random()
    stats = WindowStats(6, value, 6 * value, 0.25, value - 1.5, value + 1.5, value - 0.5, value + 0.5, 0.01)
    return WindowItem("acme", device, MINUTE_MS, start_ms, 0, dict.fromkeys(METRICS, stats))


if __name__ == "__main__":
    main()
