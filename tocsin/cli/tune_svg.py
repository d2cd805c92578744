"""The trade between faults found and false alerts, drawn as one SVG document."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final

from tocsin.runtime.tune import Trial

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 380
LEFT_PX: Final = 60
TOP_PX: Final = 50
RIGHT_PX: Final = 580
BOTTOM_PX: Final = 320
LINES: Final = 4
LINE_COLOUR: Final = "#0072b2"
CHOSEN_COLOUR: Final = "#d55e00"


def trade_svg(found: Sequence[Trial], chosen: Trial | None, title: str, shown: Callable[[float], str]) -> str:
    """Return the curve: false alerts to the right, faults found upwards; the best place is the upper left.

    Args:
        found: The trials, in the order of their values.
        chosen: The one to mark, or None.
        title: Heading.
        shown: How a value is written.
    """
    most = max((one.false_per_device_day for one in found), default=0.0) or 1.0
    path = " ".join(f"{_x(one, most):.1f},{_y(one):.1f}" for one in found)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="#fff"/>',
        f'<text x="{LEFT_PX}" y="26" font-size="15" fill="#222">{escape(title)}</text>',
        *_axes(most),
        f'<polyline points="{path}" fill="none" stroke="{LINE_COLOUR}" stroke-width="2"/>',
        *_points(found, chosen, most, shown),
        "</svg>\n",
    ]
    return "\n".join(lines)


def _x(one: Trial, most: float) -> float:
    return LEFT_PX + (RIGHT_PX - LEFT_PX) * one.false_per_device_day / most


def _y(one: Trial) -> float:
    return BOTTOM_PX - (BOTTOM_PX - TOP_PX) * one.recall


def _axes(most: float) -> Iterator[str]:
    for line in range(LINES + 1):
        share = line / LINES
        y = BOTTOM_PX - (BOTTOM_PX - TOP_PX) * share
        x = LEFT_PX + (RIGHT_PX - LEFT_PX) * share
        yield f'<line x1="{LEFT_PX}" x2="{RIGHT_PX}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT_PX - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{share:.0%}</text>'
        yield f'<text x="{x:.1f}" y="{BOTTOM_PX + 18}" text-anchor="middle" fill="#444">{most * share:.3g}</text>'
    yield (
        f'<text x="{(LEFT_PX + RIGHT_PX) / 2}" y="{BOTTOM_PX + 42}" text-anchor="middle" fill="#444">'
        "false alerts per device and day; upwards: faults found</text>"
    )


def _points(found: Sequence[Trial], chosen: Trial | None, most: float, shown: Callable[[float], str]) -> Iterator[str]:
    """Yield a point a trial; of those at one place the first is named, and the one that is marked."""
    named: set[tuple[int, int]] = set()
    for one in found:
        is_chosen = one is chosen
        colour, radius = (CHOSEN_COLOUR, 6) if is_chosen else (LINE_COLOUR, 3.5)
        x, y = _x(one, most), _y(one)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'
        if is_chosen or (round(x), round(y)) not in named:
            yield f'<text x="{x + 8:.1f}" y="{y + 14:.1f}" fill="{colour}">{escape(shown(one.value))}</text>'
        named.add((round(x), round(y)))
