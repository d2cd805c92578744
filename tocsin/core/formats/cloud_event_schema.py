"""The JSON Schemas of the CloudEvents that a bus gets; published in ``docs/schemas``."""

from typing import Any, Final

import msgspec

from tocsin.core.formats.cloud_event import DECISION_TYPE, SPEC_VERSION, TRANSITION_TYPE
from tocsin.core.messages import Decision, DecisionRecord, Phase, Transition

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def transition_event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the event of a transition."""
    return _schema(Transition, [f"{TRANSITION_TYPE}{phase.value}" for phase in Phase])


def decision_event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the event of a decision about a transition."""
    return _schema(DecisionRecord, [f"{DECISION_TYPE}{decision.value}" for decision in Decision])


def _schema(data: type[Any], types: list[str]) -> dict[str, Any]:
    (of_data,), definitions = msgspec.json.schema_components([data], ref_template="#/$defs/{name}")
    text = {"type": "string", "minLength": 1}
    properties = {
        "specversion": {"const": SPEC_VERSION},
        "id": text,
        "source": text | {"format": "uri-reference"},
        "type": {"enum": types},
        "subject": text,
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": of_data,
    }
    return {
        "$schema": DIALECT,
        "title": f"CloudEvent of a {data.__name__}",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": definitions,
    }
