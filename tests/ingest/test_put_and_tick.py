"""Attempts at the log, and time on it."""

import json
from pathlib import Path

import pytest

from ingest.put import BACKOFF_S_FIRST, PUT_ATTEMPTS_MAX, Backoff, put_all
from ingest.tick import make_handler, tick_records
from tests.ingest.specimens import PLAN, PLANS, chance, flaky_log, logged, no_pause, opened
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.ticks import decode_tick
from tocsin.core.keys import HASH_END, TICK_KEY
from tocsin.core.messages import Tick
from tocsin.core.plan.model import plan_hash
from tocsin.core.ports import LogRecord, Shard

DOCUMENTED = json.loads((Path(__file__).parents[1] / "events" / "schedule.json").read_bytes())
SCHEDULE = DOCUMENTED | {"time": "2026-11-23T10:01:07Z"}
MINUTE_MS = 1_795_428_060_000


def test_waits_grow_are_random_and_end() -> None:
    backend, log = flaky_log(opened().backend, *[[0]] * 20)
    waited, pause = no_pause()

    left = put_all(backend.readings, [LogRecord("a#b", b"x")], Backoff(chance(), pause))

    assert left == [0]
    assert len(log.calls) == PUT_ATTEMPTS_MAX
    assert len(waited) == PUT_ATTEMPTS_MAX - 1
    assert all(0 <= wait <= BACKOFF_S_FIRST * 2**place for place, wait in enumerate(waited))
    assert len(set(waited)) == len(waited)
    assert max(waited) > BACKOFF_S_FIRST


def test_nothing_to_put_asks_nobody() -> None:
    backend, log = flaky_log(opened().backend)

    assert put_all(backend.readings, [], Backoff(chance(), no_pause()[1])) == []
    assert log.calls == []


def test_places_of_refused_records_are_those_of_the_first_call() -> None:
    backend, _ = flaky_log(opened().backend, [1, 3], [1], *[[0]] * 20)
    records = [LogRecord("a#b", b"%d" % number) for number in range(4)]

    assert put_all(backend.readings, records, Backoff(chance(), no_pause()[1])) == [3]


def test_each_open_shard_gets_its_tick_and_no_other() -> None:
    middle = HASH_END // 2
    shards = [
        Shard("parent", 0, HASH_END, closed=True),
        Shard("left", 0, middle, ("parent",)),
        Shard("right", middle, HASH_END, ("parent",)),
    ]

    records = tick_records(shards, 60_000, "abc")

    assert [(record.partition_key, record.hash_key) for record in records] == [(TICK_KEY, 0), (TICK_KEY, middle)]
    assert [decode_tick(record.data) for record in records] == [
        Tick(60_000, "abc", 0, middle, "left"),
        Tick(60_000, "abc", middle, HASH_END, "right"),
    ]


def test_tick_lands_in_every_shard_with_the_range_of_that_shard() -> None:
    backend = opened(shards=3).backend

    response = make_handler(backend, PLANS)(SCHEDULE, None)

    ranges = {shard.id: (shard.hash_start, shard.hash_end) for shard in backend.readings.shards()}
    ticks = {record.shard: decode_tick(record.data) for record in logged(backend)}
    assert {shard: (tick.hash_start, tick.hash_end) for shard, tick in ticks.items()} == ranges
    assert {shard: tick.shard for shard, tick in ticks.items()} == {shard: shard for shard in ranges}
    assert {(tick.tick_ms, tick.plan_hash) for tick in ticks.values()} == {(MINUTE_MS, plan_hash(PLAN))}
    assert response == {"tick_ms": MINUTE_MS, "shards": 3}


def test_repeated_call_of_the_schedule_puts_the_same_tick() -> None:
    backend = opened().backend
    handler = make_handler(backend, PLANS)

    handler(SCHEDULE, None)
    handler(SCHEDULE | {"time": "2026-11-23T10:01:59Z"}, None)

    first, second = logged(backend)
    assert first.data == second.data


def test_shard_that_refuses_its_tick_is_asked_again_alone() -> None:
    backend, log = flaky_log(opened(shards=2).backend, [1])

    make_handler(backend, PLANS, random=chance(), pause=no_pause()[1])(SCHEDULE, None)

    assert [len(call) for call in log.calls] == [2, 1]
    assert len({record.shard for record in logged(backend)}) == 2


def test_tick_that_a_shard_never_takes_makes_the_call_fail() -> None:
    backend, _ = flaky_log(opened().backend, *[[0]] * 20)

    with pytest.raises(UnavailableError, match="not taken by 1 of 1 shards"):
        make_handler(backend, PLANS, random=chance(), pause=no_pause()[1])(SCHEDULE, None)
