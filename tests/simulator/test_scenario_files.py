"""Scenario and profile files are read as written, and what is wrong is told where it stands."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.profile import PROFILES, Sensor, load_profile
from simulator.scenario import load_scenario
from tests.simulator.played import TYPES
from tocsin.core.errors import PlanError

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SMALL = (SCENARIOS / "small.yaml").read_text()
PUMP = (PROFILES / "pump.yaml").read_text()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(text)
    return path


def problems(path: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(PlanError) as caught:
        load_scenario(path)
    return [(problem.line, problem.key, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "path", sorted(path for path in SCENARIOS.glob("*.yaml") if "." not in path.stem), ids=lambda path: path.name
)
def test_shipped_scenario_can_be_read(path: Path) -> None:
    scenario = load_scenario(path)

    assert scenario.name == path.stem
    assert scenario.devices


@pytest.mark.parametrize("kind", TYPES)
def test_shipped_profile_can_be_read_and_has_all_metrics_of_its_model(kind: str) -> None:
    profile = load_profile(PROFILES / f"{kind}.yaml")

    assert profile.type == kind
    assert set(profile.metrics) == set(profile.model.metrics)
    assert all(low < high for low, high in profile.parameters.values())


def test_devices_are_named_by_site_type_and_number_over_several_fleets(tmp_path: Path) -> None:
    text = SMALL.replace("- {type: motor}", "- {type: motor}\n      - {type: cold_room, count: 2, interval: 5s}")

    devices = load_scenario(written(tmp_path, text)).devices

    assert [name for name in devices if "cold" in name] == [f"north-cold-room-0{n}" for n in (1, 2, 3)]
    assert [d.interval_ms for name, d in devices.items() if "cold" in name] == [5_000, 5_000, 20_000]
    assert devices["north-cold-room-03"].gateway == "north-gw-1"


def test_network_of_a_fleet_changes_only_what_it_says(tmp_path: Path) -> None:
    text = SMALL.replace("{type: motor}", "{type: motor, network: {loss: 0.5}}")

    devices = load_scenario(written(tmp_path, text)).devices

    assert devices["north-motor-01"].network.loss == 0.5
    assert devices["north-motor-01"].network.disorder == 0.05
    assert devices["north-pump-01"].network.loss == 0.01


def test_profile_beside_the_scenario_stands_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "pump.yaml").write_text(PUMP.replace("interval: 10s", "interval: 3s"))
    (tmp_path / "profiles" / "big_pump.yaml").write_text(PUMP.replace("interval: 10s", "interval: 4s"))
    text = SMALL.replace("- {type: motor}", "- {type: motor}\n      - {type: big_pump}")

    devices = load_scenario(written(tmp_path, text)).devices

    assert devices["north-pump-01"].interval_ms == 3_000
    assert devices["north-big-pump-01"].interval_ms == 4_000


def test_fault_by_pattern_befalls_all_that_match(tmp_path: Path) -> None:
    text = SMALL + "  - {at: 1m, device: north-*, kind: loss, ratio: 0.5}\n"

    scenario = load_scenario(written(tmp_path, text))

    assert scenario.faults[-1].devices == frozenset(scenario.devices)
    assert scenario.faults[-1].end_ms == scenario.end_ms


WRONG = [
    pytest.param("duration: 30m", "duration: 30", "duration", "must carry its unit", id="duration without unit"),
    pytest.param("kind: stuck", "kind: stuk", "timeline[0].kind", "must be one of", id="unknown kind"),
    pytest.param(
        "device: north-pump-01", "device: south-*", "timeline[0].device", "must match a device", id="nobody there"
    ),
    pytest.param(
        "metric: flow_lpm, kind: stuck",
        "metric: co2_ppm, kind: stuck",
        "timeline[0].metric",
        "must be one of flow_lpm",
        id="metric of another type",
    ),
    pytest.param("metric: flow_lpm, ", "", "timeline[0].metric", "is missing", id="stuck without metric"),
    pytest.param(
        "device: north-pump-01, metric: flow_lpm, kind: stuck",
        "device: north-pump-01, kind: door_open",
        "timeline[0].kind",
        "must be one of leak, cavitation, wear",
        id="strain that a pump cannot have",
    ),
    pytest.param(", sigmas: 30", "", "timeline[1]", "must give either size", id="bias without size"),
    pytest.param(
        "sigmas: 30", "sigmas: 30, size: 2", "timeline[1]", "must give either size", id="bias with both sizes"
    ),
    pytest.param("kind: outage", "kind: loss", "timeline[2].ratio", "is missing", id="loss without ratio"),
    pytest.param("kind: outage", "kind: clock_jump", "timeline[2].offset", "is missing", id="jump without offset"),
    pytest.param(
        "kind: outage",
        "kind: clock_jump, offset: -90",
        "timeline[2].offset",
        "must carry its unit",
        id="offset without unit",
    ),
    pytest.param("kind: outage", "kind: clipped", "timeline[2]", "must say above or below", id="clipped at nothing"),
    pytest.param("at: 20m", "at: 31m", "timeline[2].at", "must be from 0s to 30m", id="fault after the end"),
    pytest.param(
        "gateway: north-gw-1, kind", "kind", "timeline[2]", "must name either a device or a gateway", id="no target"
    ),
    pytest.param("{type: pump}", "{type: pomp}", "sites[0].fleets[0].type", "must be one of", id="unknown type"),
    pytest.param("{type: pump}", "{type: pump, size: 2}", "sites[0].fleets[0].size", "is unknown", id="unknown key"),
    pytest.param("loss: 0.01", "loss: 1.01", "network.loss", "must be from 0.0 to 1.0", id="loss above 1"),
    pytest.param("2026-11-23", "1926-11-23", "start", "must be from 2000", id="long ago"),
    pytest.param(
        "gateway: north-gw-1}", "gateway: north-pump-01}", "sites", "name of a device", id="gateway named as a device"
    ),
    pytest.param("latitude: 44", "zone: Europe/Nowhere", "sites[0].zone", "must be an IANA name", id="unknown zone"),
    pytest.param("latitude: 44", "latitude: 80", "sites[0].latitude", "must be from -66", id="too far north"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "message"), WRONG)
def test_mistake_is_told_with_line_and_key(tmp_path: Path, right: str, wrong: str, key: str, message: str) -> None:
    assert right in SMALL
    text = SMALL.replace(right, wrong)

    found = problems(written(tmp_path, text))

    matching = [line for line, at, said in found if at == key and message in said]
    assert matching, found
    place = next(n for n, (a, b) in enumerate(zip(SMALL.splitlines(), text.splitlines(), strict=True), 1) if a != b)
    assert matching[0] == place or key == "sites"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("loss: 0.01", "loss: 2").replace("kind: stuck", "kind: stuk").replace("{type: motor}", "{}")

    assert {key for _, key, _ in problems(written(tmp_path, text))} >= {
        "network.loss",
        "timeline[0].kind",
        "sites[0].fleets[1].type",
    }


def test_same_site_twice_is_refused(tmp_path: Path) -> None:
    text = SMALL.replace("timeline:", "  - {name: north, fleets: [{type: pump}]}\ntimeline:")

    assert any("must be unique" in message for _, _, message in problems(written(tmp_path, text)))


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        pytest.param("model: pump", "model: pomp", "model", id="unknown model"),
        pytest.param("flow_lpm: {", "flow_lps: {", "metrics.flow_lps", id="unknown metric"),
        pytest.param("[190, 240]", "[240, 190]", "parameters.flow_rated_lpm", id="range upside down"),
        pytest.param("  flow_rated_lpm", "  flow_rate_lpm", "parameters.flow_rated_lpm", id="missing parameter"),
        pytest.param("noise: 0.9", "nois: 0.9", "metrics.flow_lpm.nois", id="unknown key"),
        pytest.param("resolution: 0.1,", "resolution: 0,", "metrics.flow_lpm.resolution", id="no resolution"),
    ],
)
def test_mistake_in_a_profile_is_told_with_file_and_key(tmp_path: Path, right: str, wrong: str, key: str) -> None:
    assert right in PUMP
    path = tmp_path / "pump.yaml"
    path.write_text(PUMP.replace(right, wrong, 1))

    with pytest.raises(PlanError) as caught:
        load_profile(path)

    assert key in {problem.key for problem in caught.value.problems}
    assert {problem.file for problem in caught.value.problems} == {str(path)}


LINES = SMALL.splitlines()
SCRAPS = st.sampled_from(
    ["", "null", "-1", "[]", "{}", "'", "north", "1e400", "9" * 30, "30m", "kind: leak", "\t", "é"]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_scenario_is_read_or_refused_as_a_plan_error(tmp_path: Path, data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        start = data.draw(st.integers(0, len(lines[place])))
        end = data.draw(st.integers(start, min(len(lines[place]), start + 12)))
        lines[place] = lines[place][:start] + data.draw(SCRAPS) + lines[place][end:]
    path = written(tmp_path, "\n".join(lines))

    try:
        scenario = load_scenario(path)
    except PlanError:
        return
    assert scenario.devices


@pytest.mark.parametrize(
    ("resolution", "value", "shown"),
    [
        (0.1, 61.249, 61.2),
        (0.05, 4.26, 4.25),
        (0.5, 14.8, 15.0),
        (2.5, 6.0, 5.0),
        (1.0, 7.4, 7.0),
        (0.001, 3.6119, 3.612),
    ],
)
def test_sensor_shows_whole_steps_as_the_nearest_decimal(resolution: float, value: float, shown: float) -> None:
    sensor = Sensor("x_volt", noise=0, resolution=resolution, low=0, high=100)

    assert sensor.shown(np.array([value])).tolist() == [shown]
