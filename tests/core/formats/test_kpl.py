"""Aggregated records are those of the public library, in both directions."""

import base64

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import deaggregate_records
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import DamagedError
from tocsin.core.formats.kpl import MAGIC, UserRecord, _digest, aggregated, deaggregated

keys = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())
records = st.lists(
    st.builds(UserRecord, keys, st.binary(min_size=1, max_size=200), st.none() | st.integers(0, 2**128 - 1)),
    min_size=1,
    max_size=12,
)


@given(records=records)
@settings(max_examples=100, deadline=None)
def test_records_come_back_as_they_were(records: list[UserRecord]) -> None:
    assert deaggregated(aggregated(records)) == records


@given(records=records)
@settings(max_examples=60, deadline=None)
def test_what_we_pack_the_public_library_unpacks(records: list[UserRecord]) -> None:
    kinesis = {"data": base64.b64encode(aggregated(records)).decode(), "partitionKey": "x", "sequenceNumber": "1"}
    outer = {"kinesis": {**kinesis, "approximateArrivalTimestamp": 1.0, "kinesisSchemaVersion": "1.0"}}

    found = deaggregate_records(outer)

    assert [(one["kinesis"]["partitionKey"], base64.b64decode(one["kinesis"]["data"])) for one in found] == [
        (one.partition_key, one.data) for one in records
    ]


@given(records=records)
@settings(max_examples=60, deadline=None)
def test_what_the_public_library_packs_we_unpack(records: list[UserRecord]) -> None:
    packer = RecordAggregator()
    for one in records:
        packer.add_user_record(one.partition_key, one.data, None if one.hash_key is None else str(one.hash_key))

    _, _, data = packer.clear_and_get().get_contents()

    assert deaggregated(data) == records


@given(data=st.binary(max_size=100))
@settings(max_examples=100, deadline=None)
def test_what_has_no_magic_or_another_digest_is_an_ordinary_record(data: bytes) -> None:
    assert deaggregated(data) is None
    assert deaggregated(MAGIC + data) is None


@given(body=st.binary(min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_content_under_a_right_digest_is_read_or_refused(body: bytes) -> None:
    try:
        found = deaggregated(MAGIC + body + _digest(body))
    except DamagedError:
        return
    assert isinstance(found, list)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x1a\x04\x08\x05\x1a\x00", id="a key that is not in the table"),
        pytest.param(b"\x0a\x01k\x1a\x02\x08\x00", id="no data"),
        pytest.param(b"\x0a\x05k", id="ends within a field"),
        pytest.param(b"\x0a\x01k\x1a\x06\x08\x00\x10\x03\x1a\x00", id="a hash that is not in the table"),
        pytest.param(b"\x0a\x01\xff", id="a key that is no text"),
        pytest.param(b"\x08\x01", id="a number for a key"),
        pytest.param(b"\x0b", id="an unknown kind"),
    ],
)
def test_content_that_cannot_be_is_refused(body: bytes) -> None:
    with pytest.raises(DamagedError, match="aggregated record"):
        deaggregated(MAGIC + body + _digest(body))


def test_what_holds_nothing_is_an_ordinary_record() -> None:
    assert deaggregated(MAGIC + _digest(b"")) is None
