"""A scenario as a small picture: a line a device, its faults as bands, its alerts as bells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scenario_model import Scenario
from simulator.truth import Truth
from tocsin.cli.words import BARS, date_and_time

Floats = NDArray[np.float64]

WIDTH_PX: Final = 760
LABEL_PX: Final = 210
ROW_PX: Final = 54
LINE_PX: Final = 36
TOP_PX: Final = 30
POINTS_MAX: Final = 200
BAND: Final = "#e69f00"
LINE: Final = "#0072b2"
BELL: Final = "#d55e00"
"""Told apart by people who see colours differently, too (Okabe and Ito, 2008)."""


@dataclass(frozen=True, slots=True)
class Track:
    """What is drawn of one device.

    Attributes:
        device: Which.
        metric: The metric drawn.
        values: shape (n,), means of n equal parts of the scenario; NaN where nothing was sent.
        faults: Rows of truth of the device.
        alerts_ms: When alerts of the device fired.
    """

    device: str
    metric: str
    values: Floats
    faults: tuple[Truth, ...]
    alerts_ms: tuple[int, ...]


def scenario_svg(scenario: Scenario, tracks: Sequence[Track]) -> str:
    """Return the drawing as one SVG document."""
    height = TOP_PX + ROW_PX * len(tracks) + 22
    size = f'width="{WIDTH_PX}" height="{height}" viewBox="0 0 {WIDTH_PX} {height}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="12">']
    lines += ['<rect width="100%" height="100%" fill="#fff"/>', _text(8, 18, scenario.name, size=14)]
    for place, track in enumerate(tracks):
        lines += _row(scenario, track, TOP_PX + place * ROW_PX)
    ends = f"{date_and_time(scenario.start_ms)} to {date_and_time(scenario.end_ms)} UTC"
    lines.append(_text(8, height - 7, f"{ends}; bands are faults, triangles are alerts", colour="#666"))
    return "\n".join([*lines, "</svg>\n"])


def _row(scenario: Scenario, track: Track, top: int) -> Iterator[str]:
    yield _text(8, top + 16, track.device)
    yield _text(8, top + 31, track.metric, colour="#666")
    for fault in track.faults:
        left, right = _x(scenario, fault.start_ms), _x(scenario, fault.end_ms)
        band = f'x="{left:.1f}" y="{top}" width="{max(2.0, right - left):.1f}" height="{LINE_PX}"'
        yield f'<rect {band} fill="{BAND}" fill-opacity="0.35"><title>{escape(fault.kind)}</title></rect>'
    yield f'<path d="{_path(track.values, top)}" fill="none" stroke="{LINE}" stroke-width="1.2"/>'
    for at_ms in track.alerts_ms:
        x = _x(scenario, at_ms)
        yield f'<path d="M{x - 5:.1f} {top + LINE_PX + 10}h10l-5 -9z" fill="{BELL}"/>'


def _x(scenario: Scenario, at_ms: int) -> float:
    share = (min(at_ms, scenario.end_ms) - scenario.start_ms) / (scenario.end_ms - scenario.start_ms)
    return LABEL_PX + (WIDTH_PX - LABEL_PX - 10) * share


def _path(values: Floats, top: int) -> str:
    """Return the line, broken where nothing was sent."""
    known = values[~np.isnan(values)]
    if not len(known):
        return f"M{LABEL_PX} {top}"
    low, height = float(known.min()), max(float(np.ptp(known)), 1e-9)
    step = (WIDTH_PX - LABEL_PX - 10) / len(values)
    parts = []
    for place, value in enumerate(values.tolist()):
        if value == value:  # noqa: PLR0124  false for NaN alone
            is_joined = place and values[place - 1] == values[place - 1]
            y = top + 2 + (LINE_PX - 4) * (1 - (value - low) / height)
            parts.append(f"{'L' if is_joined else 'M'}{LABEL_PX + (place + 0.5) * step:.1f} {y:.1f}")
    return "".join(parts)


def _text(x: float, y: float, words: str, *, colour: str = "#111", size: int = 12) -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}">{escape(words)}</text>'


def track_bars(track: Track, width: int) -> str:
    """Return the line as bars for a terminal; a gap stays a gap."""
    parts = [part[~np.isnan(part)] for part in np.array_split(track.values, width)]
    means = [float(part.mean()) if len(part) else None for part in parts]
    known = [mean for mean in means if mean is not None]
    low, height = min(known, default=0.0), max(max(known, default=0.0) - min(known, default=0.0), 1e-9)
    return "".join(" " if mean is None else BARS[round((len(BARS) - 1) * (mean - low) / height)] for mean in means)


def track_marks(scenario: Scenario, track: Track, width: int) -> str:
    """Return a line for a terminal: ``=`` where a fault is, ``!`` where an alert fired."""
    marks = [" "] * width
    length_ms = scenario.end_ms - scenario.start_ms

    def place(at_ms: int) -> int:
        return min(width - 1, max(0, (at_ms - scenario.start_ms) * width // length_ms))

    for fault in track.faults:
        first, last = place(fault.start_ms), place(fault.end_ms - 1)
        marks[first : last + 1] = "=" * (last + 1 - first)
    for at_ms in track.alerts_ms:
        marks[place(at_ms)] = "!"
    return "".join(marks).rstrip()
