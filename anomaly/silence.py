"""Silence: at a tick, who has not reported for too long."""

from typing import Final

import numpy as np

from anomaly.awaited import never_seen
from anomaly.clocks import STEADY_TICKS, judge_clocks, offsets
from anomaly.detectors import missing
from anomaly.fold import Fold
from anomaly.late import lengthen
from anomaly.lifecycle import BREACH, UNSET_MS
from anomaly.mode_book import standing
from anomaly.moves import Subjects, alerts_of, expire_alerts, judge, tick_place
from anomaly.presence import presence_of
from anomaly.rows import NONE
from anomaly.verdicts import Verdicts
from tocsin.core.clock import MINUTE_MS
from tocsin.core.columns import Bools, Int64s
from tocsin.core.plan.model import MissingRule, QualityRule
from tocsin.core.plan.modes import Answer
from tocsin.core.plan.resolve import is_device_rule

PAUSE_TICKS: Final = 5
"""Ticks that may fail to come in a row; after more, silence counts anew: nobody watched meanwhile."""

LAGGING_MS_MAX: Final = 10 * MINUTE_MS
"""How far a shard's ticks may be behind another's and still be waited for; a drained shard has none."""


def note_tick(ticks: dict[str, int], shard: str, tick_ms: int) -> tuple[dict[str, int], int]:
    """Return the newest tick of each shard that counts, and the tick that all of them have passed.

    A group on the border of two shards gets ticks of both. The slower one's backlog is not folded yet,
    so only its tick may be judged by.

    Args:
        ticks: Shard to its newest tick so far.
        shard: Shard of this tick.
        tick_ms: This tick.
    """
    known = ticks | {shard: max(tick_ms, ticks.get(shard, tick_ms))}
    newest = max(known.values())
    counted = {name: at_ms for name, at_ms in known.items() if newest - at_ms <= LAGGING_MS_MAX}
    return counted, min(counted.values())


def judge_silence(fold: Fold, tick_ms: int) -> None:
    """Judge silence at the tick, and remember that it came."""
    state, previous_ms = fold.state, fold.state.tick_ms
    if previous_ms is None or tick_ms - previous_ms > PAUSE_TICKS * fold.plan.timing.tick_ms:
        state.watched_ms = tick_ms
    seen_ms = state.devices["seen_ms"]
    is_new = seen_ms == UNSET_MS  # came before the first tick
    reported = np.flatnonzero((is_new | (seen_ms == previous_ms)) & ~never_seen(state))
    seen_ms[is_new] = tick_ms
    gone = _gone(fold, tick_ms)
    expire_alerts(fold, gone, tick_ms)
    off_ms = offsets(fold, reported)
    for rule, wanted in enumerate(fold.plan.rules):
        if isinstance(wanted, QualityRule) and is_device_rule(wanted):
            _judge_clocks(fold, rule, wanted, tick_ms, (reported, off_ms))
        elif isinstance(wanted, MissingRule) and is_device_rule(wanted):
            _judge_devices(fold, rule, wanted, tick_ms, gone)
            _judge_awaited(fold, rule, wanted, tick_ms, gone)
        elif isinstance(wanted, MissingRule):
            _judge_series(fold, rule, wanted, tick_ms, reported)
    state.devices["off_ms"][reported] = off_ms
    state.tick_ms = tick_ms


def _gone(fold: Fold, tick_ms: int) -> Bools:
    """Return shape (d,): devices from which nothing came for so long that their alerts expire; watched all the time."""
    expire_ms = fold.plan.timing.expire_ms
    seen_ms = np.maximum(fold.state.devices["seen_ms"], fold.state.watched_ms)
    return np.asarray(tick_ms - seen_ms >= expire_ms) & bool(expire_ms)


def _judge_devices(fold: Fold, rule: int, wanted: MissingRule, tick_ms: int, gone: Bools) -> None:
    devices = fold.state.devices
    rows = np.flatnonzero(fold.coverage.device[:, rule] & ~gone & ~never_seen(fold.state))
    rows = rows[_is_on(fold, wanted, rows, tick_ms)]
    verdicts = missing.judge_devices(
        wanted,
        fold.plan.timing,
        presence_of(devices, rows),
        seen_ms=devices["seen_ms"][rows],
        size_ms=devices["size_ms"][rows],
        tick_ms=tick_ms,
        watched_ms=fold.state.watched_ms,
    )
    _judge(fold, rule, _subjects(fold, rows, np.full(len(rows), NONE, np.int64), tick_ms), verdicts)


def _judge_awaited(fold: Fold, rule: int, wanted: MissingRule, tick_ms: int, gone: Bools) -> None:
    """Judge devices that the plan names and that have never sent anything."""
    awaited = never_seen(fold.state)
    if not awaited.any():
        return
    rows = np.flatnonzero(fold.coverage.device[:, rule] & ~gone & awaited)
    rows = rows[_is_on(fold, wanted, rows, tick_ms)]
    since_ms = fold.state.devices["seen_ms"][rows]
    verdicts = missing.judge_awaited(wanted, since_ms=since_ms, tick_ms=tick_ms, watched_ms=fold.state.watched_ms)
    _judge(fold, rule, _subjects(fold, rows, np.full(len(rows), NONE, np.int64), tick_ms), verdicts)


def _judge_clocks(fold: Fold, rule: int, wanted: QualityRule, tick_ms: int, reported: tuple[Int64s, Int64s]) -> None:
    """Judge the clocks of devices that reported since the tick before, by how far each is off."""
    covered = np.flatnonzero(fold.coverage.device[reported[0], rule])
    rows, off_ms = reported[0][covered], reported[1][covered]
    subjects = _subjects(fold, rows, np.full(len(rows), NONE, np.int64), tick_ms)
    steady_ms = np.full(len(rows), max(wanted.for_ms, STEADY_TICKS * fold.plan.timing.tick_ms))
    judge(fold, rule, subjects, judge_clocks(fold, wanted, rows, off_ms), for_ms=steady_ms)


def _judge_series(fold: Fold, rule: int, wanted: MissingRule, tick_ms: int, reported: Int64s) -> None:
    """Judge the metrics of devices that reported since the tick before."""
    series, devices = fold.state.series, fold.state.devices
    has_reported = np.zeros(len(devices), np.bool_)
    has_reported[reported] = True
    rows = np.flatnonzero(fold.coverage.series[:, rule] & has_reported[series["device"]])
    rows = rows[_is_on(fold, wanted, series["device"][rows], tick_ms)]
    device = series["device"][rows].astype(np.int64)
    verdicts = missing.judge_series(
        wanted,
        fold.plan.timing,
        presence_of(series, rows),
        size_ms=np.array(fold.state.sizes_ms, np.int64)[series["size"][rows]],
        device_ms=devices["last_ms"][device],
    )
    _judge(fold, rule, _subjects(fold, device, rows, tick_ms), verdicts)


def _is_on(fold: Fold, wanted: MissingRule, devices: Int64s, tick_ms: int) -> Bools:
    """Tell which devices are in the modes in which the rule judges; what they told last counts."""
    if not wanted.when and not wanted.unless:
        return np.ones(len(devices), np.bool_)
    span = (tick_ms, tick_ms + 1)
    found = [standing(fold, wanted, device, span, waits=False) for device in devices.tolist()]
    return np.array([one is not None and one.answer is Answer.ON for one in found], np.bool_)


def _judge(fold: Fold, rule: int, subjects: Subjects, verdicts: Verdicts) -> None:
    """Let breaches act; that a subject is not silent is no signal, only its data are."""
    over = np.flatnonzero(verdicts.verdict == BREACH)
    if not len(over):
        return
    subjects, verdicts = subjects.take(over), verdicts.take(over)
    judge(fold, rule, subjects, verdicts)
    lengthen(fold, alerts_of(fold, rule, subjects.device, subjects.series), verdicts)


def _subjects(fold: Fold, device: Int64s, series: Int64s, tick_ms: int) -> Subjects:
    return Subjects(device, series, np.full(len(device), tick_ms, np.int64), tick_place(fold, device, series))
