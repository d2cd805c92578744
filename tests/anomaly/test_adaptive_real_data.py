"""The benchmark's one-by-one pass against the vectorised pass, on a labelled series kept outside the repository."""

import csv
import gzip
import importlib.util
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from anomaly.detectors.adaptive import Adaptive
from tests.anomaly.detector_suite import observed

pytestmark = pytest.mark.real_data

ROOT: Final = Path(__file__).parents[2]
SERIES: Final = ROOT.parent / "shared" / "data" / "nab" / "realTraffic__speed_7578.csv.gz"


def adaptor() -> Any:
    spec = importlib.util.spec_from_file_location("detection_adaptor", ROOT / "benchmarks/detection_adaptor.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_real_series_gets_the_same_scores_through_the_adaptor_and_beside_others() -> None:
    if not SERIES.exists():
        pytest.skip(f"labelled series not there: {SERIES}")
    with gzip.open(SERIES, "rt", newline="") as file:
        rows = [(row[0], float(row[1])) for row in list(csv.reader(file))[1:]]
    univariate = adaptor().Univariate()
    detector, state = Adaptive(), Adaptive().initial(3)

    for row, (stamp, value) in enumerate(rows):
        if row == 500:
            univariate = type(univariate).load(univariate.dump())
        alone = univariate.update(stamp, (value,))
        start_ms = int(np.datetime64(stamp.replace(" ", "T"), "ms").astype(np.int64))
        scores, state = detector.score(state, observed([value, -value, 7.0], start_ms))
        assert alone == (scores.score[0], scores.alert[0]), f"row {row}"
