"""Messages as devices and gateways write them: compact JSON, gateways a message a line."""

from collections.abc import Sequence
from math import isnan
from typing import Final

import msgspec
import numpy as np

from simulator.profile import Sensor
from simulator.weather import Floats, Int64s
from tocsin.core.clock import iso


def encode_messages(
    device: str, sensors: Sequence[Sensor], stamps: Sequence[str], counters: Sequence[str], values: Floats
) -> list[bytes]:
    """Return the bytes of n messages.

    Args:
        device: Who sends them.
        sensors: What it measures with, k of them.
        stamps: The time of each message, as JSON.
        counters: Its counter, as JSON: ``812``, or ``812,"boot":2``.
        values: shape (k, n), what the sensors tell; NaN where a message leaves the metric out.
    """
    names = [sensor.metric for sensor in sensors]
    columns = [_numbers(sensor, row) for sensor, row in zip(sensors, values, strict=True)]
    whole = not np.isnan(values).any()
    texts = (
        _whole(device, names, stamps, counters, columns) if whole else _gappy(device, names, stamps, counters, columns)
    )
    return [text.encode() for text in texts]


def _numbers(sensor: Sensor, row: Floats) -> list[float | int]:
    """Return plain numbers, whole ones where the sensor has no decimals, so that their text is short."""
    if sensor.resolution.is_integer() and not np.isnan(row).any():
        return list(row.astype(np.int64).tolist())
    return list(row.tolist())


def _whole(
    device: str,
    names: Sequence[str],
    stamps: Sequence[str],
    counters: Sequence[str],
    columns: Sequence[Sequence[float | int]],
) -> list[str]:
    metrics = ",".join(f'"{name}":%r' for name in names)
    form = f'{{"device":"{device}","ts":%s,"seq":%s,"metrics":{{{metrics}}}}}'
    return [form % row for row in zip(stamps, counters, *columns, strict=True)]


def _gappy(
    device: str,
    names: Sequence[str],
    stamps: Sequence[str],
    counters: Sequence[str],
    columns: Sequence[Sequence[float | int]],
) -> list[str]:
    texts = []
    for stamp, counter, *row in zip(stamps, counters, *columns, strict=True):
        told = ",".join(f'"{name}":{number!r}' for name, number in zip(names, row, strict=True) if not isnan(number))
        texts.append(f'{{"device":"{device}","ts":{stamp},"seq":{counter},"metrics":{{{told}}}}}')
    return texts


def stamps(time_format: str, time_ms: Int64s) -> list[str]:
    """Return the instants, shape (n,), as JSON in the profile's format."""
    if time_format == "iso":
        return [f'"{iso(instant)}"' for instant in time_ms.tolist()]
    return list(map(str, time_ms.tolist()))


def counters(boot: Int64s, seq: Int64s) -> list[str]:
    """Return the counters, shapes (n,), as JSON; the boot number is told from the first restart on."""
    return [
        f'{number},"boot":{started}' if started else str(number)
        for started, number in zip(boot.tolist(), seq.tolist(), strict=True)
    ]


class _Sender(msgspec.Struct):
    device: str


_sender_decoder: Final = msgspec.json.Decoder(_Sender)


def gateway_body(messages: Sequence[bytes]) -> bytes:
    """Return the body in which a gateway sends on the messages: one a line."""
    return b"\n".join(messages)


def split_body(body: bytes) -> list[tuple[str, bytes]]:
    """Return device and bytes of each message in a gateway's body."""
    return [(_sender_decoder.decode(line).device, line) for line in body.split(b"\n")]
