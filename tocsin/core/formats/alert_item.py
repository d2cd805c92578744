"""A transition as an item of the table of alerts: attributes that people and queries read, and the whole.

The readable attributes are a view; the binary attribute ``transition`` is what is read back, so the
round trip is exact.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tocsin.core.clock import iso
from tocsin.core.errors import DamagedError
from tocsin.core.formats.table_item import Attributes, insist_on_key, whole_of
from tocsin.core.messages import Transition

EPISODE_DIGITS: Final = 8
NUMBER_DIGITS: Final = 10
SORT_KEY_START: Final = "A#"
WHOLE: Final = "transition"
_TEXTS: Final = ("tenant", "device", "metric", "rule", "kind", "severity", "fingerprint", "phase_from")
_TEXTS_AFTER: Final = ("phase", "summary", "site", "device_type", "gateway", "unit")
_NUMBERS: Final = ("episode", "number", "at_ms", "since_ms")

_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(Transition)


def partition_value(tenant: str, device: str) -> str:
    """Return the ``pk`` under which the device's transitions lie.

    >>> partition_value("acme", "pump-7")
    'T#acme#D#pump-7'
    """
    return f"T#{tenant}#D#{device}"


def sort_value(fingerprint: str, episode: int, number: int) -> str:
    """Return the ``sk`` of the transition; as text it sorts by fingerprint, episode and number.

    >>> sort_value("9ac34d4d1e3b87ae", 2, 5)
    'A#9ac34d4d1e3b87ae#00000002#0000000005'
    """
    return f"{SORT_KEY_START}{fingerprint}#{episode:0{EPISODE_DIGITS}d}#{number:0{NUMBER_DIGITS}d}"


def encode_transition(transition: Transition) -> bytes:
    """Return the transition as MessagePack."""
    return _encode(transition)


def decode_transition(data: bytes) -> Transition:
    """Return the transition that ``encode_transition`` was given.

    Raises:
        DamagedError: The bytes are no transition.
    """
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"transition cannot be read: {error}") from error


def alert_key(transition: Transition) -> Attributes:
    """Return the item's primary key."""
    sort = sort_value(transition.fingerprint, transition.episode, transition.number)
    return {"pk": {"S": partition_value(transition.tenant, transition.device)}, "sk": {"S": sort}}


def alert_item(transition: Transition) -> Attributes:
    """Return the transition as an item, as the low-level API takes it; empty texts are left out."""
    texts = {name: str(getattr(transition, name)) for name in (*_TEXTS, *_TEXTS_AFTER)}
    return {
        **alert_key(transition),
        **{name: {"S": text} for name, text in texts.items() if text},
        **{name: {"N": str(getattr(transition, name))} for name in _NUMBERS},
        "at": {"S": iso(transition.at_ms)},
        "plan_hash": {"S": transition.evidence.plan_hash},
        WHOLE: {"B": _encode(transition)},
    }


def is_alert_item(item: Mapping[str, Any]) -> bool:
    """Tell whether the item is a transition, and not something else that lies in the table."""
    sort = item.get("sk", {}).get("S", "")
    return isinstance(sort, str) and sort.startswith(SORT_KEY_START)


def transition_of(item: Mapping[str, Any]) -> Transition:
    """Return the transition of an item; its binary value may be bytes, or base64 as events carry it.

    Raises:
        DamagedError: The item is no transition, or its key is another's.
    """
    transition = decode_transition(whole_of(item, WHOLE, what="alert item"))
    insist_on_key(item, alert_key(transition), what="alert item")
    return transition
