"""What the demo shows while it plays: a live picture in a terminal, plain lines elsewhere."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulator.scenario_model import Scenario
from tocsin.cli.feed import is_told
from tocsin.cli.words import date_and_time, sparkline, time_of_day
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.messages import Notification, Phase, Severity, Transition
from tocsin.core.ports import WindowItem
from tocsin.runtime.play import Frame, Play

ALERTS_SHOWN: Final = 12
SERIES_SHOWN: Final = 6
SERIES_MINUTES: Final = 60
PLAIN_PROGRESS_MS: Final = HOUR_MS // 2
STYLES: Final = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


class View(Protocol):
    """Shows frames."""

    def show(self, frame: Frame) -> None:
        """Show the frame."""
        ...


def alert_line(transition: Transition) -> Text:
    """Return one line about the transition: when, how bad, where, what."""
    firing = transition.phase is Phase.FIRING
    style = STYLES[transition.severity] if firing else "green"
    line = Text(f"{time_of_day(transition.at_ms)} ")
    line.append("● " if firing else "○ ", style)
    line.append(f"{transition.severity if firing else transition.phase:<8} ", style)
    line.append(f"{transition.device:<22} ")
    line.append(transition.summary)
    return line


def outage_line(told: Notification) -> Text:
    """Return one line about what people were told of a gateway or site: when, what failed, how many are behind it."""
    firing = told.attributes["state"] == Phase.FIRING
    style = STYLES[Severity(told.attributes["severity"])] if firing else "green"
    name, _, what = told.subject.partition(": ")[2].partition(": ")
    line = Text(f"{time_of_day(told.at_ms)} ")
    line.append("▲ " if firing else "△ ", style)
    line.append(f"{'outage' if firing else 'over':<8} ", style)
    line.append(f"{name:<22} ")
    line.append(f"{what}; told as one")
    return line


def lines_of(frame: Frame) -> list[Text]:
    """Return what is new in the frame, a line each."""
    return [alert_line(one) for one in frame.transitions if is_told(one)] + [outage_line(one) for one in frame.outages]


class PlainView:
    """Prints each alert as a line, and now and then how far the play is."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        self._console = console
        self._next_ms = scenario.start_ms + PLAIN_PROGRESS_MS

    def show(self, frame: Frame) -> None:
        """Print what is new."""
        for line in lines_of(frame):
            self._console.print(line, soft_wrap=True)
        if frame.now_ms >= self._next_ms:
            self._next_ms += PLAIN_PROGRESS_MS
            counts = frame.counts
            self._console.print(
                f"{time_of_day(frame.now_ms)} -- {frame.share:4.0%} played: {frame.wire.delivered:,} messages in, "
                f"{counts.readings:,} readings in windows, {counts.panes:,} panes, "
                f"{counts.transitions.get('firing', 0)} alerts",
                soft_wrap=True,
            )


class LiveView:
    """Draws the stages' counters, some series and the newest alerts."""

    def __init__(self, live: Live, scenario: Scenario, play: Play, *, title: str) -> None:
        self._live = live
        self._play = play
        self._title = title
        self._lines: deque[Text] = deque(maxlen=ALERTS_SHOWN)
        self._firing: set[str] = set()
        self._series: dict[tuple[str, str], None] = dict.fromkeys(_first_series(scenario))

    def show(self, frame: Frame) -> None:
        """Draw the frame."""
        self._lines += lines_of(frame)
        for transition in filter(is_told, frame.transitions):
            self._follow(transition)
        self._live.update(self.picture(frame), refresh=True)

    def picture(self, frame: Frame) -> RenderableType:
        """Return the whole view of the frame."""
        return Group(self._head(frame), self._stages(frame), self._drawn_series(frame), self._feed())

    def _follow(self, transition: Transition) -> None:
        """Keep the series of the newest alerts in view."""
        if transition.phase is Phase.FIRING:
            self._firing.add(transition.fingerprint)
        else:
            self._firing.discard(transition.fingerprint)
        if transition.metric and transition.phase is Phase.FIRING:
            key = (transition.device, transition.metric)
            self._series.pop(key, None)
            self._series[key] = None
            while len(self._series) > SERIES_SHOWN:
                del self._series[next(iter(self._series))]

    def _head(self, frame: Frame) -> RenderableType:
        row = Table.grid(expand=True, padding=(0, 2))
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True, justify="right")
        bar = ProgressBar(total=1.0, completed=frame.share)
        row.add_row(Text(f"{date_and_time(frame.now_ms)} UTC", "bold"), bar, self._title)
        return row

    def _stages(self, frame: Frame) -> RenderableType:
        counts = frame.counts
        rejected = sum(sum(reasons.values()) for reasons in counts.reasons.values())
        table = Table.grid(padding=(0, 3))
        for _ in range(4):
            table.add_column()
        table.add_row(*(Text(name, "dim") for name in ("ingest and log", "processors", "anomaly", "alerts")))
        table.add_row(
            f"{frame.wire.delivered:,} messages in\n{rejected:,} rejected",
            f"{counts.readings:,} readings\n{counts.duplicates:,} duplicates, {counts.late:,} late",
            f"{counts.panes:,} panes\n{counts.transitions.get('firing', 0):,} alerts fired",
            f"{len(self._firing):,} firing now\n{counts.notifications:,} notifications",
        )
        return Panel(table, title="stages", title_align="left", border_style="dim")

    def _drawn_series(self, frame: Frame) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for _ in range(4):
            table.add_column(no_wrap=True)
        for device, metric in self._series:
            values = _minute_means(self._play.windows(device, span_ms=SERIES_MINUTES * MINUTE_MS), metric, frame.now_ms)
            newest = next((value for value in reversed(values) if value is not None), None)
            shown = "" if newest is None else f"{newest:.4g}"
            table.add_row(device, metric, Text(sparkline(values, SERIES_MINUTES), "cyan"), shown)
        return Panel(table, title="the last hour, a bar a minute", title_align="left", border_style="dim")

    def _feed(self) -> RenderableType:
        lines = list(reversed(self._lines))
        for line in lines:
            line.no_wrap = True
            line.overflow = "ellipsis"
        lines += [Text("")] * (ALERTS_SHOWN - len(lines))
        return Panel(Group(*lines), title="alerts, newest first", title_align="left", border_style="dim")


def _first_series(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Return the first metric of the first device of each type."""
    seen: set[str] = set()
    for device in scenario.devices.values():
        if device.profile.type not in seen:
            seen.add(device.profile.type)
            yield device.name, next(iter(device.profile.metrics))


def _minute_means(items: Sequence[WindowItem], metric: str, now_ms: int) -> list[float | None]:
    """Return the mean of each of the last minutes, oldest first, None for a minute without readings."""
    means = {item.start_ms: item.metrics[metric].mean for item in items if metric in item.metrics}
    end_ms = max(means, default=now_ms) + MINUTE_MS
    return [means.get(start_ms) for start_ms in range(end_ms - SERIES_MINUTES * MINUTE_MS, end_ms, MINUTE_MS)]


PICTURE_COLUMNS: Final = 128
PICTURE_SHARE: Final = 0.62
"""How much of the scenario has been played when its picture is taken: most of it is in view then."""


class PictureView:
    """Takes a picture of the live view once on the way, as SVG, and passes every frame on."""

    def __init__(self, view: View, drawn: LiveView, path: Path) -> None:
        self._view = view
        self._drawn = drawn
        self._path = path
        self._taken = False

    def show(self, frame: Frame) -> None:
        """Show the frame, and write the picture when it is time."""
        self._view.show(frame)
        self._drawn.show(frame)
        if not self._taken and frame.share >= PICTURE_SHARE:
            self._taken = True
            sheet = Console(record=True, width=PICTURE_COLUMNS, file=StringIO(), force_terminal=True)
            sheet.print(self._drawn.picture(frame))
            # Without the web fonts that it would fetch: a picture asks nobody for anything.
            self._path.write_text(re.sub(r"@font-face \{.*?\}", "", sheet.export_svg(title="tocsin demo"), flags=re.S))


@contextmanager
def opened_view(
    console: Console, scenario: Scenario, play: Play, *, title: str, picture: Path | None = None
) -> Iterator[View]:
    """Yield the view that suits the console; with ``picture`` it also writes an SVG on the way."""
    with _suiting_view(console, scenario, play, title=title) as view:
        if picture is None:
            yield view
            return
        unseen = Live(console=Console(file=StringIO()), auto_refresh=False)
        yield PictureView(view, LiveView(unseen, scenario, play, title=title), picture)


@contextmanager
def _suiting_view(console: Console, scenario: Scenario, play: Play, *, title: str) -> Iterator[View]:
    if not console.is_terminal:
        yield PlainView(console, scenario)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield LiveView(live, scenario, play, title=title)
