"""Line protocol: the documented examples, escapes, and lines that are wrong."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.formats.foreign import Measured, Misread
from tocsin.core.formats.line_protocol import read_line_protocol

ARRIVAL_MS = 1_795_428_000_000


def read(*lines: str, tag: str = "location", precision: str = "ns") -> list[Measured | Misread]:
    return list(read_line_protocol(lines, device_tag=tag, precision=precision, arrival_ms=ARRIVAL_MS))


def test_documented_example_becomes_a_measurement_of_its_tag() -> None:
    found = read("weather,location=us-midwest temperature=82 1465839830100400200")

    assert found == [Measured(1, "us-midwest", 1_465_839_830_100, {"weather_temperature": 82.0})]


def test_field_called_value_is_the_measurement_itself() -> None:
    found = read("temperature_celsius,location=a value=1.5,error=0.25")

    assert found == [Measured(1, "a", ARRIVAL_MS, {"temperature_celsius": 1.5, "temperature_celsius_error": 0.25})]


def test_all_types_of_fields_are_read_and_texts_left_out() -> None:
    found = read(r'm,location=a f=-1.2e3,i=-12i,u=7u,t=true,no=F,s="a, \"b\" c=d",after=1 1')

    assert [one.metrics for one in found if isinstance(one, Measured)] == [
        {"m_f": -1_200.0, "m_i": -12.0, "m_u": 7.0, "m_t": 1.0, "m_no": 0.0, "m_after": 1.0}
    ]


def test_escaped_commas_blanks_and_signs_belong_to_names() -> None:
    found = read(r"wea\,ther,loc\ at\=ion=us\ mid\,west tempera\=ture=82", tag="loc at=ion")

    assert found == [Measured(1, "us_mid_west", ARRIVAL_MS, {"wea_ther_tempera_ture": 82.0})]


def test_comments_and_blank_lines_are_counted_as_lines_and_nothing_else() -> None:
    found = read("# weather", "", "weather,location=a value=1\n", tag="location")

    assert [one.place for one in found] == [3]


def test_no_millisecond_is_lost_to_rounding() -> None:
    stamps = [(1_465_839_830_000 + step) * 10**6 for step in range(1_000)]

    found = read(*(f"m,location=a value=1 {stamp}" for stamp in stamps))

    assert [one.time_ms for one in found if isinstance(one, Measured)] == [stamp // 10**6 for stamp in stamps]


@pytest.mark.parametrize(("precision", "stamp"), [("ns", 10**18), ("us", 10**15), ("ms", 10**12), ("s", 10**9)])
def test_times_are_in_the_stated_precision(precision: str, stamp: int) -> None:
    (found,) = read(f"m,location=a value=1 {stamp}", precision=precision)

    assert isinstance(found, Measured)
    assert found.time_ms == 10**12


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("weather", id="no fields"),
        pytest.param("weather,location=a", id="tags only"),
        pytest.param("weather,location temperature=82", id="a tag without a value"),
        pytest.param("weather temperature=82", id="no device"),
        pytest.param("weather,location=a temperature=", id="a field without a value"),
        pytest.param("weather,location=a temperature=warm", id="a text without quotes"),
        pytest.param('weather,location=a temperature="warm', id="a text without an end"),
        pytest.param('weather,location=a temperature="warm"', id="texts only"),
        pytest.param("weather,location=a temperature=1e999", id="no finite number"),
        pytest.param("weather,location=a temperature=1.5i", id="half a whole number"),
        pytest.param("weather,location=a temperature=82 soon", id="no time"),
        pytest.param("weather,location=a temperature=82 99999999999999999999", id="a time with too many digits"),
        pytest.param("weather,location=a temperature=82 -1", id="a time before 1970"),
        pytest.param("weather,location=a temperature=82 1 1", id="something after the time"),
        pytest.param("m,location=a " + ",".join(f"f{n}=1" for n in range(1_025)), id="too many fields"),
        pytest.param("m,location=a value=1" + "0" * 70_000, id="too long"),
    ],
)
def test_line_that_is_wrong_is_told_by_its_number_and_the_next_is_read(line: str) -> None:
    found = read(line, "weather,location=a temperature=82")

    assert [(type(one), one.place) for one in found] == [(Misread, 1), (Measured, 2)]


@given(st.text(st.sampled_from('wl=, \\"1.eia-t\n#'), max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_line_is_read_or_told(line: str) -> None:
    for one in read(line, "w,location=a " + line):
        assert isinstance(one, Misread) or all(math.isfinite(value) for value in one.metrics.values())
