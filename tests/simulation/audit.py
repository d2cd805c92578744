"""What is checked when a history is over; each finding begins with its kind.

Kinds: ``lost``, ``doubled``, ``differs``, ``fell``, ``published before commit``, ``numbers``, ``mixed``,
``size``, ``replay``, ``stuck``, ``raised``.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from tests.simulation.audit_alerts import audit_alerts
from tests.simulation.audit_outages import audit_outages
from tests.simulation.oracle import Oracle, hash_of, quantiles_of, stats_of
from tests.simulation.script import JOINED, OUTAGES, QUANTILES
from tests.simulation.setting import FLOW, QUANTILES_OF, TEMP, TIMING, WINDOWS, correction_ms
from tests.simulation.watch import opened
from tests.simulation.world import ALL_QUEUE, World
from tocsin.core.late_marks import LATE_SIZE_MS
from tocsin.core.ports import StoredRecord, WindowItem
from tocsin.runtime.rejected import late_readings

RECORD_BYTES_MAX: Final = 1024 * 1024
WINDOW_BYTES_MAX: Final = 1024
NOTIFICATION_BYTES_MAX: Final = 256 * 1024
TICK_KEY: Final = "!tick"


def audit(world: World) -> list[str]:
    """Return what is wrong with a history that was played to its end."""
    findings = list(world.watch.findings)
    oracles, missing = _follow(world)
    findings += missing
    for group, oracle in oracles.items():
        findings += _accounts(world, group, oracle)
        findings += [f"doubled: {what}" for what in oracle.differing]
    findings += _windows(world, list(oracles.values()))
    findings += _late_marks(world)
    findings += _aside(world, oracles.values())
    findings += _panes(world)
    findings += _sizes(world)
    findings += audit_alerts(world)
    if OUTAGES in world.history.features:
        findings += audit_outages(world)
    return findings


def _group_of(key: str, groups: int) -> int:
    return hash_of(key) * groups >> 128


def _follow(world: World) -> tuple[dict[int, Oracle], list[str]]:
    """Return an oracle a group that was told what was folded, in that order; and what never was."""
    log, groups = world.memory.readings, world.history.groups
    records = {shard.id: log.read(shard.id, after=None, limit=1 << 30) for shard in log.shards()}
    ranges = {shard.id: range(shard.hash_start, shard.hash_end) for shard in log.shards()}
    parents = {shard.id: shard.parents for shard in log.shards()}
    findings: list[str] = []
    put = Counter((record.partition_key, record.data) for shard in records.values() for record in shard)
    for one, times in Counter(world.acknowledged).items():
        if put[one] < times:
            findings.append(f"lost: acknowledged {times} times, {put[one]} times on the log: {one}")
    oracles: dict[int, Oracle] = {}
    for group in range(groups):
        oracle = oracles[group] = Oracle(
            WINDOWS, TIMING.out_of_orderness_ms, TIMING.idle_ms, correction_ms(world.history.features)
        )
        passed: dict[str, int] = {}

        def concerns(record: StoredRecord, group: int = group) -> bool:
            return record.partition_key != TICK_KEY and _group_of(record.partition_key, groups) == group

        for part in world.watch.folded.get(group, ()):
            for parent in parents[part.shard]:
                left = [one for one in records.get(parent, ())[passed.get(parent, 0) :] if concerns(one)]
                findings += [
                    f"differs: {part.shard} came into group {group} before {parent} {one.sequence}" for one in left
                ]
            for record in records[part.shard][part.after : part.through]:
                _tell(oracle, record, world.said, (group, groups), ranges)
            passed[part.shard] = part.through
        for shard, held in records.items():
            left = [record for record in held[passed.get(shard, 0) :] if concerns(record)]
            findings += [f"lost: {shard} {one.sequence} was never folded into group {group}" for one in left]
    return oracles, findings


def _tell(
    oracle: Oracle,
    record: StoredRecord,
    said: dict[Any, list[Any]],
    place: tuple[int, int],
    ranges: dict[str, range],
) -> None:
    group, groups = place
    if record.partition_key == TICK_KEY:
        tick = msgspec.json.decode(record.data)
        hashes = ranges[record.shard]
        was_overtaken = (str(hashes.start), str(hashes.stop)) != (tick["hash_start"], tick["hash_end"])
        if hashes.start * groups >> 128 <= group <= (hashes.stop - 1) * groups >> 128 and not was_overtaken:
            oracle.tick(tick["tick_ms"], hashes, record.shard)
        return
    if _group_of(record.partition_key, groups) != group:
        return
    _, time_ms, counter, temp, flow = said[record.partition_key, record.data]
    metrics = None if temp is None else {TEMP: temp} | ({} if flow is None else {FLOW: flow})
    position = (record.shard, record.sequence)
    oracle.message(record.partition_key, [time_ms, counter, metrics], position, record.arrival_ms)


def _accounts(world: World, group: int, oracle: Oracle) -> Iterator[str]:
    for shard, account in oracle.accounts.items():
        stored = world.watch.accounts.get((group, shard))
        got = tuple(stored[1:6]) if stored else ()
        if got != account.counters():
            yield f"differs: group {group} {shard} counts {got}, the oracle {account.counters()}"


def _windows(world: World, oracles: Sequence[Oracle]) -> Iterator[str]:
    got = {
        (f"{tenant}#{device}", *key): item
        for (tenant, device), items in world.memory.windows.stored.items()
        for key, item in items.items()
        if item.size_ms != LATE_SIZE_MS
    }
    wanted = {(*key, 0): metrics for oracle in oracles for key, metrics in oracle.closed.items()}
    wanted |= {key: metrics for oracle in oracles for key, metrics in oracle.revisions.items()}
    yield from (f"lost: window {key}" for key in wanted.keys() - got.keys())
    yield from (f"doubled: window {key}" for key in got.keys() - wanted.keys())
    for key in wanted.keys() & got.keys():
        yield from _window(key, got[key], wanted[key])
        if QUANTILES in world.history.features and key[-1] == 0:
            yield from _quantiles(key, got[key], wanted[key])


def _late_marks(world: World) -> Iterator[str]:
    """What is kept aside as late is also found where people look at the series, and nothing else is."""
    wanted = {(late.partition_key, late.event_time_ms, late.metric) for late in late_readings(world.memory.blobs)}
    got = {
        (f"{tenant}#{device}", item.start_ms + item.revision, metric)
        for (tenant, device), items in world.memory.windows.stored.items()
        for item in items.values()
        if item.size_ms == LATE_SIZE_MS
        for metric in item.metrics
    }
    yield from (f"lost: mark of late reading {key}" for key in wanted - got)
    yield from (f"doubled: mark of late reading {key}" for key in got - wanted)


def _window(key: Any, item: WindowItem, metrics: dict[str, list[tuple[int, float]]]) -> Iterator[str]:
    if set(item.metrics) != set(metrics):
        yield f"differs: window {key} has {sorted(item.metrics)}, the oracle {sorted(metrics)}"
        return
    for metric, readings in metrics.items():
        for name, value in stats_of(readings).items():
            got = getattr(item.metrics[metric], name)
            if name in {"mean", "variance"}:
                same = math.isclose(got, value, rel_tol=1e-12, abs_tol=1e-9 if name == "variance" else 0.0)
            else:
                same = got == value
            if not same:
                yield f"differs: window {key} {metric} {name} is {got!r}, the oracle says {value!r}"


def _quantiles(key: Any, item: WindowItem, metrics: dict[str, list[tuple[int, float]]]) -> Iterator[str]:
    for metric, readings in metrics.items():
        wanted = quantiles_of(readings, QUANTILES_OF.get(metric, ()))
        got = item.metrics[metric].quantiles if metric in item.metrics else {}
        if got.keys() != wanted.keys() or any(
            not math.isclose(got[name], value, rel_tol=0.01, abs_tol=1e-9) for name, value in wanted.items()
        ):
            yield f"differs: window {key} {metric} quantiles are {got}, the oracle says {wanted}"


def _aside(world: World, oracles: Iterable[Oracle]) -> Iterator[str]:
    late, rejected = Counter[Any](), Counter[Any]()
    for name, blob in world.memory.blobs.stored.items():
        for line in blob.splitlines() if not name.startswith("plans/") else ():
            told = msgspec.json.decode(line)
            at = (told["position"]["source"], told["position"]["sequence"])
            if name.startswith("late/"):
                late[*at, told["metric"]] += 1
            else:
                rejected[at] += 1
    everybody = list(oracles)
    for what, got, wanted in (
        ("late reading", late, Counter(one for oracle in everybody for one in oracle.late)),
        ("rejection", rejected, Counter(one for oracle in everybody for one in oracle.rejected)),
    ):
        yield from (f"lost: {what} {one}" for one in wanted - got)
        yield from (f"doubled: {what} {one}" for one in got - wanted)


def _panes(world: World) -> Iterator[str]:
    """Every committed batch of panes is on the log, first copies in order, or is folded where panes have no log."""
    if JOINED in world.history.features:
        for group, batches in world.watch.panes.items():
            folded = world.watch.judged(group)
            if folded != len(batches):
                yield f"lost: panes of group {group}: {folded} of {len(batches)} were judged"
        return
    log = world.memory.panes
    first: dict[str, list[bytes]] = {}
    for shard in log.shards():
        for record in log.read(shard.id, after=None, limit=1 << 30):
            seen = first.setdefault(record.partition_key, [])
            if record.data not in seen:
                seen.append(record.data)
    for group, batches in world.watch.panes.items():
        if first.get(f"1.{group}", []) != batches:
            yield f"lost: panes of group {group}: {len(first.get(f'1.{group}', []))} of {len(batches)} are on the log"


def _sizes(world: World) -> Iterator[str]:
    for items in world.memory.windows.stored.values():
        for item in items.values():
            if len(msgspec.msgpack.encode(item)) > WINDOW_BYTES_MAX:
                yield f"size: window {item.device} {item.start_ms}"
    for shard in world.memory.panes.shards():
        for record in world.memory.panes.read(shard.id, after=None, limit=1 << 30):
            if len(record.data) > RECORD_BYTES_MAX:
                yield f"size: panes {record.sequence}"
    yield from (
        f"size: notification {body[:60]}"
        for body in world.memory.queue(ALL_QUEUE).bodies()
        if len(body) > NOTIFICATION_BYTES_MAX
    )


def bodies_of(world: World) -> dict[Any, bytes]:
    """Return every stored state without what is on its way out of it."""
    return {key: opened(saved.blob)[1] for key, saved in world.memory.state.stored.items() if saved.blob is not None}
