"""An action as an item of the table of alerts: attributes that people and queries read, and the whole."""

from collections.abc import Mapping
from typing import Any, Final

from tocsin.core.actions import Action, action_sort_value, decode_action, encode_action
from tocsin.core.clock import iso
from tocsin.core.formats.table_item import Attributes, insist_on_key, whole_of

SORT_KEY_START: Final = "ACT#"
ACTION: Final = "action"
_TEXTS: Final = ("tenant", "id", "by", "kind", "fingerprint", "text", "assignee", "silence_id")


def action_key(action: Action) -> Attributes:
    """Return the item's primary key."""
    return {"pk": {"S": f"T#{action.tenant}"}, "sk": {"S": action_sort_value(action)}}


def action_item(action: Action) -> Attributes:
    """Return the action as an item, as the low-level API takes it; empty texts are left out."""
    texts = {name: str(getattr(action, name)) for name in _TEXTS}
    return {
        **action_key(action),
        **{name: {"S": text} for name, text in texts.items() if text},
        "at_ms": {"N": str(action.at_ms)},
        "at": {"S": iso(action.at_ms)},
        ACTION: {"B": encode_action(action)},
    }


def is_action_item(item: Mapping[str, Any]) -> bool:
    """Tell whether the item is an action."""
    sort = item.get("sk", {}).get("S", "")
    return isinstance(sort, str) and sort.startswith(SORT_KEY_START)


def action_of(item: Mapping[str, Any]) -> Action:
    """Return the action of an item; its binary value may be bytes, or base64 as events carry it.

    Raises:
        DamagedError: The item is no action, or its key is another's.
    """
    action = decode_action(whole_of(item, ACTION, what="item"))
    insist_on_key(item, action_key(action), what="action")
    return action
