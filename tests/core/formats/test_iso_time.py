"""Instants as text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.clock import iso
from tocsin.core.formats.iso_columns import uniform_instants_ms
from tocsin.core.formats.iso_time import instants_ms, iso_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_any_instant_is_read_as_the_standard_library_reads_it(naive: datetime, offset_minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))

    assert iso_ms(moment.isoformat()) == (moment - EPOCH) // timedelta(milliseconds=1)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 253_402_300_799_999))
def test_text_that_the_clock_writes_is_read_back(instant_ms: int) -> None:
    assert iso_ms(iso(instant_ms)) == instant_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T10:00Z",
        "2026-11-23T10:00:00",
        "2026-11-23 10:00:00Z",
        "2026-11-23t10:00:00z",
        "2026-11-23T10:00:00,250Z",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00.1234567890Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-02-29T10:00:00Z",
        "2026-11-23T10:00:00+0100",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00Z ",
        "2026-11-23T10:00:00Z\n",
        "２０２６-11-23T10:00:00Z",
        "+026-11-23T10:00:00Z",
        "0000-11-23T10:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "now",
    ],
)
def test_text_that_is_no_instant_since_1970_is_none(text: str) -> None:
    assert iso_ms(text) == -1
    assert instants_ms([text, 5])[0] < 0


def test_first_instant_is_one() -> None:
    assert iso_ms("1970-01-01T00:00:00Z") == 0


uniform_texts = st.datetimes(datetime(1960, 1, 1), datetime(9999, 12, 30)).map(  # noqa: DTZ001 - the text says Z
    lambda naive: f"{naive.isoformat(timespec='milliseconds')}Z"
)


@settings(max_examples=100, deadline=None)
@given(st.lists(uniform_texts, min_size=1, max_size=5))
def test_texts_of_one_form_are_read_together_as_each_alone(texts: list[str]) -> None:
    found = uniform_instants_ms(texts)

    assert found is not None
    assert [max(-1, each) for each in found.tolist()] == [iso_ms(text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(st.lists(uniform_texts, max_size=2), uniform_texts, st.integers(0, 24), st.sampled_from([*"0159/:-.TZz ٣é", ""]))
def test_text_with_a_wrong_character_is_never_read_otherwise(before: list[str], text: str, at: int, wrong: str) -> None:
    texts = [*before, text[:at] + wrong + text[at + 1 :]]

    found = uniform_instants_ms(texts)

    assert found is None or [max(-1, each) for each in found.tolist()] == [iso_ms(each) for each in texts]


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param([], id="nothing"),
        pytest.param([5], id="a number"),
        pytest.param(["2026-11-23T10:00:00.250Z", 5], id="a number too"),
        pytest.param(["2026-11-23T10:00:00.250Z", "2026-11-23T10:00:00Z"], id="without milliseconds"),
        pytest.param(["2026-11-23T10:00:00.250", "Z2026-11-23T10:00:00.250Z"], id="cut at the wrong place"),
        pytest.param(["2026-11-23T10:00:60.250Z"], id="a leap second"),
    ],
)
def test_stamps_of_other_forms_are_left_to_the_general_way(stamps: list[int | str]) -> None:
    assert uniform_instants_ms(stamps) is None
