"""The table of windows where its capacity is provisioned: what it is scaled to, and what that costs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from tocsin.core.clock import MINUTE_MS, SECOND_MS
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.cost.prices import HOURS_A_MONTH

WRITES: Final = "dynamodb:table:WriteCapacityUnits"
READS: Final = "dynamodb:table:ReadCapacityUnits"
ALARMS_EACH: Final = 4
"""Alarms that scaling keeps for each: consumed and provisioned, high and low. Source: DynamoDB Developer Guide."""

MINUTE_S: Final = MINUTE_MS // SECOND_MS


@dataclass(frozen=True, slots=True)
class Capacity:
    """How capacity follows use.

    Attributes:
        writes_min: Least writes a second.
        reads_min: Least reads a second.
        target: Share of the capacity that is to be used.
    """

    writes_min: int
    reads_min: int
    target: float

    def writes(self, by_minute: Mapping[int, int], minutes: int) -> int:
        """Return how many writes a second the table is scaled to.

        It is raised after two minutes in a row above the target, never lowered below what is used on average; less
        than five minutes' worth of a burst is served from what was not used before.

        Args:
            by_minute: Minute to write units in it.
            minutes: How many minutes were counted.
        """
        both = (min(by_minute[one], by_minute.get(one + 1, 0)) for one in by_minute)
        sustained = max(both, default=0) / MINUTE_S / self.target
        average = sum(by_minute.values()) / max(1, minutes) / MINUTE_S
        return max(self.writes_min, ceil(sustained), ceil(average))

    def standing(self) -> dict[str, float]:
        """Return what is paid a month besides writes: name of a price to how much."""
        return {"read_capacity_hours": self.reads_min * HOURS_A_MONTH, "alarm_metrics": 2 * ALARMS_EACH}


def capacity_of(stack: Stack) -> Capacity | None:
    """Return how the table of windows is scaled; None where it is paid by the request."""
    targets = {one.id: one.properties for one in stack.of_kind("AWS::ApplicationAutoScaling::ScalableTarget")}
    least = {one["ScalableDimension"]: int(one["MinCapacity"]) for one in targets.values()}
    if WRITES not in least:
        return None
    return Capacity(least[WRITES], least.get(READS, 1), _target(stack) / 100)


def _target(stack: Stack) -> float:
    policies = stack.of_kind("AWS::ApplicationAutoScaling::ScalingPolicy")
    tracking: list[Mapping[str, Any]] = [one.properties["TargetTrackingScalingPolicyConfiguration"] for one in policies]
    wanted = "DynamoDBWriteCapacityUtilization"
    found = [
        one["TargetValue"] for one in tracking if one["PredefinedMetricSpecification"]["PredefinedMetricType"] == wanted
    ]
    return float(found[0])
