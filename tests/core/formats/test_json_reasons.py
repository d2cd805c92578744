"""Each rule that a message can break, by its name."""

from dataclasses import dataclass

import pytest

from tests.core.formats.specimens import ARRIVAL_MS, BOUNDS, KEY, decode, message, spoiled
from tocsin.core.plan.model import Bounds
from tocsin.core.reasons import Reason

DEEP = 100_000
NOT_OF_THE_DECODER = {Reason.GROUP_FULL, Reason.FORMAT_UNKNOWN}


@dataclass(frozen=True)
class Case:
    reason: Reason
    what: str
    data: bytes
    key: str = KEY
    bounds: Bounds = BOUNDS


CASES = [
    Case(Reason.KEY_INVALID, "a key without a device", message(), key="acme"),
    Case(Reason.KEY_INVALID, "a key with a third part", message(), key="acme#pump-7#x"),
    Case(Reason.KEY_INVALID, "a key with a space", message(), key="acme #pump-7"),
    Case(Reason.TOO_LARGE, "a record of too many bytes", message(), bounds=Bounds(record_bytes_max=50)),
    Case(Reason.TOO_DEEP, "an unknown field that nests deep", message(extra=[[[[[[[[1]]]]]]]])),
    Case(Reason.TOO_DEEP, "100,000 open brackets", spoiled(b"61.2", b"[" * DEEP)),
    Case(Reason.TOO_DEEP, "50,000 open braces", b'{"a":' * 50_000),
    Case(Reason.TOO_DEEP, "100,000 matching brackets", spoiled(b"812", b"[" * DEEP + b"]" * DEEP)),
    Case(
        Reason.TOO_DEEP,
        "brackets deeper than the parser goes, where the plan would allow them",
        spoiled(b"812", b"[" * DEEP + b"]" * DEEP),
        bounds=Bounds(depth_max=10**9),
    ),
    Case(
        Reason.TOO_MANY_MESSAGES,
        "an array of too many messages",
        b"[" + b",".join([message()] * 4) + b"]",
        bounds=Bounds(messages_max=3),
    ),
    Case(
        Reason.TOO_MANY_MESSAGES,
        "lines of too many messages",
        b"\n".join([message()] * 4),
        bounds=Bounds(messages_max=3),
    ),
    Case(
        Reason.TOO_MANY_METRICS,
        "a message of too many metrics",
        message(metrics={"a": 1, "b": 2, "c": 3}),
        bounds=Bounds(metrics_max=2),
    ),
    Case(Reason.NO_METRICS, "metrics missing", message(metrics=None)),
    Case(Reason.NO_METRICS, "metrics empty", message(metrics={})),
    Case(Reason.NO_METRICS, "an empty array", b" [ ] "),
    Case(Reason.NOT_JSON, "nothing", b""),
    Case(Reason.NOT_JSON, "blanks", b" \n "),
    Case(Reason.NOT_JSON, "text", b"hello"),
    Case(Reason.NOT_JSON, "a cut message", message()[:-3]),
    Case(Reason.NOT_JSON, "a trailing comma", spoiled(b"61.2", b"61.2,")),
    Case(Reason.NOT_JSON, "a leading zero", spoiled(b"61.2", b"061.2")),
    Case(Reason.NOT_JSON, "a control character within text", message(extra="x").replace(b'"x"', b'"\x01"')),
    Case(Reason.NOT_JSON, "a byte order mark", b"\xef\xbb\xbf" + message()),
    Case(Reason.NOT_JSON, "something after the message", message() + b"}"),
    Case(Reason.NOT_JSON, "an array that does not end", b"[" + message()),
    Case(Reason.NOT_JSON, "two messages on one line", message() + message()),
    Case(Reason.NOT_UTF8, "a stray byte in the device", spoiled(b"pump-7", b"pump-\xff")),
    Case(Reason.NOT_UTF8, "a stray byte in an unknown field", message(extra="?").replace(b"?", b"\xff")),
    Case(Reason.NOT_UTF8, "a stray byte in an unknown name", message(x_=1).replace(b"x_", b"\xc3(")),
    Case(Reason.NOT_UTF8, "half a pair as bytes", message(extra="?").replace(b"?", b"\xed\xa0\x80")),
    Case(Reason.LONE_SURROGATE, "a high half in an unknown field", message(extra="\ud800")),
    Case(Reason.LONE_SURROGATE, "a low half in an unknown field", message(extra=["\udc00"])),
    Case(Reason.LONE_SURROGATE, "two high halves", message(extra="\ud800\ud800")),
    Case(Reason.LONE_SURROGATE, "half a pair in a name", message(extra={"\udfff": 1})),
    Case(Reason.LONE_SURROGATE, "half a pair in the device", message(device="\ud800")),
    Case(Reason.DUPLICATE_KEY, "the device twice", spoiled(b'"seq"', b'"device": "pump-7", "seq"')),
    Case(Reason.DUPLICATE_KEY, "a metric twice", spoiled(b"61.2", b'61.2, "temperature_celsius": 9')),
    Case(
        Reason.DUPLICATE_KEY,
        "a metric twice, once escaped",
        spoiled(b"61.2", b'1, "\\u0074emperature_celsius": 9'),
    ),
    Case(
        Reason.DUPLICATE_KEY,
        "a key twice, blanks before a colon",
        spoiled(b'"seq":', b'"device" :"pump-7","seq":'),
    ),
    Case(
        Reason.DUPLICATE_KEY,
        "an unknown key twice",
        spoiled(b'{"device"', b'{"x": 1, "x": 1, "device"'),
    ),
    Case(
        Reason.DUPLICATE_KEY,
        "a key twice deep in an unknown field",
        message(x={"y": [{"z": 1}]}).replace(b'"z": 1', b'"z": 1, "z": 2'),
    ),
    Case(Reason.FIELD_MISSING, "no device", message(device=None)),
    Case(Reason.FIELD_MISSING, "no time", message(ts=None)),
    Case(Reason.FIELD_TYPE, "a message that is no object", b"[1]"),
    Case(Reason.FIELD_TYPE, "a record that is text", b'"pump-7"'),
    Case(Reason.FIELD_TYPE, "an array in the array", b"[[]]"),
    Case(Reason.FIELD_TYPE, "a device that is a number", message(device=7)),
    Case(Reason.FIELD_TYPE, "a tenant that is null", spoiled(b'{"device"', b'{"tenant": null, "device"')),
    Case(Reason.FIELD_TYPE, "metrics as an array", message(metrics=[1])),
    Case(Reason.ID_INVALID, "a device with a #", message(device="a#b")),
    Case(Reason.ID_INVALID, "a tenant that is empty", message(tenant="")),
    Case(Reason.ID_INVALID, "a metric with a space", message(metrics={"flow lpm": 1})),
    Case(Reason.ID_INVALID, "a metric of 65 characters", message(metrics={"m" * 65: 1})),
    Case(Reason.ID_INVALID, "a metric with a letter that is not ASCII", message(metrics={"größe": 1})),
    Case(Reason.ID_INVALID, "a metric with a line feed at the end", message(metrics={"flow\n": 1})),
    Case(Reason.TENANT_MISMATCH, "another tenant", message(tenant="evil")),
    Case(Reason.TENANT_MISMATCH, "a tenant that the key's begins with", message(tenant="acm")),
    Case(Reason.DEVICE_MISMATCH, "another device", message(device="pump-8")),
    Case(Reason.VALUE_NOT_NUMBER, "true", message(metrics={"m": True})),
    Case(Reason.VALUE_NOT_NUMBER, "digits as text", message(metrics={"m": "61.2"})),
    Case(Reason.VALUE_NOT_NUMBER, "null beside a number", message(metrics={"n": 1, "m": None})),
    Case(Reason.VALUE_NOT_NUMBER, "an object", message(metrics={"m": {}})),
    Case(Reason.VALUE_NOT_FINITE, "NaN", spoiled(b"61.2", b"NaN")),
    Case(Reason.VALUE_NOT_FINITE, "Infinity", spoiled(b"61.2", b"Infinity")),
    Case(Reason.VALUE_NOT_FINITE, "-Infinity", spoiled(b"61.2", b"-Infinity")),
    Case(Reason.VALUE_NOT_FINITE, "1e999", spoiled(b"61.2", b"1e999")),
    Case(Reason.VALUE_NOT_FINITE, "a whole number of 400 digits", spoiled(b"61.2", b"9" * 400)),
    Case(Reason.VALUE_NOT_FINITE, "a whole number of 5,000 digits", spoiled(b"61.2", b"9" * 5_000)),
    Case(Reason.VALUE_TOO_LARGE, "more than the squares of could be added", spoiled(b"61.2", b"1.1e100")),
    Case(Reason.VALUE_TOO_LARGE, "far below zero", spoiled(b"61.2", b"-1e308")),
    Case(Reason.VALUE_TOO_LARGE, "a whole number of 200 digits", spoiled(b"61.2", b"9" * 200)),
    Case(Reason.COUNTER_INVALID, "seq below 0", message(seq=-1)),
    Case(Reason.COUNTER_INVALID, "seq of 2^53", message(seq=1 << 53)),
    Case(Reason.COUNTER_INVALID, "seq of 5,000 digits", spoiled(b"812", b"8" * 5_000)),
    Case(Reason.COUNTER_INVALID, "seq as text", message(seq="812")),
    Case(Reason.COUNTER_INVALID, "seq with a fraction", message(seq=812.0)),
    Case(Reason.COUNTER_INVALID, "boot true", message(boot=True)),
    Case(Reason.TIME_INVALID, "text without a zone", message(ts="2026-11-23T10:00:00.250")),
    Case(Reason.TIME_INVALID, "text that is no date", message(ts="2026-02-30T10:00:00Z")),
    Case(Reason.TIME_INVALID, "milliseconds as text", message(ts=str(ARRIVAL_MS))),
    Case(Reason.TIME_INVALID, "milliseconds with a fraction", message(ts=ARRIVAL_MS + 0.5)),
    Case(Reason.TIME_INVALID, "before 1970", message(ts=-1)),
    Case(Reason.TIME_INVALID, "more than 2^53", message(ts=1 << 53)),
    Case(Reason.TIME_INVALID, "true", message(ts=True)),
    Case(Reason.TIME_INVALID, "null", spoiled(str(ARRIVAL_MS).encode(), b"null")),
    Case(Reason.TIME_TOO_EARLY, "older than the bound", message(ts=ARRIVAL_MS - 31 * 86_400_000 - 1)),
    Case(Reason.TIME_IN_FUTURE, "further ahead than the bound", message(ts=ARRIVAL_MS + 300_001)),
    Case(Reason.TIME_IN_FUTURE, "microseconds instead of milliseconds", message(ts=ARRIVAL_MS * 1_000)),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.reason}: {case.what}") for case in CASES])
def test_message_that_breaks_a_rule_is_refused_by_the_name_of_the_rule(case: Case) -> None:
    columns, refused = decode(case.data, key=case.key, bounds=case.bounds)

    assert len(columns) == 0
    assert [(each.record, each.index, each.reason) for each in refused] == [(0, 0, case.reason)]


def test_every_reason_of_the_decoder_has_a_case() -> None:
    assert {case.reason for case in CASES} == set(Reason) - NOT_OF_THE_DECODER


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.reason}: {case.what}")
def test_refusal_keeps_the_bytes_and_says_why_in_one_short_line(case: Case) -> None:
    _, (refused,) = decode(case.data, key=case.key, bounds=case.bounds)

    assert refused.data in case.data
    assert len(refused.data) >= len(case.data.strip()) - 2
    assert len(refused.detail) < 250
    assert refused.detail.isprintable()
    assert refused.detail.isascii()


@pytest.mark.parametrize(
    "ts",
    [
        pytest.param(ARRIVAL_MS + 300_000, id="exactly as far ahead as allowed"),
        pytest.param(ARRIVAL_MS - 31 * 86_400_000, id="exactly as old as allowed"),
    ],
)
def test_event_time_on_the_bound_is_accepted(ts: int) -> None:
    columns, refused = decode(message(ts=ts))

    assert (columns.time_ms.tolist(), refused) == ([ts], [])
