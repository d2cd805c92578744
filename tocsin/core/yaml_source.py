"""A typed reader of YAML that people wrote: plans, simulator profiles, scenarios.

Every read states what is expected. What is wrong becomes a problem with file, line and key, and a
stand-in of the right type is returned, so that one run finds all problems. ``Document.finish``
raises them together, unknown keys included::

    document = read_document(path)
    name = document.root.text("name")
    sizes_ms = [window.duration_ms("size") for window in document.root.sections("windows", ())]
    document.finish()

Handlers never import this module.
"""

import math
from collections.abc import Callable, Collection, Sequence
from enum import Enum
from pathlib import Path
from typing import Final, Literal, TypeVar

import yaml

from tocsin.core.durations import DURATION_MS_MAX
from tocsin.core.errors import PlanError
from tocsin.core.yaml_tree import compose, got, line_of, read_text
from tocsin.core.yaml_values import Report, Value, suggestion

INTEGER_MAX: Final = 10**15

T = TypeVar("T")
D = TypeVar("D")


class Required(Enum):
    """Stands where a default would: the key must be there."""

    KEY = "required"


REQUIRED: Final = Required.KEY
MustBe = Literal[Required.KEY]


def read_document(path: Path) -> "Document":
    """Return the document in the file.

    Raises:
        PlanError: It cannot be read, or is not YAML.
    """
    return Document(read_text(path), str(path))


class Document:
    """One YAML file, and the problems found in it so far.

    Args:
        text: The YAML text.
        file: What problems call it.

    Attributes:
        root: The outermost keys.

    Raises:
        PlanError: The text is not YAML.
    """

    def __init__(self, text: str, file: str) -> None:
        node, doubles = compose(text, file)
        self._report = Report(file, doubles)
        self.root = Section(Value(self._report, node, "", line_of(node)))

    def finish(self) -> None:
        """Check that every key was read.

        Raises:
            PlanError: Problems were found: all of them, by line.
        """
        self.root.close()
        problems = self._report.problems
        if problems:
            raise PlanError(sorted(problems, key=lambda problem: problem.line))


class Section:
    """Keys and values, read by name.

    Reads without a default note a problem where the key is missing. A section taken from this one
    is closed with it: what was not read by then is unknown.

    Attributes:
        value: The section as a value: its dotted key and its line.
    """

    def __init__(self, value: Value) -> None:
        self.value = value
        self._asked: set[str] = set()
        self._inner: list[Section] = []
        self._values: dict[str, Value] = {}
        if not isinstance(value.node, yaml.MappingNode):
            value.problem(f"must be keys and values, {got(value.node)}")
            return
        prefix = f"{value.key}." if value.key else ""
        for key, node in value.node.value:
            child = Value(value.report, node, f"{prefix}{_shown(key.value)}", line_of(key))
            self._values.setdefault(key.value, child)

    def keys(self) -> list[str]:
        """Return the keys that are there, in the order of the file."""
        return list(self._values)

    def problem(self, key: str, message: str) -> None:
        """Note something wrong with the key's value, or with the section where the key is empty."""
        (self._values.get(key) or self._missing(key)).problem(message)

    def find(self, key: str) -> Value | None:
        """Return the key's value, or None where there is no such key."""
        self._asked.add(key)
        return self._values.get(key)

    def peek(self, key: str) -> str:
        """Return the key's text without judging it; empty where there is none."""
        value = self._values.get(key)
        return str(value.node.value) if value and isinstance(value.node, yaml.ScalarNode) else ""

    def text(
        self,
        key: str,
        default: D | MustBe = REQUIRED,
        *,
        pattern: str | None = None,
        words: str | None = None,
    ) -> str | D:
        """Return the text as written, quoted or not; the pattern must match all of it, as the words say."""
        return self._read(key, default, lambda value: value.text(pattern, words), "")

    def texts(self, key: str, default: Sequence[str] | MustBe = REQUIRED) -> tuple[str, ...]:
        """Return the list of texts."""
        return tuple(self._list(key, default, lambda value: value.text()))

    def choice(self, key: str, choices: Collection[str], default: D | MustBe = REQUIRED) -> str | D:
        """Return one of the choices."""
        return self._read(key, default, lambda value: value.choice(choices), next(iter(choices)))

    def flag(self, key: str, default: D | MustBe = REQUIRED) -> bool | D:
        """Return true or false."""
        return self._read(key, default, lambda value: value.flag(), False)

    def integer(self, key: str, default: D | MustBe = REQUIRED, *, low: int = 0, high: int = INTEGER_MAX) -> int | D:
        """Return the whole number in ``[low, high]``."""
        return self._read(key, default, lambda value: value.integer(low, high), low)

    def number(
        self, key: str, default: D | MustBe = REQUIRED, *, low: float = -math.inf, high: float = math.inf
    ) -> float | D:
        """Return the finite number in ``[low, high]``."""
        return self._read(key, default, lambda value: value.number(low, high), max(0.0, low))

    def numbers(
        self,
        key: str,
        default: Sequence[float] | MustBe = REQUIRED,
        *,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> tuple[float, ...]:
        """Return the list of finite numbers in ``[low, high]``."""
        return tuple(self._list(key, default, lambda value: value.number(low, high)))

    def duration_ms(
        self, key: str, default: D | MustBe = REQUIRED, *, low_ms: int = 0, high_ms: int = DURATION_MS_MAX
    ) -> int | D:
        """Return the duration in milliseconds."""
        return self._read(key, default, lambda value: value.duration_ms(low_ms, high_ms), low_ms)

    def instant_ms(self, key: str, default: D | MustBe = REQUIRED) -> int | D:
        """Return the instant as UTC epoch milliseconds."""
        return self._read(key, default, lambda value: value.instant_ms(), 0)

    def items(self, key: str, default: Sequence[Value] | MustBe = REQUIRED) -> list[Value]:
        """Return the values of the list, for lists whose items may be written in several ways."""
        return self._list(key, default, lambda value: value)

    def section(self, key: str) -> "Section | None":
        """Return the section, or None where there is no such key."""
        value = self.find(key)
        return self.enter(value) if value else None

    def part(self, key: str) -> "Section":
        """Return the section; an empty one, full of defaults, where there is no such key."""
        value = self.find(key)
        if value is None:
            value = self._missing(key)
            value.node = yaml.MappingNode(value.node.tag, [], value.node.start_mark)
        return self.enter(value)

    def sections(self, key: str, default: Sequence["Section"] | MustBe = REQUIRED) -> list["Section"]:
        """Return the list of sections."""
        return self._list(key, default, self.enter)

    def named_sections(self, key: str) -> dict[str, "Section"]:
        """Return the sections under names that the writer chose; empty where there is no such key."""
        outer = self.section(key)
        return {name: outer.enter(value) for name, value in outer.named_values()} if outer else {}

    def named_values(self) -> list[tuple[str, Value]]:
        """Return all values with their keys: for keys that the writer chose."""
        self._asked.update(self._values)
        return list(self._values.items())

    def enter(self, value: Value) -> "Section":
        """Return the value as a section of this one."""
        inner = Section(value)
        self._inner.append(inner)
        return inner

    def skip(self) -> None:
        """Let all keys that were not read pass: something else is wrong with the section."""
        self._asked.update(self._values)

    def problem_count(self) -> int:
        """Return how many problems the file has so far: equal before and after a read means it went well."""
        return len(self.value.report.problems)

    def close(self) -> None:
        """Note every key that was not read as unknown, with the closest known spelling."""
        known = sorted(self._asked)
        for key, value in self._values.items():
            if key not in self._asked:
                value.problem(f"is unknown{suggestion(key, known)}")
        self._asked.update(self._values)
        for inner in self._inner:
            inner.close()

    def _read(self, key: str, default: D | MustBe, read: Callable[[Value], T], stand_in: T) -> T | D:
        value = self.find(key)
        if value is not None:
            return read(value)
        if default is not REQUIRED:
            return default
        self._note_missing(key)
        return stand_in

    def _list(self, key: str, default: Sequence[T] | MustBe, read: Callable[[Value], T]) -> list[T]:
        value = self.find(key)
        if value is not None:
            return [read(item) for item in value.items()]
        if default is REQUIRED:
            self._note_missing(key)
            return []
        return list(default)

    def _note_missing(self, key: str) -> None:
        if isinstance(self.value.node, yaml.MappingNode):  # else the section itself is wrong, and that was noted
            self._missing(key).problem("is missing")

    def _missing(self, key: str) -> Value:
        """Return a value that stands for the missing key, or for the section, on the section's line."""
        dotted = ".".join(part for part in (self.value.key, key) if part)
        return Value(self.value.report, self.value.node, dotted, self.value.line)


def _shown(key: str) -> str:
    """Return the key as messages show it: on one line, and printable."""
    return key[:80] if key.isprintable() else ascii(key[:80])
