"""Recorded ticks in replays."""

import pytest

from tocsin.core.formats.recording import Recorded
from tocsin.core.formats.ticks import decode_tick, encode_tick
from tocsin.core.keys import HASH_END, TICK_KEY
from tocsin.core.messages import Tick
from tocsin.runtime.recorded_time import OVERTAKEN, tick_under


@pytest.mark.parametrize(
    ("shard", "position", "found"),
    [
        pytest.param("shard-1", "shard-1:7", "", id="one that stood where it belonged belongs anywhere"),
        pytest.param("", "", "", id="one that names no shard belongs anywhere"),
        pytest.param("shard-0", "shard-1:7", OVERTAKEN, id="one that a split overtook belongs nowhere"),
    ],
)
def test_recorded_tick_means_in_a_replay_what_it_meant_on_its_log(shard: str, position: str, found: str) -> None:
    recorded = Recorded(1, TICK_KEY, encode_tick(Tick(60_000, "old", 0, HASH_END, shard)), position)

    tick = decode_tick(tick_under("new", recorded).data)

    assert tick == Tick(60_000, "new", 0, HASH_END, found)
