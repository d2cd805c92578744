"""The text about one alert: what, where, since when, how bad, compared with what, what to look at."""

from collections.abc import Sequence

from alerts.finding import TIMED_KINDS, compared, look_at, measured, score_parts
from alerts.wording import bars, clean, duration, figures_table, number, words_table
from tocsin.core.clock import iso
from tocsin.core.messages import PaneEvidence, Phase, Transition


def alert_text(transition: Transition) -> str:
    """Return the facts, the newest windows, and the command that shows more."""
    lines = words_table([(name, value) for name, value in _facts(transition) if value])
    if transition.evidence.panes:
        unit = clean(transition.unit, 16)
        lines += ["", f"Newest windows{f' in {unit}' if unit else ''}:"]
        lines += [f"  {line}" for line in windows_table(transition.evidence.panes)]
    return "\n".join([*lines, "", f"Show all: tocsin alerts show {transition.fingerprint}"])


def _facts(transition: Transition) -> list[tuple[str, str]]:
    rule = f"{clean(transition.kind, 64)} rule {clean(transition.rule, 64)}"
    metric = clean(transition.metric, 64)
    return [
        ("What", f"{rule} on {metric}" if metric else f"{rule} on the whole device"),
        ("Where", where(transition)),
        ("Since", since(transition)),
        ("How bad", _how_bad(transition)),
        ("Compared with", compared(transition)),
        ("Score parts", score_parts(transition.evidence)),
        ("Look at", look_at(transition.kind) if transition.phase is Phase.FIRING else ""),
    ]


def _how_bad(transition: Transition) -> str:
    """Return severity and value; of what is over, how it was and what is measured now."""
    if transition.phase is not Phase.RESOLVED:
        return ", ".join(filter(None, [str(transition.severity), measured(transition)]))
    now = "" if transition.kind in TIMED_KINDS else f", now {measured(transition)}"
    return f"was {transition.severity}{now}"


def where(transition: Transition) -> str:
    """Return device, type, site and gateway, as far as the plan knows them."""
    device = clean(transition.device, 64)
    if transition.device_type:
        device = f"{device} ({clean(transition.device_type, 64)})"
    site = f"site {clean(transition.site, 64)}" if transition.site else ""
    gateway = f"gateway {clean(transition.gateway, 64)}" if transition.gateway else ""
    tenant = f"tenant {clean(transition.tenant, 64)}"
    return ", ".join(filter(None, [f"device {device}", site, gateway, tenant]))


def since(transition: Transition) -> str:
    """Return when the episode began, and how long it had lasted when the alert moved."""
    began, moved = iso(transition.since_ms), iso(transition.at_ms)
    lasted = duration(transition.at_ms - transition.since_ms)
    if transition.phase is Phase.RESOLVED:
        return f"{began}, resolved {moved} after {lasted}"
    if transition.at_ms == transition.since_ms:
        return f"{began}, fired at once"
    return f"{began}, fired {moved} after {lasted}"


def windows_table(panes: Sequence[PaneEvidence]) -> list[str]:
    """Return the windows as lines, oldest first, with a bar for each mean."""
    rows = [("from", "length", "readings", "mean", "min", "max", "")]
    for pane, bar in zip(panes, bars([pane.mean for pane in panes]), strict=True):
        figures = (number(pane.mean), number(pane.min), number(pane.max))
        rows.append((iso(pane.start_ms), duration(pane.end_ms - pane.start_ms), str(pane.count), *figures, bar))
    return figures_table(rows)
