"""Delivery faults change nothing; where they would, they are found and shrunk to the least that shows it."""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.runtime.walk import PLAN, walk
from tocsin.core.formats.json_record import examine_record
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend
from tocsin.runtime.faults import HOW, Copy, Failure, Faults, Swap, applied, decode_faults, drawn, encode_faults
from tocsin.runtime.fuzz import Fuzzer, fewest
from tocsin.runtime.overtaking import Overtaking
from tocsin.runtime.replay import ReplaySettings, replay
from tocsin.runtime.shaky import shaky_stages
from tocsin.runtime.stages import MakeStages, Stages, make_stages

HEADER = Header(clock="virtual")
RECORDS = list(walk(devices=4, minutes=10))
CALLS = {"processors": 20, "anomaly": 20}
Event = dict[str, Any]


@pytest.fixture(scope="module")
def fuzzer() -> Fuzzer:
    return Fuzzer(HEADER, RECORDS, PLAN)


@pytest.mark.parametrize("seed", range(3))
def test_faults_drawn_by_chance_change_neither_windows_nor_alerts(fuzzer: Fuzzer, seed: int) -> None:
    assert fuzzer.check(fuzzer.drawn(seed)) == ()


@pytest.mark.parametrize("how", HOW)
def test_stages_that_fail_again_and_again_change_nothing(fuzzer: Fuzzer, how: Any) -> None:
    failures = tuple(Failure(stage, call, how) for stage in ("processors", "anomaly") for call in range(0, 24, 3))

    assert fuzzer.check(Faults(failures=failures, batch_records_max=17)) == ()


@pytest.mark.parametrize("how", [how for how in HOW if how != "commit unanswered"])
def test_a_call_that_goes_wrong_is_called_again(how: Any) -> None:
    plain: dict[str, int] = {}
    shaken: dict[str, int] = {}
    failures = [Failure("processors", 2, how), Failure("anomaly", 1, how)]

    for script, calls in (([], plain), (failures, shaken)):
        replay(HEADER, RECORDS, PLAN, ReplaySettings(stages=shaky_stages(make_stages, script, calls)))

    assert shaken["processors"] > plain["processors"] > 2
    assert shaken["anomaly"] > plain["anomaly"] > 1


def test_the_faults_of_many_seeds_are_of_all_kinds() -> None:
    overtaking = Overtaking(RECORDS, PLAN)
    found = [drawn(_chance(seed), RECORDS, overtaking, CALLS) for seed in range(40)]

    assert sum(len(faults.copies) for faults in found) > 100
    assert sum(len(faults.swaps) for faults in found) > 100
    assert {failure.how for faults in found for failure in faults.failures} == set(HOW)
    assert {faults.batch_records_max for faults in found} == {1, 3, 17, 500, None}


def test_messages_overtake_each_other_only_as_far_as_out_of_orderness_allows() -> None:
    overtaking = Overtaking(RECORDS, PLAN)
    pairs = [pair for seed in range(30) for pair in overtaking.pairs(_chance(seed), 40)]

    assert pairs
    for first, second in pairs:
        early, late = RECORDS[first], RECORDS[second]
        assert early.partition_key == late.partition_key
        assert early.arrival_ms // 60_000 == late.arrival_ms // 60_000
        events = [_event_ms(record) for record in (early, late)]
        assert abs(events[1] - events[0]) <= PLAN.timing.out_of_orderness_ms


def test_no_message_is_overtaken_past_a_late_one_between() -> None:
    one, two, three = [record for record in RECORDS if record.partition_key == "acme#pump-0"][:3]
    older = two.data.replace(str(_event_ms(two)).encode(), str(_event_ms(two) - 25_000).encode())
    old = structs.replace(two, data=older)

    def pairs(between: Recorded) -> set[tuple[int, int]]:
        overtaking = Overtaking([one, between, three], PLAN)
        return {pair for seed in range(40) for pair in overtaking.pairs(_chance(seed), 1)}

    assert pairs(two) == {(0, 1), (0, 2), (1, 2)}
    assert pairs(old) == {(0, 1)}


def test_a_copy_is_put_behind_and_a_swap_exchanges_messages_not_arrivals() -> None:
    a, b, c = RECORDS[:3]

    found = applied([a, b, c], Faults(copies=(Copy(0, 1),), swaps=(Swap(1, 2),)))

    assert found == [
        a,
        structs.replace(b, data=c.data),
        structs.replace(a, arrival_ms=b.arrival_ms),
        structs.replace(c, data=b.data),
    ]


@given(kept=st.sets(st.integers(0, 9), min_size=1), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_faults_of_fewer_records_name_the_same_records(kept: set[int], seed: int) -> None:
    random = _chance(seed)
    faults = Faults(
        copies=tuple(Copy(at, random.randint(at, 9)) for at in random.sample(range(10), 4)),
        swaps=(Swap(random.randint(0, 4), random.randint(5, 9)),),
    )
    places = sorted(kept)

    within = faults.within(places)

    assert Counter(places[copy.record] for copy in within.copies) == Counter(
        copy.record for copy in faults.copies if copy.record in kept
    )
    assert all(copy.record <= copy.behind < len(places) for copy in within.copies)
    assert [(places[one.first], places[one.second]) for one in within.swaps] == [
        (one.first, one.second) for one in faults.swaps if {one.first, one.second} <= kept
    ]


def test_faults_are_kept_as_text() -> None:
    faults = drawn(_chance(4), RECORDS, Overtaking(RECORDS, PLAN), CALLS)

    assert decode_faults(encode_faults(faults), len(RECORDS)) == faults
    with pytest.raises(ValueError, match="places must be from 0 to 2"):
        decode_faults(encode_faults(Faults(copies=(Copy(1, 3),))), 3)


def test_a_stage_that_forgets_what_it_knows_is_found_by_one_record_and_one_copy() -> None:
    numbers = iter(range(10**9))

    def forgets(event: Event) -> None:
        """Give every message a counter of its own, so that no copy is known as one."""
        for record in event["Records"]:
            if record["kinesis"]["partitionKey"] != "!tick":
                message = b64decode(record["kinesis"]["data"])
                unique = b'{"boot":%d,' % next(numbers) + message[1:]
                record["kinesis"]["data"] = b64encode(unique).decode()

    planted = Fuzzer(HEADER, RECORDS[:60], PLAN, _planted(forgets))
    faults = Faults(copies=(Copy(3, 5), Copy(20, 20), Copy(40, 44)), swaps=(Swap(8, 12),), batch_records_max=17)

    find = planted.shrunk(faults, 1)

    assert len(find.records) == 1
    assert find.faults == Faults(copies=(Copy(0, 0),))
    assert find.lines[0].endswith("1 x 70 with the faults") or "2 x" in find.lines[0]


def test_a_stage_that_loses_a_record_of_some_batches_is_found_by_the_size_of_batches() -> None:
    def loses(event: Event) -> None:
        if len(event["Records"]) == 3:
            event["Records"][2]["kinesis"]["data"] = b64encode(b"{}").decode()

    planted = Fuzzer(HEADER, RECORDS[:60], PLAN, _planted(loses))

    find = planted.shrunk(Faults(copies=(Copy(3, 5),), batch_records_max=3), 1)

    assert find.faults == Faults(batch_records_max=3)
    assert len(find.records) <= 4


@given(needed=st.sets(st.integers(0, 30), max_size=4))
@settings(max_examples=60, deadline=None)
def test_shrinking_leaves_just_what_is_needed(needed: set[int]) -> None:
    def is_enough(some: Any) -> bool:
        return needed <= set(some)

    assert set(fewest(list(range(31)), is_enough)) == needed


def _chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  no secret


def _event_ms(record: Any) -> int:
    (found,) = examine_record(record.partition_key, record.data, record.arrival_ms, PLAN.bounds)
    message: Any = found[1]
    return int(message.ts)


def _planted(spoil: Callable[[Event], None]) -> MakeStages:
    class Spoiled:
        def __init__(self, handler: Any) -> None:
            self._handler = handler

        def __call__(self, event: Event, context: object) -> Any:
            copied = json.loads(json.dumps(event))
            spoil(copied)
            return self._handler(copied, context)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._handler, name)

    def make(backend: Backend, plans: PlanBook) -> Stages:
        stages = make_stages(backend, plans)
        spoiled: Any = Spoiled(stages.processors)
        return replace(stages, processors=spoiled)

    return make
