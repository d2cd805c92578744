"""What a generation's windows may be."""

import pytest

from processors.geometry import Geometry
from tests.processors.streams import plan_of
from tocsin.core.errors import ConfigError

DAY = 86_400_000


def test_slice_too_long_for_the_offsets_that_are_kept_of_its_readings_is_refused() -> None:
    with pytest.raises(ConfigError, match="slice of 2592000000 ms must be at most 2147483647 ms"):
        Geometry.of(plan_of({"*": [(30 * DAY, 30 * DAY)]}))


def test_window_of_a_month_stands_on_slices_of_a_day() -> None:
    assert Geometry.of(plan_of({"*": [(30 * DAY, DAY)]})).lanes[0].ring == 30
