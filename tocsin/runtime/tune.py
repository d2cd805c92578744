"""What other values of one key of a rule would have done: each value tried in the shadow of the rule, in one replay."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from simulator.truth import Truth
from tocsin.core.clock import DAY_MS
from tocsin.core.errors import UsageError
from tocsin.core.messages import Transition
from tocsin.core.plan.field import Field
from tocsin.core.plan.model import LimitsRule, Plan, Rule
from tocsin.core.plan.resolve import kind_of
from tocsin.core.plan.rule_forms import RULE_FORMS
from tocsin.runtime.score import score
from tocsin.runtime.score_kinds import Exposure, event_f1

VALUES_MAX: Final = 64
TRIED: Final = "tried-"
SPREAD: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0)
"""By default so many times the rule's own value are tried."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one value leads to.

    Attributes:
        value: Of the key, as the model has it: milliseconds for durations.
        alerts: How many fired.
        false: How many of them tell of no fault.
        wanted: Faults that a rule of this kind may find.
        found: How many of them had an alert of this rule.
        delay_ms_median: To the first alert about a fault, or None where none was found.
        f1: Of events.
        false_per_device_day: False alerts per device and day.
    """

    value: float
    alerts: int
    false: int
    wanted: int
    found: int
    delay_ms_median: float | None
    f1: float
    false_per_device_day: float

    @property
    def recall(self) -> float:
        """Share of the wanted faults that were found."""
        return self.found / self.wanted if self.wanted else 0.0

    @property
    def precision(self) -> float:
        """Share of the alerts that tell of a fault."""
        return 1 - self.false / self.alerts if self.alerts else 1.0


def rule_of(plan: Plan, name: str) -> Rule:
    """Return the plan's rule of that name.

    Raises:
        UsageError: There is none.
    """
    found = next((rule for rule in plan.rules if rule.name == name), None)
    if found is None:
        raise UsageError(f"rule must be one of {', '.join(rule.name for rule in plan.rules)}, got {name!r}")
    return found


def key_of(rule: Rule, key: str) -> Field:
    """Return what is known of the rule's key.

    Raises:
        UsageError: The rule has no such key, or one that is no number or duration, or does not use it.
    """
    keys = {field.key: field for field in RULE_FORMS[type(rule)] if field.kind in {"number", "integer", "duration"}}
    usual = [name for name, field in keys.items() if getattr(rule, field.attribute) is not None]
    if key not in usual:
        raise UsageError(f"key of rule {rule.name} must be one of {', '.join(usual)}, got {key!r}")
    return keys[key]


def default_values(rule: Rule, key: Field) -> tuple[float, ...]:
    """Return values around the rule's own.

    Raises:
        UsageError: It is 0, so that no multiple of it differs.
    """
    own = float(getattr(rule, key.attribute))
    if own == 0:
        raise UsageError(f"{key.key} of rule {rule.name} is 0: say with --values which to try")
    return tuple(_fitting(key, own * share) for share in SPREAD)


def _fitting(key: Field, value: float) -> float:
    within = min(max(value, key.low), key.high)
    return float(round(within)) if key.kind != "number" else float(f"{within:.4g}")


def trial_plan(plan: Plan, rule: Rule, key: Field, values: Sequence[float]) -> Plan:
    """Return the plan with the rule's value tried as each of the values, in its shadow."""
    tried = [_tried(rule, key, number, value) for number, value in enumerate(values)]
    return msgspec.structs.replace(plan, rules=(*plan.rules, *tried))


def _tried(rule: Rule, key: Field, number: int, value: float) -> Rule:
    changes: dict[str, Any] = {
        "name": f"{TRIED}{number}",
        "shadow_of": rule.name,
        key.attribute: value if key.kind == "number" else round(value),
    }
    if isinstance(rule, LimitsRule):
        changes["early"] = False  # only so many limits can be told early; windows tell the same a little later
    return msgspec.structs.replace(rule, **changes)


def trials(
    transitions: Iterable[Transition], truth: Sequence[Truth], rule: Rule, values: Sequence[float], seen: Exposure
) -> Iterator[Trial]:
    """Yield what each value led to, in the order of the values.

    Args:
        transitions: Of a replay under ``trial_plan``, those of shadow rules too.
        truth: What went wrong; only faults that a rule of this kind may find are wanted.
        rule: The rule.
        values: What was tried.
        seen: In what alerts had the chance to be false.
    """
    moves = list(transitions)
    kind = kind_of(rule)
    wanted = [row for row in truth if not row.detectable_by or kind in row.detectable_by]
    others = [msgspec.structs.replace(row, expect=False) for row in truth if row not in wanted]
    days = max(seen.devices * seen.span_ms, 1) / DAY_MS
    for number, value in enumerate(values):
        came = score([move for move in moves if move.rule == f"{TRIED}{number}"], [*wanted, *others])
        yield Trial(
            value,
            came.alerts,
            len(came.false),
            len(came.faults),
            came.found,
            came.delay_ms_median,
            event_f1(came),
            len(came.false) / days,
        )


def best(found: Sequence[Trial], own: float, *, false_max: float | None) -> Trial | None:
    """Return the trial to choose: the highest recall within the false alerts that are allowed, else the highest F1.

    Args:
        found: All trials.
        own: The rule's own value; among equals the nearest to it is chosen.
        false_max: Most false alerts per device and day; None for no such wish.
    """
    if false_max is None:
        return max(found, key=lambda one: (one.f1, -one.false, -abs(one.value - own)), default=None)
    allowed = [one for one in found if one.false_per_device_day <= false_max]
    return max(allowed, key=lambda one: (one.recall, -one.false, -abs(one.value - own)), default=None)
