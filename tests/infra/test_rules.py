"""The template keeps our rules, and every rule notices who breaks it."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from infra import check
from infra.check import RULES, SETTINGS, TEMPLATE, findings, main, transformed
from infra.rules.access import is_too_wide
from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import Template, load_template

OURS = load_template(TEMPLATE)
HTTP = {"JwtIssuer": "https://issuer.example"}
Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> Template:
    template = deepcopy(OURS)
    change(template["Resources"])
    return template


def found_after(change: Change) -> list[str]:
    """Return what the rules find in our template with a violation planted in it."""
    stack = resolve(changed(change), HTTP)
    return [str(finding) for rule in RULES for finding in rule(stack)]


def props(resources: dict[str, Any], name: str) -> dict[str, Any]:
    properties: dict[str, Any] = resources[name]["Properties"]
    return properties


def allow(resources: dict[str, Any], statement: dict[str, Any], role: str = "TickRole") -> None:
    statements = props(resources, role)["Policies"][0]["PolicyDocument"]["Statement"]
    statements.append({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/x", **statement})


def mapping(resources: dict[str, Any], **settings: Any) -> None:
    props(resources, "ProcessorsFunction")["Events"]["Readings"]["Properties"].update(settings)


def served(resources: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = props(resources, "Page")["DistributionConfig"]
    return config


def without(resources: dict[str, Any], name: str, *keys: str) -> None:
    for key in keys:
        del props(resources, name)[key]


def public(resources: dict[str, Any], principal: object) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x"}
    props(resources, "BucketPolicy")["PolicyDocument"]["Statement"].append(statement)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda r: allow(r, {"Action": "s3:*"}), "TickRole: allows s3:*; list the actions", id="service"),
        pytest.param(lambda r: allow(r, {"Action": ["s3:Get*"]}), "TickRole: allows s3:Get*; list", id="verb"),
        pytest.param(lambda r: allow(r, {"Action": "s3:GetObjec?"}), "allows s3:GetObjec?; list", id="letter"),
        pytest.param(lambda r: allow(r, {"NotAction": "iam:*"}), "TickRole: allows all actions but some", id="not"),
        pytest.param(lambda r: allow(r, {"Resource": "*"}), "TickRole: allows s3:GetObject on *", id="any resource"),
        pytest.param(lambda r: allow(r, {"Resource": "arn:aws:s3:::*"}), "on arn:aws:s3:::*", id="any bucket"),
        pytest.param(
            lambda r: allow(r, {"Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}), "us-east-1/*", id="whole bucket"
        ),
        pytest.param(
            lambda r: allow(r, {"Action": ["s3:GetObject", "ec2:DescribeSubnets"], "Resource": "*"}),
            "on *; name the resource",
            id="hidden among what has no resource",
        ),
        pytest.param(
            lambda r: allow(r, {"NotResource": "arn:aws:s3:::b/y"}), "on all resources but some", id="not these"
        ),
        pytest.param(lambda r: public(r, "*"), "BucketPolicy: allows everybody", id="everybody"),
        pytest.param(lambda r: public(r, {"AWS": ["*"]}), "BucketPolicy: allows everybody", id="every account"),
        pytest.param(
            lambda r: props(r, "TickFunction").update(Role={"Fn::GetAtt": ["AlertsRole", "Arn"]}),
            "TickFunction: shares its role tocsin-AlertsRole",
            id="a shared role",
        ),
        pytest.param(
            lambda r: without(r, "TickFunction", "Role"), "TickFunction: has no role of its own", id="no role"
        ),
        pytest.param(
            lambda r: props(r, "TickRole").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
            "TickRole: has the managed policy arn:aws:iam::aws:policy/ReadOnlyAccess",
            id="a managed policy",
        ),
        pytest.param(lambda r: without(r, "Readings", "StreamEncryption"), "Readings: is not encrypted", id="stream"),
        pytest.param(
            lambda r: props(r, "Readings")["StreamEncryption"].update(EncryptionType="NONE"),
            "Readings: is not encrypted",
            id="stream in clear",
        ),
        pytest.param(lambda r: without(r, "AlertsTable", "SSESpecification"), "AlertsTable: is not encr", id="table"),
        pytest.param(lambda r: without(r, "GatewayQueue", "KmsMasterKeyId"), "GatewayQueue: is not encr", id="queue"),
        pytest.param(lambda r: without(r, "Notifications", "KmsMasterKeyId"), "Notifications: is not encr", id="topic"),
        pytest.param(lambda r: without(r, "TickLogs", "KmsKeyId"), "TickLogs: is not encrypted", id="log group"),
        pytest.param(lambda r: without(r, "Transitions", "KmsKeyIdentifier"), "Transitions: is not encr", id="bus"),
        pytest.param(
            lambda r: props(r, "Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].update(
                ServerSideEncryptionByDefault={"SSEAlgorithm": "AES256"}
            ),
            "Bucket: is not encrypted with a key of ours",
            id="bucket with somebody else's key",
        ),
        pytest.param(lambda r: without(r, "Key", "EnableKeyRotation"), "Key: does not rotate", id="rotation"),
        pytest.param(lambda r: without(r, "TickLogs", "RetentionInDays"), "TickLogs: keeps logs for ever", id="logs"),
        pytest.param(
            lambda r: without(r, "TickFunction", "LoggingConfig"), "TickFunction: logs into a group", id="group"
        ),
        pytest.param(
            lambda r: without(r, "Readings", "RetentionPeriodHours"), "Readings: does not say how long", id="retention"
        ),
        pytest.param(
            lambda r: without(r, "GatewayQueue", "MessageRetentionPeriod"), "GatewayQueue: does not say", id="messages"
        ),
        pytest.param(
            lambda r: props(r, "Bucket")["LifecycleConfiguration"]["Rules"][0].update(Status="Disabled"),
            "Bucket: keeps blobs/rejected/ for ever",
            id="lifecycle",
        ),
        pytest.param(
            lambda r: props(r, "Bucket")["PublicAccessBlockConfiguration"].update(BlockPublicPolicy=False),
            "Bucket: may become public: BlockPublicPolicy must be true",
            id="public bucket",
        ),
        pytest.param(lambda r: r.pop("BucketPolicy"), "Bucket: may be read without TLS", id="plain HTTP"),
        pytest.param(
            lambda r: mapping(r, ParallelizationFactor=2),
            "ProcessorsFunction.Readings: has ParallelizationFactor 2",
            id="two readers of a shard",
        ),
        pytest.param(lambda r: mapping(r, StartingPosition="LATEST"), "must start at TRIM_HORIZON", id="latest"),
        pytest.param(lambda r: mapping(r, FilterCriteria={"Filters": [{}]}), "has FilterCriteria", id="a filter"),
        pytest.param(lambda r: mapping(r, TumblingWindowInSeconds=30), "has TumblingWindowInSeconds", id="tumbling"),
        pytest.param(lambda r: mapping(r, DestinationConfig={}), "has no on-failure destination", id="destination"),
        pytest.param(lambda r: mapping(r, MaximumRecordAgeInSeconds=86_400), "gives up after 86400 s", id="too late"),
        pytest.param(lambda r: mapping(r, MaximumRecordAgeInSeconds=-1), "gives up after -1 s", id="never"),
        pytest.param(lambda r: mapping(r, BisectBatchOnFunctionError=False), "must bisect", id="no bisect"),
        pytest.param(
            lambda r: mapping(r, FunctionResponseTypes=[]), "must have ReportBatchItem", id="no partial answer"
        ),
        pytest.param(
            lambda r: props(r, "GatewayQueue").update(VisibilityTimeout=179),
            "GatewayQueue: hides messages for 179 s, must be at least 180 s: 6 timeouts of IngestQueueFunction",
            id="visibility",
        ),
        pytest.param(
            lambda r: without(r, "GatewayQueue", "RedrivePolicy"), "has no queue of dead letters", id="redrive"
        ),
        pytest.param(
            lambda r: without(r, "TickFunction", "Timeout"), "TickFunction: does not set Timeout", id="timeout"
        ),
        pytest.param(
            lambda r: props(r, "Readings").update(ShardCount=21),
            "ProcessorsFunction: may run 20 times at once, its log has 21 shards",
            id="fewer functions than shards",
        ),
        pytest.param(lambda r: without(r, "RouteSecrets", "KmsKeyId"), "RouteSecrets: is not encr", id="secrets"),
        pytest.param(
            lambda r: served(r)["DefaultCacheBehavior"].update(ViewerProtocolPolicy="allow-all"),
            "Page: serves the rest without TLS",
            id="page without TLS",
        ),
        pytest.param(
            lambda r: served(r)["Origins"][1]["CustomOriginConfig"].update(OriginProtocolPolicy="match-viewer"),
            "Page: asks its origin api without TLS",
            id="API behind the page without TLS",
        ),
        pytest.param(
            lambda r: served(r)["Origins"][0].pop("OriginAccessControlId"),
            "Page: asks the bucket of origin page unsigned",
            id="bucket open for the page",
        ),
        pytest.param(
            lambda r: served(r)["CacheBehaviors"][0].pop("ResponseHeadersPolicyId"),
            "Page: serves /assets/* without security headers",
            id="assets without headers",
        ),
        pytest.param(
            lambda r: props(r, "HttpApi")["Auth"].pop("DefaultAuthorizer"), "HttpApi: lets everybody in", id="open API"
        ),
        pytest.param(
            lambda r: props(r, "ApiFunction")["Events"]["Query"]["Properties"].update(Auth={"Authorizer": "NONE"}),
            "ApiFunction.Query: lets everybody ask /v1/{proxy+}",
            id="open route",
        ),
    ],
)
def test_planted_violation_is_found(change: Change, words: str) -> None:
    assert any(words in line for line in found_after(change)), found_after(change)


def test_our_template_keeps_every_rule_as_written_and_as_transformed() -> None:
    assert findings(OURS) == []


def test_settings_make_every_condition_true_once_and_false_once() -> None:
    worlds = [resolve(OURS | {"Outputs": _as_outputs()}, parameters).outputs for parameters in SETTINGS.values()]

    assert {name: {world[name] for world in worlds} for name in OURS["Conditions"]} == {
        name: {"yes", "no"} for name in OURS["Conditions"]
    }


def _as_outputs() -> dict[str, Any]:
    return {name: {"Value": {"Fn::If": [name, "yes", "no"]}} for name in OURS["Conditions"]}


def test_what_sam_makes_of_a_short_form_is_held_to_the_rules_too() -> None:
    def widen(resources: dict[str, Any]) -> None:
        function = props(resources, "TickFunction")
        del function["Role"]
        function["Policies"] = [{"S3FullAccessPolicy": {"BucketName": "b"}}]

    messages = [str(finding) for finding in findings(changed(widen), {"defaults": {}})]

    assert any("TickFunctionRole: has the managed policy" in message for message in messages), messages
    assert any("TickFunctionRole: allows" in message for message in messages), messages


def test_template_that_sam_refuses_is_refused_with_its_reason() -> None:
    broken = changed(lambda r: props(r, "ProcessorsFunction")["Events"]["Readings"].update(Type="Nothing"))

    with pytest.raises(ConfigError, match="SAM refuses the template"):
        transformed(broken)


def test_every_role_of_the_transformed_template_is_written_by_hand() -> None:
    roles = {name for name, body in transformed(OURS)["Resources"].items() if body["Type"] == "AWS::IAM::Role"}

    assert roles <= set(OURS["Resources"])


def test_key_lets_the_account_do_what_making_and_using_the_stack_takes() -> None:
    own, *_ = props(OURS["Resources"], "Key")["KeyPolicy"]["Statement"]
    stack = {"CreateAlias", "DeleteAlias", "EnableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource"}
    storage = {"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"}
    roles = {action for one in _all_actions() for action in one if action.startswith("kms:")}

    assert {f"kms:{name}" for name in stack | storage} | roles <= set(own["Action"])


def _all_actions() -> list[list[str]]:
    roles = [body["Properties"] for body in OURS["Resources"].values() if body["Type"] == "AWS::IAM::Role"]
    documents = [policy["PolicyDocument"] for role in roles for policy in role["Policies"]]
    return [one["Action"] for document in documents for one in document["Statement"] if "Action" in one]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", True),
        ("arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::bucket/state/*/anomaly/*", False),
        ("arn:aws:s3:::bu*", True),
        ("arn:aws:dynamodb:us-east-1:1:table/alerts", False),
        ("arn:aws:dynamodb:us-east-1:1:table/*", True),
        ("arn:aws:dynamodb:us-east-1:1:table/alerts/index/*", False),
        ("arn:aws:dynamodb:*:1:table/alerts", True),
        ("arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x:*", False),
        ("arn:aws:logs:us-east-1:1:log-group:*", True),
    ],
)
def test_resource_is_too_wide_where_nothing_of_ours_is_named(resource: str, expected: bool) -> None:
    assert is_too_wide(resource) is expected


def test_command_says_what_is_wrong_and_leaves_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "lint", lambda path: f"{path}: so says the linter")  # which `make check` runs
    bad = tmp_path / "bad.yaml"
    bad.write_text(TEMPLATE.read_text("utf-8").replace("ParallelizationFactor: 1\n", "ParallelizationFactor: 3\n", 1))

    done = CliRunner().invoke(main, [str(bad)])

    assert done.exit_code == 1
    assert "bad.yaml: so says the linter" in done.output
    assert "ProcessorsFunction.Readings: has ParallelizationFactor 3" in done.output
