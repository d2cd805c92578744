"""Hostile time and load, in virtual time: nobody's windows suffer from somebody else's clock or rate."""

from tests.load.factory import DEVICES, START_MS, factory, message, steady
from tocsin.core.clock import MINUTE_MS, SECOND_MS

YEAR_9999_MS = 253_402_300_799_000
OTHERS = [f"pump-{number}" for number in range(1, DEVICES)]


def test_device_of_the_year_9999_closes_nobodys_window() -> None:
    def forged(second: int) -> list[tuple[str, bytes]]:
        return [("acme#pump-0", message("pump-0", YEAR_9999_MS, seq=10**6 + second))]

    with factory() as fair, factory() as unfair:
        fair.run(200, steady)
        unfair.run(200, steady, forged)

        assert [unfair.windows(device) for device in ["pump-0", *OTHERS]] == [
            fair.windows(device) for device in ["pump-0", *OTHERS]
        ]
        assert unfair.pipeline.counts().rejected == 200
        assert unfair.counted("pump-0") == 200


def test_clock_that_is_as_far_ahead_as_it_may_be_hurts_its_own_device_alone() -> None:
    def ahead(second: int) -> list[tuple[str, bytes]]:
        jumped = message("pump-0", START_MS + second * SECOND_MS + 4 * MINUTE_MS, seq=10**6 + second)
        return [("acme#pump-0", jumped)] if second == 30 else []

    with factory() as fair, factory() as unfair:
        fair.run(200, steady)
        unfair.run(200, steady, ahead)

        assert [unfair.windows(device) for device in OTHERS] == [fair.windows(device) for device in OTHERS]
        assert unfair.pipeline.counts().late > 100


def test_device_that_floods_twentyfold_delays_the_others_at_most_twice() -> None:
    def flood(device: int, second: int) -> int:
        return 20 if device == 0 and second >= 20 else 1

    with factory() as fair, factory() as flooded:
        fair.run(120, steady)
        flooded.run(120, flood)

        before, after = fair.delays_of(but="pump-0"), flooded.delays_of(but="pump-0")
        assert sum(after) / len(after) <= 2 * sum(before) / len(before)
        assert after[len(after) * 99 // 100] <= 2 * before[len(before) * 99 // 100]
        assert {device: flooded.counted(device) for device in flooded.sent} == flooded.sent


def test_burst_of_ten_times_the_rate_for_a_minute_drains_and_loses_nothing() -> None:
    def burst(device: int, second: int) -> int:  # noqa: ARG001  the shape of a rate
        return 10 if 60 <= second < 120 else 1

    with factory() as busy:
        busy.run(1_200, burst)

        assert max(busy.left_s) > 10
        assert busy.left_s[-1] == 1
        assert {device: busy.counted(device) for device in busy.sent} == busy.sent
        counts = busy.pipeline.counts()
        assert (counts.messages, counts.late, counts.rejected) == (sum(busy.sent.values()), 0, 0)
