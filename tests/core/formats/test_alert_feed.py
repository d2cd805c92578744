"""Transitions as items, the change feed's event, and the schedule's."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.actions import Action, ActionKind
from tocsin.core.errors import DamagedError
from tocsin.core.formats.action_item import action_item, action_of
from tocsin.core.formats.alert_item import (
    alert_item,
    decode_transition,
    encode_transition,
    sort_value,
    transition_of,
)
from tocsin.core.formats.dynamodb_event import (
    FeedAction,
    FeedBatch,
    FeedRecord,
    is_feed_event,
    parse_feed_event,
    stream_record,
)
from tocsin.core.formats.schedule_event import scheduled_ms
from tocsin.core.messages import Evidence, PaneEvidence, Phase, Severity, Transition
from tocsin.core.silences import Silence

EVENTS = Path(__file__).parents[2] / "events"
NAMES = st.text(max_size=12)
NUMBERS = st.integers(0, 2**53)
VALUES = st.floats(allow_nan=False)
TRANSITIONS = st.builds(
    Transition,
    tenant=NAMES,
    device=NAMES,
    metric=NAMES,
    rule=NAMES,
    kind=NAMES,
    severity=st.sampled_from(Severity),
    fingerprint=st.text("0123456789abcdef", min_size=16, max_size=16),
    episode=st.integers(1, 99),
    number=st.integers(1, 10**9),
    phase_from=st.sampled_from(Phase),
    phase=st.sampled_from(Phase),
    at_ms=st.integers(0, 2**42),
    since_ms=NUMBERS,
    evidence=st.builds(
        Evidence,
        value=VALUES,
        plan_hash=NAMES,
        score=st.none() | VALUES,
        threshold=st.none() | VALUES,
        parts=st.dictionaries(NAMES, VALUES, max_size=3),
        panes=st.lists(
            st.builds(PaneEvidence, NUMBERS, NUMBERS, NUMBERS, mean=VALUES, min=VALUES, max=VALUES), max_size=3
        ).map(tuple),
    ),
    summary=NAMES,
    site=NAMES,
)
ONE = Transition(
    tenant="acme",
    device="pump-7",
    metric="temperature_celsius",
    rule="too-hot",
    kind="limits",
    severity=Severity.CRITICAL,
    fingerprint="9ac34d4d1e3b87ae",
    episode=2,
    number=5,
    phase_from=Phase.PENDING,
    phase=Phase.FIRING,
    at_ms=1_795_428_000_000,
    since_ms=1_795_427_700_000,
    evidence=Evidence(value=92.4, plan_hash="0123456789abcdef", threshold=90.0),
    summary="too hot",
)

ACTION = Action(
    tenant="acme",
    id="00c0ffee00c0ffee",
    at_ms=ONE.at_ms,
    by="anna",
    kind=ActionKind.SILENCE,
    text="new sensor on Tuesday",
    silence=Silence("00c0ffee00c0ffee", device="pump-7", end="2026-11-24T10:00:00Z"),
)


@settings(deadline=None, max_examples=60)
@given(TRANSITIONS)
def test_transition_survives_the_table_and_the_feed(transition: Transition) -> None:
    assert decode_transition(encode_transition(transition)) == transition
    assert transition_of(alert_item(transition)) == transition
    event = {"Records": [stream_record(transition, sequence="7", arrival_ms=1_250)]}
    batch = parse_feed_event(json.loads(json.dumps(event)))
    assert [(one.sequence, one.arrival_ms, one.transition) for one in batch.records] == [("7", 1_250, transition)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 10**8 - 1), st.integers(1, 10**10 - 1)), max_size=6))
def test_sort_keys_of_an_alert_sort_as_its_transitions_came(places: list[tuple[int, int]]) -> None:
    keys = [sort_value(ONE.fingerprint, episode, number) for episode, number in sorted(places)]

    assert keys == sorted(keys)


def test_item_reads_without_decoding_anything() -> None:
    item = alert_item(ONE)

    assert item["pk"] == {"S": "T#acme#D#pump-7"}
    assert item["sk"] == {"S": "A#9ac34d4d1e3b87ae#00000002#0000000005"}
    assert item["phase"] == {"S": "firing"}
    assert item["severity"] == {"S": "critical"}
    assert item["at_ms"] == {"N": "1795428000000"}
    assert item["at"] == {"S": "2026-11-23T10:00:00Z"}
    assert "site" not in item, "there is no site to read"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"transition": None}, id="no such attribute"),
        pytest.param({"transition": {"S": "x"}}, id="of another type"),
        pytest.param({"transition": {"B": "%%"}}, id="no base64"),
        pytest.param({"transition": {"B": b"\x00"}}, id="no transition"),
        pytest.param({"pk": {"S": "T#zeta#D#pump-7"}}, id="under another tenant's key"),
        pytest.param({"sk": {"S": "A#9ac34d4d1e3b87ae#00000002#0000000006"}}, id="under another number"),
    ],
)
def test_item_that_is_not_what_was_written_is_named_as_damaged(change: dict[str, Any]) -> None:
    with pytest.raises(DamagedError):
        transition_of(alert_item(ONE) | change)


def test_feed_tells_of_new_transitions_and_actions_and_of_nothing_else() -> None:
    batch = parse_feed_event(json.loads((EVENTS / "alerts_feed.json").read_text("utf-8")))

    moves = [one.transition for one in batch.records if isinstance(one, FeedRecord)]
    assert [(one.number, one.phase) for one in moves] == [
        (1, Phase.PENDING),
        (2, Phase.FIRING),
        (3, Phase.RESOLVED),
    ]
    (acted,) = (one for one in batch.records if isinstance(one, FeedAction))
    assert (acted.action.by, acted.action.kind, acted.arrival_ms) == ("anna", "acknowledge", 1_795_428_004_000)
    assert batch.records[1].event_id == "4b25bd0da9a181a155114127e4837252"
    assert batch.records[1].sequence == "111100000000005391461884"
    assert batch.records[1].arrival_ms == 1_795_428_002_000
    assert [one.sequence for one in batch.damaged] == ["111100000000005391461888"]


def test_feed_that_does_not_say_when_is_taken_at_the_transitions_word() -> None:
    record = stream_record(ONE, sequence="7", arrival_ms=1)
    del record["dynamodb"]["ApproximateCreationDateTime"]

    assert parse_feed_event({"Records": [record]}).records[0].arrival_ms == ONE.at_ms


def test_action_survives_the_table_and_the_feed() -> None:
    event = {"Records": [stream_record(ACTION, sequence="8", arrival_ms=5)]}

    (record,) = parse_feed_event(json.loads(json.dumps(event))).records

    assert record == FeedAction("8", "shard-0:8", 5, ACTION)
    keys = event["Records"][0]["dynamodb"]["Keys"]
    assert keys == {"pk": {"S": "T#acme"}, "sk": {"S": "ACT#1795428000000#00c0ffee00c0ffee"}}


@pytest.mark.parametrize(
    "change",
    [{"action": {"B": b"x"}}, {"action": {"S": "x"}}, {"pk": {"S": "T#zeta"}}, {"sk": {"S": "ACT#1#1"}}],
)
def test_action_under_another_key_or_unreadable_is_damage(change: dict[str, Any]) -> None:
    with pytest.raises(DamagedError):
        action_of(action_item(ACTION) | change)


def test_feed_without_records_is_nothing() -> None:
    assert is_feed_event({"Records": []})
    assert parse_feed_event({"Records": []}) == FeedBatch(())


@pytest.mark.parametrize("event", [{}, {"Records": [{"eventSource": "aws:kinesis"}]}, {"source": "aws.events"}])
def test_other_events_are_not_of_the_feed(event: dict[str, Any]) -> None:
    assert not is_feed_event(event)


def test_built_record_carries_bytes_as_base64_of_the_whole_transition() -> None:
    record = stream_record(replace(ONE, number=6), sequence="9", arrival_ms=1_500, shard="s-1")

    change = record["dynamodb"]
    assert (record["eventName"], record["eventID"], change["SequenceNumber"]) == ("INSERT", "s-1:9", "9")
    assert change["ApproximateCreationDateTime"] == 1.5
    assert change["NewImage"]["transition"]["B"] == b64encode(msgspec.msgpack.encode(replace(ONE, number=6))).decode()
    assert change["Keys"] == {name: change["NewImage"][name] for name in ("pk", "sk")}


def test_schedule_says_for_which_instant_it_calls() -> None:
    event = json.loads((EVENTS / "schedule.json").read_text("utf-8"))

    assert scheduled_ms(event) == 1_795_428_060_000
    assert scheduled_ms(event | {"source": "aws.scheduler"}) == 1_795_428_060_000


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"source": "aws.events"},
        {"source": "aws.s3", "time": "2026-11-23T10:01:00Z"},
        {"source": "aws.events", "time": "soon"},
        {"source": "aws.events", "time": 5},
    ],
)
def test_event_of_no_schedule_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be one of a schedule"):
        scheduled_ms(event)
