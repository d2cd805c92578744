"""What the manual must say of the keys of a plan, from their declaration."""

import math
from typing import Final

import msgspec

from tocsin.core.durations import format_duration
from tocsin.core.plan.budget import Budget
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.field import Field
from tocsin.core.plan.form import FORMS, default_of
from tocsin.core.plan.model import Bounds, DevicePlan, Grouping, MetricPlan, Plan, SourcePlan, Timing, Window
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.rule_forms import RULE_KINDS
from tocsin.core.plan.telling import Escalation
from tocsin.core.silences import Silence

PARTS: Final[dict[str, type[msgspec.Struct]]] = {
    "plan": Plan,
    "metrics": MetricPlan,
    "windows": Window,
    "timing": Timing,
    "bounds": Bounds,
    "devices": DevicePlan,
    "modes": Mode,
    "sources": SourcePlan,
    "grouping": Grouping,
    "silences": Silence,
    "escalations": Escalation,
    "receivers": Receiver,
    "routes": Route,
    "budget": Budget,
    **RULE_KINDS,
}
EVERY_RULE: Final = {"name", "metric", "device", "device_type", "severity", "for", "clear", "window", "shadow_of"} | {
    "when",
    "unless",
}


def table_of(name: str) -> list[str]:
    """Return the rows of the part's table in the manual, without its head."""
    cls = PARTS[name]
    fields = [field for field in FORMS[cls] if name not in RULE_KINDS or field.key not in EVERY_RULE]
    return [_row(field, cls) for field in fields]


def table_of_every_rule() -> list[str]:
    """Return the rows of the keys that rules share."""
    cls = RULE_KINDS["limits"]
    return [_row(field, cls) for field in FORMS[cls] if field.key in EVERY_RULE]


def _row(field: Field, cls: type[msgspec.Struct]) -> str:
    return f"| `{field.key}` | {_values(field)} | {_default(field, cls)} | {field.says} |"


def _values(field: Field) -> str:
    if field.kind == "duration":
        return f"{format_duration(int(field.low))} to {format_duration(int(field.high))}"
    if field.choices:
        return ", ".join(f"`{choice}`" for choice in field.choices)
    if field.kind == "names":
        return "list of names"
    if field.shape:
        return field.shape.words
    if field.kind in {"integer", "number"}:
        return _numbers(field)
    return {"numbers": "list of numbers", "flag": "`true`, `false`", "windows": "list"}[field.kind]


def _numbers(field: Field) -> str:
    if math.isinf(field.low) and math.isinf(field.high):
        return "number"
    if math.isinf(field.high):
        return f"number from {field.low:g}"
    if math.isinf(field.low):
        return f"number to {field.high:g}"
    return f"{field.low:.10g} to {field.high:.10g}"


def _default(field: Field, cls: type[msgspec.Struct]) -> str:
    default = default_of(cls, field.attribute)
    if field.derived:
        return "derived"
    if default is msgspec.NODEFAULT:
        return "must be written"
    if default in (None, "", ()) or field.key == "window":
        return "none"
    return f"`{_written(field, default)}`"


def _written(field: Field, default: object) -> str:
    if field.kind == "duration" and isinstance(default, int):
        return format_duration(default)
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
