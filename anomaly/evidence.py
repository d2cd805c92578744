"""Evidence: why an alert moved, and the transition that says so."""

import math
import sys
from dataclasses import dataclass, replace

import numpy as np

from anomaly.fingerprint import fingerprint
from anomaly.fold import Fold
from anomaly.lifecycle import PHASES, SEVERITIES, UNSTEPPED, Lives
from anomaly.rows import NONE
from anomaly.summary import amended_summary, expired_summary, summary, withdrawn_summary
from anomaly.verdicts import Verdicts
from tocsin.core.columns import Floats
from tocsin.core.keys import split_key
from tocsin.core.messages import PANES_MAX, Amendment, Evidence, PaneEvidence, Phase, Severity, Transition
from tocsin.core.plan.resolve import device_plan, is_switched, metric_plan, unit_of


@dataclass(frozen=True, slots=True)
class Moved:
    """One alert that moved.

    Attributes:
        alert: Its row.
        phase_from: Place in ``PHASES`` where it stood.
        life: Where it stands now, one row.
        position: Position of the reading that moved it, or empty.
        severity_from: Its place among the severities before, where its rule has several.
    """

    alert: int
    phase_from: int
    life: Lives
    position: str = ""
    severity_from: int = UNSTEPPED


def transition(fold: Fold, rule: int, moved: Moved, verdicts: Verdicts) -> Transition:
    """Return the transition of an alert that a verdict moved.

    Args:
        fold: The fold.
        rule: Place of the rule in the plan.
        moved: The alert.
        verdicts: The verdict, one.
    """
    evidence = Evidence(
        value=_finite(verdicts.value[0]),
        plan_hash=fold.plan_hash,
        score=_known(verdicts.score),
        threshold=_known(verdicts.threshold),
        expected_low=_known(verdicts.low),
        expected_high=_known(verdicts.high),
        parts={name: _finite(part[0]) for name, part in verdicts.parts.items() if not math.isnan(part[0])},
        panes=_known_panes(fold, rule, moved),
        position=moved.position,
    )
    bare = _bare(fold, moved, evidence)
    return replace(bare, summary=summary(fold.plan.rules[rule], bare))


def withdrawal(fold: Fold, moved: Moved) -> Transition:
    """Return the transition of an alert whose rule left the plan.

    Its value is the newest mean, 0 where there is none.
    """
    bare = _ended(fold, moved, "rule_withdrawn")
    return replace(bare, summary=withdrawn_summary(bare))


def expiry(fold: Fold, moved: Moved) -> Transition:
    """Return the transition of an alert of a device from which nothing came for too long."""
    bare = _ended(fold, moved, "expired")
    return replace(bare, summary=expired_summary(bare, fold.plan.timing.expire_ms))


def amendment(fold: Fold, rule: int, moved: Moved, verdicts: Verdicts, says: Amendment) -> Transition:
    """Return the transition of an alert of which late data say something.

    Args:
        fold: The fold.
        rule: Place of the rule in the plan.
        moved: The alert.
        verdicts: What the rule says of the revised window, one.
        says: What that means for the alert.
    """
    told = replace(transition(fold, rule, moved, verdicts), amendment=says, severity_from=None)
    return replace(told, summary=amended_summary(told))


def _ended(fold: Fold, moved: Moved, part: str) -> Transition:
    """Return the transition of an alert that ends without a verdict, still without its summary."""
    panes = _panes(fold, moved.alert)
    value = panes[-1].mean if panes else 0.0
    return _bare(fold, moved, Evidence(value, fold.plan_hash, parts={part: 1.0}, panes=panes))


def _bare(fold: Fold, moved: Moved, evidence: Evidence) -> Transition:
    """Return the transition without its summary."""
    state, life = fold.state, moved.life
    row = {name: int(state.alerts[name][moved.alert]) for name in ("device", "series", "rule")}
    tenant, device = split_key(state.device_keys[row["device"]])
    of_series = row["series"] != NONE
    metric = state.metric_names[int(state.series["metric"][row["series"]])] if of_series else ""
    rule, (kind, declared) = state.rule_names[row["rule"]], state.rule_kinds[row["rule"]]
    severity, severity_from = _severities(moved, Severity(declared))
    known = device_plan(fold.plan, tenant, device)
    return Transition(
        tenant=tenant,
        device=device,
        metric=metric,
        rule=rule,
        kind=kind,
        severity=severity,
        fingerprint=fingerprint(tenant, device, metric, rule),
        episode=int(life.episode[0]),
        number=int(life.number[0]),
        phase_from=PHASES[moved.phase_from],
        phase=PHASES[int(life.phase[0])],
        at_ms=int(life.moved_ms[0]),
        since_ms=int(life.since_ms[0]),
        evidence=evidence,
        summary="",
        site=known.site,
        device_type=known.type,
        gateway=known.gateway,
        unit=unit_of(metric_plan(fold.plan, metric), metric) if metric else "",
        shadow_of=_shadow_of(fold, rule),
        severity_from=severity_from,
    )


def _shadow_of(fold: Fold, name: str) -> str:
    """Return the rule beside which this one is tried; empty for one that is live, or left the plan."""
    return next((rule.shadow_of for rule in fold.plan.rules if rule.name == name), "")


def _severities(moved: Moved, declared: Severity) -> tuple[Severity, Severity | None]:
    """Return the severity, and what it was before where that matters: see ``Transition.severity_from``."""
    now, highest = int(moved.life.severity[0]), int(moved.life.severity_max[0])
    phase, phase_from = PHASES[int(moved.life.phase[0])], PHASES[moved.phase_from]
    if now == UNSTEPPED or Phase.FIRING not in {phase, phase_from}:
        return declared, None
    if phase is not phase_from:
        is_over = phase is not Phase.FIRING and highest > now
        return SEVERITIES[now], SEVERITIES[highest] if is_over else None
    return SEVERITIES[now], SEVERITIES[moved.severity_from]


def _panes(fold: Fold, alert: int) -> tuple[PaneEvidence, ...]:
    """Return the newest windows of the alert's series, oldest first; none for an alert about a device."""
    state = fold.state
    row = int(state.alerts["series"][alert])
    if row == NONE:
        return ()
    kept = int(state.series["ring"][row])
    size_ms = state.sizes_ms[int(state.series["size"][row])]
    places = np.arange(max(0, kept - PANES_MAX), kept) % PANES_MAX
    ring = {
        name: state.series[f"ring_{name}"][row][places].tolist() for name in ("start_ms", "count", "mean", "min", "max")
    }
    return tuple(
        PaneEvidence(start_ms, start_ms + size_ms, count, mean, low, high)
        for start_ms, count, mean, low, high in zip(*ring.values(), strict=True)
    )


def _known_panes(fold: Fold, rule: int, moved: Moved) -> tuple[PaneEvidence, ...]:
    """Return the newest windows up to the one that moved the alert.

    Where a mode switches the rule, a newer window may be known already, or not, as batches come; it is no part of this.
    """
    panes = _panes(fold, moved.alert)
    if not is_switched(fold.plan.rules[rule]):
        return panes
    return tuple(pane for pane in panes if pane.end_ms <= moved.life.moved_ms[0])[1 - PANES_MAX :]


def _known(values: Floats | None) -> float | None:
    """Return the one value, None where it is not a number."""
    return None if values is None or math.isnan(values[0]) else _finite(values[0])


def _finite(value: float) -> float:
    """Return the value, the nearest number where it is beyond all numbers, 0 where it is none."""
    known = float(value)  # plain floats: a transition is rare, but a storm of them is not
    return 0.0 if math.isnan(known) else min(max(known, -sys.float_info.max), sys.float_info.max)
