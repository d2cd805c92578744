"""The messages within a record's payload, rewritten one by one; what is not touched keeps its very bytes."""

from collections.abc import Callable
from typing import Final

import msgspec

from tocsin.core.formats.json_split import split_messages

Message = dict[str, msgspec.Raw]

_decoder: Final = msgspec.json.Decoder(Message)
_encoder: Final = msgspec.json.Encoder()


def rewritten(data: bytes, change: Callable[[Message], Message]) -> bytes | None:
    """Return the payload with each message changed, several a line each; None where one cannot be read.

    Args:
        data: One message, or several as lines or in an array.
        change: Returns the new message; a ValueError or a KeyError means that it cannot.
    """
    try:
        messages = [_encoder.encode(change(_decoder.decode(part))) for part in split_messages(data)]
    except (ValueError, KeyError, RecursionError):  # msgspec's errors are value errors
        return None
    return b"\n".join(messages) or None
