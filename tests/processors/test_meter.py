"""What a call did, as metrics."""

from collections.abc import Iterator

import pytest

from processors.handler import make_handler
from tests.processors.streams import EPOCH_MS
from tests.processors.test_handler import MINUTE, PLAN, deliver, reading, tick
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.plan.book import PlanBook


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: EPOCH_MS) as opened:
        yield opened


def test_call_counts_messages_readings_duplicates_and_late_ones(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))

    deliver(handler, [reading("pump-1", 0), reading("pump-1", 0), reading("pump-1", 10 * MINUTE), reading("pump-1", 1)])

    counts = handler.measures()
    # The duplicate is no message folded, and the last one is late.
    assert {name: counts[name] for name in ("messages", "readings", "duplicates", "rejected", "late")} == {
        "messages": 3,
        "readings": 2,
        "duplicates": 1,
        "rejected": 0,
        "late": 1,
    }


def test_what_an_earlier_process_folded_is_not_counted_again(embedded: Embedded) -> None:
    deliver(make_handler(embedded.backend, PlanBook(PLAN)), [reading("pump-1", 0)])
    later = make_handler(embedded.backend, PlanBook(PLAN))

    deliver(later, [reading("pump-1", 1)], first=2)

    assert later.measures()["messages"] == 1


def test_redelivery_counts_nothing(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))
    deliver(handler, [reading("pump-1", 0)])

    deliver(handler, [reading("pump-1", 0)])

    assert (handler.measures()["messages"], handler.measures()["duplicates"]) == (0, 0)


def test_watermark_lag_is_arrival_less_newest_event_time_and_out_of_orderness(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))

    deliver(handler, [reading("pump-1", -90_000), reading("pump-2", -60_000)])

    assert handler.measures()["watermark_lag_ms"] == 60_000 + PLAN.timing.out_of_orderness_ms


def test_call_without_messages_tells_no_lag(embedded: Embedded) -> None:
    handler = make_handler(embedded.backend, PlanBook(PLAN))

    deliver(handler, [tick(0)])

    assert "watermark_lag_ms" not in handler.measures()
    assert handler.measures()["messages"] == 0
