"""Series against the readings that they are made of, and the limits on what may be asked."""

from datetime import datetime
from itertools import pairwise
from math import sqrt
from statistics import fmean, pvariance
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.api.deployment import NEWEST_MS, NOW_MS, Deployment, filled, fired, resolved
from tests.contract.specimens import STATS
from tocsin.api.steps import steps_of
from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tocsin.core.ports import WindowItem, WindowStats

ALL = "mean,sum,min,max,first,last,variance,stddev"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return filled()


def stats_of(values: list[float]) -> WindowStats:
    return WindowStats(
        len(values), fmean(values), sum(values), pvariance(values), min(values), max(values), values[0], values[-1]
    )


def put(deployment: Deployment, by_minute: dict[int, list[float]], revision: int = 0) -> None:
    deployment.backend.windows.put(
        [
            WindowItem("acme", "m", MINUTE_MS, minute * MINUTE_MS, revision, {"x": stats_of(values)})
            for minute, values in by_minute.items()
        ]
    )


VALUES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=4)


@given(st.dictionaries(st.integers(0, 29), VALUES, max_size=20), st.sampled_from([1, 2, 5, 7, 30]))
@settings(max_examples=40, deadline=None)
def test_step_has_what_its_readings_have_together(by_minute: dict[int, list[float]], minutes: int) -> None:
    deployment = Deployment()
    put(deployment, dict(sorted(by_minute.items())))

    asked = f"/v1/series?device=m&metric=x&from_ms=0&until_ms={30 * MINUTE_MS}&resolution={minutes}m&aggregations={ALL}"
    series = deployment.ask(asked).content

    assert series["start_ms"] == list(range(0, 30 * MINUTE_MS, minutes * MINUTE_MS))
    for place, start_ms in enumerate(series["start_ms"]):
        first = start_ms // MINUTE_MS
        values = [value for minute in range(first, first + minutes) for value in by_minute.get(minute, [])]
        got = {name: column[place] for name, column in series["columns"].items()}
        assert series["count"][place] == len(values)
        if not values:
            assert set(got.values()) == {None}
            continue
        assert (got["min"], got["max"], got["first"], got["last"]) == (min(values), max(values), values[0], values[-1])
        assert got["mean"] == pytest.approx(fmean(values), abs=1e-6)
        assert got["sum"] == pytest.approx(sum(values), abs=1e-6)
        assert got["variance"] == pytest.approx(pvariance(values), abs=1e-4)
        assert got["stddev"] == pytest.approx(sqrt(pvariance(values)), abs=1e-2)


def test_late_readings_are_merged_and_marked() -> None:
    deployment = Deployment()
    put(deployment, {0: [1.0, 3.0], 1: [5.0]})
    put(deployment, {0: [8.0]}, revision=1)

    asked = f"/v1/series?device=m&metric=x&from_ms=0&until_ms={2 * MINUTE_MS}&resolution=1m&aggregations=mean,max,last"
    series = deployment.ask(asked).content

    assert (series["count"], series["revised"]) == ([3, 1], [0])
    assert series["columns"] == {"mean": [4.0, 5.0], "max": [8.0, 5.0], "last": [3.0, 5.0]}


def test_answer_says_what_was_chosen(deployment: Deployment) -> None:
    series = deployment.ask("/v1/series?device=pump-7&metric=flow_lpm").content

    assert (series["resolution"], series["resolution_ms"], series["source_ms"]) == ("1m", MINUTE_MS, MINUTE_MS)
    assert series["until_ms"] - series["from_ms"] == pytest.approx(6 * HOUR_MS, abs=MINUTE_MS)
    assert (series["limit"], series["points"], series["cursor"]) == (2_000, len(series["start_ms"]), None)
    assert series["limits"] == [{"rule": "flow_low", "severity": "warning", "above": None, "below": 150.0}]
    assert series["unit"] == "l/min"


@pytest.mark.parametrize(("days", "chosen"), [(1, "5m"), (7, "30m"), (30, "2h"), (400, "1d"), (50 * 365, "31d")])
def test_automatic_resolution_keeps_to_what_can_be_drawn(deployment: Deployment, days: int, chosen: str) -> None:
    asked = f"/v1/series?device=pump-7&metric=flow_lpm&until_ms={NOW_MS}&from_ms={NOW_MS - days * DAY_MS}"

    series = deployment.ask(asked).content

    assert (series["resolution"], series["points"] <= 602) == (chosen, True)


def test_longest_windows_that_fit_are_read() -> None:
    deployment = Deployment()
    hour = WindowItem("acme", "pump-7", HOUR_MS, 0, 0, {"flow_lpm": STATS})
    minute = replace(hour, size_ms=MINUTE_MS, metrics={"flow_lpm": replace(STATS, mean=0.0)})
    deployment.backend.windows.put([hour, minute])
    asked = f"/v1/series?device=pump-7&metric=flow_lpm&from_ms=0&until_ms={2 * HOUR_MS}&resolution="

    hours, minutes = (deployment.ask(asked + resolution).content for resolution in ("2h", "5m"))

    assert (hours["source_ms"], hours["columns"]["mean"]) == (HOUR_MS, [20.5])
    assert (minutes["source_ms"], minutes["columns"]["mean"][0]) == (MINUTE_MS, 0.0)


def test_quantile_and_rate_are_those_of_a_window_and_unknown_for_several() -> None:
    deployment = Deployment()
    known = replace(STATS, rate=0.5, quantiles={"p50": 20.1})
    deployment.backend.windows.put(
        [WindowItem("acme", "pump-7", MINUTE_MS, minute * MINUTE_MS, 0, {"flow_lpm": known}) for minute in (0, 1)]
    )
    asked = (
        f"/v1/series?device=pump-7&metric=flow_lpm&from_ms=0&until_ms={2 * MINUTE_MS}&aggregations=p50,rate&resolution="
    )

    assert deployment.ask(asked + "1m").content["columns"] == {"p50": [20.1, 20.1], "rate": [0.5, 0.5]}
    assert deployment.ask(asked + "2m").content["columns"] == {"p50": [None], "rate": [None]}


@pytest.mark.parametrize("step", ["day", "week", "month"])
def test_calendar_steps_begin_at_midnight_there(step: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = int(datetime(2026, 3, 10, 13, tzinfo=zone).timestamp() * 1_000)
    end = int(datetime(2026, 5, 2, 1, tzinfo=zone).timestamp() * 1_000)

    borders = steps_of(step, "Europe/Berlin", begin, end, 1_000).borders_ms

    starts = [datetime.fromtimestamp(border / 1_000, zone) for border in borders]
    assert all((one.hour, one.minute) == (0, 0) for one in starts)
    assert borders[0] <= begin < borders[1]
    assert borders[-2] < end <= borders[-1]
    assert all(one.weekday() == 0 for one in starts) == (step == "week")
    assert all(one.day == 1 for one in starts) == (step == "month")
    lengths = {after - before for before, after in pairwise(borders)}
    assert step == "month" or len(lengths) == 2  # the night in which summer begins is an hour shorter


def test_pages_of_a_series_join_without_a_gap(deployment: Deployment) -> None:
    asked = f"/v1/series?device=pump-7&metric=flow_lpm&from_ms={NEWEST_MS - 59 * MINUTE_MS}&until_ms={NEWEST_MS + 1}"
    whole = deployment.ask(f"{asked}&resolution=1m").content

    starts: list[int] = []
    cursor = ""
    while True:
        part = deployment.ask(f"{asked}&resolution=1m&limit=7{cursor}").content
        starts += part["start_ms"]
        assert part["points"] <= 7
        if part["cursor"] is None:
            break
        cursor = f"&cursor={part['cursor']}"

    assert starts == whole["start_ms"]


def test_range_of_years_at_a_minute_is_cut_and_goes_on_at_the_cursor(deployment: Deployment) -> None:
    series = deployment.ask(
        f"/v1/series?device=pump-7&metric=flow_lpm&from_ms=0&until_ms={NOW_MS}&resolution=1m&limit=11000"
    ).content

    assert (series["points"], series["limit"], series["cursor"] is None) == (11_000, 11_000, False)


def test_steps_of_too_many_windows_are_cut_too(deployment: Deployment) -> None:
    series = deployment.ask(
        f"/v1/series?device=fan-1&metric=current_ampere&from_ms=0&until_ms={NOW_MS}&resolution=31d"
    ).content

    assert (series["points"], series["cursor"] is None) == (1, False)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("metric=x", "query"),
        ("device=a&metric=x&device=b", "query"),
        ("device=a%20b&metric=x", "query device"),
        ("device=a&metric=x&resolution=30s", "query resolution"),
        ("device=a&metric=x&resolution=90s", "query resolution"),
        ("device=a&metric=x&resolution=32d", "query resolution"),
        ("device=a&metric=x&resolution=0m", "query resolution"),
        ("device=a&metric=x&resolution=day&zone=Mars/Base", "query zone"),
        ("device=a&metric=x&aggregations=median", "query aggregations"),
        ("device=a&metric=x&limit=11001", "query limit"),
        ("device=a&metric=x&limit=0", "query limit"),
        ("device=a&metric=x&from_ms=5&until_ms=5", "query until_ms"),
        ("device=a&metric=x&from_ms=-1", "query from_ms"),
        ("device=a&metric=x&from_ms=1.5", "query from_ms"),
        ("device=a&metric=x&from_ms=null", "query from_ms"),
        ("device=a&metric=x&unknown=1", "query"),
        ("device=a&metric=x&cursor=MQ", "query cursor"),
        ("device=a%00&metric=x", "query 'device'"),
    ],
)
def test_question_that_breaks_a_rule_says_which(deployment: Deployment, query: str, where: str) -> None:
    answer = deployment.ask(f"/v1/series?{query}")

    assert (answer.status, answer.content["errors"][0]["where"]) == (400, where)


def test_alerts_within_the_range_are_marked() -> None:
    marked = filled()
    old = NOW_MS - 20 * HOUR_MS
    marked.put_alert(fired(5, episode=2, device="pump-7", metric="", fingerprint="00000000000000e1"))
    marked.put_alert(fired(1, device="pump-7", metric="other", fingerprint="00000000000000e2"))
    marked.put_alert(fired(1, device="pump-7", fingerprint="00000000000000e3", at_ms=old))
    marked.put_alert(resolved(2, device="pump-7", fingerprint="00000000000000e3", at_ms=old + HOUR_MS))

    marks = marked.ask("/v1/series?device=pump-7&metric=flow_lpm").content["marks"]

    assert {(mark["alert"], mark["until_ms"]) for mark in marks} == {
        ("00000000000000f1-1", None),
        ("00000000000000e1-2", None),
    }
