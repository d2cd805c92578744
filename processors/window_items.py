"""Window items: panes as the readable items that people and queries get."""

from collections.abc import Sequence
from math import isnan

import numpy as np

from tocsin.core.columns import EARLY, PaneColumns
from tocsin.core.keys import split_key
from tocsin.core.ports import WindowItem, WindowStats


def window_items(panes: PaneColumns, quantiles: Sequence[float]) -> list[WindowItem]:
    """Return an item for each device, window and revision; early panes are no windows of their own.

    Args:
        panes: Closed windows, revisions and early panes.
        quantiles: In ``(0, 1)``, what each column of the panes' quantiles is.
    """
    windows = np.flatnonzero(panes.kind != EARLY).tolist()
    if not windows:
        return []
    stats = _stats(panes, [f"p{100 * quantile:.10g}" for quantile in quantiles])
    items: dict[tuple[int, int, int, int], WindowItem] = {}
    device, metric = panes.device.tolist(), panes.metric.tolist()
    size_ms, start_ms, revision = panes.size_ms.tolist(), panes.start_ms.tolist(), panes.revision.tolist()
    for pane in windows:
        key = (device[pane], size_ms[pane], start_ms[pane], revision[pane])
        item = items.get(key)
        if item is None:
            tenant, name = split_key(panes.devices[device[pane]])
            item = WindowItem(tenant, name, size_ms[pane], start_ms[pane], revision[pane], {})
            items[key] = item
        item.metrics[panes.metrics[metric[pane]]] = stats[pane]
    return list(items.values())


def _stats(panes: PaneColumns, names: Sequence[str]) -> list[WindowStats]:
    elapsed_s = (panes.last_ms - panes.first_ms) / 1_000
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = (panes.last - panes.first) / elapsed_s
    rates = [value if moved else None for value, moved in zip(rate.tolist(), (elapsed_s > 0).tolist(), strict=True)]
    columns = (
        panes.count,
        panes.mean,
        panes.sum,
        panes.variance,
        panes.min,
        panes.max,
        panes.first,
        panes.last,
    )
    quantiles = [
        {name: value for name, value in zip(names, values, strict=True) if not isnan(value)}
        for values in panes.quantiles.tolist()
    ]
    rows = zip(*(column.tolist() for column in columns), rates, quantiles, strict=True)
    return [WindowStats(*row) for row in rows]
