"""The close look at one record: each of its messages, accepted or refused by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.core.formats.json_message import Broken, Message
from tocsin.core.formats.json_split import split_messages
from tocsin.core.formats.json_strict import examine
from tocsin.core.keys import split_key
from tocsin.core.plan.bounds import Bounds
from tocsin.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """A message, or a whole record, that breaks a rule.

    Attributes:
        record: Which record of the batch.
        index: Which message of the record; 0 where the whole record is refused.
        reason: The rule.
        detail: The thing, the rule and the value, one line.
        data: Its bytes as they came.
    """

    record: int
    index: int
    reason: Reason
    detail: str
    data: bytes


def examine_record(key: str, data: bytes, arrival_ms: int, bounds: Bounds) -> Iterator[tuple[bytes, Message | Broken]]:
    """Yield each message's bytes, and the message or the rule that it breaks; at least one.

    A record that is refused as a whole gives all its bytes and the rule.
    """
    try:
        tenant, device = split_key(key)
    except ValueError as error:
        yield data, Broken(Reason.KEY_INVALID, str(error))
        return
    parts, broken = split_record(data, bounds)
    if broken:
        yield data, broken
    for part in parts:
        yield part, examine(part, tenant=tenant, device=device, arrival_ms=arrival_ms, bounds=bounds)


def split_record(data: bytes, bounds: Bounds) -> tuple[list[bytes], Broken | None]:
    """Return the bytes of each message of a record or body; or none, and the rule that the whole breaks."""
    if len(data) > bounds.record_bytes_max:
        return [], Broken(Reason.TOO_LARGE, f"record must be at most {bounds.record_bytes_max} bytes, got {len(data)}")
    parts = split_messages(data)
    if not parts:
        return [], Broken(Reason.NO_METRICS, "record must hold at least one message, got an empty array")
    if len(parts) > bounds.messages_max:
        return [], Broken(
            Reason.TOO_MANY_MESSAGES,
            f"record must hold at most {bounds.messages_max} messages, got {len(parts)}",
        )
    return parts, None
