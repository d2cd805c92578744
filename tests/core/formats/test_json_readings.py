"""What the decoder makes of good records."""

import json

import numpy as np
import pytest

from tests.core.formats.specimens import ARRIVAL_MS, BOUNDS, KEY, decode, message, rows, spoiled
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.plan.model import Bounds
from tocsin.core.reasons import Reason

SECOND_OF_THREE = pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"[%s, %s ,%s]" % (message(seq=1), b'{"device": 7}', message(seq=3)), id="array"),
        pytest.param(b"%s\n%s\n%s\n" % (message(seq=1), b'{"device": 7}', message(seq=3)), id="lines"),
        pytest.param(b"%s\n{cut\n%s" % (message(seq=1), message(seq=3)), id="lines, one cut off"),
        pytest.param(b'[%s,{"a" "b"},%s]' % (message(seq=1), message(seq=3)), id="array, one not JSON"),
    ],
)


def test_message_becomes_one_row_of_each_column() -> None:
    columns, refused = decode(message(metrics={"flow_lpm": 3, "temperature_celsius": 61.2}))

    assert refused == []
    assert columns.devices == (KEY,)
    assert columns.metrics == ("flow_lpm", "temperature_celsius")
    assert (columns.record.tolist(), columns.index.tolist(), columns.device.tolist()) == ([0], [0], [0])
    assert (columns.time_ms.tolist(), columns.counted.tolist()) == ([ARRIVAL_MS], [True])
    assert (columns.start.tolist(), columns.metric.tolist()) == ([0, 2], [0, 1])
    assert columns.value.tolist() == [3.0, 61.2]


def test_columns_have_the_promised_types() -> None:
    for columns in (decode(message())[0], decode()[0], decode(message(), b"bad")[0]):
        assert [columns.record.dtype, columns.index.dtype, columns.device.dtype] == [np.int32] * 3
        assert [columns.time_ms.dtype, columns.start.dtype, columns.metric.dtype] == [
            np.int64,
            np.int64,
            np.int32,
        ]
        assert [columns.identity.dtype, columns.counted.dtype, columns.value.dtype] == [
            np.uint64,
            np.bool_,
            np.float64,
        ]


def test_no_records_give_no_messages() -> None:
    columns, refused = decode()

    assert (len(columns), columns.start.tolist(), refused) == (0, [0], [])


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"[" + message(seq=1) + b"," + message(seq=2) + b"]", id="array"),
        pytest.param(message(seq=1) + b"\n" + message(seq=2), id="lines"),
        pytest.param(b"\n" + message(seq=1) + b"\r\n\n" + message(seq=2) + b"\n", id="lines with blanks"),
        pytest.param(json.dumps([json.loads(message(seq=s)) for s in (1, 2)], indent=1).encode(), id="indented"),
    ],
)
def test_several_messages_of_one_record_keep_their_order(record: bytes) -> None:
    columns, refused = decode(message(seq=0), record, message(seq=3))

    assert refused == []
    assert (columns.record.tolist(), columns.index.tolist()) == ([0, 1, 1, 2], [0, 0, 1, 0])
    assert columns.identity.tolist() == [int(decode(message(seq=seq))[0].identity[0]) for seq in range(4)]


def test_indented_message_is_one_message() -> None:
    record = json.dumps(json.loads(message(extra=[{"a": {}}])), indent=0).encode()

    columns, refused = decode(record)

    assert (len(columns), refused) == (1, [])


@SECOND_OF_THREE
def test_bad_message_does_not_hurt_the_others_of_its_record(record: bytes) -> None:
    columns, refused = decode(record, message(seq=9))

    assert (columns.record.tolist(), columns.index.tolist()) == ([0, 0, 1], [0, 2, 0])
    assert [(each.record, each.index) for each in refused] == [(0, 1)]
    assert refused[0].data in record


@pytest.mark.parametrize(
    "forms",
    [
        pytest.param(["a", "a", "a"], id="one and the same"),
        pytest.param(["a", "b", "a"], id="one each"),
        pytest.param(["ab", "ab"], id="two and the same"),
        pytest.param(["ab", "ba"], id="two in another order"),
        pytest.param(["ab", "a", "b"], id="the same sequence, cut elsewhere"),
        pytest.param(["a", "ab", "b"], id="as many names as twice two"),
    ],
)
def test_metrics_of_messages_may_be_of_any_form(forms: list[str]) -> None:
    metrics = [{name: place * 10 + ord(name) for name in form} for place, form in enumerate(forms)]

    columns, refused = decode(*[message(metrics=each) for each in metrics])

    found = [
        {columns.metrics[columns.metric[r]]: columns.value[r] for r in range(columns.start[i], columns.start[i + 1])}
        for i in range(len(columns))
    ]
    assert (found, refused) == (metrics, [])
    assert [list(each) for each in found] == [sorted(each) for each in metrics]


@pytest.mark.parametrize("forms", [("", "ab"), ("ab", ""), ("a", "", "bc"), ("", "", "")])
def test_message_without_metrics_gets_none_of_its_neighbours(forms: tuple[str, ...]) -> None:
    metrics = [dict.fromkeys(form, 1.5) for form in forms]

    columns, refused = decode(*[message(metrics=each) for each in metrics])

    assert [each.record for each in refused] == [place for place, form in enumerate(forms) if not form]
    assert np.diff(columns.start).tolist() == [len(form) for form in forms if form]


def test_other_tenant_is_found_among_messages_that_all_tell_theirs() -> None:
    columns, refused = decode(message(tenant="acme"), message(tenant="evil"), message(tenant="acme", more="x"))

    assert columns.record.tolist() == [0, 2]
    assert [(each.record, each.reason) for each in refused] == [(1, Reason.TENANT_MISMATCH)]


def test_key_given_twice_is_found_beside_a_tenant() -> None:
    twice = spoiled(b'"seq"', b'"device": "pump-7", "seq"')

    columns, refused = decode(message(tenant="acme"), twice)

    assert columns.record.tolist() == [0]
    assert [(each.record, each.reason) for each in refused] == [(1, Reason.DUPLICATE_KEY)]


def test_devices_get_codes_in_order_of_appearance() -> None:
    names = ["b", "a", "b", "c", "a"]
    keys, datas = [f"acme#{name}" for name in names], [message(device=name) for name in names]

    columns, _ = decode_records(keys, datas, np.full(5, ARRIVAL_MS), BOUNDS)

    assert columns.devices == ("acme#b", "acme#a", "acme#c")
    assert columns.device.tolist() == [0, 1, 0, 2, 1]


def test_bad_records_leave_nothing_in_the_tables() -> None:
    keys = ["acme#pump-7", "not a key", "acme#pump-8", "acme#pump-9"]
    datas = [
        message(),
        message(),
        message(device="pump-8", metrics={"m": True}),
        message(device="pump-9", extra=1),
    ]

    columns, _ = decode_records(keys, datas, np.full(4, ARRIVAL_MS), BOUNDS)

    assert columns.devices == ("acme#pump-7", "acme#pump-9")
    assert columns.metrics == ("temperature_celsius",)
    assert columns.device.tolist() == [0, 1]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(message(firmware="1.2", rssi_dbm=-70), id="text and number"),
        pytest.param(message(location={"lat": 47.1, "tags": ["a", {"b": None}]}), id="nested"),
        pytest.param(message(note='he said "no"'), id="escaped quotation marks"),
        pytest.param(message(note="größe \U0001f514"), id="not ASCII, escaped"),
        pytest.param(message(note="?").replace(b"?", "größe \U0001f514".encode()), id="not ASCII, as it is"),
        pytest.param(message(huge=1).replace(b": 1}", b": 1e999}"), id="a number that no double holds"),
        pytest.param(message(huge=1).replace(b": 1}", b": " + b"1" * 5_000 + b"}"), id="5,000 digits"),
        pytest.param(message(extra=[[[[[[[1]]]]]]]), id="exactly as deep as allowed"),
        pytest.param(message(tenant="acme"), id="the tenant of the key"),
        pytest.param(message(tenant="acme", firmware="1.2"), id="the tenant of the key and more"),
        pytest.param(spoiled(b'"device"', b'"de\\u0076ice"'), id="an escaped name"),
        pytest.param(message().replace(b":", b" \t:\r\n ").replace(b",", b" ,\n"), id="blanks everywhere"),
    ],
)
def test_harmless_variation_changes_nothing(data: bytes) -> None:
    columns, refused = decode(data)

    assert refused == []
    assert rows(columns) == rows(decode(message())[0])


@pytest.mark.parametrize("form", [b"[%s,%s]", b"%s\n%s"])
def test_unknown_fields_are_fine_in_arrays_and_lines(form: bytes) -> None:
    columns, refused = decode(form % (message(firmware="1.2"), message(seq=2)))

    assert (len(columns), refused) == (2, [])


@pytest.mark.parametrize("form", [b"[%s,%s]", b"%s\n%s"])
def test_key_given_twice_in_a_packed_record_is_refused_alone(form: bytes) -> None:
    twice = spoiled(b"61.2", b'61.2, "temperature_celsius": 9')

    columns, refused = decode(form % (message(), twice))

    assert columns.index.tolist() == [0]
    assert [(each.index, each.reason, each.data) for each in refused] == [(1, Reason.DUPLICATE_KEY, twice)]


@pytest.mark.parametrize("form", [b"[%s,%s]", b"%s\n%s"])
def test_other_tenant_in_a_packed_record_is_refused_alone(form: bytes) -> None:
    columns, refused = decode(form % (message(), message(tenant="evil")))

    assert columns.index.tolist() == [0]
    assert [(each.index, each.reason) for each in refused] == [(1, Reason.TENANT_MISMATCH)]


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        (b"5", 5.0),
        (b"-0", 0.0),
        (b"9007199254740993", 9007199254740992.0),
        (b"18446744073709551616", 18446744073709551616.0),
        (b"1" * 100, float("1" * 100)),
        (b"1e-400", 0.0),
        (b"-1e100", -1e100),
        (b"0.1", 0.1),
    ],
)
@pytest.mark.parametrize("extra", [None, '"'], ids=["fast", "close look"])
def test_any_number_that_squares_can_be_added_of_is_a_value(digits: bytes, value: float, extra: str | None) -> None:
    columns, refused = decode(message(extra=extra).replace(b"61.2", digits))

    assert (columns.value.tolist(), refused) == ([value], [])


@pytest.mark.parametrize("extra", [None, '"'], ids=["fast", "close look"])
def test_negative_zero_becomes_zero(extra: str | None) -> None:
    columns, _ = decode(message(extra=extra).replace(b"61.2", b"-0.0"))

    assert not np.signbit(columns.value[0])


def test_time_may_be_text_in_any_zone() -> None:
    texts = ["2026-11-23T10:00:00.250Z", "2026-11-23T11:30:00.250+01:30", "2026-11-23T09:00:00.2509-01:00"]

    columns, refused = decode(*[message(ts=ts) for ts in texts], message())

    assert (columns.time_ms.tolist(), refused) == ([ARRIVAL_MS] * 4, [])


@pytest.mark.parametrize(
    "spoiled_text", ["2026-11-23T10:00:00.199Z", "2026-11-23T10:00:00Z", "2026-11-23T10:61:00.199Z"]
)
def test_many_texts_are_read_as_few_are(spoiled_text: str) -> None:
    texts = [f"2026-11-23T{9 + i % 2:02d}:00:00.{i:03d}Z" for i in range(199)] + [spoiled_text]
    datas = [message(ts=ts, seq=seq) for seq, ts in enumerate(texts)]

    columns, refused = decode(*datas)

    singly = [decode(data)[0].time_ms.tolist() for data in datas]
    assert columns.time_ms.tolist() == [instant_ms for each in singly for instant_ms in each]
    assert len(columns) + len(refused) == 200


def test_metrics_may_be_exactly_as_many_as_allowed() -> None:
    columns, refused = decode(message(metrics={"a": 1, "b": 2}), bounds=Bounds(metrics_max=2))

    assert (len(columns), refused) == (1, [])
