"""What is kept, for as long as the template says: how much of it lies there once as much goes as comes. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.cost.clients import COLD, RECORDINGS
from tocsin.runtime.cost.functions import LOGS
from tocsin.runtime.cost.prices import DAYS_A_MONTH
from tocsin.runtime.cost.usage import Usage

GB: Final = 1e9
ASIDE: Final = ("blobs/rejected", "blobs/late")
GLACIER: Final = "GLACIER_IR"
COLD_DAYS_MIN: Final = 90
"""Days for which an object is paid where it is seldom read, however soon it goes. Source: Amazon S3 pricing."""

ENDLESS_DAYS: Final = 365
"""How long what is never deleted is counted for."""


@dataclass(frozen=True, slots=True)
class Stay:
    """How long the bucket keeps what begins with a prefix.

    Attributes:
        days: Until it is deleted.
        moves_after_days: Until it is moved to where it is seldom read; None where it never is.
    """

    days: float
    moves_after_days: float | None

    @property
    def days_here(self) -> float:
        """Days before the move."""
        return self.days if self.moves_after_days is None else self.moves_after_days

    @property
    def days_there(self) -> float:
        """Days that are paid after the move."""
        return 0.0 if self.moves_after_days is None else max(self.days - self.moves_after_days, COLD_DAYS_MIN)


def stay_of(stack: Stack, prefix: str) -> Stay:
    """Return what the rules of the stack's bucket say of the prefix."""
    for bucket in stack.of_kind("AWS::S3::Bucket"):
        rules: list[Mapping[str, Any]] = bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
        for rule in rules:
            if rule.get("Prefix") == prefix and "ExpirationInDays" in rule:
                moves = [
                    one["TransitionInDays"] for one in rule.get("Transitions", []) if one["StorageClass"] == GLACIER
                ]
                return Stay(float(rule["ExpirationInDays"]), float(moves[0]) if moves else None)
    return Stay(ENDLESS_DAYS, None)


def kept_units(stages: Mapping[str, Usage], months: float, stack: Stack) -> dict[str, float]:
    """Return name of a price to how much a month, once as much is deleted as is written.

    Args:
        stages: What each stage wrote in the run.
        months: How many such runs a month is.
        stack: Says for how long things are kept.
    """
    written = reduce(Usage.plus, stages.values(), Usage())
    gb_days = Counter({place: size * months / GB for place, size in written.kept_byte_days.items()})
    gb = Counter({place: size * months / GB for place, size in written.kept_bytes.items()})
    endless = (gb["alerts"] + gb["directory"]) * ENDLESS_DAYS
    small, large = gb["blobs/recordings"], gb[COLD]
    stay = stay_of(stack, RECORDINGS)
    is_moved = stay.moves_after_days is not None
    aside = sum(gb[place] * stay_of(stack, f"{place}/").days for place in ASIDE)
    recoverable = endless if _is_recoverable(stack) else 0.0
    counts = {
        "table_gb_months": (gb_days.total() + endless) / DAYS_A_MONTH,
        "backup_gb_months": recoverable / DAYS_A_MONTH,
        "s3_gb_months": (small * stay.days + large * stay.days_here + aside) / DAYS_A_MONTH,
        "s3_cold_gb_months": large * stay.days_there / DAYS_A_MONTH,
        "s3_moves": written.kept_objects[COLD] * months if is_moved else 0.0,
        "log_gb_months": gb[LOGS] * float(stack.parameters["LogRetentionDays"]) / DAYS_A_MONTH,
    }
    return {unit: count for unit, count in counts.items() if count}


def _is_recoverable(stack: Stack) -> bool:
    tables = [one.properties.get("PointInTimeRecoverySpecification") for one in stack.of_kind("AWS::DynamoDB::Table")]
    return any(one and one.get("PointInTimeRecoveryEnabled") for one in tables)
