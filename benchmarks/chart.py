"""Line charts as SVG documents: what the figures of docs/performance.md are drawn with."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 360
LEFT_PX: Final = 76
TOP_PX: Final = 56
RIGHT_PX: Final = 610
BOTTOM_PX: Final = 296
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
LINES: Final = 4

Points = Sequence[tuple[float, float]]


def chart(title: str, across: str, upwards: str, lines: Mapping[str, Points], *, log_y: bool = False) -> str:
    """Return the lines over an axis that counts tenfold, from zero upwards or tenfold as well.

    Args:
        title: Heading.
        across: What is measured to the right; values are above zero.
        upwards: What is measured upwards.
        lines: Name to points, at least one with two.
        log_y: Whether the upward axis counts tenfold too; values are above zero then.
    """
    points = [point for line in lines.values() for point in line]
    scale = _Scale([x for x, _ in points], [y for _, y in points], log_y=log_y)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="#fff"/>',
        f'<text x="{LEFT_PX}" y="24" font-size="15" fill="#222">{escape(title)}</text>',
        f'<text x="{LEFT_PX}" y="44" fill="#444">{escape(upwards)}</text>',
        *_axes(scale, across),
        *(part for place, (name, line) in enumerate(lines.items()) for part in _line(scale, place, name, line)),
        "</svg>\n",
    ]
    return "\n".join(parts)


class _Scale:
    """Where values lie on the picture."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], *, log_y: bool) -> None:
        self._log_y = log_y
        self._left, self._right = math.log10(min(xs)), math.log10(max(xs))
        self._low = math.floor(math.log10(min(ys))) if log_y else 0.0
        self._high = math.ceil(math.log10(max(ys))) if log_y else _round_up(max(ys))

    def x(self, value: float) -> float:
        share = (math.log10(value) - self._left) / ((self._right - self._left) or 1.0)
        return LEFT_PX + (RIGHT_PX - LEFT_PX) * share

    def y(self, value: float) -> float:
        at = math.log10(value) if self._log_y else value
        return BOTTOM_PX - (BOTTOM_PX - TOP_PX) * (at - self._low) / ((self._high - self._low) or 1.0)

    def x_ticks(self) -> list[float]:
        first, last = math.ceil(self._left - 1e-9), math.floor(self._right + 1e-9)
        decades = [10.0**power for power in range(first, last + 1)]
        return decades if len(decades) > 1 else [10**self._left, 10**self._right]

    def y_ticks(self) -> list[float]:
        if self._log_y:
            return [10.0**power for power in range(int(self._low), int(self._high) + 1)]
        return [self._high * line / LINES for line in range(LINES + 1)]


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 8 times a power of ten.

    >>> _round_up(3.2), _round_up(71)
    (4.0, 80.0)
    """
    power = 10.0 ** math.floor(math.log10(value or 1.0))
    return next((power * times for times in (1, 2, 4, 5, 8) if power * times >= value), power * 10)


def _axes(scale: _Scale, across: str) -> Iterator[str]:
    for value in scale.y_ticks():
        y = scale.y(value)
        yield f'<line x1="{LEFT_PX}" x2="{RIGHT_PX}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT_PX - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{shown(value)}</text>'
    for value in scale.x_ticks():
        x = scale.x(value)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP_PX}" y2="{BOTTOM_PX}" stroke="#eee"/>'
        yield f'<text x="{x:.1f}" y="{BOTTOM_PX + 18}" text-anchor="middle" fill="#444">{shown(value)}</text>'
    middle = (LEFT_PX + RIGHT_PX) / 2
    yield f'<text x="{middle}" y="{BOTTOM_PX + 44}" text-anchor="middle" fill="#444">{escape(across)}</text>'


def _line(scale: _Scale, place: int, name: str, line: Points) -> Iterator[str]:
    colour = COLOURS[place % len(COLOURS)]
    path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in line)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in line:
        yield f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3" fill="{colour}"/>'
    yield f'<text x="{RIGHT_PX}" y="{24 + 18 * place}" text-anchor="end" fill="{colour}">{escape(name)}</text>'


def shown(value: float) -> str:
    """Return a number as it stands at an axis.

    >>> shown(1_500_000.0), shown(20_000.0), shown(0.25), shown(0.0)
    ('1.5 M', '20 k', '0.25', '0')
    """
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 1e4 else f"{value:g}"
