"""One alert as text: what, why, the windows that led to it as drawn bands, its history, what was told."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Final

from tocsin.cli.output import table_lines
from tocsin.cli.words import date_and_time, span
from tocsin.core.clock import iso
from tocsin.core.messages import Decision, DecisionRecord, Evidence, PaneEvidence, Phase
from tocsin.runtime.episodes import Episode

BAND_CELLS: Final = 32
SILENCE_KINDS: Final = ("missing", "flatline")
"""Kinds whose value is a time in milliseconds."""


def alert_lines(episode: Episode, count: int, decisions: Sequence[DecisionRecord]) -> Iterator[str]:
    """Yield the lines about an episode.

    Args:
        episode: Which.
        count: How many episodes the alert has.
        decisions: What the alerts stage decided about its moves.
    """
    newest, told = episode.newest, episode.told
    where = " ".join(part for part in (f"{newest.tenant}/{newest.device}", newest.metric) if part)
    yield f"{newest.severity} {newest.phase}: {told.summary}"
    yield f"  {where}, rule {newest.rule} ({newest.kind})" + (f", site {newest.site}" if newest.site else "")
    yield f"  fingerprint {newest.fingerprint}, episode {newest.episode} of {count}, since {iso(newest.since_ms)}"
    yield ""
    yield f"why it {_verb(told.phase)} at {iso(told.at_ms)}"
    yield from (f"  {line}" for line in _why(told.evidence, told.kind, told.unit))
    if told.evidence.panes:
        yield ""
        yield f"windows that led there ({_legend(told.evidence)})"
        yield from (f"  {line}" for line in _windows(told.evidence))
    yield ""
    yield "history"
    yield from (f"  {line}" for line in _history(episode, decisions))


def _verb(phase: Phase) -> str:
    return "fired" if phase is Phase.FIRING else f"became {phase}"


def _why(evidence: Evidence, kind: str, unit: str) -> Iterator[str]:
    def told(value: float) -> str:
        return span(value) if kind in SILENCE_KINDS else f"{value:.6g} {unit}".rstrip()

    yield f"value {told(evidence.value)}"
    if evidence.expected_low is not None and evidence.expected_high is not None:
        yield f"expected {told(evidence.expected_low)} to {told(evidence.expected_high)}"
    if evidence.score is not None and evidence.threshold is not None:
        yield f"score {evidence.score:.3g}, threshold {evidence.threshold:.3g}"
    elif evidence.threshold is not None:
        yield f"compared with {told(evidence.threshold)}"
    if evidence.parts:
        parts = sorted(evidence.parts.items(), key=lambda part: -abs(part[1]))
        yield "parts of the score: " + ", ".join(f"{name} {share:.3g}" for name, share in parts)
    if evidence.position:
        yield f"reading at {evidence.position}"
    yield f"plan {evidence.plan_hash}"


def _legend(evidence: Evidence) -> str:
    drawn = "━ smallest to largest, ● mean"
    return drawn if evidence.expected_low is None else f"{drawn}, · expected"


def _windows(evidence: Evidence) -> list[str]:
    low, high = _scale(evidence)
    rows = [
        (
            date_and_time(pane.start_ms),
            str(pane.count),
            f"{pane.mean:.5g}",
            f"{pane.min:.5g}",
            f"{pane.max:.5g}",
            band(pane, evidence, low, high),
        )
        for pane in evidence.panes
    ]
    return table_lines(("start (UTC)", "readings", "mean", "min", "max", f"{low:.5g} to {high:.5g}"), rows)


def _scale(evidence: Evidence) -> tuple[float, float]:
    lows = [pane.min for pane in evidence.panes]
    highs = [pane.max for pane in evidence.panes]
    if evidence.score is not None:  # the band of kinds that do not score may be of another quantity
        lows += [evidence.expected_low] if evidence.expected_low is not None else []
        highs += [evidence.expected_high] if evidence.expected_high is not None else []
    return min(filter(isfinite, lows), default=0.0), max(filter(isfinite, highs), default=1.0)


def band(pane: PaneEvidence, evidence: Evidence, low: float, high: float) -> str:
    """Return the window drawn between ``low`` and ``high``."""

    def cell(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return min(BAND_CELLS - 1, max(0, round(share * (BAND_CELLS - 1))))

    cells = [" "] * BAND_CELLS
    if evidence.score is not None and evidence.expected_low is not None and evidence.expected_high is not None:
        first, last = cell(evidence.expected_low), cell(evidence.expected_high)
        cells[first : last + 1] = "·" * (last + 1 - first)
    if isfinite(pane.min) and isfinite(pane.max) and isfinite(pane.mean):
        first, last = cell(pane.min), cell(pane.max)
        cells[first : last + 1] = "━" * (last + 1 - first)
        cells[cell(pane.mean)] = "●"
    return "".join(cells)


def _history(episode: Episode, decisions: Sequence[DecisionRecord]) -> Iterator[str]:
    decided = {one.alert.number: one for one in decisions}
    for move in episode.moves:
        yield f"{iso(move.at_ms)} {move.phase_from} → {move.phase}: {move.summary}"
        decision = decided.get(move.number)
        if decision is None:
            yield "  not decided yet what to tell"
        elif decision.notification_id:
            outage = f" of the outage of {decision.outage}" if decision.outage else ""
            yield f"  {decision.decision} in notification {decision.notification_id}{outage}"
        elif decision.outage_alert:
            by = decision.outage_alert.fingerprint
            yield f"  muted by the outage of {decision.outage} (alert {by}), not told while that lasted"
        elif decision.decision is Decision.SILENCED:
            yield "  silenced, not told while the silence lasted"
        else:
            yield f"  {decision.decision}, nobody was told"


def muting_lines(muted: Sequence[DecisionRecord]) -> Iterator[str]:
    """Yield what the outage muted that the alert is part of; nothing where it muted nothing.

    Args:
        muted: The decisions by which it did.
    """
    if muted:
        yield from ("", f"muted while {muted[0].outage} was out")
    alerts = {one.alert.fingerprint: one for one in muted}
    yield from (f"  {one.device}  {name}" for name, one in sorted(alerts.items()))
