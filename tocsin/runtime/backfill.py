"""The past, folded in a generation of its own: there arrival time is event time, so nothing of it comes late.

What it brings: windows, for people and queries, and all that is learned of devices that nobody knew yet. Its alerts
are over, and nobody is told of them. The generation comes into force once all of it is folded.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from anomaly.contract import Detector
from anomaly.detectors.adaptive import Adaptive
from anomaly.regroup import history_of as anomaly_history
from anomaly.regroup import unheard, without
from processors.geometry import geometry_of
from processors.regroup import history_of as processors_history
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import NowMs
from tocsin.core.errors import ConfigError
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.formats.json_split import split_messages
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Phase
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend, Blobs
from tocsin.runtime.generations import (
    PLANS_PREFIX,
    Known,
    divided,
    former_plan,
    insist_on_generation,
    load_known,
    store_known,
    switch,
)
from tocsin.runtime.host import Host
from tocsin.runtime.replay import Replayed, ReplayRun, ReplaySettings
from tocsin.runtime.rescale import drain

BLOBS_PREFIX: Final = "backfill/"


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What became of the past.

    Attributes:
        generation: Generation that is in force from now on.
        records: Records that were folded.
        left_out: Records that were not: of ticks and people's actions, and those whose time cannot be read.
        overlapping: Records that were not, as they are of a time in which their device is known already.
        readings: Readings in windows.
        rejected: Messages that broke a rule.
        panes: Windows.
        alerts: Alerts that fired in the past; nobody is told.
        devices: Devices of the past.
        new_devices: Those that nobody knew, of which all that was learned stays.
    """

    generation: int
    records: int
    left_out: int
    overlapping: int
    readings: int
    rejected: int
    panes: int
    alerts: int
    devices: int
    new_devices: int


def backfill(
    host: Host,
    plan: Plan,
    records: Iterable[Recorded],
    now_ms: NowMs,
    *,
    detector: Detector | None = None,
    is_trial: bool = False,
) -> Backfilled:
    """Fold the records, then put the plan's generation into force.

    Where it is interrupted before the switch, the former generation is still in force; windows that were written by
    then are written again, the same, by the next try. The records are sorted in memory, by event time.

    Args:
        host: The open backend; nothing else may run on it.
        plan: As the running one, with the next generation; groups may change as well.
        records: The past, in any order.
        now_ms: The clock.
        detector: Whose columns the anomaly stage keeps; None for the default one.
        is_trial: Whether only to say what would be done: all is folded, in memory, and forgotten.

    Raises:
        ConfigError: The plan differs in something else, was switched to already, or something cannot be delivered.
    """
    judge = detector or Adaptive()
    known = _known_so_far(host, plan, judge, now_ms, is_trial=is_trial)
    past = _Past(_first_seen(known), max(window.size_ms for part in plan.metrics for window in part.windows))
    beside = _Beside(host.backend, plan.generation, is_trial=is_trial)
    with ReplayRun(Header(source="backfill", clock="event"), plan, ReplaySettings(open_host=beside.open)) as run:
        for _ in run.steps(past.in_order(records)):
            pass
        folded = run.result([])
        history = load_known(beside.backend, plan, judge)
    if not folded.records:
        raise ConfigError(f"nothing to fold: {past.left_out:,} records left out, {past.overlapping:,} known already")
    added = _strangers(history, known, plan)
    if not is_trial:
        taught = {key for state in added.anomaly for key in state.device_keys}
        present = [without(state, taught) for state in known.anomaly]
        both = Known(known.processors + added.processors, present + added.anomaly, known.alerts, known.cohorts)
        moved = divided(both, plan, judge, host.backend.readings.shards())
        store_known(host.backend, plan, moved, judge)
        switch(host.backend.blobs, plan, now_ms())
    return _summary(plan, folded, past, history.devices(), added.devices())


def _summary(plan: Plan, folded: Replayed, past: "_Past", devices: list[int], new_devices: list[int]) -> Backfilled:
    counts = folded.counts
    return Backfilled(
        plan.generation,
        folded.records,
        past.left_out,
        past.overlapping,
        counts.readings if counts else 0,
        counts.rejected if counts else 0,
        counts.panes if counts else 0,
        sum(one.phase is Phase.FIRING for one in folded.transitions),
        sum(devices),
        sum(new_devices),
    )


def _known_so_far(host: Host, plan: Plan, judge: Detector, now_ms: NowMs, *, is_trial: bool) -> Known:
    """Return what is known in the generation before; nothing, where no plan was run yet."""
    blobs = host.backend.blobs
    insist_on_generation(blobs, plan)
    if plan.generation == 1 and not blobs.names(PLANS_PREFIX, limit=1):
        return Known([], [], [])
    former = former_plan(blobs, plan)
    insist_on_generation(blobs, former)
    if not is_trial:
        drain(host, former, now_ms)
    known = load_known(host.backend, former, judge, reads_only=is_trial)
    if not is_trial:
        drain(host, former, now_ms)  # what the loading published once more
    return known


def _strangers(history: Known, known: Known, plan: Plan) -> Known:
    """Return what the past taught of devices that nobody knew."""
    devices = {key for group in known.processors for key in group.devices}
    devices |= {key for state in known.anomaly for key in state.device_keys} - _unheard(known)
    return Known(
        [processors_history(group, geometry_of(plan), devices) for group in history.processors],
        [anomaly_history(state, devices) for state in history.anomaly],
        [],
    )


def _unheard(known: Known) -> set[str]:
    """Return devices that are awaited only: whatever the past taught of them is more."""
    return {key for state in known.anomaly for key in unheard(state)}


def _first_seen(known: Known) -> dict[str, int]:
    """Return since when each device is known."""
    seen = {
        key: int(at_ms) for group in known.processors for key, at_ms in zip(group.devices, group.max_ms, strict=True)
    }
    for state in known.anomaly:
        firsts = zip(state.device_keys, state.devices["first_ms"].tolist(), strict=True)
        seen |= {key: min(at_ms, seen.get(key, at_ms)) for key, at_ms in firsts if at_ms >= 0}
    return seen


class _Past:
    """The records in the order of their event times, which become their arrivals.

    Attributes:
        left_out: Records without an event time: ticks, actions, what cannot be read.
        overlapping: Records of a time in which their device is known already.
    """

    def __init__(self, first_seen: Mapping[str, int], longest_ms: int) -> None:
        self.left_out = self.overlapping = 0
        # Up to a border of all windows: a window is either of the past or of the present.
        self._ends_ms = {key: at_ms // longest_ms * longest_ms for key, at_ms in first_seen.items()}

    def in_order(self, records: Iterable[Recorded]) -> Iterator[Recorded]:
        dated: list[tuple[int, Recorded]] = []
        for record in records:
            time_ms = None if record.partition_key == TICK_KEY else event_time_ms(record.data)
            if time_ms is None:
                self.left_out += 1
            elif time_ms >= self._ends_ms.get(record.partition_key, time_ms + 1):
                self.overlapping += 1
            else:
                dated.append((time_ms, record))
        dated.sort(key=lambda one: one[0])
        for time_ms, record in dated:
            yield msgspec.structs.replace(record, arrival_ms=time_ms)


def event_time_ms(data: bytes) -> int | None:
    """Return the newest event time of the record's messages, or None where none can be read."""
    times = []
    for part in split_messages(data):
        try:
            stamp = _decode_stamp(part).ts
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            continue
        times.append(stamp if isinstance(stamp, int) else iso_ms(stamp))
    newest_ms = max(times, default=-1)
    return newest_ms if newest_ms >= 0 else None


class _Stamp(msgspec.Struct):
    """The one field that decides when a message counts."""

    ts: int | str


_decode_stamp: Final = msgspec.json.Decoder(_Stamp).decode


class _Beside:
    """Opens what the past is folded on: logs, states and alerts of its own, in memory; windows and lists are the real.

    Attributes:
        backend: Once it is open.
    """

    backend: Backend

    def __init__(self, real: Backend, generation: int, *, is_trial: bool) -> None:
        self._real = real
        self._generation = generation
        self._is_trial = is_trial

    def open(self, now_ms: NowMs, shards: int) -> Embedded:
        """Return the open backend."""
        opened = open_embedded(None, now_ms=now_ms, shards=shards)
        if not self._is_trial:
            blobs = _Prefixed(self._real.blobs, f"{BLOBS_PREFIX}{self._generation}/")
            real = self._real
            opened.backend = replace(opened.backend, windows=real.windows, directory=real.directory, blobs=blobs)
        self.backend = opened.backend
        return opened


@dataclass(frozen=True, slots=True)
class _Prefixed:
    """Blobs whose names begin with a prefix: the shards of the past have names that those of the present have, too."""

    blobs: Blobs
    prefix: str

    def put(self, name: str, data: bytes) -> None:
        """Write or overwrite the blob."""
        self.blobs.put(self.prefix + name, data)

    def get(self, name: str) -> bytes | None:
        """Return the blob, or None where there is none."""
        return self.blobs.get(self.prefix + name)

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        """Return names with the prefix in order, those after ``after``, at most ``limit``."""
        found = self.blobs.names(self.prefix + prefix, after=self.prefix + after if after else "", limit=limit)
        return [name.removeprefix(self.prefix) for name in found]
