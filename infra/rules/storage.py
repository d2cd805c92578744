"""Rules about what is kept: encrypted, for a stated time, and not public."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.rules.finding import Finding, Rule, listed
from tocsin.runtime.cloudformation.resolve import Resource, Stack

KEY_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::Kinesis::Stream": ("StreamEncryption", "KeyId"),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Events::EventBus": ("KmsKeyIdentifier",),
    "AWS::Serverless::Function": ("KmsKeyArn",),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
}
"""Type to where its properties name the key; buckets and tables say more, see below."""

KEY: Final = "AWS::KMS::Key"
ALIAS_OF_AWS: Final = "alias/aws/"

EXPIRING: Final = (
    "blobs/rejected/",
    "blobs/late/",
    "blobs/recordings/",
    "blobs/undelivered/",
    "blobs/uploads/",
    "aws/lambda/",
    "iot-errors/",
)
"""What grows for ever where nothing expires it."""

BLOCKS: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _at(properties: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401  a template is plain data
    found: Any = properties
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def encrypted(stack: Stack) -> Iterator[Finding]:
    """Everything that stores something names a key; in a stack without one, AWS encrypts with keys that it keeps."""
    return _with_our_key(stack) if stack.of_kind(KEY) else _with_keys_of_aws(stack)


def _with_our_key(stack: Stack) -> Iterator[Finding]:
    for one in stack.resources.values():
        path = KEY_AT.get(one.kind)
        if path and not _at(one.properties, path):
            yield Finding(one.id, f"is not encrypted with a key of ours: {'.'.join(path)} is not set")
        if one.kind == "AWS::DynamoDB::Table" and _at(one.properties, ("SSESpecification", "SSEEnabled")) is not True:
            yield Finding(one.id, "is not encrypted: SSESpecification.SSEEnabled must be true")
        if one.kind == "AWS::Kinesis::Stream" and _at(one.properties, ("StreamEncryption", "EncryptionType")) != "KMS":
            yield Finding(one.id, "is not encrypted: StreamEncryption.EncryptionType must be KMS")
        if one.kind == "AWS::S3::Bucket" and not _has_kms(one):
            yield Finding(one.id, "is not encrypted with a key of ours: BucketEncryption must be aws:kms with a key")


def _with_keys_of_aws(stack: Stack) -> Iterator[Finding]:
    """Yield what AWS does not encrypt by itself, and what names a key all the same.

    Tables, log groups, buses, secrets, variables and topics are encrypted by themselves.
    """
    for one in stack.resources.values():
        path = KEY_AT.get(one.kind)
        key = _at(one.properties, path) if path else None
        if key and not str(key).startswith(ALIAS_OF_AWS):
            yield Finding(one.id, f"names a key in {'.'.join(path or ())}, the stack has none")
        if one.kind == "AWS::Kinesis::Stream" and _at(one.properties, ("StreamEncryption", "EncryptionType")) != "KMS":
            yield Finding(one.id, "is not encrypted: StreamEncryption.EncryptionType must be KMS")
        if one.kind == "AWS::SQS::Queue" and one.properties.get("SqsManagedSseEnabled") is not True:
            yield Finding(one.id, "is not encrypted: SqsManagedSseEnabled must be true")
        if one.kind == "AWS::S3::Bucket" and not any(rule.get("SSEAlgorithm") == "AES256" for rule in _defaults(one)):
            yield Finding(one.id, "is not encrypted: BucketEncryption must be AES256 where there is no key")


def _defaults(bucket: Resource) -> list[Any]:
    rules = _at(bucket.properties, ("BucketEncryption", "ServerSideEncryptionConfiguration")) or []
    return [rule.get("ServerSideEncryptionByDefault", {}) for rule in rules]


def _has_kms(bucket: Resource) -> bool:
    return any(one.get("SSEAlgorithm") == "aws:kms" and one.get("KMSMasterKeyID") for one in _defaults(bucket))


def keys_rotate(stack: Stack) -> Iterator[Finding]:
    """Keys change once a year."""
    for one in stack.of_kind("AWS::KMS::Key"):
        if one.properties.get("EnableKeyRotation") is not True:
            yield Finding(one.id, "does not rotate: EnableKeyRotation must be true")


def kept_for_a_stated_time(stack: Stack) -> Iterator[Finding]:
    """Nothing that grows is kept for ever by accident, and every function logs where that holds."""
    groups = {one.properties.get("LogGroupName") for one in stack.of_kind("AWS::Logs::LogGroup")}
    for one in stack.of_kind("AWS::Logs::LogGroup"):
        if not one.properties.get("RetentionInDays"):
            yield Finding(one.id, "keeps logs for ever: RetentionInDays is not set")
    for one in stack.of_kind("AWS::Serverless::Function", "AWS::Lambda::Function"):
        if _at(one.properties, ("LoggingConfig", "LogGroup")) not in groups:
            yield Finding(one.id, "logs into a group that the template does not have, so Lambda keeps it for ever")
    for one in stack.of_kind("AWS::Kinesis::Stream"):
        if not one.properties.get("RetentionPeriodHours"):
            yield Finding(one.id, "does not say how long it keeps records: RetentionPeriodHours is not set")
    for one in stack.of_kind("AWS::SQS::Queue"):
        if not one.properties.get("MessageRetentionPeriod"):
            yield Finding(one.id, "does not say how long it keeps messages: MessageRetentionPeriod is not set")
    for one in stack.of_kind("AWS::S3::Bucket"):
        yield from _unexpired(one)


def _unexpired(bucket: Resource) -> Iterator[Finding]:
    rules = _at(bucket.properties, ("LifecycleConfiguration", "Rules")) or []
    expiring = {
        rule.get("Prefix") for rule in rules if rule.get("Status") == "Enabled" and rule.get("ExpirationInDays")
    }
    for prefix in EXPIRING:
        if prefix not in expiring:
            yield Finding(bucket.id, f"keeps {prefix} for ever: no enabled lifecycle rule expires it")


def not_public(stack: Stack) -> Iterator[Finding]:
    """Buckets are closed to the public and to plain HTTP."""
    policies = stack.of_kind("AWS::S3::BucketPolicy")
    for one in stack.of_kind("AWS::S3::Bucket"):
        for block in BLOCKS:
            if _at(one.properties, ("PublicAccessBlockConfiguration", block)) is not True:
                yield Finding(one.id, f"may become public: {block} must be true")
        name = one.properties.get("BucketName", f"{stack.place.stack}-{one.id}")
        if not any(policy.properties.get("Bucket") == name and _denies_plain_http(policy) for policy in policies):
            yield Finding(one.id, "may be read without TLS: no policy denies aws:SecureTransport false")


def _denies_plain_http(policy: Resource) -> bool:
    statements = listed(_at(policy.properties, ("PolicyDocument", "Statement")) or [])
    return any(
        one.get("Effect") == "Deny" and _at(one, ("Condition", "Bool", "aws:SecureTransport")) in {"false", False}
        for one in statements
    )


RULES: Final[tuple[Rule, ...]] = (encrypted, keys_rotate, kept_for_a_stated_time, not_public)
