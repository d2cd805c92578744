"""What the table of windows is scaled to, where its capacity is provisioned."""

import pytest

from tocsin.runtime.cost.capacity import Capacity, capacity_of
from tocsin.runtime.cost.deployment import own_template, read_deployment
from tocsin.runtime.cost.variants import USUAL

FIVE = Capacity(writes_min=5, reads_min=5, target=0.75)


@pytest.mark.parametrize(
    ("by_minute", "writes"),
    [
        pytest.param({}, 5, id="nothing written"),
        pytest.param({0: 386, 1: 386, 2: 386, 3: 386, 4: 386}, 9, id="386 devices, windows of a minute"),
        pytest.param({4: 386}, 5, id="386 devices, windows of five minutes: a burst, served from what was saved"),
        pytest.param({4: 6_000}, 20, id="a burst that is more than is saved: the average is the least"),
        pytest.param({0: 100, 1: 6_000, 2: 6_000, 3: 100, 4: 100}, 134, id="two minutes in a row raise it"),
    ],
)
def test_capacity_follows_two_minutes_in_a_row_and_never_falls_below_the_average(
    by_minute: dict[int, int], writes: int
) -> None:
    assert FIVE.writes(by_minute, minutes=5) == writes


def test_template_scales_as_the_comparison_assumes_and_may_be_paid_by_the_request() -> None:
    own, other = (read_deployment(own_template(), {"WindowsCapacity": name}) for name in ("provisioned", "on-demand"))

    assert own.capacity == capacity_of(own.stack) == USUAL
    assert other.capacity is None
    (table,) = (one for one in other.stack.of_kind("AWS::DynamoDB::Table") if one.id == "WindowsTable")
    assert table.properties["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in table.properties
