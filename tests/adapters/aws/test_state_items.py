from typing import Any

import pytest

from tests.adapters.aws.scripted import ANY, Hourglass, Script, table_of
from tocsin.adapters.aws.attributes import binary, text
from tocsin.adapters.aws.state_items import PART_BYTES, DynamoState
from tocsin.core.errors import ConfigError, UnavailableError
from tocsin.core.ports import SavedState, StateKey, StateWrite

KEY = StateKey(1, 7, "anomaly")
AT = {"pk": text("G#1#7"), "sk": text("anomaly")}
LARGE = bytes(range(250)) * 4_000


def stored(version: str, blob: bytes) -> dict[str, Any]:
    return {**AT, "version": text(version), "blob": binary(blob)}


def refused_with(client_item: dict[str, Any] | None) -> Script:
    more: dict[str, Any] = {"Item": client_item} if client_item else {}
    return Script("dynamodb").refuses("put_item", "ConditionalCheckFailedException", **more)


def test_refusal_brings_the_state_so_that_the_next_load_asks_nobody() -> None:
    with refused_with(stored("v2.0", b"theirs")) as client:
        store = DynamoState(table_of(client))

        assert store.commit([StateWrite(KEY, b"mine", "v1.0")]) == [None]
        assert store.load([KEY]) == [SavedState(b"theirs", "v2.0")]


def test_state_of_a_refusal_serves_one_load_only() -> None:
    script = refused_with(stored("v2.0", b"theirs")).answers("get_item", {"Item": stored("v3.0", b"newer")})

    with script as client:
        store = DynamoState(table_of(client))
        store.commit([StateWrite(KEY, b"mine", "v1.0")])
        store.load([KEY])

        assert store.load([KEY]) == [SavedState(b"newer", "v3.0")]


def test_state_of_a_refusal_is_too_old_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    hourglass = Hourglass()
    monkeypatch.setattr("tocsin.adapters.aws.state_items.elapsed_s", hourglass.now_s)
    script = refused_with(stored("v2.0", b"theirs")).answers("get_item", {"Item": stored("v3.0", b"newer")})

    with script as client:
        store = DynamoState(table_of(client))
        store.commit([StateWrite(KEY, b"mine", "v1.0")])
        hourglass.elapsed_s += 1

        assert store.load([KEY]) == [SavedState(b"newer", "v3.0")]


def test_refusal_by_ones_own_write_whose_answer_was_lost_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        hex = "mine"

    monkeypatch.setattr("tocsin.adapters.aws.state_items.uuid4", Fixed)
    with refused_with(stored("mine.0", b"mine")) as client:
        assert DynamoState(table_of(client)).commit([StateWrite(KEY, b"mine", "v1.0")]) == ["mine.0"]


def test_refusal_where_nothing_is_stored_asks_at_the_next_load() -> None:
    with refused_with(None).answers("get_item", {}) as client:
        store = DynamoState(table_of(client))

        assert store.commit([StateWrite(KEY, b"mine", "v1.0")]) == [None]
        assert store.load([KEY]) == [SavedState(None, "")]


def test_commit_asks_for_the_version_and_for_what_is_there_instead() -> None:
    asked = {
        "TableName": "things",
        "Item": ANY,
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": text("v1.0")},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with Script("dynamodb").answers("put_item", {}, **asked) as client:
        (version,) = DynamoState(table_of(client)).commit([StateWrite(KEY, b"mine", "v1.0")])

    assert version is not None
    assert version.endswith(".0")


def actions_of(script: Script) -> list[Any]:
    """Return what the transaction of the script was asked to do, once it has been."""
    asked: list[Any] = []
    script.client.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems",
        lambda params, **_: asked.extend(params["TransactItems"]),
        unique_id=str(id(asked)),
    )
    return asked


def test_large_blob_is_cut_and_committed_at_once_with_its_parts() -> None:
    script = Script("dynamodb").answers("transact_write_items", {})
    asked = actions_of(script)

    with script as client:
        (version,) = DynamoState(table_of(client)).commit([StateWrite(KEY, LARGE, "")])

    head, *parts = [action["Put"] for action in asked]
    assert version is not None
    assert version.endswith(".3")
    assert head["ConditionExpression"] == "attribute_not_exists(pk)"
    assert "blob" not in head["Item"]
    assert [part["Item"]["sk"]["S"] for part in parts] == ["anomaly#000", "anomaly#001", "anomaly#002"]
    assert b"".join(part["Item"]["blob"]["B"] for part in parts) == LARGE
    assert {part["Item"]["version"]["S"] for part in parts} == {version}
    assert all(len(part["Item"]["blob"]["B"]) <= PART_BYTES for part in parts)


def test_blob_that_shrinks_takes_its_surplus_parts_with_it() -> None:
    script = Script("dynamodb").answers("transact_write_items", {})
    asked = actions_of(script)

    with script as client:
        DynamoState(table_of(client)).commit([StateWrite(KEY, b"small", "v1.2")])

    assert asked[0]["Put"]["Item"]["blob"]["B"] == b"small"
    assert [action["Delete"]["Key"]["sk"]["S"] for action in asked[1:]] == ["anomaly#000", "anomaly#001"]


def canceled(*codes: str, **first: Any) -> dict[str, Any]:
    return {"CancellationReasons": [{"Code": codes[0], **first}, *({"Code": code} for code in codes[1:])]}


def test_transaction_whose_version_does_not_hold_is_a_conflict_and_brings_what_is_there() -> None:
    reasons = canceled("ConditionalCheckFailed", "None", Item=stored("v2.0", b"theirs"))
    script = Script("dynamodb").refuses("transact_write_items", "TransactionCanceledException", **reasons)

    with script as client:
        store = DynamoState(table_of(client))

        assert store.commit([StateWrite(KEY, LARGE, "v1.0")]) == [None]
        assert store.load([KEY]) == [SavedState(b"theirs", "v2.0")]


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_that_met_another_is_tried_again(code: str) -> None:
    script = Script("dynamodb").refuses(
        "transact_write_items", "TransactionCanceledException", **canceled(code, "None")
    )
    script.answers("transact_write_items", {})

    with script as client:
        assert DynamoState(table_of(client)).commit([StateWrite(KEY, LARGE, "")]) != [None]


def test_blob_that_no_transaction_takes_is_refused_in_words_that_help() -> None:
    with Script("dynamodb") as client, pytest.raises(ConfigError, match=r"state of anomaly group 7 .* on S3"):
        DynamoState(table_of(client)).commit([StateWrite(KEY, bytes(4_000_000), "")])


def head_and_parts(version: str, *parts: tuple[str, bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    items = [
        {"pk": AT["pk"], "sk": text(f"anomaly#{place:03d}"), "version": text(of), "blob": binary(blob)}
        for place, (of, blob) in enumerate(parts)
    ]
    return {"Item": {**AT, "version": text(version)}}, {"Items": items}


def test_parts_that_another_write_has_replaced_meanwhile_are_read_again() -> None:
    script = Script("dynamodb")
    torn_head, torn_parts = head_and_parts("v1.2", ("v1.2", b"old"), ("v2.2", b"new"))
    head, parts = head_and_parts("v2.2", ("v2.2", b"all "), ("v2.2", b"new"))
    script.answers("get_item", torn_head).answers("query", torn_parts)
    script.answers("get_item", head).answers("query", parts)

    with script as client:
        assert DynamoState(table_of(client)).load([KEY]) == [SavedState(b"all new", "v2.2")]


def test_state_that_never_holds_still_is_unavailable() -> None:
    script = Script("dynamodb")
    head, parts = head_and_parts("v1.2", ("v2.2", b"x"), ("v2.2", b"y"))
    for _ in range(10):
        script.answers("get_item", head).answers("query", parts)

    with script as client, pytest.raises(UnavailableError, match="changed under"):
        DynamoState(table_of(client)).load([KEY])
