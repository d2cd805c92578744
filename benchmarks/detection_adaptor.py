"""The shipped detectors, one series or one device at a time, for the scorer of labelled data.

    python score_anomaly.py --data DIR --family nab --detector benchmarks/detection_adaptor.py:Univariate \
        --threshold 3.7
    python score_anomaly.py --data DIR --family skab --detector benchmarks/detection_adaptor.py:Multivariate \
        --threshold 2.5

Time stamps without a zone are taken as UTC; so the time of day is the local one, wherever that was. Odd rows raise
nothing: a value that is not finite is missing, and of a row without any value nothing is said or learned.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, Self

from numpy.typing import NDArray

from anomaly.contract import single
from anomaly.detectors.adaptive import Adaptive
from anomaly.detectors.alone import Series
from anomaly.detectors.blocks import Blocks
from anomaly.detectors.features import SETTLED_ROWS
from anomaly.detectors.multivariate import Multivariate as JointDetector
from tocsin.core import codec
from tocsin.core.plan.model import AdaptiveRule, MultivariateRule

SCHEMA: Final = "benchmarks.univariate"
THRESHOLD: Final = AdaptiveRule(name="adaptive", metric="*").threshold
SCHEMA_MULTIVARIATE: Final = "benchmarks.multivariate"
THRESHOLD_MULTIVARIATE: Final = MultivariateRule(name="multivariate").threshold


class Univariate:
    """One series under the adaptive detector with its shipped settings."""

    def __init__(self) -> None:
        self._young: dict[str, NDArray[Any]] = Adaptive().initial(1)
        self._settled: Series | None = None

    def update(self, timestamp: str, values: tuple[float, ...]) -> tuple[float, float]:
        """Return score and alert score of the next row.

        Args:
            timestamp: ISO 8601, such as ``YYYY-MM-DD hh:mm:ss``; another leaves the time of day unknown.
            values: The value, first of the row.
        """
        if not values or not isfinite(values[0]):
            return 0.0, 0.0
        start_ms, value = _start_ms(timestamp), values[0]
        if self._settled is not None:
            said = self._settled.judge(start_ms, value, value, value)
            return said.score, said.alert
        scores, state = Adaptive().score(self._young, single(value, start_ms))
        self._open(state)
        return float(scores.score[0]), float(scores.alert[0])

    def dump(self) -> bytes:
        """Return the state as bytes."""
        state = self._young if self._settled is None else self._settled.columns()
        return codec.encode(SCHEMA, Adaptive.version, None, state)

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """Return the detector that ``dump`` was called on."""
        loaded = cls()
        loaded._open(codec.decode(SCHEMA, blob, version_max=Adaptive.version).arrays)
        return loaded

    def _open(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take the state; once the series is settled it stays open from row to row."""
        self._young = dict(state)
        self._settled = Series(state) if state["rows"][0] >= SETTLED_ROWS else None


def _start_ms(timestamp: str) -> int:
    """Return UTC epoch milliseconds, of the whole second; 0 where the time stamp cannot be read."""
    try:
        read = datetime.fromisoformat(timestamp)
    except ValueError:
        return 0
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC)
    return int(read.timestamp()) * 1_000


class Multivariate:
    """One device under the multivariate detector with its shipped settings."""

    def __init__(self) -> None:
        self._blocks = Blocks(JointDetector().initial(1))

    def update(self, timestamp: str, values: tuple[float, ...]) -> tuple[float, float]:  # noqa: ARG002  not needed
        """Return score and alert score of the next row.

        Args:
            timestamp: Not looked at.
            values: One a channel, NaN where it is missing; at most 128 (``blocks.METRICS_MAX``) are judged.
        """
        return self._blocks.judge(values)

    def dump(self) -> bytes:
        """Return the state as bytes."""
        return codec.encode(SCHEMA_MULTIVARIATE, JointDetector.version, None, self._blocks.columns())

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """Return the detector that ``dump`` was called on."""
        loaded = cls()
        loaded._blocks = Blocks(codec.decode(SCHEMA_MULTIVARIATE, blob, version_max=JointDetector.version).arrays)
        return loaded
