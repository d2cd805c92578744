"""What is new: a long poll on the feed of alerts, and on windows that close."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tocsin.api.action_answers import action_answer
from tocsin.api.alert_answers import ActionAnswer, ChangedAlert, Changes
from tocsin.api.alerts import alert_id
from tocsin.api.asked import ChangesAsked
from tocsin.api.cursors import decode_cursor, encode_cursor
from tocsin.api.fleet import newest_end_ms
from tocsin.api.problems import invalid
from tocsin.api.service import Call, Service
from tocsin.core.actions import decode_action, is_action_key
from tocsin.core.clock import elapsed_s
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.messages import Transition
from tocsin.core.ports import LogReader, StoredRecord

LOOK_EVERY_S: Final = 0.25
RECORDS_MAX: Final = 500
"""Most records of the feed that one answer looks at; more is ``truncated``."""

SHARDS_MAX: Final = 64
CHUNK: Final = 5_000


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """How far the feed was read, shard to sequence number, and the end of the newest window then."""

    shards: dict[str, str]
    newest_ms: int | None


def show_changes(service: Service, call: Call[ChangesAsked, None]) -> Changes:
    """Answer with what is newer than the cursor, as soon as there is any, at the latest after ``wait_s``."""
    feed, tenant = service.backend.alerts.feed, call.tenant
    if call.query.since is None:
        return _answer(service, _Place(_ends(feed), newest_end_ms(service, tenant)), [], is_more=False)
    since = decode_cursor(call.query.since, _Place, where="query since")
    if len(since.shards) > SHARDS_MAX or not all(one.isdecimal() and len(one) <= 128 for one in since.shards.values()):
        raise invalid("query since", "must be a cursor that an answer gave")
    until_s = elapsed_s() + min(call.query.wait_s, service.wait_s_max)
    while True:
        try:
            place, records, is_more = _read(feed, since.shards)
        except (ValueError, OverflowError) as error:
            raise invalid("query since", "must be a cursor that an answer gave") from error
        newest_ms = newest_end_ms(service, tenant)
        found = [one for one in records if _owner(one) == tenant]
        if found or is_more or newest_ms != since.newest_ms or elapsed_s() >= until_s:
            return _answer(service, _Place(place, newest_ms), found, is_more=is_more)
        since = _Place(place, newest_ms)
        service.pause(min(LOOK_EVERY_S, max(0.0, until_s - elapsed_s())))


def _ends(feed: LogReader) -> dict[str, str]:
    """Return the last sequence number of each shard."""
    ends: dict[str, str] = {}
    for shard in feed.shards():
        while read := feed.read(shard.id, after=ends.get(shard.id), limit=CHUNK):
            ends[shard.id] = read[-1].sequence
    return ends


def _read(feed: LogReader, after: Mapping[str, str]) -> tuple[dict[str, str], list[StoredRecord], bool]:
    """Return how far the feed is read now, what came, and whether there is more."""
    place: dict[str, str] = {}
    found: list[StoredRecord] = []
    for shard in feed.shards():
        if last := after.get(shard.id):
            place[shard.id] = last
        left = RECORDS_MAX - len(found)
        read = feed.read(shard.id, after=after.get(shard.id), limit=left) if left else ()
        if read:
            found += read
            place[shard.id] = read[-1].sequence
    return place, found, len(found) >= RECORDS_MAX


def _owner(record: StoredRecord) -> str:
    return record.partition_key.partition("#")[0]


def _answer(service: Service, place: _Place, records: list[StoredRecord], *, is_more: bool) -> Changes:
    return Changes(
        cursor=encode_cursor(place),
        now_ms=service.now_ms(),
        newest_ms=place.newest_ms,
        truncated=is_more,
        alerts=tuple(_changed(one) for one in _transitions(records) if not one.shadow_of),
        actions=tuple(_actions(records)),
    )


def _transitions(records: list[StoredRecord]) -> Iterator[Transition]:
    for record in records:
        if not is_action_key(record.partition_key):
            yield decode_transition(record.data)


def _actions(records: list[StoredRecord]) -> Iterator[ActionAnswer]:
    for record in records:
        if is_action_key(record.partition_key):
            yield action_answer(decode_action(record.data))


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
