"""The truth: what went wrong, where, from when until when. Written beside the readings as JSON Lines."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from simulator.kinds import Layer
from simulator.scenario_model import Device, Fault, Scenario
from tocsin.core.errors import RecordingError


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of one device.

    Attributes:
        start_ms: From when, UTC epoch milliseconds, inclusive.
        end_ms: Until when, exclusive.
        settled_ms: From when on no trace is left: later than the end where the device must recover, or
            where what was held back is still arriving.
        device: Which device.
        metric: Which metric; empty where it is about the whole device.
        metrics: All metrics that show it; empty where messages are missing, late or wrongly dated.
        kind: Kind of the fault.
        expect: Whether a person would want an alert.
        detectable_by: Kinds of rules that may find it.
        gateway: Through which gateway the device reports; may be empty.
    """

    start_ms: int
    end_ms: int
    settled_ms: int
    device: str
    metric: str
    metrics: tuple[str, ...]
    kind: str
    expect: bool
    detectable_by: tuple[str, ...]
    gateway: str = ""


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Truth)


def truth_of(scenario: Scenario) -> list[Truth]:
    """Return all faults, a row for each device they befall, by start and device."""
    rows = [_row(fault, scenario.devices[name]) for fault in scenario.faults for name in sorted(fault.devices)]
    return sorted(rows, key=lambda row: (row.start_ms, row.device, row.metric, row.kind, row.end_ms))


def _row(fault: Fault, device: Device) -> Truth:
    return Truth(
        start_ms=fault.start_ms,
        end_ms=fault.end_ms,
        settled_ms=fault.end_ms + _settling_ms(fault, device),
        device=device.name,
        metric=fault.metric,
        metrics=_showing(fault, device),
        kind=fault.kind,
        expect=fault.expect,
        detectable_by=fault.about.detectable_by,
        gateway=device.gateway,
    )


def _showing(fault: Fault, device: Device) -> tuple[str, ...]:
    if fault.is_on(Layer.STRAIN):
        known = device.profile.metrics
        return tuple(metric for metric in device.profile.model.strains[fault.kind] if metric in known)
    return (fault.metric,) if fault.metric else ()


def _settling_ms(fault: Fault, device: Device) -> int:
    if fault.is_on(Layer.STRAIN):
        return device.profile.settle_ms
    return round(fault.settings.get("burst", 0.0)) if fault.settings.get("keep") else 0


def write_truth(path: Path, rows: Iterable[Truth]) -> None:
    """Write the rows as JSON Lines, in their order."""
    path.write_bytes(b"".join(_encoder.encode(row) + b"\n" for row in rows))


def read_truth(path: Path) -> list[Truth]:
    """Return the rows of the file.

    Raises:
        RecordingError: The file cannot be read, or a line is not a row of truth.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    return [_parsed(path, number, line) for number, line in enumerate(lines, start=1)]


def _parsed(path: Path, number: int, line: bytes) -> Truth:
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError as error:
        raise RecordingError(f"{path}:{number}: {error}") from error
