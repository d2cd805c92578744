"""Lists by tenant, and the recorded decisions, on one DynamoDB table."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.adapters.aws.attributes import binary, number, text, whole_number_of
from tocsin.adapters.aws.bus import Bus
from tocsin.adapters.aws.keys import LAST_CHARACTER, decisions_key, tenant_key
from tocsin.adapters.aws.table import Item, Table
from tocsin.core.clock import DAY_MS, NowMs
from tocsin.core.errors import DamagedError
from tocsin.core.messages import DecisionRecord
from tocsin.core.port_values import DirectoryEntry, standing

NUMBER_DIGITS: Final = 10
EPISODE_DIGITS: Final = 8
REMOVED_MS: Final = 7 * DAY_MS
"""How long the number of a removed entry is kept: no call of a function goes on for longer than 15 minutes."""

FOLLOWS: Final = "attribute_not_exists(number_of_entry) OR number_of_entry < :number"
FOLLOWS_OR_REMOVES: Final = "attribute_not_exists(number_of_entry) OR number_of_entry <= :number"

_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(DecisionRecord)


class DynamoDirectory:
    """Entries; a removed one with a number stays for some days without data, so that nothing older comes back.

    Args:
        table: Where they are; its time to live is in the attribute ``expires``.
        now_ms: Clock of removals.
    """

    def __init__(self, table: Table, now_ms: NowMs) -> None:
        self._table = table
        self._now_ms = now_ms

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Write or remove the entries, those with a number only over what they follow."""
        final = standing(entries)
        puts = [_entry_item(entry) for entry in final if not entry.number and entry.data is not None]
        gone = [_place(entry) for entry in final if not entry.number and entry.data is None]
        if puts or gone:
            self._table.write(puts, gone)
        self._table.parallel.map(self._put_in_order, [entry for entry in final if entry.number])

    def _put_in_order(self, entry: DirectoryEntry) -> None:
        item = _entry_item(entry) | {"number_of_entry": number(entry.number)}
        if entry.data is None:
            item["expires"] = number(-(-(self._now_ms() + REMOVED_MS) // 1_000))
        condition = FOLLOWS if entry.data is not None else FOLLOWS_OR_REMOVES
        self._table.put_if(item, condition, {":number": number(entry.number)})

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return entries by key, those after ``after`` with the prefix, at most ``limit``."""
        first, last = max(prefix, after), prefix + LAST_CHARACTER
        if limit < 1 or first > last:
            return []
        values = {":pk": text(tenant_key(tenant)), ":last": text(last)}
        condition = "pk = :pk AND sk <= :last"
        if first:  # an empty text is no key, also not one to compare with
            values[":first"] = text(first)
            condition = "pk = :pk AND sk BETWEEN :first AND :last"
        found: list[DirectoryEntry] = []
        for item in self._table.query(condition, values, page_items=limit + 1):
            if item["sk"]["S"] != after and "data" in item:
                found.append(_entry_of(tenant, item))
            if len(found) == limit:
                break
        return found


def _place(entry: DirectoryEntry) -> Item:
    return {"pk": text(tenant_key(entry.tenant)), "sk": text(entry.key)}


def _entry_item(entry: DirectoryEntry) -> Item:
    return _place(entry) | ({} if entry.data is None else {"data": binary(entry.data)})


def _entry_of(tenant: str, item: Item) -> DirectoryEntry:
    order = whole_number_of(item["number_of_entry"]) if "number_of_entry" in item else 0
    return DirectoryEntry(tenant, item["sk"]["S"], item["data"]["B"], order)


class DynamoDecisions:
    """One decision a transition; the first stays.

    Args:
        table: Where they are.
        bus: Gets every decision that is put, also one that was there already; or None.
    """

    def __init__(self, table: Table, bus: Bus | None = None) -> None:
        self._table = table
        self._bus = bus

    def put(self, records: Sequence[DecisionRecord]) -> None:
        """Write each decision unless the transition has one already."""
        first = {(record.tenant, _sort_text(record)): record for record in reversed(records)}
        self._table.parallel.map(self._table.put_if_absent, map(_item, first.values()))
        if self._bus is not None:
            self._bus.tell_decisions(records)

    def query(self, tenant: str, *, fingerprint: str | None = None, limit: int) -> list[DecisionRecord]:
        """Return decisions by fingerprint and number, at most ``limit``."""
        values = {":pk": text(decisions_key(tenant))}
        condition = "pk = :pk"
        if fingerprint is not None:
            values[":start"] = text(f"{fingerprint}#")
            condition = "pk = :pk AND begins_with(sk, :start)"
        items = self._table.query(condition, values, page_items=max(1, limit))
        return [_decoded(item) for _, item in zip(range(limit), items, strict=False)]


def _sort_text(record: DecisionRecord) -> str:
    alert = record.alert
    return f"{alert.fingerprint}#{alert.number:0{NUMBER_DIGITS}d}#{alert.episode:0{EPISODE_DIGITS}d}"


def _item(record: DecisionRecord) -> Item:
    """Return the decision as an item: attributes that people read, and the whole."""
    return {
        "pk": text(decisions_key(record.tenant)),
        "sk": text(_sort_text(record)),
        "device": text(record.device),
        "decision": text(record.decision.value),
        "at_ms": number(record.at_ms),
        "record": binary(_encode(record)),
    }


def _decoded(item: Item) -> DecisionRecord:
    try:
        return _decoder.decode(item["record"]["B"])
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedError(f"decision {item.get('sk')} cannot be read: {error!r}") from error
