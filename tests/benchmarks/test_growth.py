"""What grows stays within bounds, and the benchmarks that say so measure what they name."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.chart import chart
from benchmarks.fleet import Fleet
from benchmarks.growth import committed_bytes, marks, memory, over_log, over_readings, over_series, over_shards
from benchmarks.topology import over_devices, shard
from processors.state import encode_group

STORED_BYTES_A_SERIES_MAX = 1_200 / 5
"""Of `processors`: 1.2 KB a device with five metrics and two open slices."""

LIVE_BYTES_A_SERIES_MAX = 400


@pytest.mark.parametrize("devices", [100, 500])
def test_series_takes_bounded_memory_whatever_their_number(devices: int) -> None:
    found = memory(devices)

    assert found["series"] == devices * 5
    assert 100 < found["stored"] < STORED_BYTES_A_SERIES_MAX
    assert found["stored"] < found["live"] < LIVE_BYTES_A_SERIES_MAX


def test_state_is_as_large_after_seven_times_as_many_readings() -> None:
    fleet = Fleet(1, 100)

    sizes = []
    for batches in (12, 72):  # of 50 s each: both end at the same place in a minute
        fleet.step_ns(batches)
        state = fleet.state(0)
        sizes.append(len(encode_group(state.group, state.geometry)))

    assert fleet.readings > 400_000
    assert sizes[1] == pytest.approx(sizes[0], rel=0.01)


def test_what_is_compared_takes_turns_and_the_first_is_the_measure(tmp_path: Path) -> None:
    shards, series = over_shards([1, 2], turns=1), over_series([1_000, 1_500], turns=1)
    readings, log = over_readings(200_000, first=200_000, turns=1), over_log(tmp_path, 50_000, turns=1)

    assert [row["shards"] for row in shards] == [1, 2]
    assert shards[0]["ratio"] == series[0]["ratio"] == 1
    assert [row["readings"] for row in readings] == marks(200_000, 200_000) == [200_000]
    assert [row["records"] for row in log] == [50_000]
    assert all(row["ns"] > 0 and row["fresh"] > 0 and row["ratio"] > 0 for row in [*readings, *log])


def test_bytes_committed_a_reading_fall_with_the_batch_and_grow_with_the_group() -> None:
    small, large = [[row["whole"] for row in committed_bytes([devices], [100, 1_000])] for devices in (200, 800)]

    assert small[0] == pytest.approx(10 * small[1])
    assert large[0] == pytest.approx(4 * small[0], rel=0.1)


def test_changed_rows_pay_where_a_batch_touches_few_devices() -> None:
    few, many = committed_bytes([1_000], [100, 10_000])

    assert few["ratio"] > 5
    assert many["ratio"] < 1


def test_reader_keeps_up_with_a_full_shard_and_falls_behind_where_its_function_is_the_limit() -> None:
    full, flooded = (shard(rate, groups=4, seconds=120) for rate in (1_000, 60_000))

    assert full.done_per_s == pytest.approx(1_000, rel=0.05)
    assert full.p99_s < 6
    assert flooded.done_per_s < 50_000
    assert flooded.p99_s > 20


def test_more_devices_exceed_more_limits() -> None:
    exceeded = [len(row["exceeded"]) for row in over_devices([386, 10_000_000])]

    assert exceeded[0] == 0
    assert exceeded[1] > 3


def test_chart_is_a_picture_with_every_line_and_its_name() -> None:
    drawn = chart("Cost", "series", "ns", {"a < b": [(10, 1), (1_000, 3)], "c": [(10, 2), (1_000, 2)]})

    names = [one.text for one in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  ours
    assert {"Cost", "series", "ns", "a < b", "c"} <= set(names)
    assert drawn.count("<polyline") == 2
