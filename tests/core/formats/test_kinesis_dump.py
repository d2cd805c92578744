"""What ``aws kinesis get-records`` prints comes back as records, to the byte."""

import json

import pytest

from tocsin.core.formats.foreign import Misread
from tocsin.core.formats.kinesis_dump import read_kinesis_dump
from tocsin.core.formats.recording import Recorded

DOCUMENT = """{
    "Records": [
        {
            "SequenceNumber": "49545115243490985018280067714973144582180062593244200961",
            "ApproximateArrivalTimestamp": "2026-11-23T11:00:00.250000+01:00",
            "Data": "eyJtZXRyaWNzIjp7fX0=",
            "PartitionKey": "acme#pump-7"
        },
        {"SequenceNumber": "2", "ApproximateArrivalTimestamp": 1441215410.867, "Data": "/w==", "PartitionKey": "a#b"}
    ],
    "NextShardIterator": "AAAA",
    "MillisBehindLatest": 0
}"""


def test_records_come_back_with_key_position_arrival_and_bytes() -> None:
    sequence = "49545115243490985018280067714973144582180062593244200961"

    found = list(read_kinesis_dump(DOCUMENT, shard="shard-1"))

    assert found == [
        Recorded(1_795_428_000_250, "acme#pump-7", b'{"metrics":{}}', f"shard-1:{sequence}"),
        Recorded(1_441_215_410_867, "a#b", b"\xff", "shard-1:2"),
    ]


def test_documents_may_follow_one_another() -> None:
    assert len(list(read_kinesis_dump(DOCUMENT + "\n" + DOCUMENT))) == 4


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Data": "not base64"}, id="no base64"),
        pytest.param({"Data": None}, id="no data"),
        pytest.param({"PartitionKey": 7}, id="a key that is no text"),
        pytest.param({"ApproximateArrivalTimestamp": "2026-11-23T11:00:00"}, id="a time without a zone"),
        pytest.param({"ApproximateArrivalTimestamp": True}, id="no time"),
        pytest.param({"ApproximateArrivalTimestamp": 1e300}, id="a time beyond all time"),
        pytest.param({"ApproximateArrivalTimestamp": "soon"}, id="a time that cannot be read"),
        pytest.param({"SequenceNumber": None}, id="no number"),
    ],
)
def test_damaged_record_is_told_by_its_number_and_the_others_are_kept(change: dict[str, object]) -> None:
    document = json.loads(DOCUMENT)
    document["Records"].insert(1, document["Records"][0] | change)

    found = list(read_kinesis_dump(json.dumps(document)))

    assert [type(one) for one in found] == [Recorded, Misread, Recorded]
    assert [one.place for one in found if isinstance(one, Misread)] == [2]


@pytest.mark.parametrize("rest", ["{", "nonsense", "[" * 100_000, '{"Records": 7}', "7"])
def test_what_is_no_dump_is_told_after_what_is(rest: str) -> None:
    found = list(read_kinesis_dump(DOCUMENT + rest))

    assert [type(one) for one in found] == [Recorded, Recorded, Misread]
