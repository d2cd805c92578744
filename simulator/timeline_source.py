"""Reads the timeline of a scenario: which fault befalls whom, when, and how badly."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from simulator.kinds import KINDS, Layer, Setting
from simulator.scenario_model import Device, Fault
from tocsin.core.durations import parse_duration_ms
from tocsin.core.yaml_source import Section

SIZE_MAX: Final = 1e9
SIGMAS_MAX: Final = 1e6


def read_timeline(
    sections: Sequence[Section], devices: Mapping[str, Device], start_ms: int, duration_ms: int
) -> tuple[Fault, ...]:
    """Return the faults of the timeline; problems are noted in the sections.

    Args:
        sections: The entries.
        devices: All devices, by name.
        start_ms: First instant of the scenario.
        duration_ms: Its length; a fault begins within it and ends with it at the latest.
    """
    faults = [_fault(section, devices, start_ms, duration_ms) for section in sections]
    return tuple(fault for fault in faults if fault is not None)


def _fault(section: Section, devices: Mapping[str, Device], start_ms: int, duration_ms: int) -> Fault | None:
    name = section.choice("kind", tuple(KINDS))
    if section.text("kind", "") not in KINDS:
        section.skip()
        return None
    kind = KINDS[name]
    after_ms = section.duration_ms("at", high_ms=duration_ms)
    for_ms = section.duration_ms("for", duration_ms, low_ms=1)
    found = _befallen(section, devices)
    metric = _metric(section, name, [devices[device] for device in found])
    settings = {key: _setting(section, key, setting) for key, setting in kind.settings.items()}
    if kind.sized:
        settings |= _size(section)
    if name in {"clipped", "censored"} and section.find("below") is None and section.find("above") is None:
        section.problem("", f"must say above or below which value it is {name}")
    return Fault(
        kind=name,
        start_ms=start_ms + after_ms,
        end_ms=start_ms + min(duration_ms, after_ms + for_ms),
        devices=frozenset(found),
        metric=metric,
        settings=settings,
        expect=section.flag("expect", kind.expect),
    )


def _befallen(section: Section, devices: Mapping[str, Device]) -> list[str]:
    """Return the devices that ``device`` or ``gateway`` names, exactly or by a shell pattern."""
    by_device = section.text("device", "")
    by_gateway = section.text("gateway", "")
    if bool(by_device) == bool(by_gateway):
        section.problem("", "must name either a device or a gateway")
        return []
    if by_device:
        found = [name for name in devices if fnmatchcase(name, by_device)]
    else:
        found = [name for name, device in devices.items() if fnmatchcase(device.gateway, by_gateway)]
    if not found:
        section.problem("device" if by_device else "gateway", "must match a device of this scenario")
    return found


def _metric(section: Section, kind: str, befallen: Sequence[Device]) -> str:
    """Return the metric; the kind says whether there must be one, the devices which there are."""
    metric = section.text("metric", "")
    layer = KINDS[kind].layer
    if metric and layer is not Layer.VALUE and kind not in {"dropout", "flaky"}:
        section.problem("metric", f"must be absent, {kind} is about the whole device")
    if not metric and layer is Layer.VALUE:
        section.problem("metric", f"is missing, {kind} is about one metric")
    for device in befallen:
        if metric and metric not in device.profile.metrics:
            section.problem("metric", f"must be one of {', '.join(device.profile.metrics)} for {device.name}")
            break
        if layer is Layer.STRAIN and kind not in device.profile.model.strains:
            known = ", ".join(device.profile.model.strains)
            section.problem("kind", f"must be one of {known} for {device.name}, got {kind!r}")
            break
    return metric


def _setting(section: Section, key: str, setting: Setting) -> float:
    default = setting.default
    required = default is None
    if required and section.find(key) is None:
        section.problem(key, "is missing")
        return 0.0
    otherwise = default or 0.0
    match setting.reads:
        case "number":
            return section.number(key, otherwise, low=-SIZE_MAX, high=SIZE_MAX)
        case "ratio":
            return section.number(key, otherwise, low=0.0, high=1.0)
        case "duration":
            return float(section.duration_ms(key, round(otherwise), low_ms=1))
        case "flag":
            return float(section.flag(key, bool(otherwise)))
        case "offset":
            return _offset_ms(section, key)


def _offset_ms(section: Section, key: str) -> float:
    """Return a duration that may be negative, in milliseconds."""
    text = section.text(key, "0s")
    try:
        size_ms = parse_duration_ms(text.removeprefix("-"))
    except ValueError as error:
        section.problem(key, str(error))
        return 0.0
    return float(-size_ms if text.startswith("-") else size_ms)


def _size(section: Section) -> dict[str, float]:
    """Return ``size`` in the metric's unit or ``sigmas`` in its sensor's noise, whichever is there."""
    if (section.find("size") is None) == (section.find("sigmas") is None):
        section.problem("", "must give either size, in the metric's unit, or sigmas, in its sensor's noise")
        return {"size": 0.0}
    if section.find("size") is not None:
        return {"size": section.number("size", low=-SIZE_MAX, high=SIZE_MAX)}
    return {"sigmas": section.number("sigmas", low=-SIGMAS_MAX, high=SIGMAS_MAX)}
