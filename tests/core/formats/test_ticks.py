"""Ticks on the log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import DamagedError
from tocsin.core.formats.ticks import decode_tick, encode_tick
from tocsin.core.keys import HASH_END
from tocsin.core.messages import Tick

GOOD = encode_tick(Tick(60_000, "0123456789abcdef", 0, HASH_END))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**53 - 1), st.text(max_size=16), st.integers(0, HASH_END - 1), st.data())
def test_tick_comes_back_from_its_bytes(tick_ms: int, plan: str, start: int, data: st.DataObject) -> None:
    shard = data.draw(st.sampled_from(["", "shardId-000000000007"]))
    tick = Tick(tick_ms, plan, start, data.draw(st.integers(start + 1, HASH_END)), shard)

    assert decode_tick(encode_tick(tick)) == tick


def test_tick_of_an_older_release_names_no_shard() -> None:
    assert b"shard" not in GOOD
    assert decode_tick(GOOD).shard == ""


def test_hashes_are_written_as_text_because_readers_of_json_round_them() -> None:
    assert b'"340282366920938463463374607431768211456"' in GOOD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        GOOD.replace(b'"0"', b"0"),
        GOOD.replace(b'"0"', b'"-1"'),
        GOOD.replace(b'"0"', b'"x"'),
        GOOD.replace(b'"0"', '"٣"'.encode()),
        GOOD.replace(b'"0"', b'"%d"' % HASH_END),
        GOOD.replace(b'"0"', b'"%s"' % (b"9" * 5_000)),
        GOOD.replace(b"60000", b"-1"),
        GOOD.replace(b"60000", b"9007199254740992"),
    ],
)
def test_bytes_that_are_no_tick_are_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError):
        decode_tick(data)
