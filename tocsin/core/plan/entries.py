"""The lists of a plan: metrics, rules, devices, sources and silences, and how they extend another plan's."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import asdict

from tocsin.core.plan.check import check_maintenance, check_metric, check_silence
from tocsin.core.plan.check_delivery import check_receiver, check_route
from tocsin.core.plan.check_modes import check_mode
from tocsin.core.plan.check_rules import check_rule
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.known import DevicePlan, SourcePlan
from tocsin.core.plan.model import MetricPlan, Rule
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.patterns import covers
from tocsin.core.plan.reader import NO_BASE, Base, Entry, read_entry
from tocsin.core.plan.resolve import kind_of
from tocsin.core.plan.rule_forms import RULE_KINDS
from tocsin.core.plan.telling import Escalation
from tocsin.core.silences import Silence
from tocsin.core.yaml_source import REQUIRED, Section

Part = TypeVar("Part", bound=msgspec.Struct)

ENTRIES_MAX: Final = {"metrics": 256, "rules": 256, "devices": 1_000, "sources": 64, "silences": 256} | {
    "maintenance": 256,
    "escalations": 32,
    "receivers": 64,
    "routes": 128,
    "modes": 64,
}


def read_metrics(root: Section, base: Sequence[MetricPlan]) -> list[Entry[MetricPlan]]:
    """Return the metrics that are written.

    Args:
        root: The plan.
        base: Metrics that are extended; the last one matches all.
    """
    sections = _sections(root, "metrics")
    of_all = {"windows": base[-1].windows}
    for_all = {section: _read_metric(section, of_all) for section in sections if section.peek("match") == "*"}
    for entry in for_all.values():
        of_all = {"windows": entry.part.windows} if entry.sound else of_all
    entries = [for_all.get(section) or _read_metric(section, of_all) for section in sections]
    _note_unreachable(entries, lambda outer, inner: covers(outer.match, inner.match))
    return entries


def _read_metric(section: Section, of_all: Base) -> Entry[MetricPlan]:
    return read_entry(section, MetricPlan, of_all, check_metric)


def read_devices(root: Section) -> list[Entry[DevicePlan]]:
    """Return the devices that are written."""
    entries = [read_entry(section, DevicePlan) for section in _sections(root, "devices")]
    _note_unreachable(
        entries,
        lambda outer, inner: covers(outer.match, inner.match) and covers(outer.tenant, inner.tenant),
    )
    return entries


def read_modes(root: Section) -> list[Entry[Mode]]:
    """Return the modes that are written."""
    entries = [read_entry(section, Mode, NO_BASE, check_mode) for section in _sections(root, "modes")]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_sources(root: Section) -> list[Entry[SourcePlan]]:
    """Return the sources that are written."""
    entries = [read_entry(section, SourcePlan) for section in _sections(root, "sources")]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_silences(root: Section) -> list[Entry[Silence]]:
    """Return the silences that are written."""
    entries = [read_entry(section, Silence, NO_BASE, check_silence) for section in _sections(root, "silences")]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_maintenance(root: Section) -> list[Entry[Silence]]:
    """Return the maintenance windows that are written."""
    entries = [read_entry(section, Silence, NO_BASE, check_maintenance) for section in _sections(root, "maintenance")]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_escalations(root: Section) -> list[Entry[Escalation]]:
    """Return the escalations that are written."""
    entries = [read_entry(section, Escalation) for section in _sections(root, "escalations")]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_receivers(root: Section) -> list[Entry[Receiver]]:
    """Return the receivers that are written."""
    entries = [read_entry(section, Receiver, NO_BASE, check_receiver) for section in _sections(root, "receivers")]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_routes(root: Section, receivers: Sequence[Receiver]) -> list[Entry[Route]]:
    """Return the routes that are written.

    Args:
        root: The plan.
        receivers: To which they may lead.
    """
    names = sorted(one.name for one in receivers)
    entries = [
        read_entry(section, Route, NO_BASE, lambda route: check_route(route, names))
        for section in _sections(root, "routes")
    ]
    _note_doubles([entry.section for entry in entries])
    return entries


def read_rules(root: Section, base: Sequence[Rule]) -> tuple[list[Entry[Rule]], frozenset[str]]:
    """Return the rules that are written, and the names of those that are switched off.

    Args:
        root: The plan.
        base: Rules that are extended: an entry with the name of one changes what it writes.
    """
    known = {rule.name: rule for rule in base}
    sections = _sections(root, "rules")
    _note_doubles(sections)
    entries: list[Entry[Rule]] = []
    off: set[str] = set()
    for section in sections:
        name = section.peek("name")
        enabled = section.flag("enabled", True)
        entry = _read_rule(section, known.get(name))
        if not enabled:
            off.add(name)
        elif entry is not None:
            entries.append(entry)
    return entries, frozenset(off)


def _read_rule(section: Section, base: Rule | None) -> Entry[Rule] | None:
    """Return the rule, or None where its kind is not known and so neither are its keys."""
    before = section.problem_count()
    kind = section.choice("kind", RULE_KINDS, kind_of(base) if base else REQUIRED)
    if section.problem_count() > before:
        section.skip()
        return None
    cls = RULE_KINDS[kind]
    return read_entry(section, cls, asdict(base) if isinstance(base, cls) else NO_BASE, check_rule)


def extended_metrics(written: Sequence[MetricPlan], base: Sequence[MetricPlan]) -> tuple[MetricPlan, ...]:
    """Return the written metrics, and after them those of the base that can still match first."""
    left = [part for part in base if not any(covers(own.match, part.match) for own in written)]
    return (*written, *left)


def extended_rules(written: Sequence[Rule], off: frozenset[str], base: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the base's rules in their order, changed or taken out as written, and after them the others."""
    own = {rule.name: rule for rule in written}
    kept = [own.pop(rule.name, rule) for rule in base if rule.name not in off]
    return (*kept, *own.values())


def _sections(root: Section, key: str) -> list[Section]:
    items = root.items(key, ())
    if len(items) > ENTRIES_MAX[key]:
        root.problem(key, f"must hold at most {ENTRIES_MAX[key]} entries, got {len(items)}")
    sections = [root.enter(item) for item in items[: ENTRIES_MAX[key]]]
    return [section for section in sections if section.value.is_section()]


def _note_doubles(sections: Sequence[Section]) -> None:
    """Note names that an earlier section has already."""
    first: dict[str, Section] = {}
    for section in sections:
        name = section.peek("name")
        if name in first:
            section.problem("name", f"must be unique, {name!r} is taken in line {first[name].value.line}")
        elif name:
            first[name] = section


def _note_unreachable(entries: Sequence[Entry[Part]], covered: Callable[[Part, Part], bool]) -> None:
    """Note entries of which an earlier one takes everything."""
    for place, entry in enumerate(entries):
        for earlier in entries[:place]:
            if earlier.sound and entry.sound and covered(earlier.part, entry.part):
                entry.section.problem("match", f"is never reached, {earlier.section.value.key} takes it all first")
                break
