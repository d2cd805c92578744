"""Another number of key groups changes nothing of what is known, told or counted."""

from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import structs

from anomaly.detectors.adaptive import Adaptive
from anomaly.regroup import regrouped as regrouped_anomaly
from anomaly.rows import TABLES
from anomaly.state import GroupState
from anomaly.table import Table
from processors.geometry import geometry_of
from processors.regroup import regrouped as regrouped_processors
from processors.state import encode_group
from tests.runtime.walk import PLAN, START_MS, play, transitions_of, walk
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import HOUR_MS, MINUTE_MS, VirtualClock
from tocsin.core.errors import ConfigError
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import (
    AdaptiveRule,
    FlatlineRule,
    MetricPlan,
    MultivariateRule,
    PeersRule,
    Plan,
    RateRule,
    Timing,
    Window,
)
from tocsin.core.plan.modes import Mode
from tocsin.runtime.generations import insist_on_generation, load_known
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.rescale import rescale

RICH = structs.replace(
    PLAN,
    metrics=(
        MetricPlan("flow_*", (Window(30_000, 30_000), Window(5 * MINUTE_MS, MINUTE_MS)), quantiles=(0.5, 0.99)),
        MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS), Window(3 * MINUTE_MS, MINUTE_MS))),
    ),
    timing=Timing(correction_ms=10 * MINUTE_MS),
    rules=(
        *PLAN.rules,
        RateRule("fast", metric="flow_*", rise_per_s=0.9),
        FlatlineRule("flat", flat_ms=2 * MINUTE_MS, tolerance=100.0),
        AdaptiveRule("odd"),
        MultivariateRule("together"),
        AdaptiveRule("odd-in-mode", baselines=("fast", "slow")),
        PeersRule("apart", metric="temperature_*", members_min=4, window_ms=MINUTE_MS, wait_ms=2 * MINUTE_MS),
    ),
    devices=(DevicePlan("pump-*", type="pump"),),
    modes=(Mode("slow", metric="flow_lpm", below=100.0), Mode("fast", metric="flow_lpm", above=0.0)),
    groups=4,
)
MINUTES = 10
DEVICES = 8


def played(changes: dict[int, int], devices: int = DEVICES, shards: int = 2) -> dict[str, Any]:
    """Play the walk; at each minute of ``changes`` rescale to so many groups. Return what came of it."""
    clock, plan = VirtualClock(START_MS), RICH
    records = list(walk(devices=devices, minutes=MINUTES))
    with open_embedded(None, now_ms=clock.now_ms, shards=shards) as embedded:
        pipeline = _pipeline(embedded, plan, clock)
        for minute in range(MINUTES):
            begin = START_MS + minute * MINUTE_MS
            list(play(pipeline, clock, [one for one in records if begin <= one.arrival_ms < begin + MINUTE_MS]))
            if minute in changes:
                plan = structs.replace(plan, groups=changes[minute], generation=plan.generation + 1)
                done = rescale(embedded, plan, clock.now_ms)
                assert sum(done.after) == sum(done.before) == devices
                pipeline = _pipeline(embedded, plan, clock)
        pipeline.advance_to(clock, START_MS + (MINUTES + 6) * MINUTE_MS)
        return _outcome(embedded, pipeline, devices)


def _pipeline(embedded: Embedded, plan: Plan, clock: VirtualClock) -> Pipeline:
    pipeline = Pipeline(embedded, plan, clock.now_ms)
    pipeline.start_ticks()
    return pipeline


def _outcome(embedded: Embedded, pipeline: Pipeline, devices: int) -> dict[str, Any]:
    windows = [
        item
        for number in range(devices)
        for size_ms in (30_000, MINUTE_MS, 3 * MINUTE_MS, 5 * MINUTE_MS)
        for item in embedded.backend.windows.query(
            "acme", f"pump-{number}", size_ms=size_ms, start_ms=START_MS - HOUR_MS, end_ms=START_MS + HOUR_MS, limit=999
        )
    ]
    counts = pipeline.counts()
    decided = embedded.backend.decisions.query("acme", limit=10_000)
    return {
        "alerts": transitions_of(embedded),
        "windows": msgspec.json.encode(windows),
        "decided": [(one.alert.fingerprint, one.alert.number, one.decision) for one in decided],
        "counts": (counts.messages, counts.duplicates, counts.rejected, counts.readings, counts.late),
        "unjudged": counts.unjudged,
    }


@pytest.fixture(scope="module")
def usual() -> dict[str, Any]:
    return played({})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({6: 1}, id="one group"),
        pytest.param({3: 16, 7: 2, 8: 4}, id="again and again"),
    ],
)
def test_nothing_that_is_known_told_or_counted_changes(usual: dict[str, Any], changes: dict[int, int]) -> None:
    found = played(changes)

    assert usual["alerts"].count("firing") >= 3
    assert found["alerts"] == usual["alerts"]
    assert found["windows"] == usual["windows"]
    assert found["counts"] == usual["counts"]
    assert found["unjudged"] == usual["unjudged"]
    assert found["decided"] == usual["decided"]


def half_way(embedded: Embedded, clock: VirtualClock) -> None:
    pipeline = _pipeline(embedded, RICH, clock)
    list(play(pipeline, clock, walk(devices=DEVICES, minutes=3)))


def test_dividing_among_as_many_groups_changes_no_byte_and_among_others_loses_nothing() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        half_way(embedded, clock)
        known, geometry = load_known(embedded.backend, RICH, Adaptive(), reads_only=True), geometry_of(RICH)

        once = regrouped_processors(known.processors, geometry, 4)
        twice = regrouped_processors(once, geometry, 4)
        others = regrouped_processors(once, geometry, 16)

    assert [encode_group(one, geometry) for one in twice] == [encode_group(one, geometry) for one in once]
    for groups in (once, others):
        assert sum(len(one.identities) for one in groups) == sum(len(one.identities) for one in known.processors) > 0
        assert np.sum([one.slices.count.sum() for one in groups]) == np.sum(
            [one.slices.count.sum() for one in known.processors]
        )


def learned(states: list[GroupState]) -> dict[tuple[object, ...], bytes]:
    """Return all that the states know, each under names that do not depend on its group."""
    found: dict[tuple[object, ...], bytes] = {}
    for state in states:
        series_names = []
        for row in range(len(state.series)):
            device = state.device_keys[state.series["device"][row]]
            metric = state.metric_names[state.series["metric"][row]]
            name = (device, metric, state.sizes_ms[state.series["size"][row]])
            series_names.append(name)
            found["series", *name] = bytes_of(state.series, row, but=("device", "metric", "size", "detector"))
            if (own := int(state.series["detector"][row])) >= 0:
                found["detector", *name] = bytes_of(state.detector, own)
        for row, key in enumerate(state.device_keys):
            found["device", key] = bytes_of(state.devices, row)
        for table, places in (("alerts", state.alerts), ("stills", state.stills)):
            for row in range(len(places)):
                of = int(places["series"][row])
                subject = series_names[of] if of >= 0 else (state.device_keys[places["device"][row]],)
                rule = state.rule_names[places["rule"][row]]
                named = int(places["baseline"][row]) if table == "stills" else 0
                mode = state.mode_names[named - 1] if named else ""
                found[table, rule, mode, *subject] = bytes_of(
                    places, row, but=("device", "series", "rule", "baseline", "detector")
                )
                if table == "stills" and (own := int(places["detector"][row])) >= 0:
                    found["memory", rule, mode, *subject] = bytes_of(state.detector, own)
        found |= _of_modes(state, series_names)
    return found


def _of_modes(state: GroupState, series_names: list[tuple[str, str, int]]) -> dict[tuple[object, ...], bytes]:
    """Return what is known of modes, and what waits for one."""
    found: dict[tuple[object, ...], bytes] = {}
    for row in range(len(state.modes)):
        mode = state.mode_names[state.modes["mode"][row]]
        found["mode", state.device_keys[state.modes["device"][row]], mode] = bytes_of(
            state.modes, row, but=("device", "mode")
        )
    for row in range(len(state.held)):
        rule = state.rule_names[state.held["rule"][row]]
        found["held", rule, *series_names[state.held["series"][row]]] = bytes_of(
            state.held, row, but=("series", "rule")
        )
    for row in range(len(state.joints)):
        key = state.device_keys[state.joints["device"][row]]
        channels = [state.channel_names[one] if one >= 0 else "" for one in state.joints["channel"][row]]
        found["joint", key, *channels] = bytes_of(state.joint_detector, row)
    return found


def test_every_table_of_the_anomaly_stage_is_one_that_is_divided() -> None:
    # A new one needs its lines in anomaly/regroup.py, and in `learned` above.
    assert set(TABLES) == {"devices", "series", "alerts", "stills", "joints", "modes", "held"}


def bytes_of(table: Table, row: int, but: tuple[str, ...] = ()) -> bytes:
    return b"".join(table[name][row].tobytes() for name in sorted(table) if name not in but)


@pytest.mark.parametrize("count", [1, 16])
def test_what_was_learned_of_each_series_stays_with_it(count: int) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        pipeline = _pipeline(embedded, RICH, clock)
        list(play(pipeline, clock, walk(devices=DEVICES, minutes=8)))
        known = load_known(embedded.backend, RICH, Adaptive(), reads_only=True)

    divided = regrouped_anomaly(known.anomaly, Adaptive(), count, {})

    before, after = learned(known.anomaly), learned(divided)
    assert {name[0] for name in before} == {"series", "detector", "device", "alerts", "stills", "joint"} | {
        "mode",
        "memory",
    }
    assert after == before


def test_a_dry_run_changes_nothing() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        half_way(embedded, clock)
        plan = structs.replace(RICH, groups=8, generation=2)

        done = rescale(embedded, plan, clock.now_ms, is_trial=True)

        insist_on_generation(embedded.backend.blobs, RICH)
        assert (len(done.before), len(done.after), sum(done.after)) == (4, 8, DEVICES)
        assert sum(load_known(embedded.backend, plan, Adaptive(), reads_only=True).devices()) == 0


def test_the_former_generation_is_refused_once_it_is_superseded() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        half_way(embedded, clock)
        plan = structs.replace(RICH, groups=8, generation=2)
        rescale(embedded, plan, clock.now_ms)

        insist_on_generation(embedded.backend.blobs, plan)
        with pytest.raises(ConfigError, match="generation 1 of the state was superseded by generation 2"):
            insist_on_generation(embedded.backend.blobs, RICH)
        with pytest.raises(ConfigError, match="superseded"):
            rescale(embedded, plan, clock.now_ms)


@pytest.mark.parametrize("changed", [{"generation": 3}, {"groups": 8}, {"generation": 2, "rules": ()}])
def test_a_plan_that_changes_something_else_is_refused(changed: dict[str, Any]) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        half_way(embedded, clock)

        with pytest.raises(ConfigError, match="groups and generation alone"):
            rescale(embedded, structs.replace(RICH, **changed), clock.now_ms)
