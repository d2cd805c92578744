"""The template gives each table what the adapters need of it, and nothing differs from what stand-ins are given."""

from pathlib import Path
from typing import Any

import pytest

from tocsin.adapters.aws.provision import table_request
from tocsin.adapters.aws.tables import TABLES
from tocsin.runtime.cloudformation.source import load_template

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"
NAMED = {
    "state_table": "StateTable",
    "windows_table": "WindowsTable",
    "alerts_table": "AlertsTable",
    "directory_table": "DirectoryTable",
}
"""Field of the settings to the template's name of the table; checkpoints are for runtimes outside of Lambda."""

INDEXES = ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")


def declared(field: str) -> dict[str, Any]:
    properties: dict[str, Any] = load_template(TEMPLATE)["Resources"][NAMED[field]]["Properties"]
    return properties


def by_name(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: str(entry.get("AttributeName") or entry.get("IndexName")))


@pytest.mark.parametrize("field", NAMED)
def test_template_declares_each_table_as_the_adapters_need_it(field: str) -> None:
    properties, needed = declared(field), table_request("name", TABLES[field])

    assert properties["KeySchema"] == needed["KeySchema"]
    assert by_name(properties["AttributeDefinitions"]) == by_name(needed["AttributeDefinitions"])
    for indexes in INDEXES:
        assert by_name(properties.get(indexes, [])) == by_name(needed.get(indexes, []))
    assert properties["BillingMode"] == needed["BillingMode"]


@pytest.mark.parametrize("field", NAMED)
def test_template_lets_items_expire_by_the_attribute_that_is_written(field: str) -> None:
    declares = declared(field).get("TimeToLiveSpecification", {})

    assert declares.get("AttributeName", "") == TABLES[field].expires


@pytest.mark.parametrize("field", NAMED)
def test_table_that_is_read_as_a_feed_has_a_stream_of_new_images(field: str) -> None:
    stream = declared(field).get("StreamSpecification")

    assert stream == ({"StreamViewType": "NEW_IMAGE"} if TABLES[field].has_stream else None)
