"""What is checked of outages when a history is over: what they mute, and that its end is told.

Worked out from what was told and decided, in the order of the commits, and from the transitions themselves. In these
histories all devices of a tenant are behind one gateway, or at one site, so a tenant has one outage at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tests.simulation.watch import AlertsCommit
from tests.simulation.world import World
from tocsin.core.actions import ActionKind
from tocsin.core.messages import Decision, DecisionRecord, Notification, Phase, Transition

KINDS: Final = {"acme": "gateway_missing", "globex": "site_missing"}
WHAT: Final = {"acme": "gateway gw-1", "globex": "site east"}
BEGINS: Final = frozenset({"firing", "reopened"})
TOLD: Final = frozenset({Decision.SENT, Decision.GROUPED})
LATER: Final = ("This fired while its gateway or site was out", "the silence has ended")
"""Words of what is told of alerts that were held back, which an outage that stands holds back further."""

_notifications: Final = msgspec.msgpack.Decoder(Notification)
_decisions: Final = msgspec.msgpack.Decoder(DecisionRecord)


def audit_outages(world: World) -> list[str]:
    """Return what is wrong with what outages muted in a history at whose end none stands."""
    stored = {(told.fingerprint, told.number): told for told in world.memory.alerts.stored.values()}
    findings: list[str] = []
    muted: dict[str, Transition] = {}
    for commits in world.watch.alerts.values():
        seen = _Seen(stored)
        for commit in commits:
            findings += seen.commit(commit)
        muted |= seen.muted
    newest = {name: stored[name, max(number for one, number in stored if one == name)] for name in muted}
    still = {name for name, one in muted.items() if _fires(newest[name]) and newest[name].episode == one.episode}
    excused = {name for name in still if _is_excused(world, muted[name])}
    findings += [f"lost: {name} was muted, still fires after the outage, and was not told" for name in still - excused]
    for tenant in KINDS:
        listed = world.memory.backend.directory.query(tenant, prefix="MUTED#", limit=1_000)
        names = {entry.key.removeprefix("MUTED#") for entry in listed}
        findings += [f"doubled: {name} is listed as muted, and is not" for name in names - still]
        findings += [
            f"lost: {name} is muted, and not listed so"
            for name in still - names
            if muted[name].tenant == tenant and name not in excused
        ]
    return findings


def _fires(told: Transition) -> bool:
    return told.phase is Phase.FIRING


def _is_silence(told: Transition) -> bool:
    return told.kind == "missing" and not told.metric


def _is_excused(world: World, told: Transition) -> bool:
    """Tell whether a person of the tenant may have kept the alert back for a while."""
    return any(
        action.tenant == told.tenant and (action.kind is ActionKind.SILENCE or action.fingerprint == told.fingerprint)
        for action in world.memory.alerts.acted.values()
    )


@dataclass
class _Seen:
    """One key group of alerts, as its commits show it.

    Attributes:
        stored: All transitions, by fingerprint and number.
        folded: Fingerprint to the number folded last.
        told: Tenant to the silences of each message of its outage, since it was over for certain.
        known: Tenants that an outage was told of.
        muted: Alerts that an outage keeps back, by fingerprint: what came to fire.
    """

    stored: dict[tuple[str, int], Transition]
    folded: dict[str, int] = field(default_factory=dict)
    told: dict[str, list[set[str]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    muted: dict[str, Transition] = field(default_factory=dict)

    def commit(self, commit: AlertsCommit) -> Iterator[str]:
        """Take one commit; yield what is wrong with it."""
        before, (self.folded, emitted) = self.folded, commit
        standing = {
            tenant for tenant in self.told if self._stands(tenant, before) and self._stands(tenant, self.folded)
        }
        changes: dict[str, str] = {}
        decided: set[tuple[str, int]] = set()
        for lane, data in emitted:
            if lane == "notification":
                sent = _notifications.decode(data)
                changes[sent.id] = sent.attributes["change"]
                yield from self._notified(sent, standing)
            elif lane == "decision":
                one = _decisions.decode(data)
                decided.add((one.alert.fingerprint, one.alert.number))
                yield from self._decided(one, standing, changes.get(one.notification_id, ""))
        yield from self._waiting(before, standing, decided)
        self.told = {tenant: told for tenant, told in self.told.items() if self._may_stand(tenant)}

    def _waiting(self, before: dict[str, int], standing: set[str], decided: set[tuple[str, int]]) -> Iterator[str]:
        """Of what comes to fire while its outage stands, it is decided at once that it is not told."""
        for name, newest in self.folded.items():
            for number in range(before.get(name, 0) + 1, newest + 1):
                told = self.stored.get((name, number))
                is_late = (name, number) not in decided
                if is_late and told and told.fires and told.tenant in standing and not _is_silence(told):
                    yield f"differs: {name} {number} waits to be told though its outage lasts"

    def _notified(self, sent: Notification, standing: set[str]) -> Iterator[str]:
        names = {alert.fingerprint for alert in sent.alerts}
        if sent.attributes["kind"] == KINDS[sent.tenant] and sent.attributes["change"] in BEGINS:
            self.told.setdefault(sent.tenant, []).append(names)
            self.known.add(sent.tenant)
        if not any(word in sent.text for word in LATER):
            return
        for name in sorted(names):
            if sent.tenant in standing:
                yield f"doubled: {name} is told though its outage lasts"
            self.muted.pop(name, None)

    def _decided(self, one: DecisionRecord, standing: set[str], change: str) -> Iterator[str]:
        told = self.stored.get((one.alert.fingerprint, one.alert.number))
        if told is None or not told.fires:
            return
        if one.decision is Decision.INHIBITED and not one.notification_id:
            self.muted[told.fingerprint] = told
            yield from self._muted(one)
        elif one.tenant in standing and one.decision in TOLD and not _is_silence(told) and change != "flapping":
            yield f"doubled: {one.alert} is told though its outage lasts"

    def _muted(self, one: DecisionRecord) -> Iterator[str]:
        """Nothing is muted but by an outage that people know of, and that is the device's own."""
        if one.tenant not in self.known:
            yield f"lost: {one.alert} is muted, and no outage was told"
        if one.outage != WHAT[one.tenant] or one.outage_alert is None:
            yield f"mixed: {one.alert} of {one.tenant} is muted by {one.outage!r}"

    def _stands(self, tenant: str, folded: dict[str, int]) -> bool:
        """Tell whether most devices of the outage are silent, whichever of its messages were before its last end."""
        told = self.told[tenant]
        return all(self._mostly_silent(set().union(*told[first:]), folded) for first in range(len(told)))

    def _may_stand(self, tenant: str) -> bool:
        told = self.told[tenant]
        return any(self._mostly_silent(set().union(*told[first:]), self.folded) for first in range(len(told)))

    def _mostly_silent(self, names: set[str], folded: dict[str, int]) -> bool:
        newest: list[Any] = [self.stored.get((name, folded.get(name, 0))) for name in names]
        return 2 * sum(one is not None and _fires(one) for one in newest) > len(names)
