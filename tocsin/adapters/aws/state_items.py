"""State of key groups on DynamoDB: an item each, written only if its version still holds.

A blob that is too large for an item is cut into parts, all written in one transaction with the item that names
their version, so that nobody ever sees half of it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast
from uuid import uuid4

from botocore.exceptions import ClientError

from tocsin.adapters.aws.attributes import Value, binary, text
from tocsin.adapters.aws.faults import ThrottledError, call, code_of, once
from tocsin.adapters.aws.keys import state_key
from tocsin.adapters.aws.limits import DYNAMODB_TRANSACTION_BYTES, hold_state
from tocsin.adapters.aws.table import CONDITION_FAILED, IF_ABSENT, Item, Table
from tocsin.core.clock import elapsed_s
from tocsin.core.errors import UnavailableError
from tocsin.core.ports import SavedState, StateKey, StateWrite

PART_BYTES: Final = 390_000
"""What an item takes, less its keys and names."""

OVERHEAD_BYTES: Final = 200
"""More than the keys and names of an item are."""

CANCELED: Final = "TransactionCanceledException"
TORN_READS_MAX: Final = 10
FRESH_S: Final = 1.0
"""How long the state that came with a refusal is as good as one that is read now."""


class DynamoState:
    """Blobs under random versions that also say in how many parts they lie, as ``<version>.<parts>``.

    A refusal brings what is stored instead, so whoever loads next, to fold again, needs no request; and where that
    is what this very write stored, because an answer was lost, it was no refusal.

    Args:
        table: Where they are.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._refused: dict[StateKey, SavedState] = {}  # of the last commit only
        self._refused_s = 0.0

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Return what is stored under each key, in order."""
        known = self._refused if elapsed_s() - self._refused_s < FRESH_S else {}
        self._refused = {}
        return self._table.parallel.map(lambda key: known.get(key) or self._load(key), keys)

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Write each whose version still holds; return the new versions, None where it did not hold."""
        self._refused = {}
        versions = self._table.parallel.map(self._commit, writes)
        self._refused_s = elapsed_s()
        return versions

    def _load(self, key: StateKey) -> SavedState:
        for _ in range(TORN_READS_MAX):
            answer = call(
                self._table.place,
                self._table.patience,
                lambda: self._table.client.get_item(
                    TableName=self._table.name, Key=state_key(key), ConsistentRead=True
                ),
            )
            head = cast("Item | None", answer.get("Item"))
            if head is None:
                return SavedState(None, "")
            parts = self._parts(key, head)
            if parts is not None:
                return SavedState(b"".join(parts), head["version"]["S"])
        raise UnavailableError(f"{self._table.place} changed under each of {TORN_READS_MAX} reads of {key}")

    def _parts(self, key: StateKey, head: Item) -> list[bytes] | None:
        """Return the parts of the blob; None where another write has come between."""
        count = parts_of(head["version"]["S"])
        if not count:
            return [head["blob"]["B"]]
        values = {":pk": head["pk"], ":first": text(part_name(key, 0)), ":last": text(part_name(key, count - 1))}
        items = list(self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values))
        if len(items) != count or any(item["version"] != head["version"] for item in items):
            return None
        return [item["blob"]["B"] for item in items]

    def _commit(self, write: StateWrite) -> str | None:
        cut = _cut(write.blob)
        version = f"{uuid4().hex}.{len(cut) if len(cut) > 1 else 0}"
        if len(cut) == 1 and not parts_of(write.expected_version):
            found = self._put(write, version)
        else:
            found = self._transact(write, cut, version)
        if found is None or found.get("version") == text(version):
            return version
        if "blob" in found:
            self._refused[write.key] = SavedState(found["blob"]["B"], found["version"]["S"])
        return None

    def _put(self, write: StateWrite, version: str) -> Item | None:
        """Write the item; return what lies there instead if the version does not hold, {} for nothing."""
        item = {**state_key(write.key), "version": text(version), "blob": binary(write.blob)}
        try:
            call(
                self._table.place,
                self._table.patience,
                partial(
                    self._table.client.put_item,
                    TableName=self._table.name,
                    Item=item,
                    **_condition(write.expected_version),
                ),
                passing={CONDITION_FAILED},
            )
        except ClientError as error:
            if code_of(error) != CONDITION_FAILED:
                raise
            return _item_of(error.response)
        return None

    def _transact(self, write: StateWrite, cut: list[bytes], version: str) -> Item | None:
        """Write the item and its parts at once; return as ``_put``."""
        size = len(write.blob) + (len(cut) + 1) * OVERHEAD_BYTES
        hold_state(size, DYNAMODB_TRANSACTION_BYTES, f"state of {write.key.stage} group {write.key.group}")
        actions = self._actions(write, cut if len(cut) > 1 else [], version)
        for _ in self._table.patience.attempts():
            try:
                once(
                    self._table.place,
                    partial(self._table.client.transact_write_items, TransactItems=actions),
                    passing={CANCELED},
                )
            except ThrottledError:
                continue
            except ClientError as error:
                if code_of(error) != CANCELED:
                    raise
                first, *_ = cast("Any", error.response)["CancellationReasons"]
                if first.get("Code") == "ConditionalCheckFailed":
                    return _item_of(first)
                continue  # somebody else's transaction was under way, or a part was throttled
            return None
        raise UnavailableError(f"{self._table.place} did not take {write.key} in the time there was")

    def _actions(self, write: StateWrite, parts: list[bytes], version: str) -> Any:  # noqa: ANN401  a union of five
        name, key = self._table.name, state_key(write.key)
        head: Item = {**key, "version": text(version)}
        if not parts:
            head["blob"] = binary(write.blob)
        puts = [
            {**key, "sk": text(part_name(write.key, place)), "version": text(version), "blob": binary(part)}
            for place, part in enumerate(parts)
        ]
        surplus = range(len(parts), parts_of(write.expected_version))
        return [
            {"Put": {"TableName": name, "Item": head, **_condition(write.expected_version)}},
            *({"Put": {"TableName": name, "Item": item}} for item in puts),
            *(
                {"Delete": {"TableName": name, "Key": {**key, "sk": text(part_name(write.key, place))}}}
                for place in surplus
            ),
        ]


def part_name(key: StateKey, place: int) -> str:
    """Return the ``sk`` of a part of a group's state."""
    return f"{key.stage}#{place:03d}"


def parts_of(version: str) -> int:
    """Return in how many parts the blob of a version lies; 0 where it lies in the item itself.

    >>> parts_of("0f3c.3"), parts_of("0f3c.0"), parts_of(""), parts_of("another's")
    (3, 0, 0, 0)
    """
    digits = version.rpartition(".")[2]
    return int(digits) if digits.isdecimal() and "." in version else 0


def _cut(blob: bytes) -> list[bytes]:
    return [blob[start : start + PART_BYTES] for start in range(0, len(blob), PART_BYTES)] or [b""]


def _condition(expected_version: str) -> dict[str, Any]:
    """Return the arguments under which a put happens only if the version holds."""
    answer = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if not expected_version:
        return {"ConditionExpression": IF_ABSENT, **answer}
    values: dict[str, Value] = {":version": text(expected_version)}
    return {"ConditionExpression": "version = :version", "ExpressionAttributeValues": values, **answer}


def _item_of(response: Any) -> Item:  # noqa: ANN401  error responses have no type
    return cast("Item", response.get("Item") or {})
