"""The settings of an event source mapping as a template declares them, with the documented defaults and limits.

Source: AWS Lambda API Reference, "CreateEventSourceMapping"; AWS Lambda Developer Guide, "Configuring Amazon SQS
event source mappings".
"""

from collections.abc import Mapping
from typing import Any, Final

from tocsin.core.clock import SECOND_MS
from tocsin.core.formats.iso_time import iso_ms
from tocsin.runtime.mapping import MappingSettings, Start
from tocsin.runtime.sam.model import SourceKind

BATCH_DEFAULTS: Final = {
    SourceKind.KINESIS: 100,
    SourceKind.DYNAMODB: 100,
    SourceKind.SQS: 10,
    SourceKind.KAFKA: 100,
}
LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "ParallelizationFactor": (1, 10),
    "TumblingWindowInSeconds": (0, 900),
    "MaximumConcurrency": (2, 1_000),
}
"""Setting to its smallest and its largest value."""
AGE_S_MIN: Final = 60
FIFO_BATCH_MAX: Final = 10
STANDARD_BATCH_MAX: Final = 10
"""Of a queue without a window."""
KAFKA_WINDOW_MS: Final = 500
REPORTS: Final = "ReportBatchItemFailures"


def mapping_settings(kind: SourceKind, declared: Mapping[str, Any], *, is_fifo: bool = False) -> MappingSettings:
    """Return the settings; what is not declared has its documented default.

    Args:
        kind: What the mapping reads.
        declared: Properties of the event in SAM, or of the mapping in CloudFormation.
        is_fifo: Whether it reads a FIFO queue.

    Raises:
        ValueError: A setting is outside of its limits, or none of this kind of source; the message has all problems.
    """
    numbers = {name: _number(declared, name) for name in LIMITS}
    problems = _problems(kind, declared, numbers, is_fifo=is_fifo)
    if problems:
        raise ValueError("; ".join(problems))
    window_s = numbers["MaximumBatchingWindowInSeconds"]
    default_window_ms = KAFKA_WINDOW_MS if kind is SourceKind.KAFKA else 0
    return MappingSettings(
        batch_records_max=numbers["BatchSize"] or BATCH_DEFAULTS[kind],
        window_ms=default_window_ms if window_s is None else window_s * SECOND_MS,
        retries_max=_unless_endless(numbers["MaximumRetryAttempts"]),
        age_ms_max=_milliseconds(_unless_endless(numbers["MaximumRecordAgeInSeconds"])),
        bisect=bool(declared.get("BisectBatchOnFunctionError")),
        partial_responses=REPORTS in (declared.get("FunctionResponseTypes") or ()),
        lanes=numbers["ParallelizationFactor"] or 1,
        tumbling_ms=(numbers["TumblingWindowInSeconds"] or 0) * SECOND_MS,
        start=Start(declared.get("StartingPosition", Start.TRIM_HORIZON)),
        start_ms=_instant_ms(declared.get("StartingPositionTimestamp", 0)),
        concurrency_max=numbers["MaximumConcurrency"],
    )


def _number(declared: Mapping[str, Any], name: str) -> int | None:
    scaling = declared.get("ScalingConfig") or {}
    value = (scaling if name == "MaximumConcurrency" else declared).get(name)
    return None if value is None else int(value)


def _problems(
    kind: SourceKind, declared: Mapping[str, Any], numbers: Mapping[str, int | None], *, is_fifo: bool
) -> list[str]:
    problems = [
        f"{name} must be {least} to {most}, got {value}"
        for name, (least, most) in LIMITS.items()
        if (value := numbers[name]) is not None and not least <= value <= most
    ]
    if kind is SourceKind.SQS:
        problems += _queue_problems(numbers, is_fifo=is_fifo)
    elif "StartingPosition" not in declared:
        problems.append("StartingPosition must be given")
    age_s = numbers["MaximumRecordAgeInSeconds"]
    if age_s is not None and 0 <= age_s < AGE_S_MIN:
        problems.append(f"MaximumRecordAgeInSeconds must be -1 or at least {AGE_S_MIN}, got {age_s}")
    start = declared.get("StartingPosition", Start.TRIM_HORIZON)
    if start not in set(Start):
        problems.append(f"StartingPosition must be one of {', '.join(Start)}, got {start}")
    if start == Start.AT_TIMESTAMP and kind is SourceKind.DYNAMODB:
        problems.append("StartingPosition AT_TIMESTAMP is none of a DynamoDB stream")
    return problems


def _queue_problems(numbers: Mapping[str, int | None], *, is_fifo: bool) -> list[str]:
    batch, window_s = numbers["BatchSize"] or 0, numbers["MaximumBatchingWindowInSeconds"] or 0
    if is_fifo and (batch > FIFO_BATCH_MAX or window_s):
        return [f"a FIFO queue takes a BatchSize of {FIFO_BATCH_MAX} at most and no batching window"]
    if batch > STANDARD_BATCH_MAX and not window_s:
        return [f"a BatchSize above {STANDARD_BATCH_MAX} needs MaximumBatchingWindowInSeconds of at least 1"]
    return []


def _unless_endless(value: int | None) -> int | None:
    return None if value in {None, -1} else value


def _milliseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * SECOND_MS


def _instant_ms(value: object) -> int:
    if isinstance(value, str):
        return max(0, iso_ms(value))
    return round(float(str(value)) * SECOND_MS)
