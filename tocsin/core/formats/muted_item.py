"""What is listed of an alert that an outage mutes: an entry of the directory, as long as it is muted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tocsin.core.errors import DamagedError
from tocsin.core.messages import AlertRef
from tocsin.core.port_values import DirectoryEntry

MUTED_PREFIX: Final = "MUTED#"
CHUNK: Final = 1_000
MUTED_MAX: Final = 10_000
"""Most that one reader looks at."""

_encode: Final = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class MutedAlert:
    """An alert that fires and of which nobody is told while an outage lasts.

    Attributes:
        alert: Which one, when it came to fire.
        outage: What is out, e.g. ``gateway gw-3``.
        by: The alert that stands for the outage.
    """

    alert: AlertRef
    outage: str
    by: AlertRef


_decoder: Final = msgspec.msgpack.Decoder(MutedAlert)


def muted_entry(tenant: str, muted: MutedAlert) -> DirectoryEntry:
    """Return the entry that lists the alert as muted."""
    return DirectoryEntry(tenant, f"{MUTED_PREFIX}{muted.alert.fingerprint}", _encode(muted), muted.alert.number)


def unmuted_entry(tenant: str, alert: AlertRef) -> DirectoryEntry:
    """Return the entry that takes the alert off that list."""
    return DirectoryEntry(tenant, f"{MUTED_PREFIX}{alert.fingerprint}", None, alert.number)


def muted_alerts(query: Callable[[str], Sequence[DirectoryEntry]]) -> dict[tuple[str, int], MutedAlert]:
    """Return fingerprint and episode to what mutes the alert, at most ``MUTED_MAX``.

    Args:
        query: Returns the tenant's next ``CHUNK`` entries with ``MUTED_PREFIX`` after a key.

    Raises:
        DamagedError: An entry cannot be read.
    """
    found: dict[tuple[str, int], MutedAlert] = {}
    last = ""
    while len(found) < MUTED_MAX:
        entries = query(last)
        for one in map(_decoded, entries):
            found[one.alert.fingerprint, one.alert.episode] = one
        if len(entries) < CHUNK:
            break
        last = entries[-1].key
    return found


def _decoded(entry: DirectoryEntry) -> MutedAlert:
    try:
        return _decoder.decode(entry.data or b"")
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{entry.key[:40]} of the directory cannot be read: {error}") from error
