"""The JSON Schema of what webhooks get; published as ``docs/schemas/webhook.schema.json``."""

from typing import Any, Final

from alerts.change import Change
from tocsin.core.messages import Phase, Severity

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}


def webhook_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the body of a webhook."""
    alert = {
        "type": "object",
        "properties": {
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
            "episode": _COUNT,
            "number": _COUNT,
        },
        "required": ["fingerprint", "episode", "number"],
        "additionalProperties": False,
    }
    properties = {
        "version": {"const": 1},
        "id": _TEXT | {"description": "The same in every copy: skip what was seen."},
        "number": _COUNT | {"description": "Counts the tenant's notifications: a missing one shows."},
        "tenant": _TEXT,
        "at": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "maxLength": 99, "pattern": "^[ -~]*$"},
        "text": _TEXT,
        "attributes": {
            "type": "object",
            "properties": {
                "severity": {"enum": [one.value for one in Severity]},
                "state": {"enum": [*(one.value for one in Phase if one is not Phase.INACTIVE), "summary"]},
                "change": {"enum": [one.value for one in Change]},
            },
            "additionalProperties": _TEXT,
        },
        "group": _TEXT | {"description": "What the alerts have in common: the name of an incident."},
        "left": _COUNT | {"description": "How many alerts of the group still fire."},
        "alerts": {"type": "array", "items": alert},
        "missed": {
            "type": "array",
            "items": {"$ref": "#"},
            "description": "The notifications that a digest stands for, oldest first.",
        },
    }
    return {
        "$schema": DIALECT,
        "title": "Tocsin notification",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name != "missed"],
        "additionalProperties": False,
    }
