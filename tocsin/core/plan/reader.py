"""Reads one part of a plan after the keys that ``form`` declares for it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from tocsin.core.plan.check import Finding
from tocsin.core.plan.field import Field, Kind
from tocsin.core.plan.form import FORMS, default_of
from tocsin.core.plan.model import Window
from tocsin.core.yaml_source import REQUIRED, Section

Part = TypeVar("Part", bound=msgspec.Struct)
Base = Mapping[str, object]
Check = Callable[[Part], Iterable[Finding]]

NO_BASE: Final[Base] = {}


@dataclass(frozen=True, slots=True)
class Entry(Generic[Part]):
    """A part, and where it was written.

    Attributes:
        part: The part; holds stand-ins where it is not sound.
        section: Where it was written.
        sound: Whether no problem was found in it.
    """

    part: Part
    section: Section
    sound: bool

    def note(self, findings: Iterable[Finding]) -> None:
        """Note the findings as problems of their keys."""
        for finding in findings:
            self.section.problem(finding.key, finding.message)


def read_entry(
    section: Section, cls: type[Part], base: Base = NO_BASE, check: Check[Part] = lambda _: ()
) -> Entry[Part]:
    """Return the part that is written in the section.

    Args:
        section: Where it is written.
        cls: Its class in the model.
        base: Attributes that go before the model's defaults, where a key is not written.
        check: Finds what is wrong between its keys; asked only where each key is right by itself.
    """
    before = section.problem_count()
    part = msgspec.convert(read_fields(section, FORMS[cls], cls, base), cls)
    if section.problem_count() == before:
        Entry(part, section, True).note(check(part))
    return Entry(part, section, section.problem_count() == before)


def read_fields(section: Section, fields: Iterable[Field], cls: type[msgspec.Struct], base: Base) -> dict[str, Any]:
    """Return the model's attributes with the values of the keys."""
    values = {}
    for field in fields:
        default = base.get(field.attribute, default_of(cls, field.attribute))
        stand_in = REQUIRED if default is msgspec.NODEFAULT else default
        values[field.attribute] = _READERS[field.kind](section, field, stand_in)
    return values


def _windows(section: Section, field: Field, default: tuple[Window, ...]) -> tuple[Window, ...]:
    """Return the windows, each written as a size or as size and hop."""
    if section.find(field.key) is None:
        return default
    size, _ = FORMS[Window]
    windows = []
    for item in section.items(field.key):
        if item.is_section():
            inner = section.enter(item)
            size_ms = inner.duration_ms("size", low_ms=int(size.low), high_ms=int(size.high))
            hop_ms = inner.duration_ms("hop", size_ms, low_ms=int(size.low), high_ms=int(size.high))
            windows.append(Window(size_ms, hop_ms))
        else:
            size_ms = item.duration_ms(int(size.low), int(size.high))
            windows.append(Window(size_ms, size_ms))
    return tuple(windows)


def _choices(section: Section, field: Field, default: tuple[str, ...]) -> tuple[str, ...]:
    value = section.find(field.key)
    if value is None:
        return default
    chosen = tuple(item.choice(field.choices) for item in value.items())
    if len(set(chosen)) < len(chosen):
        value.problem("must all differ")
    return chosen


def _names(section: Section, field: Field, default: tuple[str, ...]) -> tuple[str, ...]:
    value = section.find(field.key)
    if value is None:
        return default
    assert field.shape is not None, field.key
    shape = field.shape
    named = tuple(item.text(shape.regex, shape.words) for item in value.items())
    if len(set(named)) < len(named):
        value.problem("must all differ")
    return named


def _text(section: Section, field: Field, default: str) -> str:
    assert field.shape is not None, field.key
    return section.text(field.key, default, pattern=field.shape.regex, words=field.shape.words)


_READERS: Final[Mapping[Kind, Callable[[Section, Field, Any], object]]] = {
    "duration": lambda s, f, default: s.duration_ms(f.key, default, low_ms=int(f.low), high_ms=int(f.high)),
    "integer": lambda s, f, default: s.integer(f.key, default, low=int(f.low), high=int(f.high)),
    "number": lambda s, f, default: s.number(f.key, default, low=f.low, high=f.high),
    "numbers": lambda s, f, default: s.numbers(f.key, default, low=f.low, high=f.high),
    "flag": lambda s, f, default: s.flag(f.key, default),
    "choice": lambda s, f, default: s.choice(f.key, f.choices, default),
    "text": _text,
    "choices": _choices,
    "names": _names,
    "windows": _windows,
}
