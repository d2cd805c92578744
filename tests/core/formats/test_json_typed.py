"""Messages decoded by their form: the same columns, refusals and bits as one by one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.formats.specimens import ARRIVAL_MS, BOUNDS, KEY, message, outcome
from tocsin.core.formats import json_typed
from tocsin.core.formats.json_typed import RECORDS_MIN, decode_typed

FORMS = st.fixed_dictionaries(
    {
        "ts": st.sampled_from([ARRIVAL_MS, "2026-11-23T10:00:00Z"]),
        "metrics": st.dictionaries(st.sampled_from(["m", "n", "o", "ü"]), st.just(1.5), min_size=1),
    },
    optional={"seq": st.integers(0, 9), "boot": st.integers(0, 9), "tenant": st.sampled_from(["acme", "evil"])},
)
ODD = st.sampled_from(
    [
        b"{cut",
        message(device="pump-8"),
        message(metrics={"m": 1, "n": 2}),
        message(metrics={"n": -0.0, "m": 10**30}),
        message(metrics={"m": 1e308}).replace(b"1e+308", b"1e999"),
        message(metrics={"m": 1e200}),
        message(more=7),
        message(ts=None),
        message(seq=2**60),
        message(metrics={"m": 1}).replace(b'"m": 1', b'"m": 1, "m": 2'),
        message().replace(b'"device"', b'"device": "pump-8", "device"'),
        b"[%s,%s]" % (message(seq=1), message(seq=2)),
    ]
)


def fleet(form: dict[str, Any], records: int = RECORDS_MIN) -> list[bytes]:
    return [
        json.dumps({"device": "pump-7", **form, "metrics": dict.fromkeys(form["metrics"], place + 0.25)}).encode()
        for place in range(records)
    ]


@settings(max_examples=150, deadline=None)
@given(FORMS, st.lists(st.tuples(st.integers(0, RECORDS_MIN), ODD), max_size=2))
def test_records_come_out_together_as_they_do_one_by_one(form: dict[str, Any], odd: list[tuple[int, bytes]]) -> None:
    datas = fleet(form)
    for place, data in odd:
        datas.insert(place, data)

    found = outcome([KEY] * len(datas), datas, BOUNDS)

    single = [(place, *row[1:]) for place, data in enumerate(datas) for row in outcome([KEY], [data], BOUNDS)]
    assert found == single


@settings(max_examples=30, deadline=None)
@given(FORMS, st.permutations(["m", "n", "o"]))
def test_order_in_which_a_message_writes_its_metrics_says_nothing(form: dict[str, Any], names: list[str]) -> None:
    ordered, shuffled = (
        fleet({**form, "metrics": dict.fromkeys(some, 1.5)}) for some in (["m", "n", "o"], list(names))
    )

    for some in (slice(0, 1), slice(0, RECORDS_MIN)):
        keys = [KEY] * len(ordered[some])
        assert outcome(keys, ordered[some], BOUNDS)[0][6:] == outcome(keys, shuffled[some], BOUNDS)[0][6:]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_typed, "_patience", json_typed._Patience())
    monkeypatch.setattr(json_typed, "_patience_with_any", json_typed._Patience())


def test_mixed_fleet_is_tried_again_only_after_a_while() -> None:
    mixed = fleet({"ts": 1, "metrics": {"n": 1}}) + [message()] * RECORDS_MIN
    uniform = fleet({"ts": 1, "metrics": {"n": 1}})

    assert decode_typed(mixed) is None
    assert [decode_typed(uniform) for _ in range(json_typed.BATCHES_SKIPPED - 1)] == [None] * (
        json_typed.BATCHES_SKIPPED - 1
    )
    assert decode_typed(uniform) is not None


def test_fleet_of_one_form_is_decoded_by_it_and_a_mixed_one_is_not() -> None:
    uniform = fleet({"ts": 1, "metrics": {"n": 1, "m": 2}}, records=200)

    typed = decode_typed([*uniform, b"{cut"])

    assert typed is not None
    assert (typed.form.metrics, len(typed.messages), typed.others) == (("m", "n"), 200, [200])
    assert decode_typed(uniform[: RECORDS_MIN - 1]) is None
    assert decode_typed([message(tenant="acme")] * 200) is None
    assert decode_typed([*uniform, *[message()] * 10]) is None


def test_fleet_whose_messages_bring_different_metrics_is_decoded_by_a_type_that_takes_any() -> None:
    mixed = [data for name in "nmo" for data in fleet({"ts": 1, "metrics": {name: 1}})]

    typed = decode_typed([*mixed, message(more=7)])

    assert typed is not None
    assert (typed.form.metrics, len(typed.messages), typed.others) == ((), len(mixed), [len(mixed)])


@settings(max_examples=50, deadline=None)
@given(FORMS, st.lists(st.tuples(st.integers(0, 2 * RECORDS_MIN), ODD), max_size=2))
def test_records_with_different_metrics_come_out_together_as_they_do_one_by_one(
    form: dict[str, Any], odd: list[tuple[int, bytes]]
) -> None:
    json_typed._patience_with_any = json_typed._Patience()
    datas = fleet(form) + fleet({**form, "metrics": {"p": 1, "a": 2}})
    for place, data in odd:
        datas.insert(place, data)

    found = outcome([KEY] * len(datas), datas, BOUNDS)

    single = [(place, *row[1:]) for place, data in enumerate(datas) for row in outcome([KEY], [data], BOUNDS)]
    assert found == single


def test_forms_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(json_typed.msgspec, "defstruct", lambda *a, **k: made.append(a) or real(*a, **k))

    for _ in range(3):
        decode_typed(fleet({"ts": 1, "metrics": {"only_here_celsius": 1}}))

    assert len(made) == 2
    assert json_typed._decoder.cache_info().maxsize == json_typed.FORMS_MAX


real = json_typed.msgspec.defstruct
