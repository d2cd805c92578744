"""What is simulated into a stream or a queue of AWS is what the scenario sends, in order."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.moto_backend import REGION, moto_at
from tocsin.adapters.aws.clients import Clients
from tocsin.cli.main import main
from tocsin.core.clock import wall_now_ms


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_REGION", REGION)
    with moto_at(wall_now_ms) as clients:
        yield clients


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A scenario of a minute: the stand-in is slow."""
    path = tmp_path / "minute.yaml"
    path.write_text(
        "name: minute\nstart: 2026-11-23T09:00:00Z\nduration: 1m\ngateways: {flush: 20s}\nsites:\n"
        "  - name: north\n    fleets:\n      - {type: pump, count: 1}\n"
        "      - {type: motor, count: 3, interval: 10s, gateway: north-gw-1}\n"
    )
    return path


def simulated(capfd: pytest.CaptureFixture[str], scenario: Path, to: str) -> int:
    """Return how many messages were sent."""
    with pytest.raises(SystemExit, match="0"):
        main(["simulate", str(scenario), "--to", to, "--json"])
    return int(json.loads(capfd.readouterr().out)["messages"]["delivered"])


def messages_of(lines: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.splitlines()]


def test_stream_gets_every_message_under_its_device(
    clients: Clients, scenario: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clients.kinesis.create_stream(StreamName="plant", ShardCount=1)

    sent = simulated(capfd, scenario, "kinesis://plant")

    start = clients.kinesis.get_shard_iterator(
        StreamName="plant", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    records = clients.kinesis.get_records(ShardIterator=start["ShardIterator"], Limit=10_000)["Records"]
    assert len(records) == sent
    assert [one["PartitionKey"] for one in records] == [f"demo#{json.loads(one['Data'])['device']}" for one in records]


def test_queue_gets_gateways_bodies_and_messages_of_devices(
    clients: Clients, scenario: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = clients.sqs.create_queue(QueueName="plant")["QueueUrl"]

    sent = simulated(capfd, scenario, "sqs://plant")

    bodies: list[str] = []
    while taken := clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        bodies += [one["Body"] for one in taken]
        for one in taken:
            clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    assert sum(len(messages_of(body)) for body in bodies) == sent
    assert any(len(messages_of(body)) > 1 for body in bodies)


@pytest.mark.usefixtures("clients")
def test_stream_that_is_not_there_and_a_name_that_is_none_are_told(capfd: pytest.CaptureFixture[str]) -> None:
    for to, words in (("kinesis://nowhere", "nowhere"), ("sqs://a/b", "URL must be like kinesis://STREAM")):
        with pytest.raises(SystemExit):
            main(["simulate", "small", "--to", to])
        assert words in capfd.readouterr().err.splitlines()[-1]
