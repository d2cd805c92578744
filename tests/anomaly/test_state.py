"""The state: what is saved is what was, and it stays small."""

import numpy as np
import pytest

from anomaly.detectors.adaptive import Adaptive
from anomaly.state import STATE_SCHEMA, STATE_VERSION, GroupState, decode, encode, initial, name_of
from anomaly.step import step
from tests.anomaly.specimens import LOW_FLOW, MINUTE_MS, Echo, Pane, Stage, batch, plan_of
from tocsin.core import codec
from tocsin.core.errors import DamagedError
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import AdaptiveRule, DriftRule, FlatlineRule, MissingRule, MultivariateRule, RateRule

SERIES_BYTES_MAX = 8 * 1024
ALL_KINDS = (
    LOW_FLOW,
    RateRule(name="fast", rise_per_s=0.5),
    FlatlineRule(name="flat", flat_ms=3 * MINUTE_MS),
    DriftRule(name="level", learn_ms=30 * MINUTE_MS),
    MissingRule(name="silent"),
    MissingRule(name="no-metric", scope="metric"),
    AdaptiveRule(name="adaptive", threshold=50.0),
    MultivariateRule(name="joint"),
)


def lived() -> GroupState:
    """Return a state in which every table has rows."""
    stage = Stage(plan_of(*ALL_KINDS))
    for minute, mean in enumerate([25.0, 12.0, 30.0, 60.0, 25.0]):
        stage.feed(Pane(minute, mean), Pane(minute, mean, "acme#pump-8"), tick=minute + 2)
    return stage.state


def test_state_survives_being_saved_and_loaded() -> None:
    state = lived()

    loaded = decode(encode(state), Echo())

    assert encode(loaded) == encode(state)
    for name in ("devices", "series", "stills", "detector", "joints", "joint_detector"):
        table, other = getattr(state, name), getattr(loaded, name)
        assert len(table) > 0
        for column in table:
            np.testing.assert_array_equal(table[column], other[column])
    assert (loaded.device_rows, loaded.series_rows) == (state.device_rows, state.series_rows)
    assert (loaded.fence, loaded.ticks, loaded.tick_ms) == (state.fence, state.ticks, state.tick_ms)


def test_first_state_has_no_rows() -> None:
    state = initial(Echo())

    assert encode(decode(encode(state), Echo())) == encode(state)
    assert len(state.devices) == len(state.series) == len(state.alerts) == 0


@pytest.mark.parametrize("series", [1, 50])
def test_state_of_a_series_with_all_kinds_and_open_alerts_is_bounded(series: int) -> None:
    plan, state = plan_of(*ALL_KINDS), initial(Adaptive())
    devices = [f"acme#{'d' * 60}{place}" for place in range(series)]
    sizes = []
    for minute in range(50):
        mean = 12.0 if minute % 2 else 60.0
        fed = batch(minute + 1, [Pane(minute, mean + minute, device) for device in devices], tick=minute + 2)
        state = step(state, (fed,), plans=PlanBook(plan), detector=Adaptive()).state
        sizes.append(len(encode(state)))

    overhead = len(encode(initial(Adaptive()))) + 1024  # names of columns, rules and metrics
    assert len(state.alerts) >= 2 * series
    assert (sizes[-1] - overhead) / series <= SERIES_BYTES_MAX
    assert sizes[-1] == sizes[-20], "a series does not grow with what it sees"


def test_columns_of_another_detector_are_forgotten_and_learned_anew() -> None:
    class Newer(Echo):
        version = 2

    stage = Stage(plan_of(*ALL_KINDS))
    stage.feed_means(25.0, 25.0)

    loaded = decode(encode(stage.state), Newer())
    done = step(loaded, (batch(3, [Pane(2)]),), plans=PlanBook(stage.plan), detector=Newer())

    assert loaded.detector_name == name_of(Newer()) == "echo:2"
    assert done.state.detector["seen"].tolist() == [1]
    assert done.state.series["ring"].tolist() == [3]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda blob: blob[:-9], id="cut"),
        pytest.param(lambda _: codec.encode("processors.state", 1, None, {}), id="of another stage"),
        pytest.param(lambda _: codec.encode(STATE_SCHEMA, STATE_VERSION, 7, {}), id="of another form"),
        pytest.param(lambda _: codec.encode(STATE_SCHEMA, STATE_VERSION + 1, None, {}), id="of a newer release"),
        pytest.param(lambda blob: blob.replace(b"series.last_ms", b"series.lost_ms"), id="without a column"),
        pytest.param(
            lambda blob: blob.replace(b"series.last_ms\xa3<i8", b"series.last_ms\xa3<f8"), id="of another type"
        ),
    ],
)
def test_bytes_that_are_no_state_are_named_so(damage: object) -> None:
    blob = encode(lived())

    with pytest.raises(DamagedError):
        decode(damage(blob), Echo())  # type: ignore[operator]
