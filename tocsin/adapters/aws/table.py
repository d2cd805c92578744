"""One DynamoDB table: conditional puts, unconditional batches, and queries page by page."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from tocsin.adapters.aws.attributes import Value, size_bytes
from tocsin.adapters.aws.batches import batches
from tocsin.adapters.aws.faults import ThrottledError, call, code_of, once
from tocsin.adapters.aws.limits import DYNAMODB_BATCH_ITEMS, DYNAMODB_ITEM_BYTES, DYNAMODB_KEY_BYTES
from tocsin.adapters.aws.parallel import Parallel
from tocsin.adapters.aws.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Value]
CONDITION_FAILED: Final = "ConditionalCheckFailedException"
IF_ABSENT: Final = "attribute_not_exists(pk)"


class Table:
    """A table with the keys ``pk`` and ``sk``.

    Args:
        client: Of DynamoDB.
        name: The table's.
        patience: How long to go on where it throttles.
        parallel: Sends independent requests.
    """

    def __init__(self, client: "DynamoDBClient", name: str, patience: Patience, parallel: Parallel) -> None:
        self.client = client
        self.name = name
        self.place = f"table {name}"
        self.patience = patience
        self.parallel = parallel

    def put_if_absent(self, item: Item) -> bool:
        """Put the item unless there is one under its key; tell whether there was none."""
        return self.put_if(item, IF_ABSENT)

    def put_if(self, item: Item, condition: str, values: Mapping[str, Value] | None = None) -> bool:
        """Put the item if the condition holds of what is under its key; tell whether it did.

        Args:
            item: The item.
            condition: As DynamoDB has it.
            values: Of its placeholders.
        """
        self._hold(item)
        request: dict[str, Any] = {"TableName": self.name, "Item": item, "ConditionExpression": condition}
        request |= {"ExpressionAttributeValues": dict(values)} if values else {}
        try:
            call(self.place, self.patience, partial(self.client.put_item, **request), passing={CONDITION_FAILED})
        except ClientError as error:
            if code_of(error) != CONDITION_FAILED:
                raise
            return False
        return True

    def write(self, puts: Sequence[Item], deletes: Sequence[Item] = ()) -> None:
        """Put and delete without condition, all keys different, until nothing is left unprocessed.

        Raises:
            UnavailableError: Something is left when the time is over; part of it may be written.
        """
        for item in puts:
            self._hold(item)
        requests = [{"PutRequest": {"Item": item}} for item in puts]
        requests += [{"DeleteRequest": {"Key": key}} for key in deletes]
        self.parallel.map(self._write, batches(requests, count=DYNAMODB_BATCH_ITEMS))

    def query(
        self,
        condition: str,
        values: Mapping[str, Value],
        *,
        index: str = "",
        newest_first: bool = False,
        filters: str = "",
        page_items: int | None = None,
    ) -> Iterator[Item]:
        """Yield items in the order of their sort key, and ask for the next page only where it is wanted.

        Args:
            condition: On the keys.
            values: Of its placeholders, and those of the filter.
            index: Its name; without one the table itself is read, strongly consistent.
            newest_first: Whether the order is reversed.
            filters: What else must hold.
            page_items: Most items that a page looks at.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": dict(values),
            "ScanIndexForward": not newest_first,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            **({"FilterExpression": filters} if filters else {}),
            **({"Limit": page_items} if page_items else {}),
        }
        while True:
            answer = call(self.place, self.patience, partial(self.client.query, **request))
            yield from cast("list[Item]", answer["Items"])
            if not answer.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _write(self, requests: list[dict[str, Any]]) -> None:
        left = requests
        for _ in self.patience.attempts():
            wanted = cast("Any", {self.name: left})
            try:
                answer = once(self.place, partial(self.client.batch_write_item, RequestItems=wanted))
            except ThrottledError:
                continue
            left = cast("list[dict[str, Any]]", answer.get("UnprocessedItems", {}).get(self.name, []))
            if not left:
                return
        raise ThrottledError(f"{self.place} did not take {len(left)} of {len(requests)} items in the time there was")

    def _hold(self, item: Item) -> None:
        key = f"{item['pk']['S']} {item['sk']['S']}"
        DYNAMODB_KEY_BYTES.hold(len(item["sk"]["S"].encode()), f"item {key[:200]} of {self.place}")
        DYNAMODB_ITEM_BYTES.hold(size_bytes(item), f"item {key} of {self.place}")
