"""Plans in YAML: read, checked with file, line and key, and turned into the model.

A plan *extends* the default plan unless it says ``extends: nothing``:

- ``bounds``, ``timing``, ``grouping``, ``groups``, ``generation``: what is not written keeps its default;
- ``metrics``: entries are put before the default's, so they match first; the same ``match`` replaces;
- ``rules``: entries are added; one with the name of a default rule changes only the keys that it writes,
  and ``enabled: false`` takes a rule out;
- ``sources``: where written, the default's are forgotten, as a source decides whose the readings are;
- ``budget``: for ``tocsin cost`` alone: no handler asks for it, so it is not part of what is compiled.

Handlers never import this module.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import asdict

from tocsin.core.plan.bounds import Bounds, Timing
from tocsin.core.plan.budget import Budget
from tocsin.core.plan.check import check_slices, check_timing
from tocsin.core.plan.check_rules import check_rule_within
from tocsin.core.plan.entries import (
    extended_metrics,
    extended_rules,
    read_devices,
    read_escalations,
    read_maintenance,
    read_metrics,
    read_modes,
    read_receivers,
    read_routes,
    read_rules,
    read_silences,
    read_sources,
)
from tocsin.core.plan.form import FORMS
from tocsin.core.plan.model import MetricPlan, Plan, Rule, Window
from tocsin.core.plan.reader import Entry, read_entry, read_fields
from tocsin.core.plan.telling import Escalation, Grouping
from tocsin.core.yaml_source import Document, Section
from tocsin.core.yaml_tree import read_text

Part = TypeVar("Part", bound=msgspec.Struct)

EXTENDS: Final = ("default", "nothing")
DEFAULT_FILE: Final = "default.yaml"
NOTHING: Final = Plan(metrics=(MetricPlan(match="*", windows=(Window(60_000, 60_000),)),))
"""What ``extends: nothing`` leaves: every metric needs some window."""


def load_plan(path: Path) -> Plan:
    """Return the plan in the file.

    Raises:
        PlanError: The file cannot be read, or has problems: all of them.
    """
    return parse_plan(read_text(path), str(path))


def load_budget(path: Path) -> Budget:
    """Return what the plan in the file may cost.

    Raises:
        PlanError: The file cannot be read, or has problems: all of them.
    """
    return _parsed(read_text(path), str(path))[1]


@cache
def default_plan() -> Plan:
    """Return the plan that needs no configuration."""
    text = files("tocsin.core.plan").joinpath(DEFAULT_FILE).read_text("utf-8")
    return parse_plan(text, DEFAULT_FILE)


def parse_plan(text: str, file: str) -> Plan:
    """Return the plan of the text.

    Args:
        text: The plan in YAML.
        file: What problems call it.

    Raises:
        PlanError: The text has problems: all of them.
    """
    return _parsed(text, file)[0]


def _parsed(text: str, file: str) -> tuple[Plan, Budget]:
    document = Document(text, file)
    root = document.root
    extends = root.choice("extends", EXTENDS, EXTENDS[0])
    base = NOTHING if extends == "nothing" else default_plan()
    plan, budget = _read_plan(root, base), read_entry(root.part("budget"), Budget).part
    document.finish()
    return plan, budget


def _read_plan(root: Section, base: Plan) -> Plan:
    receivers = read_receivers(root)
    routes = read_routes(root, _parts(receivers) or base.receivers)
    metrics, devices, sources = read_metrics(root, base.metrics), read_devices(root), read_sources(root)
    modes = read_modes(root)
    rules, off = read_rules(root, base.rules)
    bounds = read_entry(root.part("bounds"), Bounds, asdict(base.bounds))
    timing = read_entry(root.part("timing"), Timing, asdict(base.timing))
    plan = Plan(
        metrics=extended_metrics(_parts(metrics), base.metrics),
        rules=extended_rules(_parts(rules), off, base.rules),
        devices=_parts(devices) or base.devices,
        modes=_parts(modes) or base.modes,
        sources=_parts(sources) if root.find("sources") else base.sources,
        bounds=bounds.part,
        timing=timing.part,
        silences=_parts(read_silences(root)) or base.silences,
        maintenance=_parts(read_maintenance(root)) or base.maintenance,
        receivers=_parts(receivers) or base.receivers,
        routes=_parts(routes) or base.routes,
        escalations=_sorted_steps(read_escalations(root)) or base.escalations,
        grouping=read_entry(root.part("grouping"), Grouping, asdict(base.grouping)).part,
        **_read_numbers(root, base),
    )
    if bounds.sound and timing.sound:
        timing.note(check_timing(plan.timing, plan.bounds))
    sound = (all(entry.sound for entry in entries) for entries in (metrics, devices, modes))
    if timing.sound and all(sound):
        _check_together(root, plan, metrics, rules)
    return plan


def _read_numbers(root: Section, base: Plan) -> dict[str, Any]:
    values = read_fields(root, FORMS[Plan], Plan, asdict(base))
    groups = values["groups"]
    if groups & (groups - 1):
        root.problem("groups", f"must be a power of two, got {groups}")
    return values


def _parts(entries: Sequence[Entry[Part]]) -> tuple[Part, ...]:
    return tuple(entry.part for entry in entries)


def _sorted_steps(steps: Sequence[Entry[Escalation]]) -> tuple[Escalation, ...]:
    return tuple(sorted(_parts(steps), key=lambda step: (step.after_ms, step.name)))


def _check_together(
    root: Section, plan: Plan, metrics: Sequence[Entry[MetricPlan]], rules: Sequence[Entry[Rule]]
) -> None:
    """Note what is wrong between metrics, timing, rules and devices."""
    for place, finding in check_slices(plan):
        if place < len(metrics):
            metrics[place].note([finding])
        else:
            root.problem("metrics", f"metric {plan.metrics[place].match} of the default plan: {finding.message}")
    written = {entry.part.name: entry for entry in rules}
    for rule in plan.rules:
        findings = check_rule_within(rule, plan)
        entry = written.get(rule.name)
        if entry is None:
            for finding in findings:
                root.problem("rules", f"rule {rule.name} of the default plan: {finding.key} {finding.message}")
        elif entry.sound:
            entry.note(findings)
