"""Multivariate rules in the step: gathering a device's panes into rows, judging them, and saying who is to blame."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from anomaly.detectors.blocks import METRICS_MAX
from anomaly.detectors.joint_settings import WARM_ROWS
from anomaly.rows import NONE
from anomaly.state import decode, encode
from tests.anomaly.specimens import MINUTE_MS, START_MS, Echo, Pane, Stage, plan_of
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import LimitsRule, MultivariateRule, plan_hash

FLOW, PRESSURE, HEAT = "flow_lpm", "pressure_bar", "case_celsius"
RULE = MultivariateRule(name="out-of-step", threshold=4.0, clear_ms=MINUTE_MS)
QUIET_ROWS = 330


def minutes(begin: int, end: int, *, pressure: float = 0.0, seed: int = 5, device: str = "acme#pump-7") -> list[Pane]:
    """Return three panes a minute: flow and pressure go together, but for the given offset of pressure."""
    panes = []
    for minute in range(begin, end):
        random = np.random.default_rng((seed, minute))
        load, *noise = random.normal(0.0, 1.0, 4).tolist()
        panes += [
            Pane(minute, 25.0 + 3.0 * load + 0.2 * noise[0], device, FLOW),
            Pane(minute, 4.0 + 0.5 * load + 0.05 * noise[1] + pressure, device, PRESSURE),
            Pane(minute, 60.0 + noise[2], device, HEAT),
        ]
    return panes


def fed(stage: Stage, panes: list[Pane], cuts: int = 30) -> list[Transition]:
    """Feed the panes in batches of so many."""
    return [moved for begin in range(0, len(panes), cuts) for moved in stage.feed(*panes[begin : begin + cuts])]


@pytest.fixture
def quiet() -> Stage:
    """Return a stage that has learned a quiet device."""
    stage = Stage(plan_of(RULE))
    assert fed(stage, minutes(0, QUIET_ROWS)) == []
    return stage


def test_metrics_that_part_company_raise_one_alert_of_the_device_that_blames_them(quiet: Stage) -> None:
    told = fed(quiet, minutes(QUIET_ROWS, QUIET_ROWS + 30, pressure=1.0))

    (fired,) = told
    assert (fired.device, fired.metric, fired.kind, fired.phase) == ("pump-7", "", "multivariate", Phase.FIRING)
    parts = fired.evidence.parts
    assert set(parts) == {FLOW, PRESSURE, HEAT}
    assert parts[FLOW] + parts[PRESSURE] > 0.8 * sum(parts.values())
    assert sum(parts.values()) == pytest.approx(fired.evidence.score)
    assert fired.summary.startswith("pump-7: metrics do not go together as usual, ")
    assert "pressure" in fired.summary
    assert "(multivariate out-of-step) since" in fired.summary


def test_alert_resolves_when_they_go_together_again(quiet: Stage) -> None:
    fed(quiet, minutes(QUIET_ROWS, QUIET_ROWS + 30, pressure=1.0))

    told = fed(quiet, minutes(QUIET_ROWS + 30, QUIET_ROWS + 60))

    assert [moved.phase for moved in told] == [Phase.RESOLVED]
    assert told[0].summary.startswith("pump-7: metrics go together as usual again (multivariate out-of-step) after ")


def test_complete_rows_are_judged_at_once_and_incomplete_ones_with_the_next_window(quiet: Stage) -> None:
    [flow, pressure, heat] = minutes(QUIET_ROWS, QUIET_ROWS + 1)
    seen = quiet.state.joint_detector["course"][0, 0]

    quiet.feed(flow, pressure)
    before = quiet.state.joint_detector["course"][0, 0]
    quiet.feed(heat)
    complete = quiet.state.joint_detector["course"][0, 0]
    quiet.feed(*minutes(QUIET_ROWS + 1, QUIET_ROWS + 2)[:2])
    quiet.feed(minutes(QUIET_ROWS + 2, QUIET_ROWS + 3)[0])

    assert (before, complete) == (seen, seen + 1)
    assert quiet.state.joint_detector["course"][0, 0] == seen + 2


def test_any_order_and_split_of_panes_gives_the_same_transitions_and_the_same_bytes() -> None:
    panes = minutes(0, QUIET_ROWS) + minutes(QUIET_ROWS, QUIET_ROWS + 25, pressure=1.0)
    panes = [pane for pane in panes if pane.minute % 50 != 7 or pane.metric != HEAT]
    panes += minutes(QUIET_ROWS + 25, QUIET_ROWS + 50)
    later = [replace(pane, device="acme#pump-8", minute=pane.minute + 20) for pane in panes]
    both = sorted([*panes, *later], key=lambda pane: pane.minute)
    plan = plan_of(LimitsRule(name="hot", metric=HEAT, above=1e6), RULE)
    whole, parts = Stage(plan), Stage(plan)
    cuts = sorted({0, len(both), *np.random.default_rng(3).integers(0, len(both), 300).tolist()})

    told = whole.feed(*both)
    told_of_parts = []
    for begin, end in pairwise(cuts):
        told_of_parts += parts.feed(*both[begin:end])
        parts.state = decode(encode(parts.state), Echo())

    assert [moved.phase for moved in told] == [Phase.FIRING, Phase.FIRING, Phase.RESOLVED, Phase.RESOLVED]
    assert told_of_parts == told
    assert [bool(moved.evidence.parts) for moved in told] == [True, True, False, False]
    assert encode(replace(parts.state, fence={})) == encode(replace(whole.state, fence={}))


def test_a_metric_that_stays_away_is_tolerated(quiet: Stage) -> None:
    panes = [pane for pane in minutes(QUIET_ROWS, QUIET_ROWS + 60) if pane.metric != HEAT]

    assert fed(quiet, panes) == []
    assert quiet.state.joint_detector["course"][0, 0] == QUIET_ROWS + 59


def test_metrics_beyond_what_a_device_can_have_are_counted_and_take_no_part() -> None:
    stage = Stage(plan_of(RULE))

    stage.feed(*(Pane(0, float(place), metric=f"m{place}") for place in range(METRICS_MAX + 2)))

    assert stage.state.counts == {"channels_refused": 2}
    assert not (stage.state.joints["channel"] == NONE).any()


def test_panes_that_the_rule_does_not_cover_are_not_gathered() -> None:
    stage = Stage(plan_of(MultivariateRule(name="out-of-step", metric="*_bar", device="pump-*")))

    stage.feed(*minutes(0, 1), *minutes(0, 1, device="acme#fan-1"), Pane(0, 1.0, metric="x_bar", size_ms=5 * MINUTE_MS))

    assert stage.state.channel_names == [PRESSURE]
    assert len(stage.state.joints) == 1


def test_a_plan_without_the_rule_forgets_what_was_gathered_and_withdraws_the_alert(quiet: Stage) -> None:
    other = plan_of(LimitsRule(name="hot", metric=HEAT, above=1e6))
    quiet.others = [other]
    fed(quiet, minutes(QUIET_ROWS, QUIET_ROWS + 30, pressure=1.0))

    told = quiet.feed(tick=QUIET_ROWS + 40, plan_hash=plan_hash(other))

    assert [moved.phase for moved in told] == [Phase.RESOLVED]
    assert len(quiet.state.joints) == len(quiet.state.joint_detector) == 0


def test_an_older_window_is_not_gathered_again(quiet: Stage) -> None:
    seen = quiet.state.joint_detector["course"][0, 0]

    quiet.feed(*minutes(10, 20))

    assert quiet.state.joint_detector["course"][0, 0] == seen
    assert quiet.state.joints["start_ms"][0] == START_MS + (QUIET_ROWS - 1) * MINUTE_MS


def test_warming_up_raises_nothing() -> None:
    stage = Stage(plan_of(RULE))

    assert fed(stage, minutes(0, WARM_ROWS // 2) + minutes(WARM_ROWS // 2, WARM_ROWS, pressure=50.0)) == []
