"""Transitions and people's actions on DynamoDB, append-only; the table's stream is the change feed."""

from collections.abc import Iterator, Sequence
from typing import Final

from tocsin.adapters.aws.attributes import number, text
from tocsin.adapters.aws.bus import Bus
from tocsin.adapters.aws.feed import FeedPages
from tocsin.adapters.aws.keys import device_key, tenant_key
from tocsin.adapters.aws.positions import Positions
from tocsin.adapters.aws.table import Item, Table
from tocsin.core.actions import Action
from tocsin.core.formats.action_item import SORT_KEY_START as ACTIONS_START
from tocsin.core.formats.action_item import action_item, action_of
from tocsin.core.formats.alert_item import SORT_KEY_START, alert_item, transition_of
from tocsin.core.messages import Transition
from tocsin.core.ports import Shard, StoredRecord

BY_TENANT: Final = "by_tenant"
BY_DEVICE: Final = "by_device"
BY_FINGERPRINT: Final = "by_fingerprint"
IS_ALERT: Final = "begins_with(sk, :start)"
TIES_MAX: Final = 500
"""Transitions of one instant that are put in order beyond the limit; a storm has thousands."""


class DynamoAlerts:
    """The table of alerts.

    Transitions are put one by one, each under a condition: where it fails, the first few are written and none of
    the others.

    Args:
        table: Where they are.
        feed: Its change feed.
        bus: Gets every transition that is put, also one that was there already: the answer to the first time may
            have been lost; or None.
    """

    def __init__(self, table: Table, feed: "DynamoFeed", bus: Bus | None = None) -> None:
        self._table = table
        self._feed = feed
        self._bus = bus

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        """Write each transition unless it is there already, oldest first; return which were new, in order."""
        new = [self._table.put_if_absent(alert_item(transition)) for transition in transitions]
        if self._bus is not None:
            self._bus.tell_transitions(transitions)
        return new

    def query(
        self,
        tenant: str,
        *,
        device: str | None = None,
        fingerprint: str | None = None,
        until_ms: int | None = None,
        limit: int,
    ) -> list[Transition]:
        """Return transitions with ``at_ms`` before ``until_ms``, newest ``at_ms`` first, at most ``limit``.

        They are read from an index, which follows the table within about a second.
        """
        if limit < 1:
            return []
        found: list[Transition] = []
        for item in self._items(tenant, device, fingerprint, until_ms, limit):
            # Of one instant the last move comes first, so the instant has to be whole before it is cut.
            transition = transition_of(item)
            if len(found) >= limit and (transition.at_ms != found[-1].at_ms or len(found) >= limit + TIES_MAX):
                break
            found.append(transition)
        return sorted(found, key=lambda one: (-one.at_ms, -one.episode, -one.number))[:limit]

    def put_action(self, action: Action) -> bool:
        """Write the action unless it is there already; return whether it was new."""
        return self._table.put_if_absent(action_item(action))

    def actions(self, tenant: str, *, limit: int) -> list[Action]:
        """Return the tenant's actions, newest ``at_ms`` first, at most ``limit``."""
        values = {":pk": text(tenant_key(tenant)), ":start": text(ACTIONS_START)}
        items = self._table.query(
            "pk = :pk AND begins_with(sk, :start)", values, newest_first=True, page_items=max(1, limit)
        )
        return [action_of(item) for _, item in zip(range(limit), items, strict=False)]

    @property
    def feed(self) -> "DynamoFeed":
        """The change feed."""
        return self._feed

    def _items(
        self, tenant: str, device: str | None, fingerprint: str | None, until_ms: int | None, limit: int
    ) -> Iterator[Item]:
        """Yield items, newest first, from the index that holds the fewest others."""
        filters = [IS_ALERT]
        values = {":start": text(SORT_KEY_START)}
        if device is not None:
            index, condition, values[":key"] = BY_DEVICE, "pk = :key", text(device_key(tenant, device))
            if fingerprint is not None:
                filters.append("fingerprint = :fingerprint")
                values[":fingerprint"] = text(fingerprint)
        elif fingerprint is not None:
            index, condition, values[":key"] = BY_FINGERPRINT, "fingerprint = :key", text(fingerprint)
            filters.append("tenant = :tenant")
            values[":tenant"] = text(tenant)
        else:
            index, condition, values[":key"] = BY_TENANT, "tenant = :key", text(tenant)
        if until_ms is not None:
            condition += " AND at_ms < :until"
            values[":until"] = number(until_ms)
        return self._table.query(
            condition,
            values,
            index=index,
            newest_first=True,
            filters=" AND ".join(filters),
            page_items=limit + 1,
        )


class DynamoFeed:
    """The stream of the table, read from outside of Lambda; there is no other way to trim it than its 24 hours.

    Args:
        pages: Reads it.
        positions: Remembers where each shard was read to.
    """

    def __init__(self, pages: FeedPages, positions: Positions) -> None:
        self._pages = pages
        self._positions = positions

    def shards(self) -> Sequence[Shard]:
        """Return all shards whose records are retained, parents first."""
        return self._pages.shards()

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return at most ``limit`` new transitions and actions after the sequence number, in order."""
        return self._positions.read(shard, after=after, limit=limit)

    def trim(self, shard: str, *, through: str) -> None:
        """Hand out nothing up to the number again."""
        self._positions.trim(shard, through=through)
