"""Draws what is watched: devices with their last windows, alerts, one alert in full."""

from collections.abc import Sequence
from typing import Final, TypeVar

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tocsin.api.alert_answers import Alert, AlertDetail
from tocsin.api.answers import Device, Fleet
from tocsin.cli.watch_state import HELP, QUESTIONS, Looking, Seen, shown_alerts, shown_devices
from tocsin.cli.words import date_and_time, span, sparkline, time_of_day

STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan", "quiet": "dim", "ok": "green"}
SPARK: Final = 20
HEAD_LINES: Final = 7
"""Lines of the screen that are no rows: head, foot, borders and headings."""

NARROW: Final = 90
SILENT_KINDS: Final = ("missing", "flatline")
T = TypeVar("T")


def clean(text: str) -> str:
    """Return the text without what a terminal would take for a command."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def screen(seen: Seen, looking: Looking, width: int, height: int) -> RenderableType:
    """Return the whole screen.

    Args:
        seen: What is known.
        looking: Where the watcher is.
        width: Columns of the terminal.
        height: Its lines.
    """
    rows = max(4, height - HEAD_LINES)
    if looking.detail and seen.detail and seen.detail.id == looking.detail:
        body: RenderableType = _detail(seen.detail)
    else:
        devices = max(2, rows * 2 // 3 if looking.pane == "devices" else rows // 3)
        body = Group(_devices(seen, looking, devices, width), _alerts(seen, looking, max(2, rows - devices), width))
    return Group(_head(seen, looking), body, _foot(seen, looking))


def visible_devices(seen: Seen, looking: Looking, height: int) -> list[str]:
    """Return the devices whose lines show: those that sparks are asked for."""
    rows = max(4, height - HEAD_LINES)
    count = max(2, rows * 2 // 3 if looking.pane == "devices" else rows // 3)
    return [one.device for one in window_of(shown_devices(seen, looking), looking.places[0], count)[0]]


def window_of(items: Sequence[T], place: int, count: int) -> tuple[Sequence[T], int]:
    """Return the part of a list that shows so that the place is in it, and the place within that part.

    >>> window_of("abcdef", 4, 3)
    ('def', 1)
    """
    start = max(0, min(place - count // 2, len(items) - count))
    return items[start : start + count], place - start


def _head(seen: Seen, looking: Looking) -> RenderableType:
    line = Text(clean(seen.place), "bold")
    if seen.fleet:
        line.append(f"  {time_of_day(seen.fleet.now_ms)} UTC  ")
        line.append_text(_counts(seen.fleet))
    if looking.filter or looking.is_typing:
        line.append(f"  filter: {clean(looking.filter)}{'▏' if looking.is_typing else ''}", "reverse")
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _counts(fleet: Fleet) -> Text:
    devices, alerts = fleet.devices, fleet.alerts
    text = Text(f"{devices.total:,} devices")
    for state in ("critical", "warning", "info", "quiet"):
        if count := getattr(devices, state):
            text.append(f", {count:,} {state}", STYLES[state])
    return text.append(f"; {alerts.firing:,} alerts firing, {alerts.acknowledged:,} acknowledged")


def _devices(seen: Seen, looking: Looking, rows: int, width: int) -> RenderableType:
    found = shown_devices(seen, looking)
    table = _table("device", "state", "site", "last values", "")
    part, marked = window_of(found, looking.places[0], rows)
    for place, one in enumerate(part):
        is_marked = place == marked and looking.pane == "devices" and not looking.detail
        table.add_row(
            clean(one.device),
            Text(one.state, STYLES[one.state]),
            clean(one.site),
            _values(one, 1 if width < NARROW else 3),
            _spark(seen.sparks.get(one.device)),
            style="reverse" if is_marked else "",
        )
    title = f"devices {len(found):,}" + (", the worst first" if found else ": none yet")
    return Panel(table, title=title, title_align="left", border_style="cyan" if looking.pane == "devices" else "dim")


def _table(*headings: str) -> Table:
    table = Table.grid(expand=True, padding=(0, 2))
    for heading in headings:
        table.add_column(heading, no_wrap=True, overflow="ellipsis", ratio=1 if heading == "last values" else None)
    return table


def _values(one: Device, count: int) -> str:
    shown = [
        f"{clean(value.metric.rsplit('_', 1)[0])} {value.value:.4g} {clean(value.unit)}".rstrip()
        for value in one.values
        if value.value is not None
    ]
    return ", ".join(shown[:count]) or "nothing came"


def _spark(one: Device | None) -> Text:
    return Text(sparkline(one.spark.values, SPARK) if one and one.spark else "", "cyan")


def _alerts(seen: Seen, looking: Looking, rows: int, width: int) -> RenderableType:
    found = shown_alerts(seen, looking)
    table = Table.grid(expand=True, padding=(0, 2))
    for _ in range(3 if width < NARROW else 4):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    part, marked = window_of(found, looking.places[1], rows)
    for place, one in enumerate(part):
        is_marked = place == marked and looking.pane == "alerts" and not looking.detail
        cells: list[RenderableType] = [time_of_day(one.at_ms), _phase(one), clean(one.device)]
        cells += [] if width < NARROW else [_people(one)]
        table.add_row(*cells, clean(one.summary), style="reverse" if is_marked else "")
    title = f"alerts {len(found):,}" + ("" if found else ": none")
    return Panel(table, title=title, title_align="left", border_style="cyan" if looking.pane == "alerts" else "dim")


def _phase(one: Alert) -> Text:
    return Text(one.severity, STYLES[one.severity]) if one.phase == "firing" else Text(one.phase, "green")


def _people(one: Alert) -> str:
    words = [f"ack {one.acknowledged_by}"] if one.acknowledged_by else []
    words += [f"→ {one.assignee}"] if one.assignee else []
    words += ["closed"] if one.closed_by else []
    words += ["silenced"] if one.silenced else []
    return clean(", ".join(words))


def _detail(one: AlertDetail) -> RenderableType:
    lines = [
        Text.assemble(_phase(one), f"  {clean(one.summary)}"),
        Text(
            clean(
                f"{one.device} {one.metric}, rule {one.rule} ({one.kind})" + (f", site {one.site}" if one.site else "")
            )
        ),
        Text(
            f"since {date_and_time(one.since_ms)} UTC"
            + (f", ended {date_and_time(one.ended_ms)}" if one.ended_ms else "")
        ),
        Text(clean(_why(one)), "cyan"),
    ]
    lines += [Text(_people(one), "yellow")] if _people(one) else []
    if one.panes:
        lines.append(Text(f"windows  {sparkline([pane.mean for pane in one.panes], len(one.panes))}"))
    lines.append(Text("history", "bold"))
    lines += [
        Text(
            clean(
                f"  {date_and_time(move.at_ms)} {move.phase_from} → {move.phase}: {move.decision or 'not decided yet'}"
            )
        )
        for move in one.history[-8:]
    ]
    lines += [
        Text(clean(f"  {date_and_time(action.at_ms)} {action.by}: {action.kind} {action.text}"))
        for action in one.actions[-8:]
    ]
    return Panel(Group(*lines), title=one.id, title_align="left", border_style="cyan")


def _why(one: AlertDetail) -> str:
    def told(value: float) -> str:
        return span(value) if one.kind in SILENT_KINDS else f"{value:.6g} {one.unit}".rstrip()

    words = [f"value {told(one.value)}"] if one.value is not None else []
    if one.expected_low is not None and one.expected_high is not None:
        words.append(f"expected {told(one.expected_low)} to {told(one.expected_high)}")
    if one.score is not None and one.threshold is not None:
        words.append(f"score {one.score:.3g}, threshold {one.threshold:.3g}")
    elif one.threshold is not None:
        words.append(f"compared with {told(one.threshold)}")
    return ", ".join(words)


def _foot(seen: Seen, looking: Looking) -> RenderableType:
    if looking.asks:
        return Text(f"{QUESTIONS[looking.asks]} y/n", "bold reverse")
    if seen.error:
        return Text(clean(f"no answer: {seen.error}; trying again"), "bold red", no_wrap=True, overflow="ellipsis")
    return Text(clean(looking.message) or HELP, "dim", no_wrap=True, overflow="ellipsis")
