"""Recordings of logs and tables from the command line."""

from pathlib import Path

from tests.cli.conftest import Tocsin

TABLE = """time;Air Temp;note;door
2026-11-23 10:00:00;4,5;cold;d-1
2026-11-23 10:01:00;4,75;;d-2
yesterday;5;;d-2
2026-11-23 10:02:00;;;d-1
"""


def test_table_is_recorded_and_every_row_is_accounted_for(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "room 1.csv").write_text(TABLE)
    target = tmp_path / "room.jsonl"

    said = tocsin("record", "--from-csv", tmp_path / "room 1.csv", "--device-column", "door", "--to", target)

    assert (said.code, said.out) == (0, "")
    assert "2 readings of 2 rows written" in said.err
    assert "4 rows: 2 recorded (0 of them out of order), 1 without a number, 1 refused" in said.err
    assert "room 1.csv:4: " in said.err
    replayed = tocsin("replay", target, "--json").json
    assert isinstance(replayed, dict)
    assert (replayed["messages"], replayed["counts"]["readings"], replayed["lost"]) == (2, 2, 0)


def test_device_of_a_table_is_named_after_its_file(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "room 1.csv").write_text(TABLE)

    said = tocsin("record", "--from-csv", tmp_path / "room 1.csv", "--to", tmp_path / "room.jsonl", "--json")

    report = said.json
    assert isinstance(report, dict)
    assert (report["rows"], report["recorded"], report["empty"], report["refused"]) == (4, 2, 1, 1)
    assert "local#room-1" in (tmp_path / "room.jsonl").read_text()


def test_nothing_recorded_is_a_finding(tocsin: Tocsin, tmp_path: Path, played: Path) -> None:
    (tmp_path / "empty.csv").write_text("time,value\n")

    table = tocsin("record", "--from-csv", tmp_path / "empty.csv", "--to", tmp_path / "a.jsonl")
    log = tocsin("record", "--file", played, "--until", "2020-01-01T00:00:00Z", "--to", tmp_path / "b.jsonl")

    assert (table.code, log.code) == (1, 1)


def test_part_of_a_log_is_what_arrived_within_it(tocsin: Tocsin, tmp_path: Path, played: Path) -> None:
    between = ("--from", "2026-11-23T10:05:00Z", "--until", "2026-11-23T10:10:00Z")

    said = tocsin("record", "--file", played, "--to", tmp_path / "part.jsonl", *between, "--json")

    found = said.json
    assert isinstance(found, dict)
    assert 50 < found["records"] < 150
    assert "2026-11-23T10:05:00" <= found["first"] <= found["last"] < "2026-11-23T10:10:00Z"
