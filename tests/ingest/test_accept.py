"""What a body becomes."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.accept import Credential, accept, packed
from tests.core.formats.specimens import ARRIVAL_MS, BOUNDS, message
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.plan.model import Bounds
from tocsin.core.ports import LogRecord
from tocsin.core.reasons import Reason

GATEWAY = Credential("acme")
PUMP = Credential("acme", "pump-7")


def test_message_travels_on_as_it_came() -> None:
    accepted = accept(PUMP, b" " + message(note="größe") + b"\n", ARRIVAL_MS, BOUNDS)

    assert accepted.records == (LogRecord("acme#pump-7", message(note="größe")),)
    assert (accepted.messages, accepted.rejections) == (1, ())


def test_gateway_speaks_for_every_device_and_each_keeps_its_order() -> None:
    seven = [message(seq=seq) for seq in range(3)]
    eight = [message(device="pump-8", seq=seq) for seq in range(2)]
    body = b"[" + b",".join([seven[0], eight[0], seven[1], eight[1], seven[2]]) + b"]"

    accepted = accept(GATEWAY, body, ARRIVAL_MS, BOUNDS)

    assert accepted.records == (
        LogRecord("acme#pump-7", b"\n".join(seven)),
        LogRecord("acme#pump-8", b"\n".join(eight)),
    )
    assert accepted.messages == 5


def test_device_may_not_speak_for_another() -> None:
    accepted = accept(PUMP, b"%s\n%s" % (message(device="pump-8"), message()), ARRIVAL_MS, BOUNDS)

    assert accepted.records == (LogRecord("acme#pump-7", message()),)
    (rejection,) = accepted.rejections
    assert (rejection.reason, rejection.data) == (Reason.DEVICE_MISMATCH, message(device="pump-8"))
    assert rejection.partition_key == "acme#pump-7"


def test_gateway_may_not_speak_for_another_tenant() -> None:
    accepted = accept(GATEWAY, message(tenant="evil"), ARRIVAL_MS, BOUNDS)

    assert accepted.records == ()
    assert [rejection.reason for rejection in accepted.rejections] == [Reason.TENANT_MISMATCH]


@pytest.mark.parametrize("credential", [GATEWAY, PUMP])
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (b"{}", Reason.FIELD_MISSING),
        (b'{"device": 7}', Reason.FIELD_TYPE),
        (message(device="a#b"), Reason.ID_INVALID),
        (b"[" + message() + b"]", Reason.FIELD_TYPE),
        (b"7", Reason.FIELD_TYPE),
        (message().replace(b'"seq"', b'"device": "pump-7", "seq"'), Reason.DUPLICATE_KEY),
        (message(ts=ARRIVAL_MS + 300_001), Reason.TIME_IN_FUTURE),
        (message(metrics={"m": True}), Reason.VALUE_NOT_NUMBER),
    ],
)
def test_bad_message_is_rejected_by_name_and_the_good_one_goes_on(
    credential: Credential, part: bytes, reason: Reason
) -> None:
    accepted = accept(credential, b"[" + part + b"," + message() + b"]", ARRIVAL_MS, BOUNDS)

    assert accepted.records == (LogRecord("acme#pump-7", message()),)
    assert [(each.reason, each.data) for each in accepted.rejections] == [(reason, part)]


@pytest.mark.parametrize(
    ("body", "bounds", "reason"),
    [
        (message(), Bounds(record_bytes_max=20), Reason.TOO_LARGE),
        (b"[%s,%s]" % (message(), message()), Bounds(messages_max=1), Reason.TOO_MANY_MESSAGES),
        (b"[]", BOUNDS, Reason.NO_METRICS),
        (b"", BOUNDS, Reason.NOT_JSON),
    ],
)
def test_body_that_breaks_a_rule_is_one_rejection(body: bytes, bounds: Bounds, reason: Reason) -> None:
    accepted = accept(GATEWAY, body, ARRIVAL_MS, bounds)

    assert accepted.records == ()
    assert [(each.reason, each.data) for each in accepted.rejections] == [(reason, body)]


def test_records_stay_within_the_bounds() -> None:
    messages = [b"%d" % digit for digit in range(7)]

    assert list(packed(messages, Bounds(messages_max=3))) == [b"0\n1\n2", b"3\n4\n5", b"6"]
    assert list(packed(messages, Bounds(record_bytes_max=4))) == [b"0\n1", b"2\n3", b"4\n5", b"6"]
    assert list(packed([], BOUNDS)) == []


def test_message_of_several_lines_has_a_record_of_its_own() -> None:
    indented = json.dumps(json.loads(message()), indent=1).encode()

    assert list(packed([b"a", indented, b"b", b"c"], BOUNDS)) == [b"a", indented, b"b\nc"]


values = st.fixed_dictionaries(
    {
        "device": st.sampled_from(["pump-7", "pump-8", "a#b"]),
        "ts": st.just(ARRIVAL_MS),
        "metrics": st.dictionaries(st.sampled_from("mn"), st.integers(0, 9) | st.none(), max_size=2),
    },
    optional={"seq": st.integers(0, 99), "extra": st.text(max_size=3)},
)


@settings(max_examples=150, deadline=None)
@given(st.lists(values, min_size=1, max_size=12), st.sampled_from([None, 1]))
def test_all_that_is_accepted_is_accepted_by_the_processors(messages: list[dict[str, Any]], indent: int | None) -> None:
    body = json.dumps(messages, indent=indent).encode()

    accepted = accept(GATEWAY, body, ARRIVAL_MS, BOUNDS)

    keys = [record.partition_key for record in accepted.records]
    datas = [record.data for record in accepted.records]
    columns, refused = decode_records(keys, datas, np.full(len(keys), ARRIVAL_MS), BOUNDS)
    assert refused == []
    assert len(columns) == accepted.messages
    assert accepted.messages + len(accepted.rejections) == len(messages)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}":,\\u0 \ndevic', max_size=40).map(str.encode))
def test_no_body_raises(body: bytes) -> None:
    accepted = accept(GATEWAY, body, ARRIVAL_MS, BOUNDS)

    assert accepted.messages + len(accepted.rejections) >= 1
