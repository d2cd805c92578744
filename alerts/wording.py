"""Numbers, durations and names as a person reads them at night; nothing here can break a line."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Final

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

WORDS_MAX: Final = 200
BARS: Final = "▁▂▃▄▅▆▇█"
_UNITS: Final = ((DAY_MS, "day"), (HOUR_MS, "hour"), (MINUTE_MS, "minute"), (SECOND_MS, "second"))
_PLAIN: Final = str.maketrans({"°": "", "µ": "u", "²": "2", "³": "3", "–": "-", "…": "..."})


def clean(text: str, chars_max: int = WORDS_MAX) -> str:
    r"""Return the text on one line: what cannot be printed becomes ``?``, the end is cut with ``...``.

    >>> clean("pump\n7\x1b[31m")
    'pump?7?[31m'
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: chars_max + 1])
    return shown if len(shown) <= chars_max else f"{shown[: chars_max - 3]}..."


def plain(text: str, chars_max: int) -> str:
    """Return the text on one line in ASCII, as subjects of e-mails are.

    >>> plain("92.4 °C", 40)
    '92.4 C'
    """
    letters = unicodedata.normalize("NFKD", text.translate(_PLAIN)).encode("ascii", "replace")
    return clean(letters.decode("ascii"), chars_max)


def duration(span_ms: float) -> str:
    """Return the duration in words, in its two largest units.

    >>> duration(3_780_000)
    '1 hour 3 minutes'
    >>> duration(250)
    'less than a second'
    """
    if not math.isfinite(span_ms):
        return "an unknown time"
    left, words = max(0, int(span_ms)), []
    for unit_ms, name in _UNITS:
        count, rest = divmod(left, unit_ms)
        if count:
            words.append(f"{count} {name}{'s' if count > 1 else ''}")
            left = rest
        elif words:
            break
    return " ".join(words[:2]) or "less than a second"


def number(value: float) -> str:
    """Return the number with four significant digits, all digits before the point, and no exponent.

    >>> [number(value) for value in (92.40001, 0.0123412, 123456.7, -0.0)]
    ['92.4', '0.01234', '123457', '0']
    """
    if not value:
        return "0"
    if not 1e-6 <= abs(value) < 1e15:  # also what is not finite
        return f"{value:.4g}"
    text = f"{value:.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float, unit: str) -> str:
    """Return the number with its unit.

    >>> quantity(92.4, "°C")
    '92.4 °C'
    """
    return f"{number(value)} {clean(unit, 16)}".rstrip()


def bars(values: Sequence[float]) -> str:
    """Return one bar a value, from the smallest to the largest; a dot where it is not finite.

    >>> bars([1.0, 2.0, 3.0])
    '▁▅█'
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "." * len(values)
    low, high = min(finite), max(finite)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * scale)] if math.isfinite(value) else "." for value in values)


def words_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows, equally many cells each, as lines with columns aligned to the left."""
    widths = _widths(rows)
    return _lines([[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows])


def figures_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows, equally many cells each, as lines; all columns but the first to the right."""
    widths = _widths(rows)
    return _lines(
        [
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
            for row in rows
        ]
    )


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    return ["  ".join(row).rstrip() for row in rows]
