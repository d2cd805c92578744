"""Handlers whose calls are counted: how many, how long, with what in their events, and what they log."""

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any, Final

from tocsin.adapters.function import Measured
from tocsin.adapters.telemetry import emit_metrics
from tocsin.core.clock import NowMs, cpu_s
from tocsin.runtime.cost.counted_ports import Book

MESSAGES_A_REQUEST: Final = 10
"""Most messages that a queue hands out, or forgets, with one request."""

LOGS: Final = "logs"


class CountedFunction:
    """A handler; what else it has is passed through.

    Args:
        stage: In whose name it counts.
        handler: Whom to call.
        book: Where it counts.
        model: The assumptions of the price table.
        now_ms: The clock.
        namespace: Of its metrics; empty where it writes none.
    """

    def __init__(
        self,
        stage: str,
        handler: Measured,
        book: Book,
        model: Mapping[str, float],
        now_ms: NowMs,
        *,
        namespace: str,
    ) -> None:
        self._stage = stage
        self._namespace = namespace
        self._handler = handler
        self._book = book
        self._model = model
        self._now_ms = now_ms

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """Return what the handler answers."""
        self._book.outside_s, begun_s = 0.0, cpu_s()
        answer = self._handler(event, context)
        lines = io.StringIO()
        with redirect_stdout(lines):
            emit_metrics(self._stage, self._handler.measures(), self._namespace)
        usage = self._book.stage(self._stage)
        usage.cpu_ms += (cpu_s() - begun_s - self._book.outside_s) * 1_000
        usage.units["lambda_calls"] += 1
        self._count_records(event.get("Records") or [])
        self._count_lines(lines.getvalue().splitlines())
        return answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the handler has
        return getattr(self._handler, name)

    def _count_records(self, records: list[dict[str, Any]]) -> None:
        usage = self._book.stage(self._stage)
        usage.record_count += len(records)
        if records and records[0].get("eventSource") == "aws:sqs":
            usage.units["sqs_requests"] += 2 * -(-len(records) // MESSAGES_A_REQUEST)  # received, and deleted
        usage.key_count += len({record["kinesis"]["partitionKey"] for record in records if "kinesis" in record})
        now_ms = self._now_ms()
        held = [now_ms - arrival for record in records if (arrival := arrival_ms(record)) is not None]
        usage.held_ms += sum(held)
        usage.held_ms_max = max([usage.held_ms_max, *held])

    def _count_lines(self, lines: list[str]) -> None:
        self._book.metrics |= {(self._stage, name) for line in lines for name in metric_names(line)}
        model = self._model
        own = sum(len(line.encode()) + model["line_overhead_bytes"] for line in lines)
        of_platform = model["platform_lines"] * (model["platform_line_bytes"] + model["line_overhead_bytes"])
        self._book.stage(self._stage).kept_bytes[LOGS] += round(own + of_platform)


def metric_names(line: str) -> list[str]:
    """Return what metrics a line of CloudWatch's embedded format has; none of any other line.

    >>> metric_names('{"_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "late"}]}]}}'), metric_names('{"ticks": 1}')
    (['late'], [])
    """
    described = json.loads(line).get("_aws", {"CloudWatchMetrics": []})["CloudWatchMetrics"]
    return [metric["Name"] for one in described for metric in one["Metrics"]]


def arrival_ms(record: Mapping[str, Any]) -> int | None:
    """Return when a record or message arrived where the function's mapping reads it; None where it does not say."""
    if "kinesis" in record:
        return round(float(record["kinesis"]["approximateArrivalTimestamp"]) * 1_000)
    sent = record.get("attributes", {}).get("SentTimestamp")
    return None if sent is None else int(sent)
