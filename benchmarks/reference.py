"""The slow reference of the hot path: every closed window, worked out one reading at a time from the bytes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.workload import Workload
from tocsin.core.columns import PaneColumns

WINDOW_MS = 60_000
WindowKey = tuple[str, str, int]
"""Partition key, metric, start."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a window must hold: readings, sum, lowest, highest, and the value at the latest event time."""

    count: int
    sum: float
    min: float
    max: float
    last: float


def reference_windows(work: Workload) -> dict[WindowKey, Window]:
    """Return every window of the workload, closed or not; what is malformed or a copy is left out."""
    seen: set[bytes] = set()
    readings: dict[WindowKey, list[tuple[int, float]]] = {}
    for key, data in zip(work.keys, work.datas, strict=True):
        if data in seen or not data.endswith(b"}}"):
            continue
        seen.add(data)
        said = json.loads(data)
        for metric, value in said["metrics"].items():
            window = (key, metric, said["ts"] // WINDOW_MS * WINDOW_MS)
            readings.setdefault(window, []).append((said["ts"], value))
    return {window: _window(one) for window, one in readings.items()}


def _window(readings: list[tuple[int, float]]) -> Window:
    values = [value for _, value in readings]
    return Window(len(values), sum(values), min(values), max(values), max(readings)[1])


def differing(panes: Iterable[PaneColumns], wanted: dict[WindowKey, Window]) -> list[str]:
    """Return what is wrong with the panes: a window that differs, came twice, or was never due."""
    wrong: list[str] = []
    found: set[WindowKey] = set()
    for one in panes:
        rows = zip(
            *(getattr(one, name).tolist() for name in ("device", "metric", "start_ms")),
            *(getattr(one, name).tolist() for name in ("count", "sum", "min", "max", "last")),
            strict=True,
        )
        for device, metric, start_ms, *stats in rows:
            key = (one.devices[device], one.metrics[metric], start_ms)
            window = wanted.get(key)
            if key in found or window is None or not _same(Window(*stats), window):
                wrong.append(f"{key}: {stats} for {window}")
            found.add(key)
    newest_ms = max(start_ms for *_, start_ms in wanted)
    wrong += [f"{key} is missing" for key in wanted if key[-1] < newest_ms - WINDOW_MS and key not in found]
    return wrong


def _same(got: Window, wanted: Window) -> bool:
    exact = (got.count, got.min, got.max, got.last) == (wanted.count, wanted.min, wanted.max, wanted.last)
    return exact and abs(got.sum - wanted.sum) <= 1e-9 * abs(wanted.sum)
