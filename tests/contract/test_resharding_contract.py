"""A shard that is split: what was in it stays readable, its children take over, and no key loses its order."""

from typing import Any, cast

import pytest

from tests.contract.aws import AwsDeployment
from tests.contract.conftest import Deployment
from tests.contract.specimens import put_all, read_shard
from tocsin.adapters.embedded.open import Embedded
from tocsin.core.keys import key_hash
from tocsin.core.ports import Log, LogRecord, Shard

KEYS = [f"acme#pump-{number}" for number in range(8)]


def put_of_each(log: Log, data: bytes) -> None:
    put_all(log, [LogRecord(key, data) for key in KEYS])


def split(opened: Deployment, shard: Shard) -> None:
    """Split the shard of readings in the middle, in the way of the backend."""
    if isinstance(opened, AwsDeployment):
        opened.split_readings(shard)
    elif isinstance(opened, Embedded):
        opened.readings.split(shard.id)
    else:
        cast("Any", opened).readings.split(shard)


@pytest.fixture
def log(opened: Deployment) -> Log:
    """Readings of which the first half was put before the only shard was split, the second afterwards."""
    readings = opened.backend.readings
    put_of_each(readings, b"before")
    (parent,) = readings.shards()
    split(opened, parent)
    put_of_each(readings, b"after")
    return readings


def test_parent_is_closed_and_its_children_share_its_hashes(log: Log) -> None:
    parent, *children = log.shards()
    lower, upper = sorted(children, key=lambda child: child.hash_start)

    assert parent.closed
    assert [child.closed for child in children] == [False, False]
    assert {child.parents for child in children} == {(parent.id,)}
    assert (lower.hash_start, upper.hash_end) == (parent.hash_start, parent.hash_end)
    assert lower.hash_end == upper.hash_start


def test_what_was_put_before_a_split_is_in_the_parent_and_what_came_after_in_the_children(log: Log) -> None:
    parent, *children = log.shards()

    assert [(record.partition_key, record.data) for record in read_shard(log, parent.id)] == [
        (key, b"before") for key in KEYS
    ]
    for child in children:
        keys = [key for key in KEYS if child.hash_start <= key_hash(key) < child.hash_end]
        assert [(record.partition_key, record.data) for record in read_shard(log, child.id)] == [
            (key, b"after") for key in keys
        ]


def test_parents_before_children_is_the_order_of_every_key(log: Log) -> None:
    orders: dict[str, list[bytes]] = {}
    for shard in log.shards():
        for record in read_shard(log, shard.id, limit=3):
            orders.setdefault(record.partition_key, []).append(record.data)

    assert orders == {key: [b"before", b"after"] for key in KEYS}
