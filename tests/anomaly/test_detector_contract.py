"""Every detector against the one suite; a new one joins by a line in ``DETECTORS``."""

from typing import Final

import numpy as np
import pytest

from anomaly.contract import Detector
from anomaly.detectors.adaptive import Adaptive
from tests.anomaly import detector_suite as suite

DETECTORS: Final[list[Detector]] = [Adaptive()]

every_detector = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: str(detector.name))


@every_detector
@pytest.mark.parametrize("kind", suite.HARD_VALUES)
def test_scores_are_finite_and_never_negative_whatever_the_values(detector: Detector, kind: str) -> None:
    values = np.resize(suite.HARD_VALUES[kind], (130, 1))

    suite.check_scores_are_finite(detector, values)


@every_detector
def test_scores_are_finite_on_a_mixture(detector: Detector) -> None:
    suite.check_scores_are_finite(detector, suite.mixture(200, 8))


@every_detector
def test_scoring_leaves_state_and_observations_unchanged(detector: Detector) -> None:
    suite.check_inputs_stay_unchanged(detector)


@every_detector
@pytest.mark.parametrize("row", [1, 14, 15, 16, 29, 30, 31, 100])
def test_saved_and_loaded_at_any_row_the_scores_go_on_alike(detector: Detector, row: int) -> None:
    suite.check_saved_state_continues_alike(detector, row)


@every_detector
def test_a_series_gets_the_same_bits_alone_and_among_many(detector: Detector) -> None:
    suite.check_alone_equals_among_many(detector)


@every_detector
def test_a_series_gets_the_same_bits_beside_older_ones(detector: Detector) -> None:
    suite.check_ages_may_differ(detector)


@every_detector
def test_warming_up_is_said_and_scores_nothing(detector: Detector) -> None:
    suite.check_warm_up_says_so(detector)


@every_detector
def test_state_is_bounded_and_does_not_grow(detector: Detector) -> None:
    suite.check_state_is_bounded(detector)


@every_detector
def test_two_runs_agree_to_the_bit(detector: Detector) -> None:
    suite.check_runs_are_alike(detector)


@every_detector
def test_gaps_repeated_times_and_old_times_are_taken(detector: Detector) -> None:
    suite.check_any_times_are_taken(detector)


@every_detector
def test_no_series_at_all_is_fine(detector: Detector) -> None:
    suite.check_no_series_is_fine(detector)
