from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from processors.handler import make_handler
from tests.processors.streams import EPOCH_MS, plan_of
from tests.processors.test_handler import MINUTE, deliver, reading, tick
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.keys import group_of
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import LogRecord

PLAN = plan_of({"*": [(MINUTE, MINUTE)]}, groups=4)


class RefusingLog:
    """A log that takes nothing."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        return range(len(records))


def test_delivery_is_asked_for_again_from_the_first_record_of_any_group_that_failed() -> None:
    first = "a"
    second = next(device for device in "bcdefgh" if group_of(f"demo#{device}", 4) != group_of(f"demo#{first}", 4))
    with open_embedded(None, now_ms=lambda: EPOCH_MS) as embedded:
        backend = replace(embedded.backend, panes=RefusingLog(embedded.backend.panes))
        handler = make_handler(backend, PlanBook(PLAN))

        failed = deliver(handler, [reading(first, 0), reading(second, 0), tick(10 * MINUTE)], first=5)

    assert {group_of(f"demo#{device}", 4) for device in (first, second)} <= set(handler.failures)
    assert failed == ["5"]
