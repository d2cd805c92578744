"""How far a runtime outside of Lambda has read, on DynamoDB."""

from functools import partial

from tocsin.adapters.aws.attributes import text
from tocsin.adapters.aws.faults import call
from tocsin.adapters.aws.table import Table


class DynamoCheckpoints:
    """An item for each mapping and shard."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, mapping: str) -> dict[str, str]:
        """Return shard to the last sequence number done with."""
        items = self._table.query("pk = :pk", {":pk": text(_mapping_key(mapping))})
        return {item["sk"]["S"]: item["sequence"]["S"] for item in items}

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        """Remember the number, at once."""
        item = {"pk": text(_mapping_key(mapping)), "sk": text(shard), "sequence": text(sequence)}
        put = partial(self._table.client.put_item, TableName=self._table.name, Item=item)
        call(self._table.place, self._table.patience, put)


def _mapping_key(mapping: str) -> str:
    return f"C#{mapping}"
