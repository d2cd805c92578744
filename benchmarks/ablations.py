"""Our detectors with one part taken out, to see what each part is worth."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.detectors import adaptive, covariance, features, multivariate, novelty, rarity, seasonal, weighing
from tocsin.core.columns import Floats, Int32s, Int64s

Singles = NDArray[np.float32]
Remember = Callable[[Singles, Singles, Int32s, Int64s, Singles], novelty.Novelty]
Switch = tuple[Any, str, Any]
"""A module, one of its names, and what that is instead."""

_remember = novelty.remember
_weigh = rarity.weigh


def _one_memory(kept: int) -> Remember:
    def remember(bounds: Singles, boxes: Singles, used: Int32s, rows: Int64s, point: Singles) -> novelty.Novelty:
        new = _remember(bounds, boxes, used, rows, point)
        of_value = np.arange(features.FEATURES) < features.VALUE_FEATURES
        return new._replace(gaps=new.gaps * (of_value == (kept == 0)))

    return remember


def _every_row_passes(peaks: Singles, passes: Singles, rows: Int64s, evidence: Floats) -> rarity.Rarity:
    rare = _weigh(peaks, passes, rows, evidence)
    return rare._replace(passed=np.ones_like(rare.passed))


def _evidence_alone(peaks: Singles, passes: Singles, rows: Int64s, evidence: Floats) -> rarity.Rarity:
    rare = _weigh(peaks, passes, rows, evidence)
    return rare._replace(surprise=evidence, passed=np.ones_like(rare.passed))


def _evidence_that_passes(peaks: Singles, passes: Singles, rows: Int64s, evidence: Floats) -> rarity.Rarity:
    return _weigh(peaks, passes, rows, evidence)._replace(surprise=evidence)


UNIVARIATE: Final[Mapping[str, tuple[Switch, ...]]] = {
    "without the memory of value and bands": ((novelty, "remember", _one_memory(1)),),
    "without the memory of level and spread": ((novelty, "remember", _one_memory(0)),),
    "without the season": ((weighing, "SEASON_WEIGHT", 0.0),),
    "season without its gate": ((seasonal, "GATE", np.array(1e9)),),
    "without doubt of young ranges": ((weighing, "DOUBT_ROWS", 0.0),),
    "doubt blind to how slow a series is": ((weighing, "SLOWNESS_USUAL", 1e9),),
    "without rows lent to young series": ((rarity, "BORROWED_ROWS", 0.0),),
    "every row may alert": ((rarity, "weigh", _every_row_passes),),
    "without rarity": ((rarity, "weigh", _evidence_that_passes),),
    "evidence alone": ((rarity, "weigh", _evidence_alone),),
    "judged from the first row": ((adaptive, "WARM_ROWS", 1),),
}

MULTIVARIATE: Final[Mapping[str, tuple[Switch, ...]]] = {
    "without correlation": ((covariance, "OFF_DIAGONAL", np.zeros_like(covariance.OFF_DIAGONAL)),),
    "without averages": ((multivariate, "FAST", np.array(1.0)),),
    "distance of a channel not cut off": ((multivariate, "DISTANCE_MAX", np.array(1e3)),),
    "learning while anomalous": ((multivariate, "GATE", np.array(1e9)),),
    "learning nothing while anomalous": ((covariance, "CREEP", np.array(0.0)),),
    "alert that does not fade": ((multivariate, "ALERT_FADE", np.array(0.0)),),
    "gate from row 100": ((multivariate, "FREE_ROWS", np.array(100.0)),),
    "score that does not fade": ((multivariate, "SMOOTH", np.array(1.0)), (multivariate, "FADE", np.array(0.0))),
}


@contextmanager
def switched(switches: tuple[Switch, ...]) -> Iterator[None]:
    """Hold the names at what they are instead, and put them back."""
    before = [getattr(module, name) for module, name, _ in switches]
    for module, name, instead in switches:
        setattr(module, name, instead)
    try:
        yield
    finally:
        for (module, name, _), value in zip(switches, before, strict=True):
            setattr(module, name, value)
