"""A pipeline served in this process: readings in, figures out, a fault put in by hand; and nothing else changes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from simulator.scenario import load_scenario
from tocsin.adapters.embedded.open import open_embedded
from tocsin.api.asked import NewFault
from tocsin.api.tokens import TokenRules, issue_token
from tocsin.cli.files import plan_for, scenario_file
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.formats.rejections import REJECTED_PREFIX
from tocsin.core.plan.source import default_plan
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.play import Play
from tocsin.runtime.serving import Serving, ServingSettings
from tocsin.runtime.simulating import Simulating

NOW_MS = 1_795_428_000_000
RULES = TokenRules(b"0123456789abcdef" * 2)


class Served:
    """A pipeline in a file, served, and its clock."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock(NOW_MS)
        self.embedded = open_embedded(path, now_ms=self.clock.now_ms)
        self.pipeline = Pipeline(self.embedded, default_plan(), self.clock.now_ms)
        self.pipeline.start_ticks()
        self.errors: list[str] = []
        settings = ServingSettings("local", "plant", rules=RULES)
        self.serving = Serving(
            self.embedded,
            self.pipeline,
            self.clock.now_ms,
            settings,
            log_error=lambda where, error: self.errors.append(f"{where}: {error}"),
            file=path,
        )

    def ask(self, path: str, method: str = "GET", body: object = None, **claims: str) -> tuple[int, Any]:
        token = issue_token(RULES, {"tenant": "plant", "sub": "x", **claims}, lasts_ms=MINUTE_MS)
        place = urlsplit(self.serving.address)
        connection = HTTPConnection(place.hostname or "", place.port, timeout=20)
        try:
            data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
            connection.request(method, path, data, {"authorization": f"Bearer {token}"})
            response = connection.getresponse()
            return response.status, msgspec.json.decode(response.read())
        finally:
            connection.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path / "a.db")
    yield made
    made.serving.close()
    made.embedded.close()
    assert made.errors == []


def message(device: str, at_ms: int, value: float = 61.2) -> dict[str, object]:
    return {"device": device, "ts": at_ms, "metrics": {"temperature_celsius": value}}


def test_posted_readings_become_windows_that_the_api_shows(served: Served) -> None:
    for minute in range(6):
        status, taken = served.ask(
            "/v1/readings",
            "POST",
            [message("pump-7", served.clock.now_ms() + second) for second in (0, 500)],
            gateway="g",
        )
        assert (status, taken) == (202, {"accepted": 2, "rejected": 0, "reasons": {}})
        served.pipeline.advance_to(served.clock, NOW_MS + (minute + 1) * MINUTE_MS)

    _, series = served.ask("/v1/series?device=pump-7&metric=temperature_celsius&resolution=1m", role="viewer")
    _, devices = served.ask("/v1/devices", role="viewer")
    assert [count for count in series["count"] if count] == [2] * (len(series["count"]) - series["count"].count(0))
    assert max(filter(None, series["columns"]["mean"])) == 61.2
    assert [one["device"] for one in devices["items"]] == ["pump-7"]
    _, other = served.ask("/v1/devices", role="viewer", tenant="other")
    assert other["items"] == []


def test_device_speaks_for_itself_alone_and_what_is_bad_is_kept(served: Served) -> None:
    status, problem = served.ask("/v1/readings", "POST", message("pump-8", NOW_MS), device="pump-7")
    assert (status, problem["type"]) == (400, "urn:tocsin:problem:invalid")
    assert "pump-7" in problem["errors"][0]["rule"]
    assert served.ask("/v1/readings", "POST", b"\xff", gateway="g")[0] == 400
    assert served.ask("/v1/readings", "POST", message("pump-8", NOW_MS), role="operator")[0] == 403

    mixed = [message("pump-7", NOW_MS), message("pump-7", NOW_MS + 10**9)]
    assert served.ask("/v1/readings", "POST", mixed, gateway="g") == (
        202,
        {"accepted": 1, "rejected": 1, "reasons": {"time_in_future": 1}},
    )
    assert len(served.embedded.backend.blobs.names(REJECTED_PREFIX, limit=9)) == 3


def test_who_waits_is_let_go_when_the_server_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, wait = Event(), Serving._pause

    def noted(serving: Serving, seconds: float) -> None:
        waits.set()
        wait(serving, seconds)

    monkeypatch.setattr(Serving, "_pause", noted)
    served = Served(tmp_path / "a.db")
    _, begun = served.ask("/v1/changes", role="viewer")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(served.ask, f"/v1/changes?wait_s=25&since={begun['cursor']}", role="viewer")
        assert waits.wait(timeout=30)
        served.serving.close()
        served.embedded.close()

        assert waiting.result(timeout=20)[0] == 503
    assert served.errors == []


def test_pipeline_page_has_the_figures_of_the_last_sample(served: Served) -> None:
    served.ask("/v1/readings", "POST", message("pump-7", NOW_MS), gateway="g")
    served.serving.observe()

    _, figures = served.ask("/v1/pipeline", role="viewer")

    assert figures["plan_hash"] == served.pipeline.plan_hash
    assert [one["stage"] for one in figures["stages"]] == ["ingest", "processors", "anomaly", "alerts"]
    assert figures["totals"]["messages"] == 0
    assert figures["outbox"] == [{"stage": name, "entries": 0} for name in ("processors", "anomaly", "alerts")]
    assert served.ask("/v1/simulator", role="viewer")[0] == 404


def test_backlog_counts_what_is_not_done_with(served: Served) -> None:
    served.ask("/v1/readings", "POST", message("pump-7", NOW_MS), gateway="g")
    served.clock.advance_to(NOW_MS + 5_000)

    assert served.pipeline.backlog()["processors"] == (1, 5_000)
    served.pipeline.run_due()
    assert served.pipeline.backlog()["processors"] == (0, None)


def played(fault_at: int | None = None) -> tuple[list[Any], Any]:
    """Play the small scenario, with a fault put in after so many steps; return its alerts, and how it stands."""
    file = scenario_file("small")
    with Play(load_scenario(file), plan_for(file, None), seed=1) as play:
        simulating = Simulating(play.fleet, play.embedded.backend.alerts, play.now_ms, seed=1, speed=None)
        moves = []
        for step, frame in enumerate(play.frames()):
            moves += frame.transitions
            if step == fault_at:
                wanted = NewFault("dropout", "north-motor-01", for_ms=12 * MINUTE_MS)
                made = simulating.inject(wanted, "mine")
                assert simulating.inject(wanted, "mine") == made
        lost = frame.wire.generated + frame.wire.duplicated - frame.wire.lost - frame.wire.delivered
        assert lost == 0
        return moves, simulating.figures()


def test_fault_put_in_by_hand_is_found_and_changes_nothing_before_it() -> None:
    plain, _ = played()
    hurt, figures = played(fault_at=45)

    mine = next(fault for fault in figures.faults if fault.injected)
    before = [move for move in hurt if move.at_ms < mine.start_ms]
    assert before == [move for move in plain if move.at_ms < mine.start_ms]
    assert (mine.id, mine.devices, mine.expect) == ("mine", ("north-motor-01",), True)
    assert mine.alert is not None
    assert mine.found_ms is not None
    assert mine.found_ms > mine.start_ms
    assert hurt != plain


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ({"kind": "magic", "device": "north-motor-01"}, "kind must be one of"),
        ({"kind": "dropout", "device": "nobody"}, "device must be one of the scenario's"),
        ({"kind": "stuck", "device": "north-motor-01"}, "metric is missing"),
        ({"kind": "stuck", "device": "north-motor-01", "metric": "x"}, "metric must be one of"),
        ({"kind": "reboot", "device": "north-motor-01", "metric": "x"}, "metric must be absent"),
        ({"kind": "cavitation", "device": "north-motor-01"}, "kind must be one of"),
        ({"kind": "bias", "device": "north-motor-01", "metric": "vibration_mmps"}, "either size"),
        ({"kind": "loss", "device": "north-motor-01"}, "settings ratio is missing"),
        ({"kind": "loss", "device": "north-motor-01", "settings": {"ratio": 2}}, "settings ratio must be from 0 to 1"),
        ({"kind": "loss", "device": "north-motor-01", "settings": {"speed": 2}}, "settings must be of ratio"),
    ],
)
def test_fault_that_cannot_be_says_why(fault: dict[str, Any], rule: str) -> None:

    file = scenario_file("small")
    with Play(load_scenario(file), plan_for(file, None), seed=1) as play:
        simulating = Simulating(play.fleet, play.embedded.backend.alerts, play.now_ms, seed=1, speed=None)
        with pytest.raises(ValueError, match=rule):
            simulating.inject(NewFault(**fault), "x")
