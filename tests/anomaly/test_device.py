"""A device as plain numbers against the columns: the same bits, in scores and in state."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.detectors.covariance import CHANNELS_MAX
from anomaly.detectors.device import Device, Judged
from anomaly.detectors.joint_settings import RELEASE_ROWS, JointScores
from anomaly.detectors.multivariate import Multivariate
from tests.anomaly.detector_suite import HARD_VALUES
from tocsin.core import codec

Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

ROWS: Final = 700
KINDS: Final = ("quiet", "holes", "joins", "wild", "extremes")


def rows_of(kind: str) -> Floats:
    """Return shape (ROWS, CHANNELS_MAX), with an anomaly at the end."""
    random = np.random.default_rng(5)
    values = random.normal(20.0, 1.0, (ROWS, CHANNELS_MAX))
    values[:, 1] += values[:, 0]
    if kind == "holes":
        values[random.random(values.shape) < 0.1] = np.nan
        values[:, 6:] = np.nan
    elif kind == "joins":
        values[:200, 5] = values[:500, 6] = values[:, 7] = np.nan
    elif kind == "wild":
        values *= 10.0 ** random.integers(-12, 13, values.shape)
        values[:, 3], values[:, 4] = 0.0, np.round(values[:, 4])
    elif kind == "extremes":
        for channel, hard in enumerate(list(HARD_VALUES.values())[:CHANNELS_MAX]):
            values[:, channel] = np.resize(hard, ROWS)
    values[342:356, 2] += 9.0
    values[600:640, 2] += 9.0
    return values


def in_columns(values: Floats) -> Iterator[tuple[JointScores, Columns]]:
    """Yield scores and state of the device after each row, scored beside its twin."""
    state = Multivariate().initial(2)
    for row in values:
        scores, state = Multivariate().score(state, np.stack([row, row]))
        yield scores, {name: column[:1] for name, column in state.items()}


def said(judged: Judged) -> tuple[bytes, bool]:
    return np.array([judged.score, judged.alert, *judged.shares()]).tobytes(), judged.warming


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_device_gets_the_same_bits_as_in_columns(kind: str) -> None:
    values = rows_of(kind)
    device = Device(Multivariate().initial(1))

    for row, (scores, state) in enumerate(in_columns(values)):
        judged = device.judge(values[row].tolist())
        whole = np.array([scores.score[0], scores.alert[0], *scores.shares[0]]).tobytes(), bool(scores.warming[0])
        assert said(judged) == whole, row
        for name, column in device.columns().items():
            assert column.dtype == state[name].dtype, name
            assert column.tobytes() == state[name].tobytes(), (name, row)


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_device_that_is_saved_and_loaded_after_every_row_says_the_same(kind: str) -> None:
    values = rows_of(kind)
    through, saved = Device(Multivariate().initial(1)), Device(Multivariate().initial(1))

    for row in values.tolist():
        blob = codec.encode("tests.device", 1, None, saved.columns())
        saved = Device(codec.decode("tests.device", blob, version_max=1).arrays)
        assert said(saved.judge(row)) == said(through.judge(row))


def test_an_open_device_lets_a_regime_in_that_stays() -> None:
    random = np.random.default_rng(5)
    device = Device(Multivariate().initial(1))
    values = random.normal(0.0, 1.0, (500 + RELEASE_ROWS + 4_000, CHANNELS_MAX))
    values[500:, 0] += 12.0

    alerts = [device.judge(row).alert for row in values.tolist()]

    assert min(alerts[520 : 500 + RELEASE_ROWS - 10]) > 2.0
    assert max(alerts[-200:]) < 3.0
