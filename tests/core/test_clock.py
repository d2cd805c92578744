from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.clock import VirtualClock, elapsed_s, iso, pause, wall_now_ms

YEAR_9999_MS = 253_402_300_799_999


def test_virtual_clock_stands_still_until_told() -> None:
    clock = VirtualClock(1_000)

    assert [clock.now_ms(), clock.now_ms()] == [1_000, 1_000]


@settings(max_examples=50, deadline=None)
@given(st.integers(), st.lists(st.integers(), max_size=8))
def test_virtual_clock_shows_the_latest_instant_it_was_told(start_ms: int, instants_ms: list[int]) -> None:
    clock = VirtualClock(start_ms)

    for instant_ms in instants_ms:
        clock.advance_to(instant_ms)

    assert clock.now_ms() == max([start_ms, *instants_ms])


@pytest.mark.parametrize(
    ("instant_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (1_795_428_000_250, "2026-11-23T10:00:00.250Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (YEAR_9999_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_instant_is_written_in_iso_8601_to_the_millisecond_where_there_are_any(instant_ms: int, text: str) -> None:
    assert iso(instant_ms) == text


@settings(max_examples=100, deadline=None)
@given(st.integers(0, YEAR_9999_MS))
def test_written_instant_reads_back_as_itself(instant_ms: int) -> None:
    moment = datetime.fromisoformat(iso(instant_ms))

    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000 == instant_ms


def test_wall_clock_is_in_milliseconds_of_this_century() -> None:
    assert 1_577_836_800_000 < wall_now_ms() < 4_102_444_800_000


def test_elapsed_time_never_falls_and_a_pause_below_zero_is_none() -> None:
    before_s = elapsed_s()

    pause(-1.0)

    assert elapsed_s() >= before_s
