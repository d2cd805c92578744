"""Blocks of eight metrics that are judged together: in columns, and open as plain numbers."""

from collections.abc import Iterator
from math import erfc, sqrt
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.detectors.blocks import BLOCKS_MAX, METRICS_MAX, Blocks, together
from anomaly.detectors.covariance import CHANNELS_MAX
from anomaly.detectors.device import Device
from anomaly.detectors.joint_settings import JointScores
from anomaly.detectors.multivariate import Multivariate
from tocsin.core import codec

Floats = NDArray[np.float64]

ROWS: Final = 420
AT: Final = 380
THRESHOLD: Final = 2.5


def rows_of(width: int, seed: int = 3) -> Floats:
    """Return shape (ROWS, width): metrics that follow two causes, the last of which leaves them at row ``AT``."""
    random = np.random.default_rng((seed, width))
    causes, weights = random.normal(0.0, 1.0, (ROWS, 2)), random.normal(0.0, 1.0, (2, width))
    values = 20.0 + causes @ weights + random.normal(0.0, 0.3, (ROWS, width))
    values[AT:, -1] += 5.0
    return values


def in_columns(values: Floats) -> Iterator[tuple[JointScores, dict[str, NDArray[Any]]]]:
    """Yield what the blocks of two equal devices say together, and their state, after each row."""
    blocks = -(-values.shape[1] // CHANNELS_MAX)
    begins = np.array([0, blocks])
    state = Multivariate().initial(2 * blocks)
    for row in values:
        block = np.resize(
            np.pad(row, (0, -len(row) % CHANNELS_MAX), constant_values=np.nan), (2 * blocks, CHANNELS_MAX)
        )
        scores, state = Multivariate().score(state, block)
        yield together(scores, begins), {name: column[:blocks] for name, column in state.items()}


@pytest.mark.parametrize("width", [*range(1, 21), 40])
def test_open_blocks_say_and_know_the_same_bits_as_columns(width: int) -> None:
    values = rows_of(width)
    if width > 1:
        values[100:110, width // 2] = np.nan
    blocks, state = Blocks(Multivariate().initial(1)), {}

    for row, (scores, after) in zip(values.tolist(), in_columns(values), strict=True):
        assert blocks.judge(row) == (scores.score[0], scores.alert[0])
        assert scores.alert[0] == scores.alert[1]
        state = after

    for name, column in blocks.columns().items():
        assert column.tobytes() == state[name].tobytes(), name


@pytest.mark.parametrize("width", [1, 8, 9, 16, 17, 20])
def test_blocks_saved_and_loaded_after_every_row_say_the_same(width: int) -> None:
    through = Blocks(Multivariate().initial(1))
    saved = Blocks(Multivariate().initial(1))

    for row in rows_of(width).tolist():
        blob = codec.encode("tests.blocks", 1, None, saved.columns())
        saved = Blocks(codec.decode("tests.blocks", blob, version_max=1).arrays)
        assert saved.judge(row) == through.judge(row)


def test_a_device_of_eight_metrics_is_what_it_was_to_the_bit() -> None:
    device, blocks = Device(Multivariate().initial(1)), Blocks(Multivariate().initial(1))

    for row in rows_of(CHANNELS_MAX).tolist():
        judged = device.judge(row)
        assert blocks.judge(row) == (judged.score, judged.alert)

    before = device.columns()
    assert {name: column.tobytes() for name, column in blocks.columns().items()} == {
        name: column.tobytes() for name, column in before.items()
    }


@pytest.mark.parametrize("width", [12, 24, 40])
def test_shares_of_all_blocks_add_up_to_the_alert_score_and_blame_the_metric_that_left(width: int) -> None:
    blocks = -(-width // CHANNELS_MAX)

    *_, (scores, _) = in_columns(rows_of(width))

    shares = scores.shares[:blocks].reshape(-1)
    assert scores.alert[0] > THRESHOLD
    assert shares.sum() == pytest.approx(scores.alert[0])
    assert shares.argmax() == width - 1
    assert shares[width - 1] > 0.5 * scores.alert[0]


@pytest.mark.parametrize("blocks", [2, 3, 5, 8, BLOCKS_MAX])
def test_the_largest_of_many_normal_scores_is_above_the_threshold_as_seldom_as_one(blocks: int) -> None:
    def above(score: float) -> float:
        return 0.5 * erfc(score / sqrt(2.0))

    scores = np.linspace(0.0, 6.0, 60_001)
    quiet = np.zeros((len(scores), blocks))
    quiet[:, 0] = scores
    flat = quiet.reshape(-1)
    said = together(
        JointScores(flat, flat, np.zeros(len(flat), np.bool_), np.zeros((len(flat), CHANNELS_MAX))),
        np.arange(0, len(flat), blocks),
    )
    least = scores[np.argmax(said.alert >= THRESHOLD)]

    assert 0.7 < (1.0 - (1.0 - above(least)) ** blocks) / above(THRESHOLD) < 1.1


def test_blocks_that_warm_up_take_no_toll_and_say_nothing() -> None:
    scores = np.array([3.0, 0.0, 0.0])
    shares = np.zeros((3, CHANNELS_MAX))
    shares[0, 2] = 3.0

    said = together(JointScores(scores, scores, scores == 0.0, shares), np.array([0, 2]))

    assert said.alert.tolist() == [3.0, 0.0]
    assert said.warming.tolist() == [False, True]
    assert said.shares[0, 2] == 3.0


def test_metrics_beyond_the_last_block_are_left_out() -> None:
    within, beyond = Blocks(Multivariate().initial(1)), Blocks(Multivariate().initial(1))
    row = [float(place) for place in range(METRICS_MAX)]

    assert within.judge(row) == beyond.judge([*row, 7.0, 8.0])
    assert len(within.columns()["course"]) == len(beyond.columns()["course"]) == BLOCKS_MAX
