"""What functions tell of themselves: one line of JSON a fact, of named fields only, and metrics of few dimensions.

Nothing that a device sent is ever logged. A field that is not in ``FIELDS`` is left out, and of a text all that
stands in quotes is: our errors put what came from outside into quotes.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from tocsin.core.errors import ConfigError, TransientError

_ANY: Final = re.compile(r"(?s).*")
_DIGITS: Final = re.compile(r"[0-9]{1,128}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_HEX: Final = re.compile(r"[0-9a-f]{16,32}")

FIELDS: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("level", "timestamp", "service", "message"), _ANY),
    **dict.fromkeys(("request", "where", "dropped"), _ANY),
    **dict.fromkeys(("accepted", "rejected", "failed", "lost", "group", "status"), _ANY),
    "shard": re.compile(r"shardId-[0-9a-f-]{1,64}"),
    "message_id": re.compile(r"[0-9a-f-]{1,36}"),
    **dict.fromkeys(("queue", "source", "receiver"), _NAME),
    **dict.fromkeys(("plan_hash", "notification", "traces"), _HEX),
    "sequence": _DIGITS,
    "error": _ANY,
}
"""All that a line may have, and the shape of it where it is a text. None holds what a device sent; ids of records
say where that is kept."""

TEXT_CHARS_MAX: Final = 300
METRICS_MAX: Final = 100
"""Most metrics of one line of CloudWatch's embedded format."""

FACTS_ONLY: Final = frozenset({"accepted", "archived", "duration_ms", "posts", "records", "requests", "ticks"})
"""Measures that are fields of the line and no metrics: found by a query of the logs, which costs nothing until it is
asked. Lambda's own metrics tell nearly the same, and no alarm and no chart looks at them."""

UNITS: Final[Mapping[str, MetricUnit]] = {"_ms": MetricUnit.Milliseconds}
_QUOTED: Final = re.compile(r"""b?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|['"].*)""", re.DOTALL)


class FactFormatter(LambdaPowertoolsFormatter):
    """Writes a line of JSON of the fields that are allowed, and names those that were left out."""

    def serialize(self, log: Any) -> str:  # noqa: ANN401  Powertools has no type for it
        """Return the line."""
        kept = {name: _shaped(FIELDS[name], plain(value)) for name, value in log.items() if name in FIELDS}
        left_out = sorted(set(log) - set(FIELDS) - _OF_POWERTOOLS)
        if left_out:
            kept["dropped"] = ",".join(left_out)
        return super().serialize(kept)


_OF_POWERTOOLS: Final = frozenset({"location", "exception", "exception_name", "stack_trace", "xray_trace_id"})
"""Fields that Powertools adds by itself; those of errors quote what came from outside."""


def _shaped(shape: re.Pattern[str], value: object) -> object:
    if isinstance(value, list):
        return [_shaped(shape, one) for one in value]
    return "…" if isinstance(value, str) and not shape.fullmatch(value) else value


def fact_logger(stage: str) -> Logger:
    """Return the logger of a stage; it writes to standard error, as the command line keeps the output for data."""
    formatter = FactFormatter(log_record_order=["level", "timestamp", "service", "message"], use_rfc3339=True, utc=True)
    return Logger(service=stage, stream=sys.stderr, logger_formatter=formatter)


def plain(value: object) -> object:
    """Return the value as it may be logged: numbers as they are, of texts nothing in quotes, counts by name.

    >>> plain("partition key must be tenant#device, got 'secret'")
    'partition key must be tenant#device, got …'
    """
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {masked(str(name)): count for name, count in value.items() if isinstance(count, int | float)}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return masked(str(value))


def masked(text: str) -> str:
    """Return the text without what stands in quotes, and not longer than ``TEXT_CHARS_MAX``."""
    return _QUOTED.sub("…", text)[:TEXT_CHARS_MAX]


def told(error: BaseException) -> str:
    """Return what may be told of an error: of ours the words, of any other only its class.

    Errors that are nobody's on purpose quote whatever they stumbled over, in any form.
    """
    name = type(error).__name__
    return f"{name}: {masked(str(error))}" if isinstance(error, TransientError | ConfigError) else name


def where(trace: TracebackType | None) -> str:
    """Return in which file and line an error was raised."""
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def emit_metrics(stage: str, measures: Mapping[str, float], namespace: str) -> None:
    """Write the measures as one line of CloudWatch's embedded metric format, with the stage as only dimension.

    A metric is paid for each hour in which it was written, so a zero is left out: alarms take what is missing for
    no breach, and that time goes on is told by Lambda's own count of the tick's calls.

    Args:
        stage: Name of the stage.
        measures: Name to value, at most ``METRICS_MAX``; a name that ends with a unit of ``UNITS`` has it.
        namespace: Of CloudWatch; one a deployment. Empty for no metrics: then all that is not zero is fields.
    """
    facts = {name: value for name, value in measures.items() if name in FACTS_ONLY or (value and not namespace)}
    told_of = [(name, value) for name, value in measures.items() if value and name not in facts]
    if not told_of:
        _write_facts(stage, facts)
        return
    metrics = EphemeralMetrics(service=stage, namespace=namespace)
    for name, value in told_of[:METRICS_MAX]:
        unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), MetricUnit.Count)
        metrics.add_metric(name=name, unit=unit, value=value)
    for name, value in facts.items():
        metrics.add_metadata(key=name, value=value)
    metrics.flush_metrics()


def _write_facts(stage: str, facts: Mapping[str, float]) -> None:
    if facts:
        sys.stdout.write(json.dumps({"service": stage, **facts}, separators=(",", ":")) + "\n")
