"""The JSON Schema of the YAML form, for editors: generated from the keys that the reader takes."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from tocsin.core.durations import DURATION_REGEX, format_duration
from tocsin.core.plan.bounds import Bounds, Timing
from tocsin.core.plan.budget import Budget
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.entries import ENTRIES_MAX
from tocsin.core.plan.field import Field, Kind
from tocsin.core.plan.form import FORMS, default_of
from tocsin.core.plan.known import DevicePlan, SourcePlan
from tocsin.core.plan.model import MetricPlan, Plan, Window
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.reader import NO_BASE, Base
from tocsin.core.plan.resolve import kind_of
from tocsin.core.plan.rule_forms import RULE_KINDS
from tocsin.core.plan.source import EXTENDS, default_plan
from tocsin.core.plan.telling import Escalation, Grouping
from tocsin.core.silences import Silence

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def plan_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a plan in YAML.

    It knows all keys and the form of each value. What holds between keys is left to ``parse_plan``.
    """
    properties = {
        "extends": {
            "enum": list(EXTENDS),
            "default": EXTENDS[0],
            "description": "What holds where this plan is silent.",
        },
        "metrics": _list("metrics", _object(MetricPlan), "What is kept of the metrics."),
        "rules": _list("rules", {"anyOf": [*_changed_rules(), *_new_rules()]}, "What makes an alert."),
        "devices": _list("devices", _object(DevicePlan), "What is known of the devices."),
        "modes": _list("modes", _object(Mode), "What devices can be in."),
        "sources": _list("sources", _object(SourcePlan), "Queues from which readings are taken."),
        "silences": _list("silences", _object(Silence), "What is recorded and not told, and when."),
        "maintenance": _list("maintenance", _object(Silence), "When somebody works at a site."),
        "receivers": _list("receivers", _object(Receiver), "Who gets notifications."),
        "routes": _list("routes", _object(Route), "Which notifications go to whom."),
        "escalations": _list("escalations", _object(Escalation), "Who else is told while nobody acknowledges."),
        "bounds": _object(Bounds) | {"description": "What is accepted."},
        "timing": _object(Timing) | {"description": "When windows close."},
        "grouping": _object(Grouping) | {"description": "How alerts become notifications."},
        "budget": _object(Budget) | {"description": "What it may cost; `tocsin cost` checks it."},
    }
    return {
        "$schema": DIALECT,
        "title": "Tocsin plan",
        "type": "object",
        "additionalProperties": False,
        "properties": properties | _properties(Plan, NO_BASE),
    }


def _list(key: str, item: Schema, says: str) -> Schema:
    return {"type": "array", "maxItems": ENTRIES_MAX[key], "items": item, "description": says}


def _object(cls: type[msgspec.Struct]) -> Schema:
    """Return the schema of a part: keys without a default in the model are required."""
    fields = FORMS[cls]
    required = [
        field.key for field in fields if not field.derived and default_of(cls, field.attribute) is msgspec.NODEFAULT
    ]
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": _properties(cls, NO_BASE)}
    return schema | ({"required": required} if required else {})


def _new_rules() -> Iterator[Schema]:
    for kind, cls in RULE_KINDS.items():
        schema = _object(cls)
        schema["properties"] = {"kind": {"const": kind}, "enabled": _ENABLED} | schema["properties"]
        yield schema | {"title": kind, "required": ["kind", *schema["required"]]}


def _changed_rules() -> Iterator[Schema]:
    """Yield the schema of an entry that changes a rule of the default plan: only its name is required."""
    for rule in default_plan().rules:
        own: Schema = {"name": {"const": rule.name}, "kind": {"const": kind_of(rule)}, "enabled": _ENABLED}
        properties = _properties(type(rule), asdict(rule)) | own
        yield {
            "title": f"change {rule.name}",
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "required": ["name"],
        }


_ENABLED: Final[Schema] = {
    "type": "boolean",
    "default": True,
    "description": "Whether the rule is part of the plan.",
}


def _properties(cls: type[msgspec.Struct], base: Base) -> dict[str, Schema]:
    return {
        field.key: _property(field, base.get(field.attribute, default_of(cls, field.attribute))) for field in FORMS[cls]
    }


def _property(field: Field, default: object) -> Schema:
    schema = _FORMS_OF_KIND[field.kind](field) | {"description": field.says}
    written = _written(field, default)
    return schema if written is None else schema | {"default": written}


def _written(field: Field, default: object) -> object:
    """Return the default as it would be written in YAML, or None where it could not be."""
    if default in (msgspec.NODEFAULT, "") or field.kind == "windows":
        return None
    if isinstance(default, tuple):
        return list(default) or None
    if field.kind == "duration" and isinstance(default, int):
        return format_duration(default) if default >= field.low else None
    return default


def _number(field: Field) -> Schema:
    low = {} if math.isinf(field.low) else {"minimum": field.low}
    high = {} if math.isinf(field.high) else {"maximum": field.high}
    return {"type": "number"} | low | high


def _text(field: Field) -> Schema:
    return {"type": "string", "pattern": f"^{field.shape.regex}$"} if field.shape else {"type": "string"}


def _windows(_: Field) -> Schema:
    size: Schema = {"type": "string", "pattern": DURATION_REGEX}
    return {"type": "array", "minItems": 1, "items": {"anyOf": [size, _object(Window)]}}


_FORMS_OF_KIND: Final[Mapping[Kind, Callable[[Field], Schema]]] = {
    "duration": lambda _: {"type": "string", "pattern": DURATION_REGEX},
    "integer": lambda field: _number(field) | {"type": "integer"},
    "number": _number,
    "numbers": lambda field: {"type": "array", "items": _number(field)},
    "text": _text,
    "flag": lambda _: {"type": "boolean"},
    "choice": lambda field: {"enum": list(field.choices)},
    "choices": lambda field: {"type": "array", "uniqueItems": True, "items": {"enum": list(field.choices)}},
    "names": lambda field: {"type": "array", "uniqueItems": True, "items": _text(field)},
    "windows": _windows,
}
