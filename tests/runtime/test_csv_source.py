"""Any table with a column of times becomes a recording, and every row is accounted for."""

import gzip
import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from tocsin.core.errors import UsageError
from tocsin.core.formats.recording import Recorded
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.runtime.csv_columns import CsvTable
from tocsin.runtime.csv_source import CsvReport, record_csv
from tocsin.runtime.csv_values import instant_ms, metric_names, number

NOON_MS = 1_795_435_200_000
"""2026-11-23T12:00:00Z."""


@pytest.mark.parametrize(
    ("cell", "expected_ms"),
    [
        pytest.param("1795435200", NOON_MS, id="epoch seconds"),
        pytest.param("1795435200.25", NOON_MS + 250, id="epoch seconds with a fraction"),
        pytest.param("1795435200250", NOON_MS + 250, id="epoch milliseconds"),
        pytest.param("2026-11-23T12:00:00Z", NOON_MS, id="ISO with Z"),
        pytest.param("2026-11-23T13:30:00.5+01:30", NOON_MS + 500, id="ISO with an offset"),
        pytest.param(" 2026-11-23 12:00:00 ", NOON_MS, id="plain, in the stated zone"),
        pytest.param("2026/11/23 12:00:00.250999", NOON_MS + 250, id="slashes, cut to the millisecond"),
        pytest.param("2026-11-23", NOON_MS - 12 * 3_600_000, id="a day begins at midnight"),
    ],
)
def test_times_are_read_however_people_write_them(cell: str, expected_ms: int) -> None:
    assert instant_ms(cell, UTC) == expected_ms


@pytest.mark.parametrize("cell", ["", "soon", "23.11.2026", "1969-12-31 23:59:59", "-5", "1e300", "9e18"])
def test_what_is_no_time_of_a_measurement_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"time (cannot be read|must lie)"):
        instant_ms(cell, UTC)


@pytest.mark.parametrize("cell", ["", "n/a", "NaN", "inf", "1e999", "on", "1_000", "0x10", "1 2"])
def test_what_is_no_finite_number_is_none(cell: str) -> None:
    assert number(cell) is None


def test_names_stay_distinct_even_when_cut() -> None:
    names = metric_names(["x" * 70, "x" * 80, "Ω", "Ω"])

    assert names == ["x" * 64, "x" * 62 + "_2", "column_3", "column_4"]


def test_columns_become_metrics_and_empty_cells_are_left_out(tmp_path: Path) -> None:
    report, records = _recorded(
        tmp_path,
        "site,timestamp,Flow (l/min),state,Pressure\n"
        "north,2026-11-23 12:00:00,1.5,on,\n"
        "north,2026-11-23 12:00:01,,off,3\n",
    )

    assert [_message(record)["metrics"] for record in records] == [{"Flow_l_min": 1.5}, {"Pressure": 3.0}]
    assert [record.partition_key for record in records] == ["acme#pump-1"] * 2
    assert report.metrics == {"Flow_l_min": "Flow (l/min)", "Pressure": "Pressure"}
    assert report.ignored == ["site", "state"]
    assert (report.rows, report.recorded, report.readings) == (2, 2, 2)


def test_every_row_is_recorded_empty_or_refused_and_named_by_its_line(tmp_path: Path) -> None:
    report, records = _recorded(
        tmp_path, "time,a\n2026-11-23 12:00:00,1\n\nyesterday,2\n2026-11-23 12:00:02,n/a\n1850-01-01,4\n"
    )

    assert len(records) == report.recorded == 1
    assert (report.rows, report.empty, report.refused) == (4, 1, 2)
    assert [problem.rsplit("/", 1)[-1].split(": ")[0] for problem in report.problems] == [
        "table.csv:4",
        "table.csv:5",
        "table.csv:6",
    ]


def test_equal_rows_are_all_kept_and_arrivals_never_fall(tmp_path: Path) -> None:
    report, records = _recorded(
        tmp_path,
        "time,a\n2026-11-23 12:00:05,1\n2026-11-23 12:00:05,1\n2026-11-23 12:00:03,1\n",
    )

    assert [record.arrival_ms for record in records] == [NOON_MS + 5_000] * 3
    assert [_message(record)["ts"] for record in records] == [
        NOON_MS + 5_000,
        NOON_MS + 5_000,
        NOON_MS + 3_000,
    ]
    assert len({_message(record)["seq"] for record in records}) == 3
    assert report.earlier == 1


def test_semicolons_decimal_commas_and_a_zone_are_read(tmp_path: Path) -> None:
    _, records = _recorded(tmp_path, "ts;Druck\n2026-11-23 13:00:00;1,25\n", zone="Europe/Berlin")

    assert _message(records[0]) == {"device": "pump-1", "ts": NOON_MS, "seq": 1, "metrics": {"Druck": 1.25}}


def test_a_column_can_name_the_device(tmp_path: Path) -> None:
    report, records = _recorded(
        tmp_path,
        "when,who,a\n1795435200,p-7,1\n1795435201,,2\n1795435202,p#8,3\n",
        time_columns=("when",),
        device_column="who",
    )

    assert [record.partition_key for record in records] == ["acme#p-7", "acme#pump-1"]
    assert report.refused == 1


def test_a_usual_heading_names_the_device_unasked(tmp_path: Path) -> None:
    _, records = _recorded(tmp_path, "time,Device ID,a\n1795435200,p-7,1\n")

    assert [record.partition_key for record in records] == ["acme#p-7"]


def test_long_table_is_a_reading_a_row(tmp_path: Path) -> None:
    report, records = _recorded(
        tmp_path,
        "time,device,tag,val\n1795435200,p-7,Flow (l/min),1.5\n1795435200,p-7,temp,20\n1795435201,p-8,temp,n/a\n"
        "1795435202,p-8,°,2\n1795435203,p-8,Flow [l/min],3\n",
        metric_column="tag",
        value_column="val",
    )

    assert [_message(record)["metrics"] for record in records] == [{"Flow_l_min": 1.5}, {"temp": 20.0}]
    assert [record.partition_key for record in records] == ["acme#p-7"] * 2
    assert report.metrics == {"Flow_l_min": "Flow (l/min)", "temp": "temp"}
    assert (report.rows, report.recorded, report.empty, report.refused) == (5, 2, 1, 2)
    assert [problem.split(": ", 1)[1] for problem in report.problems] == [
        "row has no number",
        "metric must have a letter or digit, got '°'",
        "metric 'Flow [l/min]' would be Flow_l_min, as 'Flow (l/min)' is",
    ]


def test_date_and_time_may_stand_in_two_columns_and_a_format_of_their_own(tmp_path: Path) -> None:
    report, records = _recorded(
        tmp_path,
        "Date;Time;kW\n23/11/2026;13:00:00;1,5\n23/11/2026;25:00:00;2\n",
        time_columns=("Date", "Time"),
        time_format="%d/%m/%Y %H:%M:%S",
        zone="Europe/Berlin",
    )

    assert [_message(record)["ts"] for record in records] == [NOON_MS]
    assert "time must be written as %d/%m/%Y %H:%M:%S, got '23/11/2026 25:00:00'" in report.problems[0]


def test_more_metrics_than_a_message_takes_travel_in_several(tmp_path: Path) -> None:
    names = ",".join(f"m{place}" for place in range(70))

    _, records = _recorded(tmp_path, f"time,{names}\n1795435200{',1' * 70}\n")

    assert [len(_message(record)["metrics"]) for record in records] == [64, 6]
    assert [_message(record)["seq"] for record in records] == [1, 2]


def test_a_compressed_table_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    table = tmp_path / "table.csv.gz"
    table.write_bytes(gzip.compress(b"\xef\xbb\xbftimestamp,a\r\n1795435200,1\r\n"))

    report = record_csv(CsvTable(table, "acme", "pump-1"), tmp_path / "out.jsonl")

    assert report.recorded == 1


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        pytest.param("a,b\n1,2\n", {}, "name the column of times", id="no usual heading"),
        pytest.param("time,b\n", {"time_columns": ("tmie",)}, "has no column 'tmie'", id="a wrong name"),
        pytest.param("time,b\n", {"tenant": "a#b"}, "tenant must be", id="a tenant that is no id"),
        pytest.param("time,b\n", {"zone": "Mars/Base"}, "zone must be", id="a zone that is none"),
        pytest.param("", {}, "name the column of times", id="an empty file"),
        pytest.param("time,b,c\n", {"metric_column": "b"}, "needs both", id="half of a long table"),
        pytest.param("time,b\n", {"metric_column": "b", "value_column": "v"}, "no column 'v'", id="no such value"),
    ],
)
def test_a_table_that_cannot_be_read_as_asked_is_a_wrong_use(
    tmp_path: Path, text: str, changes: dict[str, Any], words: str
) -> None:
    (tmp_path / "table.csv").write_text(text)
    asked = {"path": tmp_path / "table.csv", "tenant": "acme", "device": "pump-1"} | changes

    with pytest.raises(UsageError, match=words):
        record_csv(CsvTable(**asked), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def _recorded(tmp_path: Path, text: str, **settings: Any) -> tuple[CsvReport, list[Recorded]]:
    (tmp_path / "table.csv").write_text(text)
    table = CsvTable(tmp_path / "table.csv", "acme", "pump-1", **settings)
    report = record_csv(table, tmp_path / "out.jsonl")
    with RecordingReader(tmp_path / "out.jsonl") as reader:
        assert reader.header.clock == "event"
        return report, list(reader)


def _message(record: Recorded) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(record.data)
    return message
