"""An alert is judged again from the slice behind it, and what differs is named."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest

from tests.runtime.walk import PLAN, START_MS, walk
from tocsin.core.clock import MINUTE_MS
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.messages import Transition
from tocsin.core.plan.model import Plan, plan_hash
from tocsin.runtime.replay import replay
from tocsin.runtime.reproduce import Reproduction, reproduce

HEADER = Header(clock="virtual")
LIVED = replay(HEADER, walk(), PLAN).transitions


def _moves(rule: str) -> tuple[Transition, ...]:
    return tuple(move for move in LIVED if move.rule == rule)


def _again(moves: tuple[Transition, ...], records: Iterable[Recorded], plan: Plan = PLAN) -> Reproduction:
    kept = list(records)
    return reproduce(moves, HEADER, lambda: kept, plan)


@pytest.mark.parametrize("rule", ["too_hot", "silent"])
def test_the_devices_own_records_are_enough(rule: str) -> None:
    found = _again(_moves(rule), walk())

    assert found.differences == ()
    assert found.same == _moves(rule)
    assert found.is_slice
    assert found.records <= sum(one.partition_key == f"acme#{_moves(rule)[0].device}" for one in walk())


def test_another_plan_is_named() -> None:
    cooler = msgspec.structs.replace(PLAN, rules=(msgspec.structs.replace(PLAN.rules[0], above=90.0), PLAN.rules[1]))

    found = _again(_moves("too_hot"), walk(), cooler)

    assert found.same == ()
    assert found.differences[0] == f"plan: it was judged under {plan_hash(PLAN)}, this is {plan_hash(cooler)}"
    assert found.differences[1].startswith("alert: firing at 2026-11-23T12:0")
    assert found.differences[1].endswith("is not there, it does not come")


def test_a_reading_that_is_missing_is_found_by_its_window() -> None:
    gone = START_MS + 300_000 + 1
    kept = [one for one in walk() if not (one.partition_key == "acme#pump-1" and one.arrival_ms == gone + 50)]

    found = _again(_moves("too_hot"), kept)

    assert len(kept) == len(list(walk())) - 1
    assert "input: window 2026-11-23T12:05:00Z had 6 readings of" in found.differences[0]
    assert "has 5 readings of" in found.differences[0]


def test_a_recording_that_begins_too_late_is_named() -> None:
    found = _again(_moves("too_hot"), [one for one in walk() if one.arrival_ms >= START_MS + 5 * MINUTE_MS])

    assert found.differences[0].startswith("input: its records begin at 2026-11-23T12:05:00")


def test_a_recording_without_the_device_is_named() -> None:
    found = _again(_moves("too_hot"), [one for one in walk() if one.partition_key != "acme#pump-1"])

    assert found.differences[0] == "input: there is no record of the device"


def test_the_same_plan_and_windows_but_another_number_is_another_version() -> None:
    firing, resolved = _moves("too_hot")
    judged_otherwise = replace(firing, evidence=replace(firing.evidence, value=firing.evidence.value + 1))

    found = _again((judged_otherwise, resolved), walk())

    (line,) = found.differences
    assert line.startswith("version: firing at 2026-11-23T12:06:40.001Z has the same plan and windows, but value")
    assert found.same == (resolved,)
