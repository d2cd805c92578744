"""SenML packs in JSON (RFC 8428): base values resolved, numbers taken, what must not be guessed refused.

A measurement's device is its base name and its metric its name; where the pack has only one of the two, that is
the device and the metric is named after the unit. Units of the registry end the metric's name.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tocsin.core.formats.foreign import Measured, Misread, checked_time_ms, id_from

VERSION_MAX: Final = 10
PACK_RECORDS_MAX: Final = 1_000_000
RELATIVE_S_END: Final = 1 << 28
"""Times below it count from now (section 4.5.3), which here is when the pack arrived."""
KNOWN: Final = frozenset({"bver", "bn", "bt", "bu", "bv", "bs", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})
UNITS: Final[Mapping[str, str]] = {
    "Cel": "celsius",
    "K": "kelvin",
    "%RH": "percent",
    "%": "percent",
    "%EL": "percent",
    "/": "ratio",
    "V": "volt",
    "A": "ampere",
    "W": "watt",
    "Pa": "pascal",
    "Hz": "hertz",
    "s": "seconds",
    "m": "metres",
    "m/s": "mps",
    "l": "litres",
    "kg": "kilograms",
    "lx": "lux",
    "dB": "decibel",
    "dBm": "dbm",
    "B": "bytes",
    "W/m2": "wpm2",
    "count": "count",
}
"""Units of the registry to the ends of our metrics' names; others stand as they are."""

_name: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_decoder: Final = msgspec.json.Decoder(list[dict[str, Any]])


def read_senml(data: bytes, *, arrival_ms: int) -> Iterator[Measured | Misread]:
    """Yield the pack's numbers, in order, by the number of their record; texts and data are left out and told.

    Args:
        data: The pack, a JSON array.
        arrival_ms: When it arrived, from which relative times count.

    Raises:
        ValueError: The bytes are no pack, or one that this version must not read.
    """
    try:
        records = _decoder.decode(data)
    except RecursionError as error:
        raise ValueError("pack is nested too deeply") from error
    if not 1 <= len(records) <= PACK_RECORDS_MAX:
        raise ValueError(f"pack must have 1 to {PACK_RECORDS_MAX} records, got {len(records)}")
    base: dict[str, Any] = {}
    for place, record in enumerate(records, start=1):
        _check(place, record)
        base |= {key: value for key, value in record.items() if key.startswith("b")}
        if record.keys() <= base.keys():
            continue  # a record may only set base values
        try:
            yield _measured(place, base, record, arrival_ms)
        except ValueError as error:
            yield Misread(place, str(error))


def _check(place: int, record: Mapping[str, Any]) -> None:
    """Refuse the pack where the RFC says so: sections 4.4 and 12.3.2."""
    for key in record:
        if key.endswith("_") and key not in KNOWN:
            raise ValueError(f"record {place}: field {key[:40]!r} must be understood and is not")
    version = record.get("bver", VERSION_MAX)
    if not isinstance(version, int) or not 1 <= version <= VERSION_MAX:
        raise ValueError(f"record {place}: version must be 1 to {VERSION_MAX}, got {version!r:.40}")


def _measured(place: int, base: Mapping[str, Any], record: Mapping[str, Any], arrival_ms: int) -> Measured:
    device, metric = _names(base, record)
    seconds = _number(base, "bt", 0.0) + _number(record, "t", 0.0)
    since_ms = arrival_ms if seconds < RELATIVE_S_END else 0
    return Measured(
        place, device, checked_time_ms(round(since_ms + seconds * 1_000, 3)), {metric: _value(base, record)}
    )


def _names(base: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, str]:
    first, last = _string(base, "bn"), _string(record, "n")
    if not _name.fullmatch(first + last):
        raise ValueError(
            f"name must be of A-Z a-z 0-9 - : . / _ and begin with a letter or digit, got {first + last!r:.80}"
        )
    unit = _string(record, "u") or _string(base, "bu")
    end = UNITS.get(unit, unit)
    if not (first and last):
        return id_from(first or last), id_from(end or "value")
    metric = id_from(last)
    return id_from(first), metric if not end or metric.endswith(end) else id_from(f"{metric}_{end}")


def _value(base: Mapping[str, Any], record: Mapping[str, Any]) -> float:
    if isinstance(record.get("vb"), bool):
        return float(record["vb"])
    if "v" in record or "bv" in base:
        value = _number(base, "bv", 0.0) + _number(record, "v", 0.0)
        if math.isfinite(value) and not {"vs", "vd"} & record.keys():
            return value
    raise ValueError("record must have a finite number as its value")


def _number(part: Mapping[str, Any], key: str, default: float) -> float:
    found = part.get(key, default)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError(f"{key} must be a number, got {found!r:.40}")  # noqa: TRY004  bad data, no bug
    return float(found)


def _string(part: Mapping[str, Any], key: str) -> str:
    found = part.get(key, "")
    if not isinstance(found, str):
        raise ValueError(f"{key} must be text, got {found!r:.40}")  # noqa: TRY004  bad data, no bug
    return found
