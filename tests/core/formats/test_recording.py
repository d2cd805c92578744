"""Recordings keep every byte, and say which line is damaged."""

import gzip
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tocsin.core.errors import RecordingError
from tocsin.core.formats.recording import Header, Recorded, decode_record, encode_header, encode_record
from tocsin.core.formats.recording_file import Damage, RecordingReader, RecordingWriter

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SPECIMEN = Recorded(1_000, "acme#pump-7", b'{"ts":1000,"metrics":{"flow_lpm":1.50}}', "shardId-0:17")

payloads = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ).flatmap(
        lambda value: st.sampled_from(
            [json.dumps(value), json.dumps(value, indent=1), f" {json.dumps(value, ensure_ascii=False)} "]
        ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    ),
)


@given(
    data=payloads,
    arrival_ms=st.integers(0, 2**53),
    key=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    label=st.sampled_from(["", "spike", "é\n"]),
)
@settings(max_examples=300, deadline=None)
def test_a_record_comes_back_to_the_byte_from_one_line_of_json(
    data: bytes, arrival_ms: int, key: str, label: str
) -> None:
    record = Recorded(arrival_ms, key, data, "shardId-0:17", label)

    line = encode_record(record)

    assert decode_record(line) == record
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line)["arrival_ms"] == arrival_ms


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param(b'{"a": 1.50}', "json", id="JSON stands as it is"),
        pytest.param(b'{"a":1,"a":2}', "json", id="doubled keys are JSON too"),
        pytest.param(b' {"a": 1}', "text", id="a blank before it would be lost"),
        pytest.param(b'{"a": 1}\r', "text", id="so would the end of a line"),
        pytest.param(b'{"a": NaN}', "text", id="NaN is not JSON"),
        pytest.param(b"temperature 5", "text", id="other text is a string"),
        pytest.param(b"", "text", id="nothing is the empty text"),
        pytest.param(b"[" * 5_000 + b"]" * 5_000, "text", id="a nest is text, no reader drowns in it"),
        pytest.param(b"\xff\x00", "base64", id="bytes are base64"),
        pytest.param(b'"\xff"', "base64", id="a string of bytes that are no text"),
    ],
)
def test_encoding_is_the_most_readable_that_keeps_the_bytes(data: bytes, encoding: str) -> None:
    line = encode_record(Recorded(0, "a#b", data))

    assert json.loads(line)["encoding"] == encoding
    assert decode_record(line).data == data


@pytest.mark.parametrize("name", ["walk.jsonl", "walk.jsonl.gz"])
def test_a_file_comes_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    header = Header(source="test", clock="virtual", plan="00ff", shards=4)
    records = [Recorded(number, "a#b", bytes([number]), label="x" * (number % 2)) for number in range(200)]

    _write(tmp_path / name, header, records)

    with RecordingReader(tmp_path / name) as reader:
        assert structs.replace(reader.header, digest="") == header
        assert list(reader) == records


@pytest.mark.parametrize("name", ["walk.jsonl", "walk.jsonl.gz"])
def test_header_holds_the_digest_of_what_follows_it(tmp_path: Path, name: str) -> None:
    _write(tmp_path / name, Header(), [structs.replace(SPECIMEN, arrival_ms=number) for number in range(5_000)])

    raw = (tmp_path / name).read_bytes()
    header, _, rest = (gzip.decompress(raw) if name.endswith("gz") else raw).partition(b"\n")
    assert json.loads(header)["digest"] == hashlib.sha256(rest).hexdigest()


def test_whoever_wants_to_sees_every_line_after_the_first_damaged_or_not(tmp_path: Path) -> None:
    path = tmp_path / "torn.jsonl"
    rest = [encode_record(SPECIMEN), b"torn\n", encode_record(SPECIMEN)]
    path.write_bytes(encode_header(Header()) + b"".join(rest))
    seen: list[bytes] = []

    with RecordingReader(path, lambda _: None, seen.append) as reader:
        list(reader)

    assert seen == rest


@pytest.mark.parametrize("name", ["twin.jsonl", "twin.jsonl.gz"])
def test_equal_records_make_equal_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()

    for path in (tmp_path / name, tmp_path / "other" / f"b-{name}"):
        _write(path, Header(), [SPECIMEN] * 3)

    assert (tmp_path / name).read_bytes() == (tmp_path / "other" / f"b-{name}").read_bytes()


@pytest.mark.parametrize("name", ["kept.jsonl", "kept.jsonl.gz"])
def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")
    unwritable = [SPECIMEN, structs.replace(SPECIMEN, label="\ud800")]

    with pytest.raises(UnicodeEncodeError):
        _write(path, Header(), unwritable)

    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param(b"not a record\n", "malformed", id="no JSON"),
        pytest.param(encode_record(SPECIMEN)[:40], "cut", id="a line that ends too early"),
        pytest.param(encode_record(structs.replace(SPECIMEN, arrival_ms=2**70)), "arrival_ms", id="no such time"),
        pytest.param(b"\n", "truncated", id="an empty line"),
        pytest.param(encode_record(SPECIMEN).replace(b'"key"', b'"kay"'), "kay", id="an unknown field"),
        pytest.param(encode_record(SPECIMEN).replace(b'"json"', b'"zip"'), "zip", id="an unknown encoding"),
        pytest.param(encode_record(SPECIMEN).replace(b'"json"', b'"text"'), "str", id="a wrong encoding"),
        pytest.param(b'{"arrival_ms":0,"key":"k","position":"","encoding":"base64","payload":"?"}\n', "", id="base64"),
    ],
)
def test_a_damaged_line_is_reported_by_its_number(tmp_path: Path, line: bytes, words: str) -> None:
    path = tmp_path / "torn.jsonl"
    good = encode_record(SPECIMEN)
    path.write_bytes(encode_header(Header()) + good + line + (b"" if line[-1:] != b"\n" else good))
    damages: list[Damage] = []

    with RecordingReader(path, damages.append) as reader:
        records = list(reader)

    assert [damage.line for damage in damages] == [3]
    assert words in damages[0].message
    assert records == [SPECIMEN] * (len(records))
    assert len(records) == (2 if line.endswith(b"\n") else 1)
    with RecordingReader(path) as strict, pytest.raises(RecordingError, match=r"torn\.jsonl:3: "):
        list(strict)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "header cannot be read", id="empty"),
        pytest.param(b"{}\n", "tocsin", id="some other JSON"),
        pytest.param(b'{"tocsin":"plan","version":1}\n', "'plan'", id="another file of ours"),
        pytest.param(b'{"tocsin":"recording","version":2}\n', "of version 2", id="a newer version"),
    ],
)
def test_what_is_not_a_recording_is_refused_at_its_first_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)

    with pytest.raises(RecordingError, match=rf"other\.jsonl:1: .*{words}"):
        RecordingReader(path)


@pytest.mark.parametrize("name", ["walk.jsonl", "walk.jsonl.gz", "walk.jsonl.zst", "walk.jsonl.zstd"])
def test_recording_of_any_compression_reads_the_same_and_equal_records_make_equal_bytes(
    tmp_path: Path, name: str
) -> None:
    records = [Recorded(number, "acme#pump-7", b'{"flow":%d}' % number) for number in range(3_000)]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        with RecordingWriter(tmp_path / folder / name, Header(source="walk")) as writer:
            for record in records:
                writer.append(record)

    with RecordingReader(tmp_path / "a" / name) as reader:
        read, digest = list(reader), reader.header.digest

    assert read == records
    assert digest == hashlib.sha256(b"".join(map(encode_record, records))).hexdigest()
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_zstd_is_smaller_than_plain_and_other_tools_read_it(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "walk.jsonl.zst", Header()) as writer:
        for _ in range(1_000):
            writer.append(SPECIMEN)

    data = (tmp_path / "walk.jsonl.zst").read_bytes()

    lines = zstd.decompress(data).splitlines(keepends=True)
    assert lines[1:] == [encode_record(SPECIMEN)] * 1_000
    assert len(data) < len(b"".join(lines)) / 20


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst"])
def test_what_only_bears_the_name_of_a_compressed_recording_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(encode_header(Header()))

    with pytest.raises(RecordingError, match=rf"{name}:1: cannot be read"):
        RecordingReader(tmp_path / name)


def test_a_missing_file_is_an_error_of_recordings(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be opened"):
        RecordingReader(tmp_path / "none.jsonl")


@pytest.mark.parametrize(("end", "compress"), [("gz", gzip.compress), ("zst", zstd.compress)])
def test_a_cut_file_names_the_line_where_it_ends(tmp_path: Path, end: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"cut.jsonl.{end}"
    lines = b"".join(encode_record(Recorded(number, "a#b", b"%d" % (number * 7919))) for number in range(50_000))
    path.write_bytes(compress(encode_header(Header()) + lines)[:-3_000])

    with RecordingReader(path) as reader, pytest.raises(RecordingError, match=rf"cut\.jsonl\.{end}:\d\d+: "):
        list(reader)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(encode_header(Header()) + b" " * 9_000_000))

    with RecordingReader(path) as reader, pytest.raises(RecordingError, match=":2: line is longer"):
        list(reader)


def _write(path: Path, header: Header, records: list[Recorded]) -> None:
    with RecordingWriter(path, header) as writer:
        for record in records:
            writer.append(record)
