"""In what modes devices are, as their metrics and the calendar tell, pane by pane."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.lifecycle import UNSET_MS
from anomaly.rows import MODE, NONE
from anomaly.table import new_rows
from tocsin.core.clock import DAY_MS
from tocsin.core.columns import PaneColumns, PaneKind
from tocsin.core.plan.model import Rule
from tocsin.core.plan.modes import Answer, Mode, calendar_answer, metric_answer
from tocsin.core.plan.resolve import metric_plan, smallest_window

CARRIED_MS_MAX: Final = DAY_MS
"""For how long a mode counts on that its metric told last: some metrics are sent only where they change."""

GAP_WINDOWS: Final = 10
"""After so many windows without its metric a mode begins anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a rule judges a window.

    Attributes:
        answer: On: it does. Off: it does not, and its alerts clear. Between: nobody knows.
        baseline: Which of its memories counts: 0, or behind the place in ``mode_names`` of a mode.
    """

    answer: Answer
    baseline: int = 0


def mode_panes(fold: Fold, panes: PaneColumns, intake: Intake) -> dict[int, list[int]]:
    """Return place of a pane to the modes of the plan that it tells of, by their place."""
    codes = {name: code for code, name in enumerate(panes.metrics)}
    told: dict[int, list[int]] = {}
    for place, mode in enumerate(fold.plan.modes):
        if mode.metric not in codes:
            continue
        size_ms = smallest_window(metric_plan(fold.plan, mode.metric)).size_ms
        tells = (panes.metric == codes[mode.metric]) & (panes.size_ms == size_ms)
        tells &= (panes.kind == PaneKind.ON_TIME) & (intake.device != NONE)
        for pane in np.flatnonzero(tells).tolist():
            told.setdefault(pane, []).append(place)
    return told


def note(fold: Fold, place: int, panes: PaneColumns, pane: int, device: int) -> None:
    """Note what a pane tells of a mode of its device; an older one than the newest says nothing."""
    mode, modes = fold.plan.modes[place], fold.state.modes
    row = fold.coverage.mode.get((device, place), NONE)
    if row == NONE:
        row = _opened(fold, device, place)
        modes = fold.state.modes
    start_ms, size_ms = int(panes.start_ms[pane]), int(panes.size_ms[pane])
    until_ms = int(modes["until_ms"][row])
    if until_ms != UNSET_MS and start_ms + size_ms <= until_ms:
        return
    answer = metric_answer(mode, float(panes.min[pane]), float(panes.max[pane]))
    is_new = until_ms == UNSET_MS or start_ms - until_ms > GAP_WINDOWS * size_ms or answer != modes["answer"][row]
    if is_new:
        modes["answer"][row], modes["since_ms"][row] = answer, start_ms
    modes["until_ms"][row] = start_ms + size_ms


def _opened(fold: Fold, device: int, place: int) -> int:
    state = fold.state
    row = fold.coverage.mode[device, place] = len(state.modes)
    rows = new_rows(MODE, 1)
    rows["device"][:], rows["mode"][:] = device, name_place(fold, place)
    state.modes.append(rows)
    return row


def name_place(fold: Fold, place: int) -> int:
    """Return the place in ``mode_names`` of a mode of the plan, whose name is added if it is new."""
    name, names = fold.plan.modes[place].name, fold.state.mode_names
    if name not in names:
        names.append(name)
    return names.index(name)


def standing(fold: Fold, rule: Rule, device: int, span: tuple[int, int], *, waits: bool) -> Standing | None:
    """Return whether the rule judges a window of the device, None where that is still to be told.

    Args:
        fold: The fold.
        rule: That modes switch.
        device: Row of the device.
        span: Start and end of the window.
        waits: Whether to wait for a mode that is not told up to the window's end; else what was told last counts.
    """
    places = {mode.name: place for place, mode in enumerate(fold.plan.modes)}

    def ask(names: Iterable[str]) -> list[Answer | None]:
        return [_answer(fold, places[name], device, span, waits=waits) for name in names]

    asked = [*ask(getattr(rule, "when", ())), *map(_turned, ask(getattr(rule, "unless", ())))]
    if Answer.OFF in asked:
        return Standing(Answer.OFF)
    if None in asked:
        return None
    if Answer.BETWEEN in asked:
        return Standing(Answer.BETWEEN)
    baselines = getattr(rule, "baselines", ())
    return _baseline(fold, [places[name] for name in baselines], ask(baselines))


def _baseline(fold: Fold, places: list[int], answers: list[Answer | None]) -> Standing | None:
    """Return which memory counts: that of the first mode that is on; None where one before it is still to be told."""
    for place, answer in zip(places, answers, strict=True):
        if answer is None:
            return None
        if answer is not Answer.OFF:
            return Standing(answer, name_place(fold, place) + 1 if answer is Answer.ON else 0)
    return Standing(Answer.ON)


def _turned(answer: Answer | None) -> Answer | None:
    return None if answer is None else Answer(-answer)


def _answer(fold: Fold, place: int, device: int, span: tuple[int, int], *, waits: bool) -> Answer | None:
    mode: Mode = fold.plan.modes[place]
    start_ms, end_ms = span
    if not mode.metric:
        return calendar_answer(mode, start_ms, end_ms)
    row = fold.coverage.mode.get((device, place), NONE)
    until_ms = UNSET_MS if row == NONE else int(fold.state.modes["until_ms"][row])
    if waits and until_ms < end_ms:
        return None
    if until_ms == UNSET_MS or end_ms - until_ms > CARRIED_MS_MAX:
        return Answer.BETWEEN
    since_ms = int(fold.state.modes["since_ms"][row])
    return Answer(int(fold.state.modes["answer"][row])) if start_ms >= since_ms + mode.settle_ms else Answer.BETWEEN
