"""Recordings without names: tenants and devices become numbers, and what nobody knows is left out.

The replay of such a recording leads to the same alerts under other names. Times, values and names of metrics
stay, as without them there would be nothing to replay: move the times as well where they tell too much.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tocsin.core.formats import json_message
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.keys import TICK_KEY, partition_key
from tocsin.runtime.recorded_messages import Message, rewritten

KEPT: Final = ("device", "tenant", "ts", "boot", "seq", "metrics")

_read: Final = msgspec.json.Decoder(json_message.Message).decode


@dataclass(slots=True)
class Names:
    """Which name became which; numbers are given in the order of appearance.

    Attributes:
        tenants: Tenant to its new name.
        devices: Tenant and device to the device's new name.
        dropped: Records left out because their messages could not be read, and so might name anything.
    """

    tenants: dict[str, str] = field(default_factory=dict)
    devices: dict[tuple[str, str], str] = field(default_factory=dict)
    dropped: int = 0

    def of(self, key: str) -> tuple[str, str]:
        """Return the new names of the tenant and the device of a partition key."""
        tenant, _, device = key.partition("#")
        return (
            self.tenants.setdefault(tenant, f"tenant-{len(self.tenants) + 1}"),
            self.devices.setdefault((tenant, device), f"device-{len(self.devices) + 1}"),
        )


def anonymised(records: Iterable[Recorded], names: Names) -> Iterator[Recorded]:
    """Yield the records without names, labels and positions."""
    for record in records:
        if record.partition_key == TICK_KEY:
            yield msgspec.structs.replace(record, position="", label="")
            continue
        tenant, device = names.of(record.partition_key)
        data = rewritten(record.data, _renaming(record.partition_key, tenant, device))
        if data is None:
            names.dropped += 1
        else:
            yield Recorded(record.arrival_ms, partition_key(tenant, device), data)


def anonymised_header(header: Header) -> Header:
    """Return the header without the name of its source."""
    return msgspec.structs.replace(header, source="anonymised", digest="")


def _renaming(key: str, tenant: str, device: str) -> Callable[[Message], Message]:
    new = {"tenant": msgspec.Raw(msgspec.json.encode(tenant)), "device": msgspec.Raw(msgspec.json.encode(device))}

    def renamed(message: Message) -> Message:
        _check(key, _read(msgspec.json.encode(message)))
        return {name: new.get(name, message[name]) for name in KEPT if name in message}

    return renamed


def _check(key: str, message: json_message.Message) -> None:
    """Refuse what might name somebody: texts in place of numbers or times, and names of others."""
    tenant, _, device = key.partition("#")
    names_others = message.device != device or message.tenant not in {tenant, msgspec.UNSET}
    if names_others or (isinstance(message.ts, str) and iso_ms(message.ts) < 0):
        raise ValueError("message must be of its own device and have a time")
