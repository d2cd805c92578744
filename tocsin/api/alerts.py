"""Alerts: lists by page, and one with its evidence, its history, and what people did about it."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from tocsin.api.action_answers import action_answer
from tocsin.api.alert_answers import Alert, AlertDetail, AlertPage, Move, Pane, ScorePart
from tocsin.api.asked import INSTANT_MAX, AlertsAsked, Asked
from tocsin.api.cursors import decode_cursor, encode_cursor
from tocsin.api.looking import Overlay, open_alerts, overlay
from tocsin.api.problems import invalid, not_found
from tocsin.api.service import Call, Service
from tocsin.core.actions import ActionKind
from tocsin.core.episodes import Episode, episodes
from tocsin.core.messages import Phase, Severity, Transition

SCANNED_MAX: Final = 4_000
"""Moves that one page looks at; a filter that matches little gives short pages."""

CHUNK: Final = 500
MOVES_MAX: Final = 1_000
"""Newest moves of one alert that are looked at."""

INSTANT_MOVES_MAX: Final = 128_000
OPEN_ANSWERS_MAX: Final = 100
NAMES: Final = ("site", "gateway", "device", "metric", "rule", "kind")
ENDED: Final = (Phase.INACTIVE, Phase.RESOLVED, Phase.EXPIRED)
NAMED: Final = re.compile(r"(?P<fingerprint>[0-9a-f]{16})(-(?P<episode>[0-9]{1,9}))?")
SAME: Final = (
    "fingerprint",
    "episode",
    "device",
    "metric",
    "unit",
    "site",
    "device_type",
    "gateway",
    "rule",
    "kind",
    "since_ms",
    "at_ms",
)
"""What an alert has of its newest transition as it is."""


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """Where a page ended: at this instant with this alert; those of one instant are in the order of their ids."""

    at_ms: int
    id: str


BEGIN: Final = _Place(INSTANT_MAX, "")


def alert_id(fingerprint: str, episode: int) -> str:
    """Return the id of an episode."""
    return f"{fingerprint}-{episode}"


def list_alerts(service: Service, call: Call[AlertsAsked, None]) -> AlertPage:
    """Answer with a page of alerts, newest move first."""
    asked = call.query
    phases = _some_of("phase", asked.phase, [phase.value for phase in Phase])
    severities = _some_of("severity", asked.severity or ",".join(Severity), [one.value for one in Severity])
    over = overlay(service, call.tenant)
    place = decode_cursor(asked.cursor, _Place) if asked.cursor else BEGIN
    if asked.until_ms is not None and asked.until_ms <= place.at_ms:
        place = _Place(asked.until_ms - 1, "")
    page: list[Alert] = []
    moved = _open_episodes if phases == {Phase.FIRING.value} else _moved_episodes
    for scanned, episode in enumerate(moved(service, call.tenant, place), start=1):
        newest = episode.newest
        if newest.at_ms < (asked.from_ms or 0):
            break
        if newest.shadow_of:  # a rule that is only tried tells nobody
            continue
        if newest.phase.value in phases and newest.severity.value in severities and _fits(newest, asked):
            answer = alert_answer(episode, over)
            if asked.acknowledged in {None, answer.acknowledged_by is not None}:
                page.append(answer)
        if len(page) == asked.limit or scanned == SCANNED_MAX:
            cursor = encode_cursor(_Place(newest.at_ms, alert_id(newest.fingerprint, newest.episode)))
            return AlertPage(tuple(page), asked.limit, cursor)
    return AlertPage(tuple(page), asked.limit, None)


def _some_of(name: str, text: str, known: Sequence[str]) -> set[str]:
    wanted = set(text.split(","))
    if unknown := wanted - set(known):
        raise invalid(f"query {name}", f"must be of {', '.join(known)}, got {min(unknown)}")
    return wanted


def _fits(one: Transition, asked: AlertsAsked) -> bool:
    return all(
        pattern is None or fnmatchcase(getattr(one, name), pattern)
        for name in NAMES
        for pattern in [getattr(asked, name)]
    )


def _open_episodes(service: Service, tenant: str, place: _Place) -> Iterator[Episode]:
    """Yield what is open, newest first; what people closed is not."""
    for one in sorted(open_alerts(service, tenant), key=_order):
        if _order(one) > (-place.at_ms, place.id):
            yield Episode((one,))


def _order(one: Transition) -> tuple[int, str]:
    return -one.at_ms, alert_id(one.fingerprint, one.episode)


def _moved_episodes(service: Service, tenant: str, place: _Place) -> Iterator[Episode]:
    """Yield all episodes, those that moved last first, each once."""
    known: dict[str, list[Episode]] = {}
    for move in _moves(service, tenant, place.at_ms + 1):
        if move.fingerprint not in known:
            known[move.fingerprint] = episodes_of(service, tenant, move.fingerprint)
        episode = next((one for one in known[move.fingerprint] if one.newest.episode == move.episode), None)
        if episode and episode.newest.number == move.number and _order(move) > (-place.at_ms, place.id):
            yield episode


def _moves(service: Service, tenant: str, until_ms: int) -> Iterator[Transition]:
    """Yield moves before the instant, newest first, those of one instant by id: so pages have one order."""
    limit = CHUNK
    while found := service.backend.alerts.query(tenant, until_ms=until_ms, limit=limit):
        whole = found if len(found) < limit else [one for one in found if one.at_ms > found[-1].at_ms]
        if not whole and limit < INSTANT_MOVES_MAX:  # all of one instant: it is needed as a whole
            limit *= 4
            continue
        whole = whole or found
        yield from sorted(whole, key=_order)
        until_ms, limit = whole[-1].at_ms, CHUNK


def episodes_of(service: Service, tenant: str, fingerprint: str) -> list[Episode]:
    """Return the episodes of one alert, newest first."""
    return episodes(service.backend.alerts.query(tenant, fingerprint=fingerprint, limit=MOVES_MAX))


def open_answers(service: Service, tenant: str, *, device: str) -> tuple[Alert, ...]:
    """Return what fires on the device, newest first."""
    firing = [one for one in open_alerts(service, tenant) if one.device == device]
    over = overlay(service, tenant)
    return tuple(alert_answer(Episode((one,)), over) for one in firing[:OPEN_ANSWERS_MAX])


def alert_answer(episode: Episode, over: Overlay) -> Alert:
    """Return the episode as it is listed."""
    newest, told, fired = episode.newest, episode.told, episode.fired
    acts, why = over.of(newest.fingerprint, newest.episode), told.evidence
    has_ended = newest.phase in ENDED
    amendments = [move.amendment.value for move in episode.moves if move.amendment]
    return Alert(
        id=alert_id(newest.fingerprint, newest.episode),
        **{name: getattr(newest, name) for name in SAME},
        severity=newest.severity.value,
        phase=newest.phase.value,
        fired_ms=fired.at_ms if fired else None,
        ended_ms=newest.at_ms if has_ended else None,
        summary=told.summary,
        value=why.value,
        score=why.score,
        threshold=why.threshold,
        expected_low=why.expected_low,
        expected_high=why.expected_high,
        acknowledged_by=acts.acknowledged_by or None,
        acknowledged_until_ms=acts.until_ms,
        assignee=acts.assignee or None,
        closed_by=acts.closed_by or None,
        amendment=amendments[-1] if amendments else None,
        silenced=over.covers(newest),
        muted_by=_muted_by(over, newest),
        notes=sum(action.kind is ActionKind.NOTE for action in acts.actions),
    )


def _muted_by(over: Overlay, newest: Transition) -> str | None:
    muted = over.muted.get((newest.fingerprint, newest.episode))
    return alert_id(muted.by.fingerprint, muted.by.episode) if muted and newest.phase is Phase.FIRING else None


def found_alert(service: Service, tenant: str, name: str) -> tuple[Episode, list[Episode]]:
    """Return the episode that an id or a fingerprint means, and all episodes of its alert, newest first.

    Raises:
        ProblemError: The tenant has no such alert.
    """
    parts = NAMED.fullmatch(name)
    found = episodes_of(service, tenant, parts["fingerprint"]) if parts else []
    wanted = int(parts["episode"]) if parts and parts["episode"] else None
    episode = next((one for one in found if wanted in {None, one.newest.episode}), None)
    if episode is None:
        raise not_found(f"alert {name}")
    return episode, sorted(found, key=lambda one: -one.newest.episode)


def show_alert(service: Service, call: Call[Asked, None]) -> AlertDetail:
    """Answer with one alert, why it fired, its history, and what people did."""
    episode, all_episodes = found_alert(service, call.tenant, call.path["alert"])
    over = overlay(service, call.tenant)
    answer, why = alert_answer(episode, over), episode.told.evidence
    acts = over.of(answer.fingerprint, answer.episode)
    return AlertDetail(
        **{name: getattr(answer, name) for name in answer.__struct_fields__},
        plan_hash=why.plan_hash,
        position=why.position,
        parts=tuple(ScorePart(name, share) for name, share in sorted(why.parts.items(), key=lambda one: -abs(one[1]))),
        panes=tuple(Pane(one.start_ms, one.end_ms, one.count, one.mean, one.min, one.max) for one in why.panes),
        history=tuple(_history(service, call.tenant, episode)),
        actions=tuple(map(action_answer, acts.actions)),
        mutes=_mutes(over, episode.newest),
        episodes=tuple(alert_id(answer.fingerprint, one.newest.episode) for one in all_episodes),
    )


def _mutes(over: Overlay, newest: Transition) -> tuple[str, ...]:
    name = (newest.fingerprint, newest.episode)
    found = [one.alert for one in over.muted.values() if (one.by.fingerprint, one.by.episode) == name]
    return tuple(alert_id(one.fingerprint, one.episode) for one in found[:OPEN_ANSWERS_MAX])


def _history(service: Service, tenant: str, episode: Episode) -> Iterator[Move]:
    found = service.backend.decisions.query(tenant, fingerprint=episode.newest.fingerprint, limit=MOVES_MAX)
    decided = {one.alert.number: one for one in found}
    for move in episode.moves:
        decision = decided.get(move.number)
        yield Move(
            move.number,
            move.phase_from.value,
            move.phase.value,
            move.at_ms,
            move.summary,
            decision.decision.value if decision else None,
            (decision.notification_id or None) if decision else None,
            (decision.outage or None) if decision else None,
            alert_id(by.fingerprint, by.episode) if decision and (by := decision.outage_alert) else None,
        )
