"""Stand-ins are given what the template declares: nothing else says what there is."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.contract.moto_backend import SETTINGS, moto_at
from tests.contract.specimens import NOTIFICATION
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.open import Aws
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.ports import Ports
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.adapters.aws.windows import EXPIRES
from tocsin.core.errors import ConfigError
from tocsin.core.ports import Backend
from tocsin.runtime import provisioned
from tocsin.runtime.cloudformation.source import Template
from tocsin.runtime.provisioned import named_by, own_template, provision, stack_of

NAME = "deployed"
Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> Template:
    template = deepcopy(own_template())
    change(template["Resources"])
    return template


def properties(resources: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    with moto_at(lambda: 0) as made:
        monkeypatch.setattr("tocsin.adapters.aws.clients.Clients", lambda settings: made)  # noqa: ARG005  made once
        monkeypatch.setattr(made, "close", lambda: None, raising=False)
        yield made


def deployed(template: Template | None = None, **how: Any) -> AwsSettings:
    here = AwsSettings(SETTINGS.region, endpoints={"": "http://127.0.0.1:1"})
    return provision(here, NAME, template=template, **how)


def backend_on(clients: Clients, settings: AwsSettings) -> Backend:
    patience = Patience(Random(1), lambda: 0.0, lambda _: None)  # noqa: S311  no secret
    return Aws(settings, Ports(settings, patience, lambda: 0, 1, clients), patience).backend


def test_every_stream_table_queue_topic_bucket_and_bus_of_the_template_is_there(clients: Clients) -> None:
    deployed(shards=2)

    stack = stack_of(NAME, SETTINGS.region)
    names = {kind: {one.properties.get(key) for one in stack.of_kind(kind)} for kind, key in KINDS.items()}
    assert set(clients.kinesis.list_streams()["StreamNames"]) == names["AWS::Kinesis::Stream"]
    assert set(clients.dynamodb.list_tables()["TableNames"]) == names["AWS::DynamoDB::Table"] | {f"{NAME}-checkpoints"}
    urls = clients.sqs.list_queues()["QueueUrls"]
    assert {url.rpartition("/")[2] for url in urls} == names["AWS::SQS::Queue"]
    topics = {one["TopicArn"].rpartition(":")[2] for one in clients.sns.list_topics()["Topics"]}
    assert topics == names["AWS::SNS::Topic"]
    assert {one["Name"] for one in clients.s3.list_buckets()["Buckets"]} == names["AWS::S3::Bucket"]
    assert names["AWS::Events::EventBus"] <= {one["Name"] for one in clients.events.list_event_buses()["EventBuses"]}
    assert clients.secrets.get_secret_value(SecretId=f"{NAME}-routes")["SecretString"] == "{}"


KINDS = {
    "AWS::Kinesis::Stream": "Name",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Events::EventBus": "Name",
}


def test_indexes_expiry_feed_redrive_and_shards_are_the_templates(clients: Clients) -> None:
    settings = deployed(shards=2)

    declared = own_template()["Resources"]
    alerts = clients.dynamodb.describe_table(TableName=settings.alerts_table)["Table"]
    for indexes in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        there = {one["IndexName"] for one in alerts[indexes]}  # type: ignore[literal-required]
        assert there == {one["IndexName"] for one in properties(declared, "AlertsTable")[indexes]}
    assert alerts["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    expiry = clients.dynamodb.describe_time_to_live(TableName=settings.windows_table)["TimeToLiveDescription"]
    assert expiry["AttributeName"] == EXPIRES
    queue = clients.sqs.get_queue_attributes(QueueUrl=settings.gateway_queue_url, AttributeNames=["All"])["Attributes"]
    assert json.loads(queue["RedrivePolicy"])["deadLetterTargetArn"].endswith(f":{NAME}-gateway-dead-letters")
    assert queue["VisibilityTimeout"] == str(properties(declared, "GatewayQueue")["VisibilityTimeout"])
    stream = clients.kinesis.describe_stream_summary(StreamName=settings.readings_stream)
    assert stream["StreamDescriptionSummary"]["OpenShardCount"] == 2


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "FIFO"])
def test_notifications_and_uploads_arrive_in_the_queues_that_the_template_connects(
    clients: Clients, fifo: bool
) -> None:
    settings = deployed(fifo=fifo)
    backend = backend_on(clients, settings)

    backend.topic.publish([NOTIFICATION])
    backend.blobs.put("uploads/gateway/past.csv", b"ts,flow\n")
    backend.blobs.put("late/x", b"")

    routes = received(clients, f"{NAME}-routes" + (".fifo" if fifo else ""))
    uploads = [json.loads(body) for body in received(clients, f"{NAME}-uploads")]
    assert [json.loads(body)["id"] for body in routes] == [NOTIFICATION.id]
    keys = [unquote_plus(one["s3"]["object"]["key"]) for told in uploads for one in told.get("Records", [])]
    assert keys == ["blobs/uploads/gateway/past.csv"]


def received(clients: Clients, name: str) -> list[str]:
    url = clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [one["Body"] for one in answer.get("Messages", [])]


def test_table_that_is_renamed_in_the_template_has_its_new_name_everywhere(clients: Clients) -> None:
    settings = deployed(changed(lambda r: properties(r, "WindowsTable").update(TableName="panels")))

    assert settings.windows_table == "panels"
    assert "panels" in clients.dynamodb.list_tables()["TableNames"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda r: r.pop("Panes"), "Panes is neither a parameter nor a resource", id="a stream"),
        pytest.param(lambda r: r.pop("AlertsTable"), "AlertsTable is neither", id="a table"),
        pytest.param(
            lambda r: properties(r, "ProcessorsFunction")["Environment"]["Variables"].pop("TOCSIN_PANES_STREAM"),
            "the template has nothing for TOCSIN_PANES_STREAM",
            id="what a function is told",
        ),
        pytest.param(
            lambda r: properties(r, "TickFunction")["Environment"]["Variables"].update(TOCSIN_READINGS_STREAM="x"),
            "TOCSIN_READINGS_STREAM of .* is another resource",
            id="two functions that disagree",
        ),
    ],
)
def test_what_is_gone_from_the_template_is_noticed(clients: Clients, change: Change, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        deployed(changed(change))

    assert not clients.kinesis.list_streams()["StreamNames"]


def test_index_that_is_renamed_in_the_template_is_missed_by_the_first_query(clients: Clients) -> None:
    def rename(resources: dict[str, Any]) -> None:
        properties(resources, "AlertsTable")["GlobalSecondaryIndexes"][0]["IndexName"] = "by_owner"

    settings = deployed(changed(rename))

    with pytest.raises(ConfigError, match="by_tenant"):
        backend_on(clients, settings).alerts.query("acme", limit=1)


def test_every_field_of_a_whole_pipeline_is_named_by_functions_of_the_template() -> None:
    named = named_by(stack_of(NAME, SETTINGS.region))

    assert set(provisioned.WHOLE) - {provisioned.CHECKPOINTS} <= set(named)
    assert named["gateway_queue_url"] == "GatewayQueue"


def test_aws_itself_is_never_given_resources() -> None:
    with pytest.raises(ConfigError, match="only a stand-in is given resources"):
        provision(SETTINGS, NAME)
