from typing import Any

import pytest

from tests.adapters.aws.scripted import Hourglass, Script, table_of
from tocsin.adapters.aws.attributes import binary, number, size_bytes, text
from tocsin.core.errors import UnavailableError


def item(place: int) -> dict[str, Any]:
    return {"pk": text("T#acme"), "sk": text(f"K{place:03d}")}


def puts(*places: int) -> dict[str, Any]:
    return {"things": [{"PutRequest": {"Item": item(place)}} for place in places]}


def test_batches_hold_twenty_five_items() -> None:
    script = Script("dynamodb")
    script.answers("batch_write_item", {"UnprocessedItems": {}}, RequestItems=puts(*range(25)))
    script.answers("batch_write_item", {"UnprocessedItems": {}}, RequestItems=puts(25))

    with script as client:
        table_of(client).write([item(place) for place in range(26)])


def test_unprocessed_items_are_sent_again_after_a_wait() -> None:
    script = Script("dynamodb")
    script.answers("batch_write_item", {"UnprocessedItems": puts(1)}, RequestItems=puts(0, 1, 2))
    script.answers("batch_write_item", {"UnprocessedItems": {}}, RequestItems=puts(1))
    hourglass = Hourglass()

    with script as client:
        table_of(client, hourglass).write([item(0), item(1), item(2)])

    assert len(hourglass.pauses) == 1


def test_batch_that_is_throttled_as_a_whole_is_sent_again() -> None:
    script = Script("dynamodb").refuses("batch_write_item", "ProvisionedThroughputExceededException")
    script.answers("batch_write_item", {}, RequestItems=puts(0))

    with script as client:
        table_of(client).write([item(0)])


def test_items_that_stay_unprocessed_are_told() -> None:
    script = Script("dynamodb").answers("batch_write_item", {"UnprocessedItems": puts(1)})

    with script as client:
        table = table_of(client)
        table.patience.begin(1)

        with pytest.raises(UnavailableError, match="1 of 2 items"):
            table.write([item(0), item(1)])


def test_puts_and_deletes_go_together() -> None:
    wanted = {"things": [{"PutRequest": {"Item": item(0)}}, {"DeleteRequest": {"Key": item(1)}}]}
    script = Script("dynamodb").answers("batch_write_item", {}, RequestItems=wanted)

    with script as client:
        table_of(client).write([item(0)], [item(1)])


def test_nothing_to_write_asks_nobody() -> None:
    with Script("dynamodb") as client:
        table_of(client).write([])


def test_item_that_is_too_large_is_refused_before_anything_is_written() -> None:
    large = item(1) | {"data": binary(bytes(400 * 1024))}

    with Script("dynamodb") as client, pytest.raises(ValueError, match="item T#acme K001 of table things has"):
        table_of(client).write([item(0), large])


def test_sort_key_that_is_too_long_is_refused() -> None:
    with Script("dynamodb") as client, pytest.raises(ValueError, match="bytes a sort key"):
        table_of(client).put_if_absent({"pk": text("p"), "sk": text("é" * 513)})


def test_put_tells_whether_the_item_was_there() -> None:
    script = Script("dynamodb")
    asked = {"TableName": "things", "Item": item(0), "ConditionExpression": "attribute_not_exists(pk)"}
    script.answers("put_item", {}, **asked).refuses("put_item", "ConditionalCheckFailedException")

    with script as client:
        table = table_of(client)

        assert (table.put_if_absent(item(0)), table.put_if_absent(item(0))) == (True, False)


def test_query_asks_for_a_page_only_when_it_is_wanted() -> None:
    script = Script("dynamodb")
    script.answers("query", {"Items": [item(0), item(1)], "LastEvaluatedKey": item(1)})

    with script as client:
        found = table_of(client).query("pk = :pk", {":pk": text("T#acme")})

        assert [next(found), next(found)] == [item(0), item(1)]


def test_query_goes_on_where_the_page_before_ended() -> None:
    script = Script("dynamodb")
    asked = {
        "TableName": "things",
        "KeyConditionExpression": "tenant = :t",
        "ExpressionAttributeValues": {":t": text("acme")},
        "ScanIndexForward": False,
        "IndexName": "by_tenant",
        "FilterExpression": "n > :t",
        "Limit": 7,
    }
    script.answers("query", {"Items": [], "LastEvaluatedKey": item(1)}, **asked)
    script.answers("query", {"Items": [item(2)]}, **asked, ExclusiveStartKey=item(1))

    with script as client:
        table = table_of(client)
        found = table.query(
            "tenant = :t",
            {":t": text("acme")},
            index="by_tenant",
            newest_first=True,
            filters="n > :t",
            page_items=7,
        )

        assert list(found) == [item(2)]


def test_size_counts_names_and_values() -> None:
    assert size_bytes({"pk": text("ab"), "b": binary(b"123"), "n": number(1234)}) == 2 + 2 + 1 + 3 + 1 + 4
    assert size_bytes({"m": {"M": {"é": text("é")}}}) == 1 + 3 + 1 + 2 + 2
