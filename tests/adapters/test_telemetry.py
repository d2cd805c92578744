"""Lines of JSON with allowed fields only."""

import json
import logging
from io import StringIO
from typing import Any

import pytest

from tocsin.adapters.telemetry import FactFormatter, emit_metrics, fact_logger, masked, plain, told, where
from tocsin.core.errors import ConfigError, UnavailableError

CANARY = "canary-5ecret"


def logged(message: str, level: str = "warning", **fields: Any) -> dict[str, Any]:
    """Return the line that a stage's logger writes, read back."""
    logger = fact_logger("specimen")
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_handler.formatter)
    logger.addHandler(handler)
    try:
        getattr(logger, level)(message, **fields)
    finally:
        logger.removeHandler(handler)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_fact_is_one_line_with_message_level_stage_and_fields() -> None:
    line = logged("group failed", group=3, sequence="4959")

    assert {name: line[name] for name in ("level", "service", "message", "group", "sequence")} == {
        "level": "WARNING",
        "service": "specimen",
        "message": "group failed",
        "group": 3,
        "sequence": "4959",
    }
    assert set(line) == {"level", "service", "message", "timestamp", "group", "sequence"}


def test_field_that_is_not_allowed_is_left_out_and_named() -> None:
    line = logged("messages taken", accepted=1, payload=CANARY, token=CANARY)

    assert line["dropped"] == "payload,token"
    assert CANARY not in json.dumps(line)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plan_hash", CANARY),
        ("sequence", CANARY),
        ("shard", f"shard {CANARY}"),
        ("notification", CANARY),
        ("queue", f"'{CANARY}'"),
    ],
)
def test_id_of_another_shape_than_ids_have_is_not_shown(field: str, value: str) -> None:
    assert logged("seen", **{field: value})[field] == "…"


def test_each_of_several_ids_has_the_shape_of_ids_or_is_not_shown() -> None:
    assert logged("published", traces=("a" * 32, CANARY))["traces"] == ["a" * 32, "…"]


def test_exception_and_its_trace_are_left_out() -> None:
    logger = fact_logger("specimen")
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_handler.formatter)
    logger.addHandler(handler)
    try:
        int(CANARY)
    except ValueError:
        logger.exception("it broke")
    finally:
        logger.removeHandler(handler)

    assert CANARY not in stream.getvalue()
    assert set(json.loads(stream.getvalue())) == {"level", "service", "message", "timestamp"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("got 'secret' of \"more\"", "got … of …"),
        ("magic must be b'TCS1', got b'\\x00'", "magic must be …, got …"),
        ("got b'cut of", "got …"),
        ("got 'it\\'s \"secret\"' here", "got … here"),
        ("plain words", "plain words"),
    ],
)
def test_quoted_parts_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_counts_by_reason_are_kept_as_numbers() -> None:
    assert plain({"time_in_future": 3, "no_metrics": 1, "odd": CANARY}) == {"time_in_future": 3, "no_metrics": 1}


def test_only_errors_of_ours_tell_their_words() -> None:
    assert told(UnavailableError("table alerts is throttled")) == "UnavailableError: table alerts is throttled"
    assert told(ConfigError("AWS_REGION is not set")) == "ConfigError: AWS_REGION is not set"
    assert told(RuntimeError(CANARY)) == "RuntimeError"


def test_place_of_an_error_is_where_it_was_raised() -> None:
    with pytest.raises(ValueError, match="x") as raised:
        int("x")

    assert where(raised.value.__traceback__).startswith("test_telemetry.py:")
    assert where(None) == ""


def test_formatter_is_the_one_of_every_stage() -> None:
    assert isinstance(fact_logger("other").registered_handler.formatter, FactFormatter)


def written(
    capsys: pytest.CaptureFixture[str], measures: dict[str, float], namespace: str = "Tocsin/test"
) -> list[dict[str, Any]]:
    emit_metrics("specimen", measures, namespace)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_zero_is_no_metric_as_each_hour_of_one_is_paid(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = written(capsys, {"messages": 3, "late": 0, "records": 7})

    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert [one["Name"] for one in described["Metrics"]] == ["messages"]
    assert line["records"] == 7
    assert "late" not in line


def test_without_a_namespace_nothing_is_a_metric_and_the_line_still_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    line = {"service": "specimen", "messages": 3, "records": 7}

    assert written(capsys, {"messages": 3, "late": 0, "records": 7}, namespace="") == [line]


def test_call_without_metrics_tells_its_facts_in_a_plain_line_or_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, {"ticks": 2, "late": 0}) == [{"service": "specimen", "ticks": 2}]
    assert written(capsys, {"late": 0}) == []
