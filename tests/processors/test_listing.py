from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from processors.listing import Listing
from tests.contract.specimens import STATS, WINDOW
from tests.simulation.memory import MemoryDirectory
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.devices import ListedDevice, listed_device
from tocsin.core.errors import UnavailableError
from tocsin.core.ports import DirectoryEntry


class Directory(MemoryDirectory):
    def __init__(self) -> None:
        super().__init__()
        self.puts: list[list[ListedDevice]] = []
        self.is_down = False

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        if self.is_down:
            raise UnavailableError("the directory does not answer")
        self.puts.append([listed_device(entry) for entry in entries])


def test_device_is_listed_when_first_seen_and_not_again_within_the_hour() -> None:
    directory = Directory()
    listing = Listing(directory)

    listing.put([WINDOW, replace(WINDOW, device="pump-8")])
    listing.put([replace(WINDOW, start_ms=59 * MINUTE_MS)])

    listed = [ListedDevice(name, MINUTE_MS, ("temperature",)) for name in ("pump-7", "pump-8")]
    assert directory.puts == [listed]


def test_device_that_keeps_reporting_is_listed_again_every_hour() -> None:
    directory = Directory()
    listing = Listing(directory)

    for start_ms in range(0, 3 * HOUR_MS, MINUTE_MS):
        listing.put([replace(WINDOW, start_ms=start_ms)])

    assert [one.seen_ms for put in directory.puts for one in put] == [MINUTE_MS + hour * HOUR_MS for hour in range(3)]


def test_new_metric_is_listed_at_once_and_an_older_window_does_not_turn_time_back() -> None:
    directory = Directory()
    listing = Listing(directory)

    listing.put([replace(WINDOW, start_ms=HOUR_MS)])
    listing.put([replace(WINDOW, metrics={"pressure": STATS})])

    assert directory.puts[-1] == [ListedDevice("pump-7", HOUR_MS + MINUTE_MS, ("pressure", "temperature"))]


def test_devices_that_the_directory_refused_are_listed_with_the_next_try() -> None:
    directory = Directory()
    listing = Listing(directory)
    directory.is_down = True
    with pytest.raises(UnavailableError):
        listing.put([WINDOW])
    directory.is_down = False

    listing.put([WINDOW])

    assert len(directory.puts) == 1
