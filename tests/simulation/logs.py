"""The log of the stages, listened to: no line may speak of two tenants."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from alerts.handler import logger as alerts_logger
from anomaly.handler import logger as anomaly_logger
from ingest.handler import logger as ingest_logger
from processors.handler import logger as processors_logger

NAMES: Final = tuple(logger.service for logger in (alerts_logger, anomaly_logger, ingest_logger, processors_logger))
SIGNS: Final = (("acme", "pump-"), ("globex", "fan-"))
"""What only one of the two tenants has."""
USUAL: Final = frozenset(vars(logging.makeLogRecord({})))


class LogListener(logging.Handler):
    """Takes the lines of all stages, and keeps those that mix tenants.

    Attributes:
        lines: How many there were.
        mixed: Those with signs of both tenants.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0
        self.mixed: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = " ".join([record.getMessage(), *(str(value) for key, value in vars(record).items() if key not in USUAL)])
        self.lines += 1
        if all(any(sign in said for sign in signs) for signs in SIGNS):
            self.mixed.append(said)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take what is logged meanwhile, instead of those who print it: faults are what happens here."""
        loggers = [logging.getLogger(name) for name in NAMES]
        before = [logger.handlers for logger in loggers]
        for logger in loggers:
            logger.handlers = [self]
        try:
            yield
        finally:
            for logger, handlers in zip(loggers, before, strict=True):
                logger.handlers = handlers
