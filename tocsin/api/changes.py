"""What is new: a long poll on news of alerts, and on windows that close."""

import msgspec

from tocsin.api.action_answers import action_answer
from tocsin.api.alert_answers import ChangedAlert, Changes
from tocsin.api.alerts import alert_id
from tocsin.api.asked import ChangesAsked
from tocsin.api.cursors import decode_cursor, encode_cursor
from tocsin.api.fleet import newest_end_ms
from tocsin.api.news import Found, Place
from tocsin.api.problems import invalid
from tocsin.api.service import Call, Service
from tocsin.core.clock import elapsed_s
from tocsin.core.messages import Transition


class _Heard(msgspec.Struct, array_like=True, frozen=True):
    """What a caller has heard: how far the news, and the end of the newest window then."""

    place: Place
    newest_ms: int | None


def show_changes(service: Service, call: Call[ChangesAsked, None]) -> Changes:
    """Answer with what is newer than the cursor, as soon as there is any, at the latest after ``wait_s``."""
    tenant = call.tenant
    if call.query.since is None:
        return _answer(service, Found(service.news.now(tenant), (), ()), newest_end_ms(service, tenant))
    heard = decode_cursor(call.query.since, _Heard, where="query since")
    place, until_s = heard.place, elapsed_s() + min(call.query.wait_s, service.wait_s_max)
    while True:
        try:
            found = service.news.since(tenant, place)
        except ValueError as error:
            raise invalid("query since", "must be a cursor that an answer gave") from error
        newest_ms, left_s = newest_end_ms(service, tenant), until_s - elapsed_s()
        has_news = found.moves or found.actions or found.is_more or newest_ms != heard.newest_ms
        if has_news or left_s <= 0:
            return _answer(service, found, newest_ms)
        place = found.place
        service.pause(min(service.news.look_every_s, left_s))


def _answer(service: Service, found: Found, newest_ms: int | None) -> Changes:
    return Changes(
        cursor=encode_cursor(_Heard(found.place, newest_ms)),
        now_ms=service.now_ms(),
        newest_ms=newest_ms,
        truncated=found.is_more,
        alerts=tuple(_changed(one) for one in found.moves if not one.shadow_of),
        actions=tuple(map(action_answer, found.actions)),
    )


def _changed(move: Transition) -> ChangedAlert:
    return ChangedAlert(
        alert_id(move.fingerprint, move.episode),
        move.number,
        move.device,
        move.metric,
        move.severity.value,
        move.site,
        move.rule,
        move.phase_from.value,
        move.phase.value,
        move.at_ms,
        move.summary,
    )
