"""What people do about alerts: append-only records on the same feed as the transitions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.core.errors import DamagedError
from tocsin.core.silences import Silence


class ActionKind(StrEnum):
    """What a person did."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    NOTE = "note"
    CLOSE = "close"
    SILENCE = "silence"
    UNSILENCE = "unsilence"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that one person did; never changed, never removed.

    Attributes:
        tenant: Whose alerts it is about.
        id: 16 hexadecimal digits; a copy has the same.
        at_ms: When.
        by: Who.
        kind: What.
        fingerprint: Which alert; empty for silences.
        episode: Which episode of it the person saw; what was done ends with it.
        text: What was said: the note, or why.
        assignee: Who takes care of the alert from now on.
        until_ms: When an acknowledgement expires, or None where it lasts as long as the problem.
        silence: The silence that is made; its name is the action's id.
        silence_id: Name of the silence that ends.
    """

    tenant: str
    id: str
    at_ms: int
    by: str
    kind: ActionKind
    fingerprint: str = ""
    episode: int = 0
    text: str = ""
    assignee: str = ""
    until_ms: int | None = None
    silence: Silence | None = None
    silence_id: str = ""


ACTION_KEY_START: Final = "!action#"
"""Begins the key of an action in a recording; no tenant begins so."""
TIME_DIGITS: Final = 13

_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(Action)
_json_encode: Final = msgspec.json.Encoder().encode
_json_decoder: Final = msgspec.json.Decoder(Action)


def action_sort_value(action: Action) -> str:
    """Return the ``sk`` of the action; as text it sorts by time.

    >>> action_sort_value(Action("acme", "00c0ffee00c0ffee", 1_795_428_000_000, "anna", ActionKind.NOTE))
    'ACT#1795428000000#00c0ffee00c0ffee'
    """
    return f"ACT#{action.at_ms:0{TIME_DIGITS}d}#{action.id}"


def encode_action(action: Action) -> bytes:
    """Return the action as MessagePack, as the feed carries it."""
    return _encode(action)


def decode_action(data: bytes) -> Action:
    """Return the action that ``encode_action`` was given.

    Raises:
        DamagedError: The bytes are no action.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedError(f"action cannot be read: {error}") from error


def encode_action_json(action: Action) -> bytes:
    """Return the action as JSON on one line, as recordings keep it."""
    return _json_encode(action)


def decode_action_json(data: bytes) -> Action:
    """Return the action of a recording.

    Raises:
        DamagedError: The bytes are no action.
    """
    try:
        return _json_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedError(f"recorded action cannot be read: {error}") from error


def is_action_key(feed_key: str) -> bool:
    """Tell whether a record of the feed of alerts is an action: it lies under the tenant alone."""
    return "#" not in feed_key
