"""What holds of the whole suite: no log line of any test shows what came in."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.canaries import CANARY
from tocsin.adapters.telemetry import FactFormatter

_shown: list[str] = []


class _Listening(logging.Handler):
    """Hears what any library logs."""

    def emit(self, record: logging.LogRecord) -> None:
        if CANARY in record.getMessage():
            _shown.append(f"{record.name}: {record.getMessage()[:300]}")


_write = FactFormatter.serialize


def _listened(formatter: FactFormatter, log: Any) -> str:
    line = _write(formatter, log)
    if CANARY in line:
        _shown.append(line[:300])
    return line


@pytest.fixture(autouse=True, scope="session")
def _canaries() -> Iterator[None]:
    """Listen to all logs, from the first test on."""
    listening = _Listening()
    logging.getLogger().addHandler(listening)
    FactFormatter.serialize = _listened  # type: ignore[method-assign]
    yield
    FactFormatter.serialize = _write  # type: ignore[method-assign]
    logging.getLogger().removeHandler(listening)


@pytest.fixture(autouse=True)
def _no_canary_is_logged() -> Iterator[None]:
    """Fail the test in which a log showed a canary."""
    _shown.clear()
    yield
    assert not _shown, f"a log shows what came in: {_shown}"
