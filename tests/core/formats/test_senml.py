"""SenML packs: the examples of RFC 8428, and what it says must be refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.formats.foreign import Measured, Misread
from tocsin.core.formats.senml import read_senml

ARRIVAL_MS = 1_795_428_000_000
DEVICE = "urn_dev_ow_10e2073a01080063"


def read(*records: object) -> list[Measured | Misread]:
    return list(read_senml(json.dumps(records).encode(), arrival_ms=ARRIVAL_MS))


def test_single_data_point_of_section_5_1_1_is_named_after_its_unit() -> None:
    found = read({"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1})

    assert found == [Measured(1, DEVICE, ARRIVAL_MS, {"celsius": 23.1})]


def test_base_values_of_section_5_1_2_hold_until_they_change_and_times_are_absolute() -> None:
    found = read(
        {
            "bn": "urn:dev:ow:10e2073a01080063:",
            "bt": 1.276020076001e09,
            "bu": "A",
            "bver": 5,
            "n": "voltage",
            "u": "V",
            "v": 120.1,
        },
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "v": 1.7},
    )

    assert found == [
        Measured(1, DEVICE, 1_276_020_076_001, {"voltage_volt": 120.1}),
        Measured(2, DEVICE, 1_276_020_071_001, {"current_ampere": 1.2}),
        Measured(3, DEVICE, 1_276_020_076_001, {"current_ampere": 1.7}),
    ]


def test_several_measurements_of_section_5_1_3_are_told_apart_by_unit() -> None:
    found = read(
        {"bn": "urn:dev:ow:10e2073a01080063", "bt": 1.320067464e09, "bu": "%RH", "v": 20},
        {"u": "lon", "v": 24.30621},
        {"u": "lat", "v": 60.07965},
        {"t": 60, "v": 20.3},
    )

    assert [(one.time_ms, one.metrics) for one in found if isinstance(one, Measured)] == [
        (1_320_067_464_000, {"percent": 20.0}),
        (1_320_067_464_000, {"lon": 24.30621}),
        (1_320_067_464_000, {"lat": 60.07965}),
        (1_320_067_524_000, {"percent": 20.3}),
    ]


def test_of_the_types_of_section_5_1_5_numbers_and_booleans_are_taken_and_others_told() -> None:
    found = read(
        {"bn": "urn:dev:ow:10e2073a01080063:", "n": "temp", "u": "Cel", "v": 23.1},
        {"n": "label", "vs": "Machine Room"},
        {"n": "open", "vb": False},
        {"n": "nfc-reader", "vd": "aGkgCg"},
    )

    assert [one.metrics for one in found if isinstance(one, Measured)] == [{"temp_celsius": 23.1}, {"open": 0.0}]
    assert [one.place for one in found if isinstance(one, Misread)] == [2, 4]


def test_base_value_is_added_and_relative_time_counts_back_from_arrival() -> None:
    found = read({"bn": "tank/", "bv": 20.0}, {"n": "level", "v": 1.5, "t": -10}, {"n": "level"})

    assert found == [
        Measured(2, "tank", ARRIVAL_MS - 10_000, {"level": 21.5}),
        Measured(3, "tank", ARRIVAL_MS, {"level": 20.0}),
    ]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        pytest.param({"n": "a", "v": 1, "danger_": 1}, "'danger_' must be understood", id="a field that must be known"),
        pytest.param({"bver": 11, "n": "a", "v": 1}, "version must be 1 to 10", id="a version to come"),
    ],
)
def test_pack_that_must_not_be_read_is_refused_whole(record: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read({"n": "b", "v": 1}, record)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"n": "bad name", "v": 1}, id="a name with a blank"),
        pytest.param({"n": "-a", "v": 1}, id="a name that begins with a dash"),
        pytest.param({"v": 1}, id="no name"),
        pytest.param({"n": "a", "v": "1"}, id="a text in place of a number"),
        pytest.param({"n": "a", "v": True}, id="a boolean in place of a number"),
        pytest.param({"n": "a"}, id="no value"),
        pytest.param({"n": "a", "v": 1, "t": 1e300}, id="no such time"),
    ],
)
def test_record_that_is_wrong_is_told_and_the_others_taken(record: object) -> None:
    found = read(record, {"n": "good", "v": 1})

    assert [type(one) for one in found] == [Misread, Measured]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"[1]", b"[" * 100_000])
def test_what_is_no_pack_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(read_senml(data, arrival_ms=0))


VALUES = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4)


@given(
    st.lists(st.dictionaries(st.sampled_from(["bn", "bt", "bv", "n", "v", "vs", "t", "u", "x_"]), VALUES), max_size=4)
)
@settings(max_examples=150, deadline=None)
def test_any_pack_is_read_or_refused_in_words(records: list[object]) -> None:
    try:
        found = read(*records)
    except ValueError:
        return
    assert all(isinstance(one, Misread) or one.metrics for one in found)
