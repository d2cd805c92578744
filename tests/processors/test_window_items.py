"""Window items: what people read of a window."""

import pytest

from processors.window_items import window_items
from tests.processors.streams import WIDE, Message, pane_batches, play
from tocsin.core.plan.model import MetricPlan, Plan, Window
from tocsin.core.ports import WindowItem

MINUTE = 60_000
WINDOWS = (Window(MINUTE, MINUTE),)
PLAN = Plan(
    metrics=(MetricPlan("level*", WINDOWS, quantiles=(0.5, 0.999)), MetricPlan("*", WINDOWS, quantiles=(0.9,))),
    groups=1,
    bounds=WIDE,
)


def _items(*readings: tuple[tuple[str, float], ...]) -> list[WindowItem]:
    """Return the items of the minute in which the readings come, a second apart."""
    messages = [Message("a", 1_000 * place, metrics) for place, metrics in enumerate(readings)]
    _, entries = play(PLAN, [*messages, Message("a", 10 * MINUTE, (("other", 1.0),))])
    return [item for batch in pane_batches(entries) for item in window_items(batch.panes, (0.5, 0.9, 0.999))]


def test_item_holds_the_quantiles_that_the_plan_asks_of_each_metric() -> None:
    [item] = _items((("level", 1.0), ("flow", 5.0)), (("level", 2.0), ("flow", 5.0)), (("level", 3.0), ("flow", 5.0)))

    assert item.metrics["level"].quantiles == pytest.approx({"p50": 2.0, "p99.9": 2.0}, rel=0.01)
    assert item.metrics["flow"].quantiles == pytest.approx({"p90": 5.0}, rel=0.01)


def test_rate_is_per_second_and_absent_where_there_is_one_reading() -> None:
    [item] = _items((("level", 1.0), ("flow", 5.0)), (("level", 4.0),))

    assert (item.metrics["level"].rate, item.metrics["flow"].rate) == (3.0, None)
