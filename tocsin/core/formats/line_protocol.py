"""Line protocol of InfluxDB: ``measurement,tag=value field=1.5,other=2i 1465839830100400200``.

Numbers and booleans are taken; fields of text are left out. The device is the value of one tag. A field named
``value`` is the metric that the measurement names, others are ``measurement_field``.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Final

from tocsin.core.formats.foreign import Measured, Misread, checked_time_ms, id_from

LINE_CHARACTERS_MAX: Final = 65_536
FIELDS_MAX: Final = 1_024
PRECISIONS: Final = {"ns": 10**9, "us": 10**6, "ms": 10**3, "s": 1}
"""Unit of times to how many make a second."""

_key: Final = re.compile(r"(?:\\.|[^\\,= ])+")
_measurement: Final = re.compile(r"(?:\\.|[^\\, ])+")
_text: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_bare: Final = re.compile(r"[^, ]+")
_float: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_whole: Final = re.compile(r"[+-]?\d+i|\d+u")
_time: Final = re.compile(r"-?\d{1,19}")
_escaped: Final = re.compile(r'\\([,= "\\])')
_truths: Final = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}


def read_line_protocol(
    lines: Iterable[str], *, device_tag: str, precision: str, arrival_ms: int
) -> Iterator[Measured | Misread]:
    """Yield what each line measured, by its number; comments and blank lines are passed over.

    Args:
        lines: With or without their ends.
        device_tag: Tag whose value is the device; a line without it is told and left out.
        precision: Unit of the times, one of ``PRECISIONS``.
        arrival_ms: Time of lines that have none.
    """
    for place, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            yield _measured(place, text, device_tag, PRECISIONS[precision], arrival_ms)
        except ValueError as error:
            yield Misread(place, str(error))


def _measured(place: int, text: str, device_tag: str, per_s: int, arrival_ms: int) -> Measured:
    if len(text) > LINE_CHARACTERS_MAX:
        raise ValueError(f"line must be at most {LINE_CHARACTERS_MAX} characters, got {len(text)}")
    line = _Line(text)
    measurement = line.take(_measurement, "a measurement")
    tags = line.tags()
    line.expect(" ", "a space before the fields")
    metrics = {_metric(measurement, field): value for field, value in line.fields() if value is not None}
    stamp = line.rest()
    if device_tag not in tags:
        raise ValueError(f"line must have the tag {device_tag}, which names the device")
    if not metrics:
        raise ValueError("line must have a field that is a number")
    if stamp and not _time.fullmatch(stamp):
        raise ValueError(f"time must be a whole number, got {stamp[:40]!r}")
    time_ms = int(stamp) * 1_000 // per_s if stamp else arrival_ms
    return Measured(place, id_from(tags[device_tag]), checked_time_ms(time_ms), metrics)


def _metric(measurement: str, field: str) -> str:
    return id_from(measurement if field == "value" else f"{measurement}_{field}")


class _Line:
    """A line, read from its beginning."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, pattern: re.Pattern[str], what: str) -> str:
        """Return what stands next, unescaped."""
        found = pattern.match(self._text, self._at)
        if not found:
            raise ValueError(f"line must have {what} at character {self._at + 1}")
        self._at = found.end()
        return _escaped.sub(r"\1", found[0])

    def expect(self, mark: str, what: str) -> None:
        """Pass over the mark."""
        if not self.passes(mark):
            raise ValueError(f"line must have {what} at character {self._at + 1}")
        while mark == " " and self.passes(mark):
            continue

    def passes(self, mark: str) -> bool:
        """Pass over the mark if it stands next; tell whether it did."""
        is_next = self._text.startswith(mark, self._at)
        self._at += len(mark) * is_next
        return is_next

    def tags(self) -> dict[str, str]:
        """Return the tags."""
        found: dict[str, str] = {}
        while self.passes(","):
            key = self.take(_key, "the name of a tag")
            self.expect("=", "= after the name of a tag")
            found[key] = self.take(_key, "the value of a tag")
        return found

    def fields(self) -> Iterator[tuple[str, float | None]]:
        """Yield the fields; None for a text."""
        for _ in range(FIELDS_MAX):
            key = self.take(_key, "the name of a field")
            self.expect("=", "= after the name of a field")
            yield key, self._value()
            if not self.passes(","):
                return
        raise ValueError(f"line must have at most {FIELDS_MAX} fields")

    def rest(self) -> str:
        """Return what stands at the end, after a space."""
        if self._at < len(self._text):
            self.expect(" ", "a space after the fields")
        return self._text[self._at :]

    def _value(self) -> float | None:
        if self._text.startswith('"', self._at):
            self.take(_text, "the end of a text")
            return None
        bare = self.take(_bare, "the value of a field")
        if bare in _truths:
            return _truths[bare]
        if _whole.fullmatch(bare):
            return float(int(bare[:-1]))
        value = float(bare) if _float.fullmatch(bare) else math.nan
        if not math.isfinite(value):
            raise ValueError(f"field must be a number, a boolean or a text in quotes, got {bare[:40]!r}")
        return value
