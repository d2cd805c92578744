"""Waiting: windows of rules that modes switch, until it is known in which mode their device was.

A metric that tells a mode may come behind the windows that it is about. So a window waits until the mode is told up to
its end, or until the next window of its series comes: then what was told last counts.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.mode_book import Standing, mode_panes, note, standing
from anomaly.round import Round
from anomaly.rows import HELD, NONE
from anomaly.table import Table, new_rows
from tocsin.core.columns import PaneColumns
from tocsin.core.plan.modes import Answer
from tocsin.core.plan.resolve import switched_rules

FIELDS: Final = ("start_ms", "end_ms", "count", "mean", "min", "max", "first", "last", "first_ms", "last_ms")
Window = tuple[float, ...]
"""The ``FIELDS`` of a window, and the value before it with its time."""


@dataclass(frozen=True, slots=True)
class Released:
    """A window that a rule that modes switch is to judge.

    Attributes:
        rule: Place of the rule in the plan.
        series: Series row.
        place: Place in the batch of the pane with which it became known.
        window: The window.
        standing: Whether, and against which memory, it is judged.
    """

    rule: int
    series: int
    place: int
    window: Window
    standing: Standing


Held = dict[tuple[int, int], Window]
"""Series row and place of the rule to the window that waits."""


def released(fold: Fold, panes: PaneColumns, intake: Intake, judged: list[Round]) -> list[Released]:
    """Return what rules that modes switch can judge now; the rest waits.

    Args:
        fold: The fold.
        panes: A run of panes.
        intake: Their rows.
        judged: The windows of the run that other rules have judged.
    """
    held, ready = _load(fold), list[Released]()
    tells = mode_panes(fold, panes, intake)
    windows = {int(place): (one, cell) for one in judged for cell, place in enumerate(one.places.tolist())}
    for place in sorted({*tells, *windows}):
        if place in tells:
            device = int(intake.device[place])
            for mode in tells[place]:
                note(fold, mode, panes, place, device)
            ready += _of_device(fold, held, device, place)
        if place in windows:
            ready += _of_window(fold, held, *windows[place], place)
    _save(fold, held)
    return ready


def _of_device(fold: Fold, held: Held, device: int, place: int) -> list[Released]:
    """Release the device's windows whose modes are told now."""
    owner = fold.state.series["device"]
    ready = []
    for (series, rule), window in [*held.items()]:
        if owner[series] == device:
            found = _standing(fold, rule, series, window, waits=True)
            if found is not None:
                del held[series, rule]
                ready.append(Released(rule, series, place, window, found))
    return ready


def _of_window(fold: Fold, held: Held, judged: Round, cell: int, place: int) -> list[Released]:
    """Release the window that waits before this one, and this one too if its modes are told already."""
    series, ready = int(judged.rows[cell]), []
    window = (
        *(float(getattr(judged.windows, name)[cell]) for name in FIELDS),
        float(judged.last[cell]),
        float(judged.last_ms[cell]),
    )
    for rule in switched_rules(fold.plan):
        if not fold.coverage.series[series, rule]:
            continue
        before = held.pop((series, rule), None)
        if before is not None:
            carried = _standing(fold, rule, series, before, waits=False)
            ready.append(Released(rule, series, place, before, carried or Standing(Answer.BETWEEN)))
        found = _standing(fold, rule, series, window, waits=True)
        if found is None:
            held[series, rule] = window
        else:
            ready.append(Released(rule, series, place, window, found))
    return ready


def _standing(fold: Fold, rule: int, series: int, window: Window, *, waits: bool) -> Standing | None:
    device = int(fold.state.series["device"][series])
    return standing(fold, fold.plan.rules[rule], device, (int(window[0]), int(window[1])), waits=waits)


def _load(fold: Fold) -> Held:
    """Return the windows that wait, of rules that the plan still has over their series."""
    table = fold.state.held
    places = {name: place for place, name in enumerate(fold.rule_place.tolist())}
    columns = [table[name].tolist() for name in ("series", "rule", *FIELDS, "before", "before_ms")]
    found = ((series, places.get(rule, NONE), window) for series, rule, *window in zip(*columns, strict=True))
    switched = set(switched_rules(fold.plan))
    return {
        (series, rule): tuple(window)
        for series, rule, window in found
        if rule in switched and fold.coverage.series[series, rule]
    }


def _save(fold: Fold, held: Held) -> None:
    rows = new_rows(HELD, len(held))
    if held:
        rows["series"] = np.array([series for series, _ in held])
        rows["rule"] = fold.rule_place[[rule for _, rule in held]]
        for name, column in zip((*FIELDS, "before", "before_ms"), zip(*held.values(), strict=True), strict=True):
            rows[name] = np.array(column)
    fold.state.held = Table({name: column.astype(HELD[name].dtype) for name, column in rows.items()})
