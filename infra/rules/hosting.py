"""Rules about what is served to browsers: over TLS only, from a bucket that only the distribution reads."""

from collections.abc import Iterator
from typing import Any, Final

from infra.rules.finding import Finding, Rule
from tocsin.runtime.cloudformation.resolve import Resource, Stack

SECURE: Final = frozenset({"https-only", "redirect-to-https"})
HTTP_API: Final = "AWS::Serverless::HttpApi"


def served_over_tls(stack: Stack) -> Iterator[Finding]:
    """Viewers reach distributions, and these reach what is behind them, over TLS."""
    for one in stack.of_kind("AWS::CloudFront::Distribution"):
        config = one.properties["DistributionConfig"]
        for behavior in _behaviors(config):
            if behavior.get("ViewerProtocolPolicy") not in SECURE:
                yield Finding(one.id, f"serves {behavior.get('PathPattern', 'the rest')} without TLS")
        for origin in config["Origins"]:
            custom = origin.get("CustomOriginConfig")
            if custom is not None and custom.get("OriginProtocolPolicy") != "https-only":
                yield Finding(one.id, f"asks its origin {origin['Id']} without TLS")


def buckets_are_read_by_signature(stack: Stack) -> Iterator[Finding]:
    """A bucket behind a distribution is asked with signed requests, and every answer of it has headers of ours."""
    for one in stack.of_kind("AWS::CloudFront::Distribution"):
        config = one.properties["DistributionConfig"]
        buckets = {origin["Id"] for origin in config["Origins"] if "S3OriginConfig" in origin}
        for origin in config["Origins"]:
            if origin["Id"] in buckets and not origin.get("OriginAccessControlId"):
                yield Finding(
                    one.id, f"asks the bucket of origin {origin['Id']} unsigned: OriginAccessControlId not set"
                )
        for behavior in _behaviors(config):
            if behavior["TargetOriginId"] in buckets and not behavior.get("ResponseHeadersPolicyId"):
                yield Finding(one.id, f"serves {behavior.get('PathPattern', 'the rest')} without security headers")


def _behaviors(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]


def requests_are_authorised(stack: Stack) -> Iterator[Finding]:
    """An HTTP API has an authoriser that holds where nothing else is said; only health may be open."""
    for one in stack.of_kind(HTTP_API):
        if not (one.properties.get("Auth") or {}).get("DefaultAuthorizer"):
            yield Finding(one.id, "lets everybody in: Auth.DefaultAuthorizer is not set")
    for function in stack.of_kind("AWS::Serverless::Function"):
        yield from _open_routes(function)


def _open_routes(function: Resource) -> Iterator[Finding]:
    for name, event in (function.properties.get("Events") or {}).items():
        settings = event.get("Properties") or {}
        is_open = event["Type"] == "HttpApi" and (settings.get("Auth") or {}).get("Authorizer") == "NONE"
        if is_open and settings.get("Path") != "/v1/health":
            yield Finding(f"{function.id}.{name}", f"lets everybody ask {settings.get('Path')}")


RULES: Final[tuple[Rule, ...]] = (served_over_tls, buckets_are_read_by_signature, requests_are_authorised)
