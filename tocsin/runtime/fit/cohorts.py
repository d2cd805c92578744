"""Cohorts: devices whose names differ by a number and that report the same metrics."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from tocsin.runtime.fit.gather import SeriesKey

_NUMBERED: Final = re.compile(r"(?P<stem>.*?[A-Za-z].*?)(?P<sep>[-_.]?)\d+")


@dataclass(frozen=True, slots=True)
class Cohort:
    """Devices of one kind at one place, as far as names tell.

    Attributes:
        match: Shell pattern that finds them and no other device.
        site: First part of their names where there are several parts, else empty.
        type: The rest.
        devices: (tenant, device), sorted.
        metrics: What they report, sorted.
    """

    match: str
    site: str
    type: str
    devices: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]


def cohorts_of(series: Iterable[SeriesKey]) -> list[Cohort]:
    """Return the cohorts of all devices, each device in exactly one; one alone is a cohort of its own."""
    metrics: dict[tuple[str, str], set[str]] = {}
    for tenant, device, metric in series:
        metrics.setdefault((tenant, device), set()).add(metric)
    gathered: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for (tenant, device), reported in sorted(metrics.items()):
        gathered.setdefault((_pattern(device), tuple(sorted(reported))), []).append((tenant, device))
    found: list[Cohort] = []
    for (match, names), members in gathered.items():
        if _is_alone(match, members, metrics):
            found.append(_cohort(match, members, names))
        else:  # the pattern would take in devices of another kind
            found += [_cohort(device, [(tenant, device)], names) for tenant, device in members]
    return sorted(found, key=lambda one: one.match)


def _pattern(device: str) -> str:
    match = _NUMBERED.fullmatch(device)
    return f"{match['stem']}{match['sep']}*" if match else device


def _is_alone(match: str, members: list[tuple[str, str]], metrics: Mapping[tuple[str, str], object]) -> bool:
    return all(key in members for key in metrics if fnmatchcase(key[1], match))


def _cohort(match: str, members: list[tuple[str, str]], metrics: tuple[str, ...]) -> Cohort:
    words = re.split(r"[-_.]+", match.rstrip("*").rstrip("-_."))
    site, kind = (words[0], "_".join(words[1:])) if len(words) > 1 else ("", words[0])
    return Cohort(match, site, kind.lower(), tuple(members), metrics)
