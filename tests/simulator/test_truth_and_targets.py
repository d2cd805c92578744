"""The truth says what was done; targets take everything, at the asked pace."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from simulator.fleet import Batch, deliveries
from simulator.kinds import KINDS
from simulator.network import Counts
from simulator.scenario import load_scenario
from simulator.sources import Delivery
from simulator.targets import PUT_ATTEMPTS_MAX, LogTarget, RecordingTarget, StreamTarget, paced
from simulator.truth import read_truth, truth_of, write_truth
from tests.simulator.played import device, fault, scene
from tocsin.core.errors import RecordingError, UnavailableError
from tocsin.core.formats.recording import Recorded
from tocsin.core.ports import LogRecord

SCENARIOS = Path(__file__).parents[2] / "scenarios"
DIRECT = Delivery(1_000, "demo", "pump-1", b'{"device":"pump-1"}')
BODY = Delivery(2_000, "demo", "gw-1", b'{"device":"pump-2"}\n{"device":"pump-3"}', "gw-1", 2)


def no_pause(_: float) -> None:
    """Return at once."""


class RefusingLog:
    """Refuses the first record so many times."""

    def __init__(self, refusals: int = 0) -> None:
        self.records: list[LogRecord] = []
        self.refusals = refusals

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        refused = 1 if self.refusals else 0
        self.refusals -= refused
        self.records += records[refused:]
        return range(refused)


class ListQueue:
    """Takes everything."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send(self, bodies: Sequence[str]) -> Sequence[int]:
        self.bodies += bodies
        return ()


class ListWriter:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.records: list[Recorded] = []

    def append(self, record: Recorded) -> None:
        self.records.append(record)


def test_truth_has_a_row_for_each_device_that_a_fault_befalls() -> None:
    scenario = load_scenario(SCENARIOS / "small.yaml")

    rows = truth_of(scenario)

    stuck, bias, *outages = rows
    assert (stuck.kind, stuck.device, stuck.metric) == ("stuck", "north-pump-01", "flow_lpm")
    assert stuck.start_ms == scenario.start_ms + 600_000
    assert stuck.end_ms == stuck.settled_ms == scenario.start_ms + 1_080_000
    assert bias.metrics == ("vibration_mmps",)
    assert [row.device for row in outages] == ["north-cold-room-01", "north-hvac-01", "north-tank-sensor-01"]
    assert all(row.kind == "outage" and row.gateway == "north-gw-1" for row in outages)
    assert all(row.settled_ms == row.end_ms + 30_000 for row in outages)


def test_truth_expects_an_alert_for_hurt_devices_and_none_for_a_bad_network() -> None:
    expected = {kind for kind, about in KINDS.items() if about.expect}

    assert {"outage", "stuck", "drift", "spike", "dropout", "bias", "clipped", "dying_battery", "leak"} <= expected
    assert not {"loss", "duplicates", "disorder", "clock_skew", "clock_jump", "reboot"} & expected
    assert all(about.detectable_by for about in KINDS.values() if about.expect)


def test_truth_of_a_physical_fault_lasts_until_the_device_has_recovered() -> None:
    pump = device("pump")
    (row,) = truth_of(scene(pump, faults=[fault("cavitation")]))

    assert row.settled_ms - row.end_ms == pump.profile.settle_ms
    assert row.metrics == ("flow_lpm", "pressure_bar", "current_ampere", "vibration_mmps")


def test_truth_of_a_scenario_without_faults_is_empty() -> None:
    assert truth_of(load_scenario(SCENARIOS / "quiet.yaml")) == []


def test_truth_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    rows = truth_of(load_scenario(SCENARIOS / "demo.yaml"))

    write_truth(tmp_path / "truth.jsonl", rows)

    assert read_truth(tmp_path / "truth.jsonl") == rows
    assert len(rows) > 30


@pytest.mark.parametrize("line", [b"{}", b"not json", b'{"start_ms": "soon"}'])
def test_line_that_is_no_truth_is_refused_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "truth.jsonl"
    rows = truth_of(load_scenario(SCENARIOS / "small.yaml"))
    write_truth(path, rows[:1])
    path.write_bytes(path.read_bytes() + line + b"\n")

    with pytest.raises(RecordingError, match=r"truth\.jsonl:2: "):
        read_truth(path)


def test_truth_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        read_truth(tmp_path / "none.jsonl")


def test_devices_go_to_the_log_under_their_keys_and_gateways_into_the_queue() -> None:
    log, queue = RefusingLog(), ListQueue()

    LogTarget(log, queue, no_pause).put([DIRECT, BODY])

    assert log.records == [LogRecord("demo#pump-1", DIRECT.data)]
    assert queue.bodies == [BODY.data.decode()]


def test_refused_records_are_put_again() -> None:
    log, pauses = RefusingLog(refusals=2), list[float]()

    LogTarget(log, ListQueue(), pauses.append).put([DIRECT])

    assert log.records == [LogRecord("demo#pump-1", DIRECT.data)]
    assert pauses == [0.05, 0.1]


def test_log_that_keeps_refusing_is_told() -> None:
    log = RefusingLog(refusals=PUT_ATTEMPTS_MAX)

    with pytest.raises(UnavailableError, match="1 records were refused 8 times"):
        LogTarget(log, ListQueue(), no_pause).put([DIRECT])


def test_recording_holds_each_message_under_its_device() -> None:
    writer = ListWriter()

    RecordingTarget(writer).put([DIRECT, BODY])

    assert writer.records == [
        Recorded(1_000, "demo#pump-1", b'{"device":"pump-1"}'),
        Recorded(2_000, "demo#pump-2", b'{"device":"pump-2"}'),
        Recorded(2_000, "demo#pump-3", b'{"device":"pump-3"}'),
    ]


def test_stream_gets_a_line_a_message() -> None:
    stream = io.BytesIO()
    scenario = load_scenario(SCENARIOS / "small.yaml")
    counts = Counts()

    for batch in deliveries(scenario, 1):
        StreamTarget(stream).put(batch.deliveries)
        counts += batch.counts

    lines = stream.getvalue().splitlines()
    assert len(lines) == counts.delivered
    assert all(json.loads(line)["metrics"] for line in lines)


class Stopwatch:
    """A clock that moves while somebody waits."""

    def __init__(self) -> None:
        self.at_ms = 5_000

    def now_ms(self) -> int:
        return self.at_ms

    def pause(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1_000)


def batches(steps: int) -> list[Batch]:
    return [Batch(60_000 * (step + 1), [], Counts()) for step in range(steps)]


def test_batches_come_when_their_end_has_come_at_the_asked_speed() -> None:
    clock = Stopwatch()

    seen = [clock.at_ms for _ in paced(batches(3), start_ms=0, speed=240.0, now_ms=clock.now_ms, pause=clock.pause)]

    assert seen == [5_250, 5_500, 5_750]


def test_pace_catches_up_after_a_slow_reader() -> None:
    clock = Stopwatch()
    seen = []

    for _ in paced(batches(4), start_ms=0, speed=240.0, now_ms=clock.now_ms, pause=clock.pause):
        seen.append(clock.at_ms)
        if len(seen) == 1:
            clock.at_ms += 600

    assert seen == [5_250, 5_850, 5_850, 6_000]


def test_as_fast_as_possible_never_waits() -> None:
    clock = Stopwatch()

    played = list(paced(batches(3), start_ms=0, speed=None, now_ms=clock.now_ms, pause=clock.pause))

    assert len(played) == 3
    assert clock.at_ms == 5_000
