"""What the directory lists of a device: ``processors`` write it, the query API reads it."""

from typing import Final

import msgspec

from tocsin.core.clock import HOUR_MS
from tocsin.core.errors import DamagedError
from tocsin.core.port_values import DirectoryEntry

DEVICE_PREFIX: Final = "DEV#"
REFRESH_MS: Final = HOUR_MS
"""An entry is written again when the device was seen this much later than it says."""


class ListedDevice(msgspec.Struct, frozen=True, array_like=True):
    """One device of a tenant; a view that the next windows of the device write again.

    Attributes:
        device: Its id.
        seen_ms: End of a window that has readings of it; the newest ends less than ``REFRESH_MS`` later.
        metrics: What it reports, sorted; more may come.
    """

    device: str
    seen_ms: int
    metrics: tuple[str, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(ListedDevice)


def device_entry(tenant: str, listed: ListedDevice) -> DirectoryEntry:
    """Return the directory's entry of the device."""
    return DirectoryEntry(tenant, f"{DEVICE_PREFIX}{listed.device}", _encode(listed))


def listed_device(entry: DirectoryEntry) -> ListedDevice:
    """Return what the entry lists.

    Raises:
        DamagedError: It is no entry of a device.
    """
    try:
        return _decoder.decode(entry.data or b"")
    except msgspec.MsgspecError as error:
        raise DamagedError(f"directory entry {entry.key} cannot be read: {error}") from error
