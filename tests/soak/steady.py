"""A steady load for a long time: ``python -m tests.soak.steady --seconds N``; memory must not grow with time.

The whole pipeline on a file, fed the same number of messages each virtual minute, and the same number each real
second as far as the machine keeps up. A few devices run hot or fall silent now and then, so alerts open and resolve.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from tests.load.factory import message
from tests.runtime.walk import PLAN, START_MS
from tocsin.adapters.embedded import connect
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.clock import MINUTE_MS, SECOND_MS, VirtualClock, elapsed_s, pause
from tocsin.runtime.pipeline import Pipeline

GROWTH_MAX: Final = 0.05
DEVICES: Final = 50
EVERY_MS: Final = 10 * SECOND_MS
MESSAGES_A_SECOND: Final = 500
CACHE_KIB: Final = 2_048
"""Pages that each connection to the database keeps, a sixteenth of the usual: that cache has a limit, and would take
days of virtual time to reach it, 7 KB a minute, which hides whether anything else grows."""

WARM_UP: Final = 0.25
"""Part of the time after which memory is measured for the first time: caches and tables have filled by then."""


@dataclass(frozen=True, slots=True)
class Report:
    """How memory went.

    Attributes:
        seconds: How long the load lasted.
        messages: How many messages there were.
        minutes: How many virtual minutes.
        begin_mb: Resident memory after the warm-up, in megabytes.
        end_mb: At the end.
    """

    seconds: float
    messages: int
    minutes: int
    begin_mb: float
    end_mb: float

    @property
    def growth(self) -> float:
        """By which part memory grew after the warm-up."""
        return self.end_mb / self.begin_mb - 1


def run(seconds: float) -> Report:
    """Load the pipeline for so long.

    Raises:
        AssertionError: A message is missing from the accounts.
    """
    begun_s = elapsed_s()
    begin_mb = 0.0
    sent = minute = 0
    clock = VirtualClock(START_MS)
    with (
        TemporaryDirectory() as folder,
        patch.object(connect, "CACHE_KIB", CACHE_KIB),
        open_embedded(Path(folder) / "steady.db", now_ms=clock.now_ms) as embedded,
    ):
        pipeline = Pipeline(embedded, PLAN, clock.now_ms, is_lasting=False)
        pipeline.start_ticks()
        _fill_page_cache(embedded)
        while (passed_s := elapsed_s() - begun_s) < seconds:
            for records in _minute(minute):
                pipeline.backend.readings.put(records)
                pipeline.drain()
                sent += len(records)
            minute += 1
            pipeline.advance_to(clock, START_MS + minute * MINUTE_MS)
            pause(max(0.0, sent / MESSAGES_A_SECOND - (elapsed_s() - begun_s)))
            if not begin_mb and passed_s >= seconds * WARM_UP:
                begin_mb = _resident_mb()
        end_mb = _resident_mb()
        counts = pipeline.counts()
    assert counts.messages == sent, f"{sent} messages were sent, {counts.messages} are accounted for"
    return Report(elapsed_s() - begun_s, sent, minute, begin_mb or end_mb, end_mb)


def _fill_page_cache(embedded: Embedded) -> None:
    """Fill the database's cache of pages at once; it has a limit, and would reach it by and by."""
    for number in range(CACHE_KIB // 1_024 + 8):
        embedded.backend.blobs.put(f"filling-{number}", bytes(1 << 20))
        embedded.backend.blobs.get(f"filling-{number}")


def _minute(minute: int) -> Iterator[list[DatedRecord]]:
    for at_ms in range(minute * MINUTE_MS, (minute + 1) * MINUTE_MS, EVERY_MS):
        yield [
            DatedRecord(
                f"acme#pump-{device}",
                message(f"pump-{device}", START_MS + at_ms, seq=at_ms // EVERY_MS),
                None,
                START_MS + at_ms,
            )
            for device in range(DEVICES)
            if not (device == minute // 30 % DEVICES and minute % 30 < 10)
        ]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Run as the command says, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1_800)
    report = run(parser.parse_args().seconds)
    print(report, f"growth {report.growth:+.1%}")  # noqa: T201  a program
    assert report.growth < GROWTH_MAX, f"memory grew by {report.growth:.1%}, at most {GROWTH_MAX:.0%} is right"


if __name__ == "__main__":
    main()
