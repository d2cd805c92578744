"""Distributions of metrics with the limits that are proposed for them, as one SVG document."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.runtime.fit.propose import CohortFit, MetricFit

ROW_PX: Final = 70
LABEL_PX: Final = 230
PLOT_PX: Final = 420
BARS_PX: Final = 40
TOP_PX: Final = 36
BAR: Final = "#0072b2"
LIMIT: Final = "#d55e00"


def fit_svg(fits: "Sequence[CohortFit]") -> str:
    """Return a histogram a metric of each cohort; lines mark the limits."""
    rows = [(fit.cohort.match, metric) for fit in fits for metric in fit.metrics]
    height, width = TOP_PX + ROW_PX * len(rows), LABEL_PX + PLOT_PX + 40
    size = f'viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        '<text x="8" y="20" font-size="13" fill="#222">what was seen, and the limits proposed</text>',
    ]
    for place, (match, metric) in enumerate(rows):
        lines += _row(match, metric, TOP_PX + place * ROW_PX)
    return "\n".join([*lines, "</svg>\n"])


def _row(match: str, metric: "MetricFit", top: int) -> Iterator[str]:
    below, above = metric.limits
    ends = [value for value in (metric.low, metric.high, below, above) if value is not None]
    low, high = min(ends), max(ends)

    def x(value: float) -> float:
        return LABEL_PX + PLOT_PX * ((value - low) / (high - low) if high > low else 0.5)

    yield f'<text x="8" y="{top + 22}" fill="#222">{escape(match)}</text>'
    yield f'<text x="8" y="{top + 37}" fill="#555">{escape(metric.metric)}</text>'
    most = max(metric.histogram) or 1
    step = (metric.high - metric.low) / len(metric.histogram)
    for number, count in enumerate(metric.histogram):
        tall = BARS_PX * count / most
        left, right = x(metric.low + number * step), x(metric.low + (number + 1) * step)
        yield (
            f'<rect x="{left:.1f}" y="{top + BARS_PX - tall:.1f}" width="{max(right - left - 0.5, 0.5):.1f}" '
            f'height="{tall:.1f}" fill="{BAR}"/>'
        )
    for value in (below, above):
        if value is not None:
            yield (
                f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{top}" y2="{top + BARS_PX}" stroke="{LIMIT}" '
                'stroke-width="2"/>'
            )
            yield f'<text x="{x(value):.1f}" y="{top + 54}" text-anchor="middle" fill="{LIMIT}">{value:g}</text>'
    for value in (metric.low, metric.high):
        yield f'<text x="{x(value):.1f}" y="{top + 66}" text-anchor="middle" fill="#777">{value:.4g}</text>'
