"""Recordings checked, cut, merged, moved, made anonymous, and converted."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import PLAN, Tocsin
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter
from tocsin.core.formats.ticks import decode_tick
from tocsin.core.keys import TICK_KEY

START_MS = 1_795_428_000_000
ISO = "2026-11-23T10:00:00Z"


def records(path: Path) -> list[Recorded]:
    with RecordingReader(path) as reader:
        return list(reader)


def header(path: Path) -> Header:
    with RecordingReader(path) as reader:
        return reader.header


def written(path: Path, *found: Recorded, head: Header | None = None) -> Path:
    with RecordingWriter(path, head or Header(source="test", clock="virtual")) as writer:
        for record in found:
            writer.append(record)
    return path


def message(device: str, at_ms: int, **more: object) -> Recorded:
    body = {"device": device, "ts": at_ms, "metrics": {"flow_lpm": 1.5}} | more
    return Recorded(at_ms, f"acme#{device}", json.dumps(body).encode())


def golden(tocsin: Tocsin, path: Path, to: Path) -> str:
    assert tocsin("replay", path, "--plan", PLAN, "--write", to).code == 0
    return to.read_text()


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_sound_recording_is_fine(tocsin: Tocsin, tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, message("pump-1", START_MS))

    said = tocsin("recording", "check", path)

    assert (said.code, said.out) == (0, f"{path}: fine, 1 records, digest fits\n")


def test_damaged_lines_are_told_by_number_and_the_rest_can_be_used(tocsin: Tocsin, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *(message("pump-1", START_MS + step) for step in range(5)))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"torn\n", *lines[3:]]))

    said = tocsin("recording", "check", path)

    assert said.code == 1
    assert f"{path}:3: " in said.out
    assert "content is not what was written" in said.out
    assert said.out.endswith("1 damaged lines, 4 records can be used\n")


def test_changed_byte_that_still_reads_is_found_by_the_digest(tocsin: Tocsin, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", message("pump-1", START_MS))
    path.write_bytes(path.read_bytes().replace(b"1.5", b"1.6"))

    said = tocsin("recording", "check", path, "--json")

    (found,) = said.json  # type: ignore[misc]  it is a list
    assert (said.code, found["ok"], found["damaged"], len(found["problems"])) == (1, False, 0, 1)


def test_recording_cut_short_keeps_what_came_before(tocsin: Tocsin, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", *(message(f"pump-{n}", START_MS + n) for n in range(5_000)))
    path.write_bytes(path.read_bytes()[:-2_000])

    said = tocsin("recording", "convert", path, "--to", tmp_path / "b.jsonl")

    assert said.code == 1
    assert "cannot be read" in said.err
    assert 1_000 < len(records(tmp_path / "b.jsonl")) < 5_000
    assert tocsin("recording", "check", tmp_path / "b.jsonl").code == 0


def test_info_says_whose_records_they_are_and_from_when(tocsin: Tocsin, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", message("pump-1", START_MS), message("pump-2", START_MS + HOUR_MS))

    said = tocsin("recording", "info", path)

    assert "2 records and 0 ticks" in said.out
    assert "2 devices of acme" in said.out
    assert "from 2026-11-23T10:00:00Z to 2026-11-23T11:00:00Z, 1 h\n" in said.out


def test_cut_keeps_a_span_of_some_devices(tocsin: Tocsin, tmp_path: Path) -> None:
    found = [message(f"{kind}-1", START_MS + step * MINUTE_MS) for step in range(10) for kind in ("pump", "motor")]
    path = written(tmp_path / "a.jsonl", *found)

    tocsin("recording", "cut", path, "--to", tmp_path / "b.jsonl", "--from", "2026-11-23T10:02:00Z",
           "--until", "2026-11-23T10:05:00Z", "--device", "pump-*")  # fmt: skip

    assert records(tmp_path / "b.jsonl") == [found[4], found[6], found[8]]


def test_merge_orders_by_arrival_and_leaves_ticks_to_the_replay(tocsin: Tocsin, tmp_path: Path) -> None:
    early, late = message("pump-1", START_MS), message("pump-2", START_MS + 5)
    tick = Recorded(START_MS + 1, TICK_KEY, b"{}")
    one = written(tmp_path / "a.jsonl", early, tick, head=Header(source="a", ticks=True, shards=3))
    two = written(tmp_path / "b.jsonl.gz", late, head=Header(source="b"))

    tocsin("recording", "merge", two, one, "--to", tmp_path / "c.jsonl")

    assert records(tmp_path / "c.jsonl") == [early, late]
    assert (header(tmp_path / "c.jsonl").ticks, header(tmp_path / "c.jsonl").shards) == (False, 3)


def test_cut_in_two_and_merged_again_is_the_same_recording(tocsin: Tocsin, tmp_path: Path, recording: Path) -> None:
    middle = "2026-11-23T10:11:00Z"
    tocsin("recording", "cut", recording, "--to", tmp_path / "a.jsonl", "--until", middle)
    tocsin("recording", "cut", recording, "--to", tmp_path / "b.jsonl", "--from", middle)
    tocsin("recording", "merge", tmp_path / "b.jsonl", tmp_path / "a.jsonl", "--to", tmp_path / "c.jsonl")

    assert records(tmp_path / "c.jsonl") == records(recording)
    assert header(tmp_path / "c.jsonl").digest == header(recording).digest


def test_shifted_recording_leads_to_the_same_alerts_an_hour_later(
    tocsin: Tocsin, tmp_path: Path, recording: Path
) -> None:
    tocsin("recording", "shift", recording, "--to", tmp_path / "later.jsonl", "--by", "24h")

    before = golden(tocsin, recording, tmp_path / "before.txt")
    after = golden(tocsin, tmp_path / "later.jsonl", tmp_path / "after.txt")
    assert after.replace("2026-11-24", "2026-11-23") == before
    assert "firing" in before


def test_shift_there_and_back_keeps_every_byte_but_those_of_times_as_text(
    tocsin: Tocsin, tmp_path: Path, recording: Path
) -> None:
    tocsin("recording", "shift", recording, "--to", tmp_path / "b.jsonl", "--start", "2020-01-01T00:00:00Z")
    by = records(recording)[0].arrival_ms - records(tmp_path / "b.jsonl")[0].arrival_ms
    tocsin("recording", "shift", tmp_path / "b.jsonl", "--to", tmp_path / "c.jsonl", "--by", f"{by}ms")

    assert records(tmp_path / "b.jsonl")[0].arrival_ms == 1_577_836_800_000
    assert records(tmp_path / "c.jsonl") == records(recording)


def test_shift_moves_ticks_and_tells_what_it_could_not_read(tocsin: Tocsin, tmp_path: Path) -> None:
    tick = Recorded(START_MS, TICK_KEY, b'{"tick_ms":%d,"plan_hash":"","hash_start":"0","hash_end":"5"}' % START_MS)
    torn = Recorded(START_MS, "acme#pump-1", b"torn")
    path = written(tmp_path / "a.jsonl", tick, torn, head=Header(ticks=True))

    said = tocsin("recording", "shift", path, "--to", tmp_path / "b.jsonl", "--by", "-1h", "--json")

    moved = records(tmp_path / "b.jsonl")
    assert decode_tick(moved[0].data).tick_ms == START_MS - HOUR_MS
    assert (moved[1].data, moved[1].arrival_ms) == (b"torn", START_MS - HOUR_MS)
    assert isinstance(said.json, Mapping)
    assert said.json["kept_their_times"] == 1


def test_anonymous_recording_leads_to_the_same_alerts_under_other_names(
    tocsin: Tocsin, tmp_path: Path, recording: Path
) -> None:
    tocsin("recording", "anonymise", recording, "--to", tmp_path / "b.jsonl", "--names", tmp_path / "names.json")

    names = json.loads((tmp_path / "names.json").read_bytes())
    said = golden(tocsin, recording, tmp_path / "before.txt")
    after = golden(tocsin, tmp_path / "b.jsonl", tmp_path / "after.txt")
    raw = (tmp_path / "b.jsonl").read_text()
    assert "north" not in raw
    assert "demo" not in raw
    assert after.count(" firing: ") == said.count(" firing: ") > 0
    assert names["tenants"] == {"demo": "tenant-1"}
    assert names["devices"]["demo#north-pump-01"].startswith("device-")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Ada was here", id="no message"),
        pytest.param(b'{"device":"ada","ts":1,"metrics":{"a":1}}', id="another device"),
        pytest.param(b'{"device":"pump-1","tenant":"ada","ts":1,"metrics":{"a":1}}', id="another tenant"),
        pytest.param(b'{"device":"pump-1","ts":"ada","metrics":{"a":1}}', id="a time that is none"),
        pytest.param(b'{"device":"pump-1","ts":1,"metrics":{"a":"ada"}}', id="a value that is none"),
        pytest.param(b'{"device":"pump-1","ts":1,"seq":"ada","metrics":{"a":1}}', id="a counter that is none"),
    ],
)
def test_what_might_name_somebody_is_left_out(tocsin: Tocsin, tmp_path: Path, data: bytes) -> None:
    good = message("pump-1", START_MS, owner="ada")
    path = written(tmp_path / "a.jsonl", Recorded(START_MS, "acme#pump-1", data, "ada:1", "ada"), good)

    said = tocsin("recording", "anonymise", path, "--to", tmp_path / "b.jsonl")

    raw = (tmp_path / "b.jsonl").read_text()
    assert said.code == 0
    assert len(records(tmp_path / "b.jsonl")) == 1
    assert not [word for word in ("ada", "Ada", "acme", "pump") if word in raw]


SENML = '[{"bn":"urn:dev:ow:1:","bt":1795428000,"n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"x"}]'
LINES = "weather,device=a temperature=82 1795428000250000000\nbad\n"
DUMP = (
    '{"Records":[{"SequenceNumber":"7","ApproximateArrivalTimestamp":1795428000.25,"Data":"e30=",'
    '"PartitionKey":"acme#pump-7"},{"SequenceNumber":"8"}]}'
)


@pytest.mark.parametrize(
    ("file_format", "text", "key", "arrival_ms", "data"),
    [
        ("senml", SENML, "acme#urn_dev_ow_1", START_MS, b'"temp_celsius":23.1'),
        ("influx", LINES, "acme#a", START_MS + 250, b'"weather_temperature":82.0'),
        ("kinesis", DUMP, "acme#pump-7", START_MS + 250, b"{}"),
    ],
)
def test_files_of_others_become_recordings_and_what_is_wrong_is_told(
    tocsin: Tocsin, tmp_path: Path, file_format: str, text: str, key: str, arrival_ms: int, data: bytes
) -> None:
    (tmp_path / "in.gz").write_bytes(gzip.compress(text.encode()))

    said = tocsin("recording", "convert", tmp_path / "in.gz", "--to", tmp_path / "out.jsonl", "--format", file_format,
                  "--tenant", "acme", "--json")  # fmt: skip

    (found,) = records(tmp_path / "out.jsonl")
    assert (found.partition_key, found.arrival_ms, data in found.data) == (key, arrival_ms, True)
    assert isinstance(said.json, Mapping)
    assert (said.code, said.json["damages"]["count"]) == (1, 1)
    assert "in.gz:2: " in said.err


def test_table_becomes_a_recording_in_the_zone_that_is_stated(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("time;flow\n2026-11-23 11:00:00;1,5\n")

    tocsin("recording", "convert", tmp_path / "in.csv", "--to", tmp_path / "out.jsonl", "--format", "csv",
           "--zone", "Europe/Berlin")  # fmt: skip

    assert [one.arrival_ms for one in records(tmp_path / "out.jsonl")] == [START_MS]


def test_long_table_of_two_columns_of_time_is_read_as_its_options_say(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("Date,Time,id,tag,value\n23.11.2026,11:00,p-1,flow,1.5\n")

    tocsin("recording", "convert", tmp_path / "in.csv", "--to", tmp_path / "out.jsonl.zst", "--format", "csv",
           "--zone", "Europe/Berlin", "--time-column", "Date", "--time-column", "Time",
           "--time-format", "%d.%m.%Y %H:%M", "--device-column", "id",
           "--metric-column", "tag", "--value-column", "value")  # fmt: skip

    assert [(one.arrival_ms, one.partition_key) for one in records(tmp_path / "out.jsonl.zst")] == [
        (START_MS, "local#p-1")
    ]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("check missing.jsonl", id="nothing to check"),
        pytest.param("check other.bin", id="what is no recording"),
        pytest.param("info a.jsonl.zst", id="zstd that is none"),
        pytest.param("cut a.jsonl --to a.jsonl", id="over itself"),
        pytest.param("shift a.jsonl --to b.jsonl", id="a shift of nothing"),
        pytest.param("shift a.jsonl --to b.jsonl --by 5", id="a shift without a unit"),
        pytest.param("shift a.jsonl --to b.jsonl --by -24000d", id="before all time"),
        pytest.param("merge a.jsonl e.jsonl --to b.jsonl", id="clocks that differ"),
        pytest.param("convert other.bin --to b.jsonl --format senml", id="what is no pack"),
        pytest.param("convert other.bin --to b.jsonl --format xml", id="a format that there is not"),
        pytest.param("convert other.bin --to b.jsonl --format influx --tenant a#b", id="a tenant that is no id"),
    ],
)
def test_wrong_use_leaves_nothing_behind(
    line: str, tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.bin").write_bytes(b"\xff\x00not ours")
    Path("a.jsonl.zst").write_bytes(b"")
    written(Path("a.jsonl"), message("pump-1", START_MS))
    written(Path("e.jsonl"), message("pump-1", START_MS), head=Header(clock="event"))

    said = tocsin("recording", *line.split())

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("tocsin: ")
    assert not Path("b.jsonl").exists()
    assert len(records(Path("a.jsonl"))) == 1
