"""Plain data as stored bytes."""

from typing import Any, Final, Generic, TypeVar

import msgspec

from tocsin.core.errors import DamagedError

T = TypeVar("T")
encode: Final = msgspec.msgpack.Encoder().encode


class Stored(Generic[T]):
    """Reads back what ``encode`` wrote of one type.

    Args:
        what: Names it in messages.
        kind: Its type, anything msgspec can decode.
    """

    def __init__(self, what: str, kind: Any) -> None:  # noqa: ANN401 - msgspec takes any type form
        self._what = what
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def decode(self, blob: bytes) -> T:
        """Return the data.

        Raises:
            DamagedError: The bytes are not such data.
        """
        try:
            data: T = self._decode(blob)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DamagedError(f"a stored {self._what} cannot be read: {error}") from error
        return data
