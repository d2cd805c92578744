"""The multivariate detector: laws that every state keeps, and what it finds, blames, gets used to and ignores."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.detectors.covariance import CHANNELS_MAX
from anomaly.detectors.joint_settings import ALERT_FADE, ALERT_KEPT, RELEASE_ROWS, WARM_ROWS, JointScores
from anomaly.detectors.multivariate import Multivariate
from tests.anomaly.detector_suite import HARD_VALUES
from tocsin.core import codec
from tocsin.core.plan.model import MultivariateRule

Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

FLOW, PRESSURE, HEAT = range(3)
QUIET_ROWS: Final = 600
THRESHOLD: Final = MultivariateRule(name="joint").threshold


def device(rows: int, seed: int = 3) -> Floats:
    """Return shape (rows, CHANNELS_MAX): flow and pressure that go together, heat apart, no other channels."""
    random = np.random.default_rng(seed)
    load = random.normal(0.0, 1.0, rows)
    values = np.full((rows, CHANNELS_MAX), np.nan)
    values[:, FLOW] = 25.0 + 3.0 * load + random.normal(0.0, 0.2, rows)
    values[:, PRESSURE] = 4.0 + 0.5 * load + random.normal(0.0, 0.05, rows)
    values[:, HEAT] = 60.0 + random.normal(0.0, 1.0, rows)
    return values


def played(values: Floats, state: Columns | None = None) -> Iterator[tuple[JointScores, Columns]]:
    """Yield scores and state after each row of ``values``, shape (rows, CHANNELS_MAX) or (rows, devices, ...)."""
    detector = Multivariate()
    rows = values if values.ndim == 3 else values[:, None, :]
    columns = detector.initial(rows.shape[1]) if state is None else state
    for row in rows:
        scores, columns = detector.score(columns, row)
        yield scores, columns


def flat(scores: JointScores) -> bytes:
    return b"|".join(array.tobytes() for array in (scores.score, scores.alert, scores.warming, scores.shares))


def alerts(values: Floats) -> Floats:
    return np.array([scores.alert[0] for scores, _ in played(values)])


@pytest.mark.parametrize("kind", HARD_VALUES)
def test_scores_and_state_stay_finite_whatever_the_values(kind: str) -> None:
    values = np.full((400, CHANNELS_MAX), np.nan)
    values[:, 0] = np.resize(HARD_VALUES[kind], 400)
    values[:, 1] = np.arange(400.0)

    for scores, columns in played(values):
        assert np.isfinite([*scores.score, *scores.alert, *scores.shares[0]]).all()
        assert min(*scores.score, *scores.alert, *scores.shares[0]) >= 0.0
        assert np.isfinite(columns["course"]).all()
        assert np.isfinite(columns["precision"]).all()


def test_scoring_leaves_the_state_unchanged() -> None:
    state: Columns | None = None
    for row in device(40):
        before = Multivariate().initial(1) if state is None else state
        for column in before.values():
            column.setflags(write=False)
        state = Multivariate().score(before, row[None, :])[1]


@pytest.mark.parametrize("row", [1, 2, 31, 50, 99, 100, 301, 350])
def test_saved_and_loaded_at_any_row_the_scores_go_on_alike(row: int) -> None:
    values = device(420)
    values[360:380, FLOW] += 5.0
    ran = list(played(values))
    blob = codec.encode("tests.joint", 1, None, ran[row - 1][1])

    loaded = dict(codec.decode("tests.joint", blob, version_max=1).arrays)

    assert [flat(scores) for scores, _ in played(values[row:], loaded)] == [flat(scores) for scores, _ in ran[row:]]


def test_a_device_gets_the_same_bits_alone_and_among_others_of_other_ages() -> None:
    values = np.stack([device(360, seed) for seed in range(5)], axis=1)
    values[:50, 2] = np.nan
    values[300:310, 1, FLOW] += 5.0
    together = list(played(values))

    for place in range(5):
        alone = [flat(scores) for scores, _ in played(values[:, place])]
        whole = [
            JointScores(*(getattr(scores, name)[place : place + 1] for name in ("score", "alert", "warming", "shares")))
            for scores, _ in together
        ]
        assert alone == [flat(scores) for scores in whole]


def test_warming_up_is_said_and_scores_nothing() -> None:
    ran = [scores for scores, _ in played(device(200))]

    assert [bool(scores.warming[0]) for scores in ran] == [row < WARM_ROWS for row in range(200)]
    assert not any(scores.score[0] for scores in ran[:WARM_ROWS])


def test_state_of_a_device_stays_below_a_kilobyte() -> None:
    *_, (_, columns) = played(device(50))

    assert len(codec.encode("tests.joint", 1, None, columns)) < 1024


def test_metrics_that_part_company_are_found_and_blamed() -> None:
    values = device(QUIET_ROWS + 30)
    values[QUIET_ROWS:, PRESSURE] += 0.5 * 1.5  # within its own range, but not with this flow

    ran = [scores for scores, _ in played(values)]

    assert ran[-1].alert[0] > THRESHOLD
    assert ran[-1].shares[0, [FLOW, PRESSURE]].sum() > 0.8 * ran[-1].alert[0]
    assert ran[-1].shares[0].sum() == pytest.approx(ran[-1].alert[0])


def test_load_that_moves_flow_and_pressure_alike_is_quieter_than_one_that_does_not() -> None:
    together, apart = device(QUIET_ROWS + 20), device(QUIET_ROWS + 20)
    together[QUIET_ROWS:, FLOW] += 3.0
    together[QUIET_ROWS:, PRESSURE] += 0.5
    apart[QUIET_ROWS:, FLOW] += 3.0
    apart[QUIET_ROWS:, PRESSURE] -= 0.5

    assert alerts(together)[-1] < 0.5 * alerts(apart)[-1]


def test_a_quiet_device_hardly_crosses_the_threshold() -> None:
    values = np.stack([device(1_500, seed) for seed in range(12)], axis=1)

    crossed = np.array([scores.alert >= THRESHOLD for scores, _ in played(values)])[301:]

    assert crossed.mean() < 0.04
    assert (crossed[1:] & ~crossed[:-1]).mean() < 0.008


def test_an_alarm_outlasts_dips_of_a_few_rows_and_no_more() -> None:
    values = device(QUIET_ROWS + 200)
    values[QUIET_ROWS : QUIET_ROWS + 100, PRESSURE] += 2.0

    found = alerts(values)
    kept = np.minimum(found[:-1], ALERT_KEPT)

    assert (found[1:] >= ALERT_FADE * kept).all()
    assert found[QUIET_ROWS + 99] > 10.0
    assert found[QUIET_ROWS + 99 + 45] < THRESHOLD


def test_an_anomaly_is_not_learned_while_it_lasts() -> None:
    values = device(QUIET_ROWS + 400)
    values[QUIET_ROWS:, HEAT] += 12.0

    assert alerts(values)[QUIET_ROWS + 20 :].min() > THRESHOLD


def test_a_regime_that_stays_becomes_normal_in_the_end() -> None:
    values = device(QUIET_ROWS + RELEASE_ROWS + 4_000)
    values[QUIET_ROWS:, HEAT] += 12.0

    assert alerts(values)[-200:].max() < THRESHOLD


def test_missing_channels_are_tolerated_and_never_blamed() -> None:
    values, holes = device(QUIET_ROWS), device(QUIET_ROWS)
    holes[400:, HEAT] = np.nan

    ran = [scores for scores, _ in played(holes)]

    assert max(scores.alert[0] for scores in ran[420:]) < 4.0
    assert len(alerts(values)) == len(ran)
    assert not any(scores.shares[0, HEAT + 1 :].any() for scores in ran)


def test_a_channel_that_joins_later_makes_the_device_begin_anew() -> None:
    values = device(320)
    values[:200, HEAT] = np.nan

    warming = [bool(scores.warming[0]) for scores, _ in played(values)]

    assert warming == [row < WARM_ROWS or 200 <= row < 200 + WARM_ROWS for row in range(320)]
