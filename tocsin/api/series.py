"""One series over a range, in steps that are merged from the longest windows that fit."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from tocsin.api.alerts import alert_id
from tocsin.api.answers import LateValue, Mark, Series
from tocsin.api.asked import SeriesAsked
from tocsin.api.cursors import decode_cursor, encode_cursor
from tocsin.api.expected import ENDS, expected_columns
from tocsin.api.limits import limit_lines
from tocsin.api.merging import PLAIN, column_of, counts_of
from tocsin.api.problems import invalid
from tocsin.api.service import Call, Service
from tocsin.api.steps import Steps, chosen_resolution, cut, steps_of
from tocsin.core.clock import HOUR_MS
from tocsin.core.episodes import Episode, episodes
from tocsin.core.late_marks import late_values
from tocsin.core.messages import Phase
from tocsin.core.plan.model import MetricPlan
from tocsin.core.plan.resolve import metric_plan, unit_of
from tocsin.core.series import SeriesWindows

RANGE_MS: Final = 6 * HOUR_MS
WINDOWS_MAX: Final = 50_000
"""Most windows that one answer is merged from; a longer range goes on at the cursor."""

MARKED_MOVES_MAX: Final = 1_000
MARKS_MAX: Final = 200
LATE_MAX: Final = 200
LATE_LOOKED_AT_MAX: Final = 1_000
"""Late readings of the device that are looked at, for those of the metric."""

REVISIONS_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Range:
    from_ms: int
    until_ms: int


def show_series(service: Service, call: Call[SeriesAsked, None]) -> Series:
    """Answer with the series."""
    asked = call.query
    part = metric_plan(service.plan(), asked.metric)
    names = _aggregations(asked.aggregations, part)
    span = _range(asked, service.now_ms())
    sizes_ms = sorted({window.size_ms for window in part.windows})
    begin_ms = decode_cursor(asked.cursor, int) if asked.cursor else span.from_ms
    if not span.from_ms <= begin_ms <= span.until_ms:
        raise invalid("query cursor", "must be of an answer to the same question")
    resolution = chosen_resolution(asked.resolution, span.from_ms, span.until_ms, sizes_ms[0])
    steps = steps_of(resolution, asked.zone, begin_ms, span.until_ms, asked.limit)
    source_ms = _source_ms(steps, sizes_ms)
    steps = cut(steps, steps.borders_ms[0] + WINDOWS_MAX * source_ms)
    windows = service.backend.windows.series(
        call.tenant,
        asked.device,
        asked.metric,
        size_ms=source_ms,
        start_ms=steps.borders_ms[0],
        end_ms=steps.borders_ms[-1],
        limit=WINDOWS_MAX * REVISIONS_MAX,
    )
    return _answer(service, call, names, span, steps, source_ms, windows)


def _aggregations(text: str, part: MetricPlan) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    known = (*PLAIN, *ENDS, *(f"p{100 * quantile:.10g}" for quantile in part.quantiles))
    if unknown := [name for name in names if name not in known and not re.fullmatch(r"p[0-9]+(\.[0-9]+)?", name)]:
        raise invalid("query aggregations", f"must be of {', '.join(known)}, got {unknown[0]}")
    return names


def _range(asked: SeriesAsked, now_ms: int) -> _Range:
    until_ms = now_ms if asked.until_ms is None else asked.until_ms
    from_ms = max(0, until_ms - RANGE_MS) if asked.from_ms is None else asked.from_ms
    if until_ms <= from_ms:
        raise invalid("query until_ms", f"must be after from_ms {from_ms}, got {until_ms}")
    return _Range(from_ms, until_ms)


def _source_ms(steps: Steps, sizes_ms: list[int]) -> int:
    """Return the longest windows that all steps are made of."""
    common_ms = int(np.gcd.reduce(np.array(steps.borders_ms, np.int64)))
    fitting = [size_ms for size_ms in sizes_ms if not common_ms % size_ms]
    if not fitting:
        rule = f"must be a multiple of the metric's windows of {sizes_ms[0]} ms, got {steps.resolution}"
        raise invalid("query resolution", rule)
    longest_ms = steps.length_ms or max(after - before for before, after in pairwise(steps.borders_ms))
    if longest_ms > WINDOWS_MAX * fitting[-1]:
        raise invalid("query resolution", f"must have at most {WINDOWS_MAX} windows a step, got {steps.resolution}")
    return fitting[-1]


def _answer(  # noqa: PLR0917  what was asked and what was found, in one place
    service: Service,
    call: Call[SeriesAsked, None],
    names: tuple[str, ...],
    span: _Range,
    steps: Steps,
    source_ms: int,
    windows: SeriesWindows,
) -> Series:
    asked, plan = call.query, service.plan()
    points = len(steps.borders_ms) - 1
    places = np.searchsorted(np.array(steps.borders_ms), windows.start_ms, side="right") - 1
    revised = np.unique(places[windows.revision > 0])
    within = _Range(steps.borders_ms[0], steps.borders_ms[-1])
    plain = {name: column_of(name, windows, places, points) for name in names if name not in ENDS}
    return Series(
        device=asked.device,
        metric=asked.metric,
        unit=unit_of(metric_plan(plan, asked.metric), asked.metric),
        from_ms=steps.borders_ms[0],
        until_ms=span.until_ms,
        resolution=steps.resolution,
        resolution_ms=steps.length_ms,
        zone=asked.zone,
        source_ms=source_ms,
        aggregations=names,
        limit=asked.limit,
        points=points,
        cursor=encode_cursor(steps.borders_ms[-1]) if steps.is_cut else None,
        start_ms=list(steps.borders_ms[:-1]),
        columns=plain | expected_columns(service, call, steps, names),
        count=counts_of(windows, places, points),
        revised=[steps.borders_ms[place] for place in revised.tolist()],
        late=_late(service, call, within),
        limits=limit_lines(plan, call.tenant, asked.device, asked.metric),
        marks=_marks(service, call, within),
    )


def _late(service: Service, call: Call[SeriesAsked, None], span: _Range) -> tuple[LateValue, ...]:
    asked, windows = call.query, service.backend.windows
    found = late_values(
        windows,
        call.tenant,
        asked.device,
        asked.metric,
        from_ms=span.from_ms,
        until_ms=span.until_ms,
        limit=LATE_LOOKED_AT_MAX,
    )
    return tuple(LateValue(at_ms, value) for at_ms, value in found[:LATE_MAX])


def _marks(service: Service, call: Call[SeriesAsked, None], span: _Range) -> tuple[Mark, ...]:
    """Return the alerts on the series, and on the whole device, within the range; pending ones are no alerts."""
    moves = service.backend.alerts.query(call.tenant, device=call.query.device, limit=MARKED_MOVES_MAX)
    about = [one for one in moves if one.metric in {"", call.query.metric} and not one.shadow_of]
    marks = [_mark(episode) for episode in episodes(about) if episode.fired]
    within = [one for one in marks if one.from_ms < span.until_ms and (one.until_ms or span.until_ms) >= span.from_ms]
    return tuple(within[:MARKS_MAX])


def _mark(episode: Episode) -> Mark:
    newest, told = episode.newest, episode.told
    # What kinds without a score expect is a length of silence or a rate: nothing to draw among the values.
    scored = told.evidence.score is not None and newest.metric != ""
    return Mark(
        alert_id(newest.fingerprint, newest.episode),
        newest.rule,
        newest.severity.value,
        newest.phase.value,
        episode.moves[0].since_ms,
        None if newest.phase is Phase.FIRING else newest.at_ms,
        told.summary,
        told.evidence.expected_low if scored else None,
        told.evidence.expected_high if scored else None,
    )
