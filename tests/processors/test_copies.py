from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from processors.handler import ProcessorsHandler, make_handler
from tests.processors.streams import EPOCH_MS, plan_of
from tests.processors.test_failed_position import RefusingLog
from tests.processors.test_handler import MINUTE, deliver, reading, tick
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.plan.book import PlanBook

PLAN = plan_of({"*": [(MINUTE, MINUTE)]}, groups=4)
THREE = [reading("a", 0), reading("b", 0), reading("c", 0)]


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: EPOCH_MS) as opened:
        yield opened


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many records each call of the decoder is given."""
    counts: list[int] = []

    def counted(keys: Any, *rest: Any) -> Any:
        counts.append(len(keys))
        return decode_records(keys, *rest)

    monkeypatch.setattr("processors.handler.decode_records", counted)
    return counts


def made(embedded: Embedded) -> ProcessorsHandler:
    return make_handler(embedded.backend, PlanBook(PLAN))


def test_of_copies_nothing_is_read_again_but_what_is_new(embedded: Embedded, read: list[int]) -> None:
    handler = made(embedded)
    deliver(handler, THREE, first=1)

    assert deliver(handler, [*THREE, reading("a", 1)], first=1) == []

    assert read == [3, 1]
    assert handler.accounts()["shardId-000000000000"].messages == 4


def test_process_that_knows_nothing_reads_no_copies_either(embedded: Embedded, read: list[int]) -> None:
    deliver(made(embedded), THREE, first=1)

    assert deliver(made(embedded), THREE, first=1) == []

    assert read == [3]


def test_delivery_of_copies_alone_is_asked_for_again_while_their_panes_are_refused(embedded: Embedded) -> None:
    refusing = replace(embedded.backend, panes=RefusingLog(embedded.backend.panes))
    handler = make_handler(refusing, PlanBook(PLAN))
    records = [reading("a", 0), reading("a", 10 * MINUTE)]
    deliver(handler, [*records, tick(20 * MINUTE)], first=5)

    assert deliver(handler, records, first=5) == ["5"]
