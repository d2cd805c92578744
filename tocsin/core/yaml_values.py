"""One value of a YAML document, read as what it should be."""

import math
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final, TypeVar

import yaml

from tocsin.core.durations import DURATION_MS_MAX, format_duration, parse_duration_ms
from tocsin.core.errors import Problem
from tocsin.core.yaml_tree import NULLS, got, line_of

Amount = TypeVar("Amount", int, float)

_NUMBER: Final = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?")
_INTEGER: Final = re.compile(r"[-+]?[0-9][0-9_]{0,17}")
_NOT_FINITE: Final = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
SUGGESTION_LENGTH_MAX: Final = 64
SIMILARITY_MIN: Final = 0.7


class Report:
    """The problems found in one file so far.

    Attributes:
        file: What problems call it.
        problems: In the order in which they were found.
    """

    def __init__(self, file: str, problems: Sequence[Problem] = ()) -> None:
        self.file = file
        self.problems = list(problems)

    def add(self, line: int, key: str, message: str) -> None:
        """Note something wrong."""
        self.problems.append(Problem(self.file, line, key, message))


class Value:
    """One value, before it is known what it should be.

    A read that fails notes a problem and returns a stand-in of the right type.

    Attributes:
        report: Where its problems go.
        node: What stands there.
        key: Its dotted key, e.g. ``rules[2].above``.
        line: The 1-based line of its key, or its own in a list.
    """

    def __init__(self, report: Report, node: yaml.Node, key: str, line: int) -> None:
        self.report = report
        self.node = node
        self.key = key
        self.line = line

    def problem(self, message: str) -> None:
        """Note something wrong with the value."""
        self.report.add(self.line, self.key, message)

    def is_section(self) -> bool:
        """Tell whether it is keys and values."""
        return isinstance(self.node, yaml.MappingNode)

    def is_list(self) -> bool:
        """Tell whether it is a list."""
        return isinstance(self.node, yaml.SequenceNode)

    def items(self) -> list["Value"]:
        """Return the values of the list, each with its own line."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.problem(f"must be a list, {got(self.node)}")
            return []
        return [
            Value(self.report, node, f"{self.key}[{place}]", line_of(node))
            for place, node in enumerate(self.node.value)
        ]

    def text(self, pattern: str | None = None, words: str | None = None) -> str:
        """Return the text as written, quoted or not.

        Args:
            pattern: Regular expression that the whole text must match.
            words: The same for people.
        """
        written = self._written("a text")
        if written is None:
            return ""
        if any(0xD800 <= ord(character) <= 0xDFFF for character in written):
            self.problem("must hold no lone surrogates")
            return ""
        if pattern is not None and re.fullmatch(pattern, written) is None:
            self.problem(f"must be {words or f'a text that matches {pattern}'}, {got(self.node)}")
            return ""
        return written

    def choice(self, choices: Collection[str]) -> str:
        """Return one of the choices; the stand-in is the first."""
        expected = "one of " + ", ".join(choices)
        written = self._written(expected)
        if written is None or written in choices:
            return written or next(iter(choices))
        self.problem(f"must be {expected}, {got(self.node)}{suggestion(written, choices)}")
        return next(iter(choices))

    def flag(self) -> bool:
        """Return true or false."""
        written = self._plain("true or false")
        if written not in (None, "true", "false"):
            self.problem(f"must be true or false, {got(self.node)}")
        return written == "true"

    def integer(self, low: int, high: int) -> int:
        """Return the whole number in ``[low, high]``; the stand-in is ``low``."""
        written = self._plain("a whole number")
        if written is None:
            return low
        if _INTEGER.fullmatch(written) is None:
            self.problem(f"must be a whole number, {got(self.node)}")
            return low
        return self._within(int(written.rstrip("_")), low, high)

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        """Return the finite number in ``[low, high]``; the stand-in is the one closest to 0."""
        written = self._plain("a number")
        stand_in = min(max(0.0, low), high)
        if written is None:
            return stand_in
        value = float(written.replace("_", "")) if _NUMBER.fullmatch(written) else None
        if _NOT_FINITE.fullmatch(written) or (value is not None and math.isinf(value)):
            self.problem(f"must be a finite number, {got(self.node)}")
        elif value is None:
            self.problem(f"must be a number, {got(self.node)}")
        else:
            return self._within(value, low, high) + 0.0  # minus zero would equal zero, and hash otherwise
        return stand_in

    def duration_ms(self, low_ms: int = 0, high_ms: int = DURATION_MS_MAX) -> int:
        """Return the duration in milliseconds; the stand-in is ``low_ms``."""
        written = self._written("a duration")
        if written is None:
            return low_ms
        try:
            value_ms = parse_duration_ms(written)
        except ValueError as error:
            self.problem(str(error))
            return low_ms
        if not low_ms <= value_ms <= high_ms:
            limits = f"from {format_duration(low_ms)} to {format_duration(high_ms)}"
            self.problem(f"must be {limits}, got {written}")
            return low_ms
        return value_ms

    def instant_ms(self) -> int:
        """Return the instant, written in ISO 8601 with its offset or ``Z``, as UTC epoch milliseconds."""
        written = self._written("an instant")
        if written is None:
            return 0
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.problem(f"must be an instant such as 2026-11-23T10:00:00Z, {got(self.node)}")
            return 0
        return round(moment.timestamp() * 1_000)

    def _within(self, value: Amount, low: Amount, high: Amount) -> Amount:
        if low <= value <= high:
            return value
        if math.isinf(low) or math.isinf(high):
            limits = f"at most {high}" if math.isinf(low) else f"at least {low}"
        else:
            limits = f"from {low} to {high}"
        self.problem(f"must be {limits}, {got(self.node)}")
        return min(max(value, low), high)

    def _plain(self, expected: str) -> str | None:
        """Return the unquoted scalar, or None after noting that there is none."""
        written = self._written(expected)
        if written is not None and isinstance(self.node, yaml.ScalarNode) and self.node.style:
            self.problem(f"must be {expected} without quotes, {got(self.node)}")
            return None
        return written

    def _written(self, expected: str) -> str | None:
        """Return the scalar as written, or None after noting that there is none."""
        if isinstance(self.node, yaml.ScalarNode) and (self.node.style or self.node.value not in NULLS):
            return str(self.node.value)
        self.problem(f"must be {expected}, {got(self.node)}")
        return None


def suggestion(written: str, known: Collection[str]) -> str:
    """Return ``, did you mean ...?`` with the closest spelling, or an empty text where none is close.

    >>> suggestion("lateness", ["latness"])
    ', did you mean latness?'
    """
    if len(written) > SUGGESTION_LENGTH_MAX:
        return ""
    close = get_close_matches(written, known, n=1, cutoff=SIMILARITY_MIN)
    return f", did you mean {close[0]}?" if close else ""
