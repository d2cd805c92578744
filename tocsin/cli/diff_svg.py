"""The alerts of two runs as a timeline: a row an alert, the first run above, the second below."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from tocsin.cli.words import date_and_time
from tocsin.runtime.plan_diff import Item, Kind, Pair, RunDiff

ROWS_MAX: Final = 200
LABEL_PX: Final = 330
TIME_PX: Final = 640
ROW_PX: Final = 26
BAR_PX: Final = 8
TOP_PX: Final = 58
COLOURS: Final = {"the same": "#8a8a8a", "only in A": "#d55e00", "only in B": "#0072b2", "changed": "#e69f00"}
"""Told apart by people who see colours differently, too (Okabe and Ito, 2008)."""


def timeline_svg(found: RunDiff, *, title: str) -> str:
    """Return the drawing as one SVG document; at most ``ROWS_MAX`` alerts are drawn, changed ones first."""
    rows = _rows(found.alerts)
    shown = rows[:ROWS_MAX]
    scale = _Scale(found)
    height = TOP_PX + ROW_PX * (len(shown) + 2)
    body = [*_heading(title), *_legend()]
    for place, row in enumerate(shown):
        body += _row(row, TOP_PX + place * ROW_PX, scale)
    body += _told(found.notifications, TOP_PX + len(shown) * ROW_PX, scale)
    left = f"{len(rows) - len(shown)} more alerts are not drawn; " if len(rows) > len(shown) else ""
    body += [_text(8, height - 8, f"{left}{scale.words()}", colour="#666")]
    return "\n".join([_opening(height), *body, "</svg>\n"])


class _Scale:
    """Where an instant is drawn."""

    def __init__(self, found: RunDiff) -> None:
        items = [item for pair in (*found.alerts, *found.notifications) for item in (pair.before, pair.after) if item]
        instants = [item.at_ms for item in items] + [item.end_ms for item in items if item.end_ms is not None]
        self.start_ms = min(instants, default=0)
        self.end_ms = max(max(instants, default=0), self.start_ms + 1)

    def x(self, instant_ms: int | None) -> float:
        """Return the place in pixels; what is still open goes to the edge."""
        at_ms = self.end_ms if instant_ms is None else instant_ms
        return LABEL_PX + TIME_PX * (at_ms - self.start_ms) / (self.end_ms - self.start_ms)

    def words(self) -> str:
        return f"{date_and_time(self.start_ms)} to {date_and_time(self.end_ms)} UTC"


def _rows(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Return the pairs of each alert, alerts that differ first."""
    ordered = sorted(pairs, key=lambda pair: (pair.shown.key, pair.shown.at_ms))
    rows = [list(same) for _, same in groupby(ordered, key=lambda pair: pair.shown.key)]
    return sorted(rows, key=lambda row: (not any(pair.kinds for pair in row), row[0].shown.at_ms))


def _row(row: Sequence[Pair], top: float, scale: _Scale) -> Iterator[str]:
    yield _text(8, top + 14, row[0].shown.what)
    for pair in row:
        if pair.before:
            yield _bar(pair.before, _colour(pair), top + 2, scale)
        if pair.after:
            yield _bar(pair.after, _colour(pair), top + 3 + BAR_PX, scale)


def _bar(item: Item, colour: str, top: float, scale: _Scale) -> str:
    left = scale.x(item.at_ms)
    width = max(2.0, scale.x(item.end_ms) - left)
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{BAR_PX}" fill="{colour}"'
    return f"<rect {place}><title>{escape(f'{date_and_time(item.at_ms)} {item.severity}')}</title></rect>"


def _told(pairs: Iterable[Pair], top: float, scale: _Scale) -> Iterator[str]:
    yield _text(8, top + 14, "notifications, A above, B below")
    for pair in pairs:
        for item, y in ((pair.before, top + 2), (pair.after, top + 3 + BAR_PX)):
            if item:
                place = f'cx="{scale.x(item.at_ms):.1f}" cy="{y + BAR_PX / 2:.1f}" r="3" fill="{_colour(pair)}"'
                yield f"<circle {place}><title>{escape(item.what)}</title></circle>"


def _colour(pair: Pair) -> str:
    if Kind.LOST in pair.kinds:
        return COLOURS["only in A"]
    if Kind.ADDED in pair.kinds:
        return COLOURS["only in B"]
    return COLOURS["changed" if pair.kinds else "the same"]


def _opening(height: float) -> str:
    width = LABEL_PX + TIME_PX + 20
    size = f'width="{width}" height="{height:.0f}" viewBox="0 0 {width} {height:.0f}"'
    font = 'font-family="system-ui, sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>\n<rect width="100%" height="100%" fill="#fff"/>'


def _heading(title: str) -> list[str]:
    return [_text(8, 20, title, size=15)]


def _legend() -> Iterator[str]:
    for place, (name, colour) in enumerate(COLOURS.items()):
        x = 8 + place * 110
        yield f'<rect x="{x}" y="32" width="10" height="10" fill="{colour}"/>'
        yield _text(x + 15, 41, name)


def _text(x: float, y: float, words: str, *, colour: str = "#111", size: int = 12) -> str:
    return f'<text x="{x}" y="{y:.1f}" fill="{colour}" font-size="{size}">{escape(words)}</text>'
