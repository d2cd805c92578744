"""What is checked when a history is over; each finding begins with its kind.

Kinds: ``lost``, ``doubled``, ``differs``, ``fell``, ``published before commit``, ``numbers``, ``mixed``,
``size``, ``replay``, ``stuck``, ``raised``.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tests.simulation.oracle import Oracle, hash_of, stats_of
from tests.simulation.setting import FLOW, TEMP, TIMING, WINDOWS, wire
from tests.simulation.watch import opened
from tests.simulation.world import ALL_QUEUE, World
from tocsin.core.messages import Phase, Transition
from tocsin.core.ports import StoredRecord, WindowItem

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
    findings += _windows(world, oracles.values())
    findings += _aside(world, oracles.values())
    findings += _panes(world)
    findings += _alerts(world)
    findings += _notifications(world)
    findings += _sizes(world)
    return findings


def _group_of(key: str, groups: int) -> int:
    return hash_of(key) * groups >> 128


def _follow(world: World) -> tuple[dict[int, Oracle], list[str]]:
    """Return an oracle a group that was told what was folded, in that order; and what never was."""
    log, groups = world.memory.readings, world.history.groups
    records = {shard.id: log.read(shard.id, after=None, limit=1 << 30) for shard in log.shards()}
    ranges = {shard.id: range(shard.hash_start, shard.hash_end) for shard in log.shards()}
    findings: list[str] = []
    put = Counter((record.partition_key, record.data) for shard in records.values() for record in shard)
    for one, times in Counter(world.acknowledged).items():
        if put[one] < times:
            findings.append(f"lost: acknowledged {times} times, {put[one]} times on the log: {one}")
    said = {wire(message): message for action in world.history.actions if action[0] == "put" for message in action[1:]}
    oracles: dict[int, Oracle] = {}
    for group in range(groups):
        oracle = oracles[group] = Oracle(WINDOWS, TIMING.out_of_orderness_ms, TIMING.idle_ms)
        passed: dict[str, int] = {}
        for part in world.watch.folded.get(group, ()):
            for record in records[part.shard][part.after : part.through]:
                _tell(oracle, record, said, (group, groups), ranges)
            passed[part.shard] = part.through
        for shard, held in records.items():
            for record in held[passed.get(shard, 0) :]:
                concerns = _group_of(record.partition_key, groups) == group
                if record.partition_key != TICK_KEY and concerns:
                    findings.append(f"lost: {shard} {record.sequence} was never folded into group {group}")
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


def _windows(world: World, oracles: Iterable[Oracle]) -> Iterator[str]:
    got = {
        (f"{tenant}#{device}", size, start): item
        for (tenant, device), items in world.memory.windows.stored.items()
        for (size, start, revision), item in items.items()
        if revision == 0
    }
    wanted = {key: metrics for oracle in oracles for key, metrics in oracle.closed.items()}
    yield from (f"lost: window {key}" for key in wanted.keys() - got.keys())
    yield from (f"doubled: window {key}" for key in got.keys() - wanted.keys())
    for key in wanted.keys() & got.keys():
        yield from _window(key, got[key], wanted[key])


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
    """Every committed batch of panes is on the log, first copies in order, and anomaly has taken it."""
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


def _alerts(world: World) -> Iterator[str]:
    stored = {(told.fingerprint, told.number): told for told in world.memory.alerts.stored.values()}
    yield from (f"lost: transition {key} was committed and not put" for key in world.watch.told.keys() - stored.keys())
    if len(stored) != len(world.memory.alerts.stored):
        yield "numbers: a number of an alert is there twice"
    chains: dict[str, list[Transition]] = {}
    for told in stored.values():
        chains.setdefault(told.fingerprint, []).append(told)
        if told.device.startswith("pump") != (told.tenant == "acme"):
            yield f"mixed: {told.tenant} has a transition of {told.device}"
    for fingerprint, chain in chains.items():
        chain.sort(key=lambda told: told.number)
        if [told.number for told in chain] != list(range(1, len(chain) + 1)):
            yield f"numbers: {fingerprint} has the numbers {[told.number for told in chain]}"
        phases = [Phase.INACTIVE, *(told.phase for told in chain)]
        if [told.phase_from for told in chain] != phases[:-1]:
            yield f"numbers: {fingerprint} goes through {phases}"
        entry = world.memory.backend.directory.query(chain[-1].tenant, prefix=f"OPEN#{fingerprint}", limit=1)
        if bool(entry) != (chain[-1].phase is Phase.FIRING):
            yield f"differs: {fingerprint} is {chain[-1].phase}, in the list of open alerts: {bool(entry)}"


def _notifications(world: World) -> Iterator[str]:
    decided = {(one.alert.fingerprint, one.alert.number): one for one in world.memory.decisions.stored.values()}
    stored = {(told.fingerprint, told.number) for told in world.memory.alerts.stored.values()}
    yield from (f"lost: transition {key} has no decision" for key in stored - decided.keys())
    yield from (f"doubled: decision about {key} that is no transition" for key in decided.keys() - stored)
    bodies = world.memory.queue(ALL_QUEUE).bodies()
    sent = {one["id"]: one for one in map(msgspec.json.decode, dict.fromkeys(bodies))}
    if len(sent) != len(set(bodies)):
        yield "numbers: copies of a notification differ"
    told: Counter[Any] = Counter()
    for message in sent.values():
        told.update((alert["fingerprint"], alert["number"], message["id"]) for alert in message["alerts"])
    wanted = {(*key, one.notification_id) for key, one in decided.items() if one.notification_id}
    yield from (f"lost: {key} was never told" for key in wanted - told.keys())
    yield from (f"doubled: {key} was told without a decision" for key in told.keys() - wanted)
    yield from (
        f"lost: notification {one} was committed and never sent" for one in world.watch.notified.keys() - sent.keys()
    )
    yield from _of_tenants(world, list(sent.values()))


def _of_tenants(world: World, sent: list[Any]) -> Iterator[str]:
    for tenant, foreign in (("acme", "fan-"), ("globex", "pump-")):
        numbers = sorted(message["number"] for message in sent if message["tenant"] == tenant)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"numbers: notifications of {tenant} are numbered {numbers}"
        bodies = world.memory.queue(f"q-{tenant}").bodies()
        yield from (f"mixed: {tenant} was told {body[:80]}" for body in bodies if foreign in body)
        if {msgspec.json.decode(body)["id"] for body in bodies} != {
            message["id"] for message in sent if message["tenant"] == tenant
        }:
            yield f"mixed: the queue of {tenant} has not what it should have"
    for tenant, device in world.memory.windows.stored:
        if device.startswith("pump") != (tenant == "acme"):
            yield f"mixed: {tenant} has windows of {device}"


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
