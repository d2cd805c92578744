"""When silences are in force, and what they cover."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerts.specimens import FIRING
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.occurrences import DAYS
from tocsin.core.silences import Silence, covers, is_active, is_over, problems

NIGHT = Silence("night", site="north", from_time="22:00", until_time="06:00", zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("matchers", "fits"),
    [
        pytest.param({"site": "north"}, True, id="its site"),
        pytest.param({"site": "nor*"}, True, id="a pattern of its site"),
        pytest.param({"site": "south"}, False, id="another site"),
        pytest.param({"site": "north", "device": "pump-?"}, True, id="site and device"),
        pytest.param({"site": "north", "device": "fan-*"}, False, id="site, and another device"),
        pytest.param(
            {"gateway": "gw-3", "metric": "temperature_*", "rule": "too-hot", "kind": "limits"}, True, id="all"
        ),
        pytest.param({"severity": "warning"}, False, id="another severity"),
        pytest.param({"tenant": "zeta", "site": "*"}, False, id="another tenant"),
    ],
)
def test_silence_covers_an_alert_that_fits_all_its_matchers(matchers: dict[str, str], *, fits: bool) -> None:
    assert covers(Silence("one", **matchers), FIRING) is fits


def test_silence_is_in_force_from_its_start_until_before_its_end() -> None:
    silence = Silence("one", site="north", start="2026-11-23T10:00:00Z", end="2026-11-23T12:00:00+01:00")
    start_ms = iso_ms("2026-11-23T10:00:00Z")

    assert [is_active(silence, start_ms + at) for at in (-1, 0, HOUR_MS - 1, HOUR_MS)] == [False, True, True, False]
    assert [is_over(silence, start_ms + at) for at in (-1, HOUR_MS - 1, HOUR_MS)] == [False, False, True]


def test_silence_without_times_is_always_in_force_and_never_over() -> None:
    silence = Silence("one", device="pump-7")

    assert is_active(silence, 0)
    assert not is_over(silence, 1 << 50)


@pytest.mark.parametrize(
    ("at", "active"),
    [
        pytest.param("2026-11-23T20:59:59Z", False, id="before ten in the evening of winter"),
        pytest.param("2026-11-23T21:00:00Z", True, id="at ten in winter"),
        pytest.param("2026-11-24T04:59:59Z", True, id="before six in the morning, of the night before"),
        pytest.param("2026-11-24T05:00:00Z", False, id="at six"),
        pytest.param("2026-07-01T20:00:00Z", True, id="at ten in summer"),
        pytest.param("2026-07-02T04:00:00Z", False, id="at six in summer"),
        pytest.param("2026-03-29T03:59:59Z", True, id="the short night ends at six by the new time"),
        pytest.param("2026-03-29T04:00:00Z", False, id="and not by the old one"),
        pytest.param("2026-10-25T04:59:59Z", True, id="the long night ends at six by the new time"),
        pytest.param("2026-10-25T05:00:00Z", False, id="and not an hour later"),
    ],
)
def test_night_is_kept_by_the_clocks_on_the_wall_summer_and_winter(at: str, *, active: bool) -> None:
    assert is_active(NIGHT, iso_ms(at)) is active


@pytest.mark.parametrize(
    ("at", "active"),
    [
        pytest.param("2026-10-24T23:59:59Z", False, id="before two"),
        pytest.param("2026-10-25T00:00:00Z", True, id="two by summer time"),
        pytest.param("2026-10-25T00:45:00Z", True, id="between the two readings of half past two"),
        pytest.param("2026-10-25T01:29:59Z", True, id="before half past two by winter time"),
        pytest.param("2026-10-25T01:30:00Z", False, id="half past two by winter time"),
    ],
)
def test_hour_that_comes_twice_is_silent_for_the_longer_reading(at: str, *, active: bool) -> None:
    silence = Silence("one", site="north", from_time="02:00", until_time="02:30", zone="Europe/Berlin")

    assert is_active(silence, iso_ms(at)) is active


def test_days_are_those_on_which_an_occurrence_begins() -> None:
    weekend = msgspec.structs.replace(NIGHT, days=("sat",), zone="UTC")

    hours = [hour for hour in range(24 * 7) if is_active(weekend, iso_ms("2026-11-23T00:00:00Z") + hour * HOUR_MS)]

    saturday = 5 * 24
    assert hours == list(range(saturday + 22, saturday + 30))


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**41).map(lambda ms: ms - ms % MINUTE_MS),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sets(st.sampled_from(DAYS)),
)
def test_without_changes_of_the_clocks_a_recurrence_is_a_comparison_of_times_of_day(
    at_ms: int, begin: int, end: int, days: set[Any]
) -> None:
    def clock(minute: int) -> str:
        return f"{minute // 60:02d}:{minute % 60:02d}"

    silence = Silence("one", rule="r", days=tuple(days), from_time=clock(begin), until_time=clock(end))
    moment = datetime.fromtimestamp(at_ms / 1_000, UTC)
    minute, day = moment.hour * 60 + moment.minute, moment.weekday()
    wanted = days or set(DAYS)
    if end > begin:
        expected = begin <= minute < end and DAYS[day] in wanted
    else:
        expected = (minute >= begin and DAYS[day] in wanted) or (minute < end and DAYS[day - 1] in wanted)

    assert is_active(silence, at_ms) is expected


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        pytest.param({}, [], id="sound"),
        pytest.param({"site": "*"}, ["name"], id="covers everything"),
        pytest.param({"start": "tomorrow"}, ["start"], id="no instant"),
        pytest.param({"start": "2026-11-24T00:00:00Z", "end": "2026-11-23T00:00:00Z"}, ["end"], id="ends before"),
        pytest.param({"from_time": ""}, ["from_time"], id="half a recurrence"),
        pytest.param({"until_time": "24:00"}, ["until_time"], id="no time of day"),
        pytest.param({"zone": "Europe/Nowhere"}, ["zone"], id="no zone"),
        pytest.param({"zone": "Europe"}, ["zone"], id="a folder of zones"),
        pytest.param({"zone": "../etc"}, ["zone"], id="a path"),
        pytest.param({"days": ("sat",), "from_time": "", "until_time": ""}, ["days"], id="days without times"),
    ],
)
def test_problems_name_the_attribute(changes: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in problems(msgspec.structs.replace(NIGHT, **changes))] == keys


def test_alert_about_a_whole_device_is_covered_unless_a_metric_is_named() -> None:
    whole = replace(FIRING, metric="")

    assert covers(Silence("one", device="pump-7"), whole)
    assert not covers(Silence("one", device="pump-7", metric="temperature_*"), whole)
