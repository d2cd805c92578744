"""Rejections and late readings as they are stored."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import DamagedError
from tocsin.core.formats.rejections import (
    LateReading,
    decode_late,
    decode_rejections,
    encode_late,
    encode_rejections,
    late_name,
    rejected_name,
)
from tocsin.core.messages import Position, Rejection
from tocsin.core.reasons import Reason

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
positions = st.builds(Position, texts, st.integers(0, 10**56 - 1).map(str), st.integers(0, 999))
rejections = st.builds(Rejection, st.sampled_from(Reason), texts, st.binary(max_size=20), texts, positions | st.none())
late = st.builds(
    LateReading, texts, texts, st.integers(0, 2**53), st.floats(allow_nan=False, allow_infinity=False), positions
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rejections, max_size=4))
def test_rejections_come_back_byte_for_byte(several: list[Rejection]) -> None:
    assert decode_rejections(encode_rejections(several)) == several


@settings(max_examples=60, deadline=None)
@given(st.lists(late, max_size=4))
def test_late_readings_come_back(several: list[LateReading]) -> None:
    assert decode_late(encode_late(several)) == several


def test_each_rejection_is_a_line_of_json_that_other_tools_read() -> None:
    blob = encode_rejections([Rejection(Reason.NOT_JSON, "why", b"\xff\n", "acme#pump-7", Position("s-1", "42", 3))])

    assert json.loads(blob) == {
        "reason": "not_json",
        "detail": "why",
        "data": "/wo=",
        "partition_key": "acme#pump-7",
        "position": {"source": "s-1", "sequence": "42", "index": 3},
    }
    assert blob.endswith(b"\n")


@pytest.mark.parametrize("name", [rejected_name, late_name])
def test_names_of_one_shard_sort_by_position(name: Callable[..., str]) -> None:
    sequences = ["9", "10", "49590338271490256608559692538361571095921575989136588898"]

    names = [name("processors", "shardId-000000000006", sequence) for sequence in sequences]

    assert names == sorted(names)


def test_parts_of_one_position_have_different_names() -> None:
    assert rejected_name("processors", "s", "1", 0) != rejected_name("processors", "s", "1", 1)
    assert rejected_name("processors", "s", "1") != late_name("processors", "s", "1")


@pytest.mark.parametrize("decode", [decode_rejections, decode_late])
@pytest.mark.parametrize("blob", [b"x", b"{}", b'{"reason": "none", "detail": "", "data": ""}'])
def test_damaged_blob_says_so(decode: Callable[[bytes], object], blob: bytes) -> None:
    with pytest.raises(DamagedError):
        decode(blob)
