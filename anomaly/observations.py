"""Panes as observations: what detectors see of windows, and choosing among windows and scores."""

from dataclasses import fields

from anomaly.contract import Observations, Scores
from tocsin.core.columns import Int64s, PaneColumns


def observations(panes: PaneColumns, places: Int64s) -> Observations:
    """Return the panes at the places, in that order, as detectors see them."""
    start_ms = panes.start_ms[places]
    return Observations(
        start_ms=start_ms,
        end_ms=start_ms + panes.size_ms[places],
        count=panes.count[places],
        mean=panes.mean[places],
        min=panes.min[places],
        max=panes.max[places],
        first=panes.first[places],
        last=panes.last[places],
        first_ms=panes.first_ms[places],
        last_ms=panes.last_ms[places],
    )


def take_windows(windows: Observations, places: Int64s) -> Observations:
    """Return the windows at the places, in that order."""
    return Observations(*(getattr(windows, field.name)[places] for field in fields(windows)))


def take_scores(scores: Scores, places: Int64s) -> Scores:
    """Return the scores at the places, in that order."""
    return Scores(
        score=scores.score[places],
        alert=scores.alert[places],
        warming=scores.warming[places],
        expected_low=scores.expected_low[places],
        expected_high=scores.expected_high[places],
        parts={name: part[places] for name, part in scores.parts.items()},
    )
