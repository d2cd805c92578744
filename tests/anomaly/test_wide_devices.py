"""Devices of more than eight metrics in the step: one verdict a window, however many blocks, and the same laws."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anomaly import joint
from anomaly.detectors import joint_settings, multivariate
from anomaly.detectors.blocks import Blocks
from anomaly.detectors.covariance import CHANNELS_MAX
from anomaly.detectors.multivariate import Multivariate
from anomaly.regroup import regrouped
from anomaly.rows import NONE
from anomaly.state import decode, encode
from tests.anomaly.specimens import MINUTE_MS, Echo, Pane, Stage, plan_of
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import MultivariateRule

RULE = MultivariateRule(name="out-of-step", threshold=2.5, clear_ms=MINUTE_MS)
PARTLY = MultivariateRule(name="evens", metric="m?[02468]", threshold=1.0)
PUMPS = ("acme#pump-7", "acme#pump-8")
WARM_ROWS = 6
MINUTES = 20


@pytest.fixture(scope="module", autouse=True)
def _warm_soon() -> object:
    """Let devices be judged from the seventh row on, so that short histories tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint, "WARM_ROWS", WARM_ROWS)
        patch.setattr(joint_settings, "WARM_ROWS", WARM_ROWS)
        patch.setattr(multivariate, "_WARM", np.array(float(WARM_ROWS)))
        yield


def row_of(width: int, minute: int, device: int = 0) -> list[float]:
    random = np.random.default_rng((width, minute, device))
    cause, *noise = random.normal(0.0, 1.0, width + 1).tolist()
    off = 8.0 if minute >= MINUTES - 5 else 0.0
    return [20.0 + cause + 0.5 * each + off * (place == width - 1) for place, each in enumerate(noise)]


def panes_of(width: int, minutes: range, devices: tuple[str, ...] = PUMPS) -> list[Pane]:
    return [
        Pane(minute, value, device, f"m{place:02d}")
        for minute in minutes
        for which, device in enumerate(devices)
        for place, value in enumerate(row_of(width, minute, which))
    ]


def fed(stage: Stage, panes: list[Pane], cuts: list[int]) -> list[Transition]:
    """Feed the panes in batches that end at the cuts, saving and loading after each."""
    told = []
    for begin, end in pairwise(sorted({0, *cuts, len(panes)})):
        told += stage.feed(*panes[begin:end])
        stage.state = decode(encode(stage.state), Echo())
    return told


@settings(max_examples=12, deadline=None)
@given(width=st.integers(1, 20), seed=st.integers(0, 999))
@example(width=9, seed=20)  # blocks saved in another order show in few histories, and in this one
def test_any_split_of_the_panes_of_wide_devices_gives_the_same_transitions_and_the_same_bytes(
    width: int, seed: int
) -> None:
    random = Random(seed)  # noqa: S311  a history, no secret
    panes = [pane for pane in panes_of(width, range(MINUTES)) if random.random() < 0.97]
    shown = [pane for pane in panes if pane.metric < "m05" or pane.minute > random.choice([0, 3, 9])]
    plan = plan_of(PARTLY, RULE)
    whole, parts = Stage(plan), Stage(plan)

    told = whole.feed(*shown)
    told_of_parts = fed(parts, shown, [random.randrange(len(shown)) for _ in range(random.choice([3, 40]))])

    assert told_of_parts == told
    assert encode(replace(parts.state, fence={})) == encode(replace(whole.state, fence={}))


@pytest.mark.parametrize("width", [1, 7, 8, 9, 12, 16, 17, 20, 64])
def test_a_wide_device_scores_as_the_same_rows_do_for_the_adaptor(width: int) -> None:
    blocks = Blocks(Multivariate().initial(1))
    alerts = [blocks.judge(row_of(width, minute))[1] for minute in range(MINUTES)]
    stage = Stage(plan_of(RULE))

    told = stage.feed(*panes_of(width, range(MINUTES), PUMPS[:1]))

    fired = [moved for moved in told if moved.phase is Phase.FIRING]
    assert [moved.evidence.score for moved in fired] == [next(alert for alert in alerts if alert >= RULE.threshold)]
    rows = stage.state.joint_detector
    assert {name: rows[name].tobytes() for name in rows} == {
        name: column.tobytes() for name, column in blocks.columns().items()
    }


def test_one_alert_of_the_device_blames_the_metric_that_left_whatever_its_block() -> None:
    stage = Stage(plan_of(RULE))

    fired, *more = fed(stage, panes_of(20, range(MINUTES)), [300, 500])

    assert [moved.device for moved in (fired, *more)] == ["pump-7", "pump-8"]
    parts = fired.evidence.parts
    assert "m16" in parts
    assert len(parts) <= 20
    assert max(parts, key=lambda name: parts[name]) == "m19"
    assert sum(parts.values()) == pytest.approx(fired.evidence.score)


def test_a_complete_row_of_all_blocks_is_judged_at_once() -> None:
    stage = Stage(plan_of(RULE))
    stage.feed(*panes_of(12, range(10), PUMPS[:1]))
    *others, last = panes_of(12, range(10, 11), PUMPS[:1])

    stage.feed(*others)
    before = stage.state.joint_detector["course"][:, joint_settings.SEEN].tolist()
    stage.feed(last)

    assert before == [10.0, 10.0]
    assert stage.state.joint_detector["course"][:, joint_settings.SEEN].tolist() == [11.0, 11.0]


def test_a_ninth_metric_that_comes_later_leaves_what_is_known_of_the_eight() -> None:
    stage = Stage(plan_of(RULE))
    stage.feed(*panes_of(8, range(10), PUMPS[:1]))

    stage.feed(*panes_of(9, range(10, 12), PUMPS[:1]))

    eight, ninth = stage.state.joint_detector["course"][:, joint_settings.ROWS].tolist()
    assert eight > 10.0
    assert ninth == 1.0


def test_state_grows_by_a_block_for_every_eight_metrics() -> None:
    stage = Stage(plan_of(RULE))

    stage.feed(*panes_of(17, range(1), PUMPS[:1]), *panes_of(8, range(1), PUMPS[1:]))

    assert stage.state.joints["device"].tolist() == [0, 1, 0, 0]
    assert (stage.state.joints["channel"] != NONE).sum(axis=1).tolist() == [8, 8, 8, 1]


def test_blocks_move_with_their_device_into_other_groups() -> None:
    panes, rest = panes_of(20, range(MINUTES - 6)), panes_of(20, range(MINUTES - 6, MINUTES))
    stage = Stage(plan_of(RULE))
    stage.feed(*panes)
    moved = replace(stage, state=regrouped([decode(encode(stage.state), Echo())], Echo(), 1, {})[0])

    assert moved.feed(*rest) == stage.feed(*rest)
    assert len(moved.state.joints["channel"][0]) == CHANNELS_MAX
