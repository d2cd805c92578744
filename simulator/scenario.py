"""Reads scenarios from YAML; whatever is wrong is told with file, line and key, all at once.

The folder ``scenarios`` has examples. A profile for a type of one's own, or in place of one that comes
with the simulator, stands in a folder ``profiles`` beside the scenario.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.profile import INTERVAL_MS_MIN, Profile, load_profile, shipped_profile
from simulator.scenario_model import TENANT, Device, Network, Scenario
from simulator.timeline_source import read_timeline
from simulator.weather import Site
from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, iso
from tocsin.core.keys import ID_PATTERN
from tocsin.core.yaml_source import Section, read_document

DURATION_MS_MAX: Final = 31 * DAY_MS
COUNT_MAX: Final = 100_000
START_MS_MIN: Final = 946_684_800_000
START_MS_MAX: Final = 4_102_444_800_000
NAME: Final = ID_PATTERN.pattern
SITE: Final = r"[A-Za-z0-9_.-]{1,24}"
TYPE: Final = r"[a-z][a-z0-9_]{0,23}"


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in the file.

    Raises:
        PlanError: Problems were found: all of them, with file, line and key.
    """
    document = read_document(path)
    root = document.root
    start_ms = _start_ms(root)
    duration_ms = root.duration_ms("duration", low_ms=SECOND_MS, high_ms=DURATION_MS_MAX)
    gateways = root.section("gateways")
    network = _network(root.section("network"), Network())
    devices = _devices(root, network, path.parent)
    scenario = Scenario(
        name=root.text("name", pattern=NAME),
        description=root.text("description", ""),
        tenant=root.text("tenant", TENANT, pattern=NAME),
        start_ms=start_ms,
        end_ms=start_ms + duration_ms,
        devices=devices,
        faults=read_timeline(root.sections("timeline", ()), devices, start_ms, duration_ms),
        gateway_flush_ms=_flush_ms(gateways),
        gateway_messages_max=gateways.integer("messages_max", 100, low=1, high=1_000) if gateways else 100,
    )
    document.finish()
    return scenario


def _start_ms(root: Section) -> int:
    start_ms = root.instant_ms("start")
    if not START_MS_MIN <= start_ms < START_MS_MAX:
        root.problem("start", f"must be from {iso(START_MS_MIN)} to {iso(START_MS_MAX)}")
        return START_MS_MIN
    return start_ms


def _flush_ms(section: Section | None) -> int:
    default_ms = 5 * SECOND_MS
    return section.duration_ms("flush", default_ms, low_ms=100, high_ms=HOUR_MS) if section else default_ms


def _network(section: Section | None, outer: Network) -> Network:
    """Return the conditions in the section; what it does not say is as in the outer ones."""
    if section is None:
        return outer
    return Network(
        latency_ms=section.duration_ms("latency", outer.latency_ms, high_ms=MINUTE_MS),
        loss=section.number("loss", outer.loss, low=0.0, high=1.0),
        duplicates=section.number("duplicates", outer.duplicates, low=0.0, high=1.0),
        duplicate_delay_ms=section.duration_ms("duplicate_delay", outer.duplicate_delay_ms, high_ms=HOUR_MS),
        disorder=section.number("disorder", outer.disorder, low=0.0, high=1.0),
        disorder_delay_ms=section.duration_ms("disorder_delay", outer.disorder_delay_ms, high_ms=HOUR_MS),
        clock_skew_ms=section.duration_ms("clock_skew", outer.clock_skew_ms, high_ms=HOUR_MS),
    )


def _devices(root: Section, network: Network, folder: Path) -> Mapping[str, Device]:
    devices: dict[str, Device] = {}
    seen: set[str] = set()
    for section in root.sections("sites"):
        site = _site(section)
        if site.name in seen:
            section.problem("name", f"must be unique, got {site.name!r} again")
        seen.add(site.name)
        numbers: dict[str, int] = {}
        for fleet in section.sections("fleets"):
            for device in _fleet(fleet, site, network, folder, numbers):
                devices[device.name] = device
    if not devices:
        root.problem("sites", "must have at least one device")
    for gateway in sorted({device.gateway for device in devices.values()} & devices.keys()):
        root.problem("sites", f"must not give a gateway the name of a device, got {gateway!r}")
    return devices


def _site(section: Section) -> Site:
    return Site(
        name=section.text("name", pattern=SITE),
        latitude=section.number("latitude", 50.0, low=-66.0, high=66.0),
        longitude=section.number("longitude", 0.0, low=-180.0, high=180.0),
        zone=_zone(section),
    )


def _zone(section: Section) -> str:
    name = section.text("zone", "")
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        section.problem("zone", f"must be an IANA name such as Europe/Berlin, got {name[:40]!r}")
        return ""


def _fleet(section: Section, site: Site, network: Network, folder: Path, numbers: dict[str, int]) -> list[Device]:
    """Return the devices of one entry; ``numbers`` counts on per type."""
    profile = _profile(section, folder)
    count = section.integer("count", 1, low=1, high=COUNT_MAX)
    gateway = section.text("gateway", "", pattern=NAME)
    conditions = _network(section.section("network"), network)
    if profile is None:
        section.skip()
        return []
    interval_ms = section.duration_ms("interval", profile.interval_ms, low_ms=INTERVAL_MS_MIN, high_ms=HOUR_MS)
    first = numbers.get(profile.type, 0) + 1
    numbers[profile.type] = first + count - 1
    return [
        Device(_device_name(site, profile, number), site, profile, interval_ms, conditions, gateway)
        for number in range(first, first + count)
    ]


def _device_name(site: Site, profile: Profile, number: int) -> str:
    return f"{site.name}-{profile.type.replace('_', '-')}-{number:02d}"


def _profile(section: Section, folder: Path) -> Profile | None:
    """Return the type's profile: one that stands in ``profiles`` beside the scenario, or comes with us."""
    device_type = section.text("type", pattern=TYPE)
    own = folder / "profiles" / f"{device_type}.yaml"
    path = own if device_type and own.is_file() else shipped_profile(device_type)
    if path.is_file():
        return load_profile(path)
    if device_type:
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml")))
        section.problem("type", f"must be one of {known}, or a file profiles/{device_type}.yaml beside this one")
    return None
