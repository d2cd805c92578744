"""What is checked of alerts when a history is over: transitions, decisions, notifications, actions, tenants."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from anomaly.handler import make_handler as make_anomaly
from tests.simulation.memory import Memory
from tests.simulation.script import ADAPTIVE, START_MS
from tests.simulation.watch import meta_of, opened
from tests.simulation.world import ALL_QUEUE, World
from tocsin.core.actions import ActionKind
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.messages import Decision, Phase, Transition
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.core.ports import StoredRecord
from tocsin.runtime.events import kinesis_event_of

AGAIN: Final = ("the silence has ended", "acknowledgement has expired", "This fired while its gateway or site was out")
"""Words of a notification that tells once more of what was decided before."""


def audit_alerts(world: World) -> list[str]:
    """Return what is wrong with the alerts of a history that was played to its end."""
    findings = [*_transitions(world), *_notifications(world), *_actions(world)]
    findings += [f"mixed: a line of the log speaks of two tenants: {line[:160]}" for line in world.log.mixed]
    if ADAPTIVE in world.history.features and not world.calls.counts["deployment"]:
        findings += _judged(world)
    return findings


def _actions(world: World) -> Iterator[str]:
    """Every action that was acknowledged is kept, and was folded once, by the group of its tenant."""
    kept = {action.id for action in world.memory.alerts.acted.values()}
    yield from (f"lost: action {action.id}" for action in world.acted if action.id not in kept)
    folded: Counter[str] = Counter()
    for key, saved in world.memory.state.stored.items():
        if key.stage == "alerts" and saved.blob is not None:
            folded.update(name for name, _ in meta_of(key.stage, opened(saved.blob)[1])[6])
    yield from (f"lost: action {name} was never folded" for name in kept - folded.keys())
    yield from (f"doubled: action {name} is in {times} groups" for name, times in folded.items() if times > 1)


def _judged(world: World) -> Iterator[str]:
    """The same panes, taken by one process in one go, make the same transitions."""
    wanted, got = _judged_anew(world), world.memory.alerts.stored
    yield from (f"lost: transition {key}" for key in wanted.keys() - got.keys())
    yield from (f"doubled: transition {key}" for key in got.keys() - wanted.keys())
    yield from (f"differs: transition {key}" for key in wanted.keys() & got.keys() if wanted[key] != got[key])


def _judged_anew(world: World) -> dict[Any, Transition]:
    """Return the transitions that all committed panes make in a deployment where nothing fails."""
    memory = Memory(world.now.now_ms)
    fetch = world.memory.blobs.get
    judge = make_anomaly(memory.backend, PlanBook(world.plans[0], lambda named: fetch(plan_blob(named))))
    event_of = kinesis_event_of("panes")
    for group, batches in world.watch.panes.items():
        records = [
            StoredRecord("shardId-0", str(number), f"1.{group}", data, START_MS)
            for number, data in enumerate(batches, 1)
        ]
        if records:
            judge(event_of(records), None)
    return memory.alerts.stored


def _transitions(world: World) -> Iterator[str]:
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
        yield from _listed(world, chain[-1])


def _listed(world: World, newest: Transition) -> Iterator[str]:
    """What fires is in the list of open alerts as it moved last, unless a person of its tenant took it off.

    Nothing else is on it, whatever a caller that was given up did later.
    """
    entry = world.memory.backend.directory.query(newest.tenant, prefix=f"OPEN#{newest.fingerprint}", limit=1)
    may_be_closed = any(
        action.kind is ActionKind.CLOSE and action.tenant == newest.tenant and action.fingerprint == newest.fingerprint
        for action in world.memory.alerts.acted.values()
    )
    is_firing = newest.phase is Phase.FIRING
    listed = [decode_transition(one.data or b"").number for one in entry]
    if listed != [newest.number] * is_firing and not (is_firing and may_be_closed and not listed):
        yield f"differs: {newest.fingerprint} is {newest.phase} at {newest.number}, the list of open ones has {listed}"


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
        if any(word in message["text"] for word in AGAIN):
            about = {(alert["fingerprint"], alert["number"]) for alert in message["alerts"]}
            yield from (f"doubled: {key} is told again without a decision" for key in about - decided.keys())
            continue
        told.update((alert["fingerprint"], alert["number"], message["id"]) for alert in message["alerts"])
    wanted = {(*key, one.notification_id) for key, one in decided.items() if one.notification_id}
    yield from (f"lost: {key} was never told" for key in wanted - told.keys())
    yield from (f"doubled: {key} was told without a decision" for key in told.keys() - wanted)
    yield from (
        f"lost: notification {one} was committed and never sent" for one in world.watch.notified.keys() - sent.keys()
    )
    yield from _of_tenants(world, list(sent.values()))
    silencing = {action.tenant for action in world.memory.alerts.acted.values() if action.kind is ActionKind.SILENCE}
    yield from (
        f"mixed: {key} is silenced, and nobody of {one.tenant} made a silence"
        for key, one in decided.items()
        if one.decision is Decision.SILENCED and one.tenant not in silencing
    )


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
