"""Words: nothing breaks a line, everything has its unit."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.wording import bars, clean, duration, figures_table, number, plain, quantity, words_table


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=300), st.integers(3, 250))
def test_cleaned_text_is_one_printable_line_of_the_length_asked_for(text: str, chars_max: int) -> None:
    shown = clean(text, chars_max)

    assert shown.isprintable()
    assert len(shown) <= chars_max


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=300))
def test_plain_text_is_ascii_and_fits(text: str) -> None:
    shown = plain(text, 99)

    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 99


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\r\nSubject: b", "a??Subject: b", id="line breaks cannot begin a header"),
        pytest.param("a\u202eb", "a?b", id="nothing turns the direction of writing"),
        pytest.param("x" * 201, "x" * 197 + "...", id="what is cut says so"),
        pytest.param("x" * 200, "x" * 200, id="what fits is whole"),
    ],
)
def test_unsafe_text_is_shown_safely(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("span_ms", "expected"),
    [
        (0, "less than a second"),
        (-5, "less than a second"),
        (1_000, "1 second"),
        (59_999, "59 seconds"),
        (60_000, "1 minute"),
        (3_600_000, "1 hour"),
        (3_605_000, "1 hour"),
        (93_784_000, "1 day 2 hours"),
        (math.inf, "an unknown time"),
        (math.nan, "an unknown time"),
    ],
)
def test_durations_are_words(span_ms: float, expected: str) -> None:
    assert duration(span_ms) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (100.0, "100"),
        (1234567.8, "1234568"),
        (-3.14159, "-3.142"),
        (0.00001234, "0.00001234"),
        (1e-9, "1e-09"),
        (1e300, "1e+300"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers_have_four_digits_and_no_exponent_where_a_person_can_read_them(value: float, expected: str) -> None:
    assert number(value) == expected


def test_quantity_without_unit_is_the_bare_number() -> None:
    assert quantity(12.0, "") == "12"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        ([5.0, 5.0], "▁▁"),
        ([0.0, math.nan, 1.0], "▁.█"),
        ([math.nan], "."),
        ([-math.inf, 2.0], ".▁"),
    ],
)
def test_bars_stand_for_values_that_can_be_compared(values: list[float], expected: str) -> None:
    assert bars(values) == expected


def test_tables_align_words_to_the_left_and_figures_to_the_right() -> None:
    rows = [("pump-7", "1"), ("a", "22")]

    assert words_table(rows) == ["pump-7  1", "a       22"]
    assert figures_table(rows) == ["pump-7   1", "a       22"]
