"""Durations: what people write, and what they are told when it has no unit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.durations import DURATION_MS_MAX, format_duration, parse_duration_ms


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [("0s", 0), ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000)],
)
def test_each_unit_is_understood(text: str, expected_ms: int) -> None:
    assert parse_duration_ms(text) == expected_ms


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("300", "must carry its unit.*got the bare number 300", id="a bare number is told so"),
        pytest.param("1.5", "must carry its unit.*got the bare number 1.5", id="a bare fraction too"),
        pytest.param("-5m", "whole number and a unit.*got '-5m'", id="no negative durations"),
        pytest.param("5 m", "whole number and a unit.*got '5 m'", id="no space within"),
        pytest.param("5min", "whole number and a unit.*got '5min'", id="only the short units"),
        pytest.param("1h30m", "whole number and a unit.*got '1h30m'", id="one unit only"),
        pytest.param("٣m", "whole number and a unit", id="only the digits 0 to 9"),
        pytest.param("5m\n", "whole number and a unit", id="nothing after the unit"),
        pytest.param("", "whole number and a unit", id="nothing at all"),
        pytest.param("3661d", "must be at most 3660d, got 3661d", id="too long"),
        pytest.param("9" * 5_000 + "d", "must be at most 3660d", id="more digits than a number may have"),
    ],
)
def test_what_is_not_a_duration_is_refused_with_the_rule(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_duration_ms(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, DURATION_MS_MAX))
def test_a_formatted_duration_parses_back(duration_ms: int) -> None:
    assert parse_duration_ms(format_duration(duration_ms)) == duration_ms


@pytest.mark.parametrize(("duration_ms", "text"), [(0, "0s"), (90_000, "90s"), (1_001, "1001ms"), (86_400_000, "1d")])
def test_a_duration_is_written_in_its_largest_whole_unit(duration_ms: int, text: str) -> None:
    assert format_duration(duration_ms) == text
