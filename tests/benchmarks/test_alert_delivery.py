"""The measure of ordering and copies, on few alerts: nothing is missed, and FIFO hands on no copy too soon."""

import pytest

from benchmarks.alert_delivery import STEPS, Figures, fifo, run
from benchmarks.emulated_topics import handed_on


@pytest.fixture(scope="module")
def found() -> Figures:
    return run(alerts=1_500, seed=1, batch=40)


def test_nothing_is_missed_and_all_is_decided_once_and_told_in_order_though_the_process_dies(found: Figures) -> None:
    assert (found.missed, found.undecided, found.out_of_order) == (0, 0, 0)
    assert set(found.crashes) == set(STEPS)


def test_fifo_hands_on_no_copy_within_five_minutes_where_standard_does(found: Figures) -> None:
    assert found.fifo_soon == 0
    assert found.distinct <= found.fifo < found.standard


@pytest.mark.parametrize("is_fifo", [True, False])
def test_topics_of_the_emulator_hand_on_what_is_counted_here(is_fifo: bool) -> None:
    published = run(alerts=40, seed=2, batch=8).published

    wanted = fifo(published)[0] if is_fifo else [one for _, one in published]
    assert len(wanted) < len(published) or not is_fifo
    found = handed_on(published, fifo=is_fifo)
    assert sorted(one.id for one in found) == sorted(one.id for one in wanted)
