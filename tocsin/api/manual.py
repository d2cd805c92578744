"""The manual of the API, ``docs/api.md``, drawn from the OpenAPI document: ``python -m tocsin.api.manual``.

The commands in it are run by the tests, in their order.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tocsin.api.openapi import openapi_document
from tocsin.api.problems import STATUS, TITLE, TYPE_START, Kind

Document = Mapping[str, Any]
JSON_TYPE: Final = "-H 'content-type: application/json'"

EXAMPLES: Final[Mapping[str, str]] = {
    "show_health": 'curl -s "$API/v1/health"',
    "show_me": 'curl -s -H "$AUTH" "$API/v1/me"',
    "show_fleet": 'curl -s -H "$AUTH" "$API/v1/fleet?group_by=device_type"',
    "list_devices": 'curl -s -H "$AUTH" "$API/v1/devices?state=warning,critical&spark=30&limit=50"',
    "show_device": 'curl -s -H "$AUTH" "$API/v1/devices/$DEVICE"',
    "show_series": (
        'curl -s -H "$AUTH" "$API/v1/series?device=$DEVICE&metric=$METRIC&resolution=5m&aggregations=mean,min,max"'
    ),
    "list_alerts": 'curl -s -H "$AUTH" "$API/v1/alerts?phase=firing,resolved&severity=critical,warning"',
    "show_alert": 'curl -s -H "$AUTH" "$API/v1/alerts/$ALERT"',
    "act": (
        f"curl -s -X POST -H \"$AUTH\" {JSON_TYPE} -H 'idempotency-key: night-shift-1' "
        '-d \'{"kind": "note", "text": "valve replaced"}\' "$API/v1/alerts/$ALERT/actions"'
    ),
    "list_silences": 'curl -s -H "$AUTH" "$API/v1/silences"',
    "make_silence": (
        f'curl -s -X POST -H "$AUTH" {JSON_TYPE} '
        '-d \'{"device": "north-*", "for_ms": 3600000, "comment": "maintenance"}\' "$API/v1/silences"'
    ),
    "end_silence": 'curl -s -X DELETE -H "$AUTH" "$API/v1/silences/$SILENCE"',
    "show_changes": 'curl -s -H "$AUTH" "$API/v1/changes?since=$CURSOR&wait_s=5"',
    "post_readings": (
        f'curl -s -X POST -H "$AUTH" {JSON_TYPE} '
        '-d \'{"device": "pump-7", "ts": "2026-11-23T10:00:00Z", "metrics": {"temperature_celsius": 61.2}}\' '
        '"$API/v1/readings"'
    ),
    "show_pipeline": 'curl -s -H "$AUTH" "$API/v1/pipeline"',
    "show_simulator": 'curl -s -H "$AUTH" "$API/v1/simulator"',
    "inject_fault": (
        f'curl -s -X POST -H "$AUTH" {JSON_TYPE} '
        '-d \'{"kind": "dropout", "device": "north-motor-01", "for_ms": 1200000}\' "$API/v1/simulator/faults"'
    ),
}
"""Operation to a command; what a shell must know first is in ``INTRODUCTION``."""

INTRODUCTION: Final = """# The query API

Devices, series, alerts and what people do about them, over HTTP: what the dashboard and `tocsin watch` ask. This page
is drawn from the OpenAPI document that the server has at `/v1/openapi.json`, and every command on it is run by the
tests. Why it is as it is: [the decision](decisions/query-api.md).

`tocsin serve` and `tocsin demo` print an address that ends in `#token=…`. In a shell:

```sh
API=http://127.0.0.1:8430
AUTH="authorization: Bearer …"
```

Instants are integer milliseconds of UTC and end in `_ms`. Fields of answers are never left out; what is not known is
`null`. An unknown parameter or field of a body is an error. A list comes in pages: its `cursor` goes into the next
request as it is, until it is `null`.

**Tokens** are JWT with the claims `tenant`, `role`, `sub`, `iss`, `aud` and `exp`, under one algorithm. A `viewer`
may read, an `operator` may also act; a token with `device` or `gateway` may post readings. Without `--key-file` the
key of `tocsin serve` is its own and ends with it; with `--key-file`, `--algorithm`, `--issuer` and `--audience`
somebody else issues them. On AWS the authoriser in front of the function checks signature, issuer and audience.

**Idempotency.** A route that makes something takes the header `Idempotency-Key`: the same key again gives the same
answer and does nothing more; with another body it is refused.

**Rates.** Each caller may ask 100 times a second, 400 times at once, and act 10 times a second; then the answer is
429 and says when to ask again. `tocsin serve --requests` sets another rate. On AWS each function counts for itself.

**Waiting.** `/v1/changes` is a long poll: it answers as soon as something is new. On AWS it answers at once, as a
function that waits is paid for waiting: ask again after a second or more.
"""


def manual() -> str:
    """Return the page."""
    document = msgspec.json.decode(openapi_document("0"))
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield INTRODUCTION
    yield from _problems()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _route(document, path, method.upper(), operation)
    yield "## Types"
    yield ""
    for name, schema in document["components"]["schemas"].items():
        if not name.startswith("New"):
            yield from _type(name, schema)


def _problems() -> Iterator[str]:
    yield "**Errors** are `application/problem+json` (RFC 9457); `type` is for programs, `detail` for people."
    yield ""
    yield "| status | type | title |"
    yield "| --- | --- | --- |"
    for kind in Kind:
        yield f"| {STATUS[kind]} | `{TYPE_START}{kind}` | {TITLE[kind]} |"
    yield ""


def _route(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    yield f"## `{method} {path}`"
    yield ""
    status, success = next(iter(operation["responses"].items()))
    answer = _named(success["content"]["application/json"]["schema"])
    yield f"{operation['summary']}. Answers {status} with {answer}."
    yield ""
    asked = [one for one in operation["parameters"] if one["in"] != "path"]
    if asked:
        yield "| parameter | is | |"
        yield "| --- | --- | --- |"
        for one in asked:
            where = " (header)" if one["in"] == "header" else ""
            words = one.get("description") or one["schema"].get("description", "")
            yield f"| `{one['name']}`{where} | {_rule(one['schema'], is_needed=one['required'])} | {words} |"
        yield ""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in body:
        yield from _fields(document["components"]["schemas"][body["$ref"].rpartition("/")[2]])
    yield "```sh"
    yield EXAMPLES[operation["operationId"]]
    yield "```"
    yield ""


def _fields(schema: Document) -> Iterator[str]:
    yield "| field of the body | is | |"
    yield "| --- | --- | --- |"
    needed = schema.get("required", [])
    for name, about in schema["properties"].items():
        yield f"| `{name}` | {_rule(about, is_needed=name in needed)} | {about.get('description', '')} |"
    yield ""


def _type(name: str, schema: Document) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    yield f"{schema['description']}"
    yield ""
    yield "| field | is | |"
    yield "| --- | --- | --- |"
    for field, about in schema["properties"].items():
        yield f"| `{field}` | {_named(about)} | {about.get('description', '')} |"
    yield ""


def _rule(schema: Document, *, is_needed: bool) -> str:
    """Return what a value must be, and what it is where it is left out."""
    words = [_named(schema)]
    words += [f"at least {schema['minimum']:,}"] if "minimum" in schema else []
    words += [f"at most {schema['maximum']:,}"] if "maximum" in schema else []
    words += [f"at most {schema['maxLength']:,} characters"] if "maxLength" in schema else []
    default = schema.get("default")
    is_said = default not in (None, "", [], {})
    words += ["needed"] if is_needed else [f"else `{default}`"] if is_said else []
    return ", ".join(words)


def _named(schema: Document) -> str:
    """Return the type as people read it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_named(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_named(schema.get('items', {}))}"
    if schema.get("type") == "object":
        return f"map to {_named(schema.get('additionalProperties', {}))}"
    return str(schema.get("type", "anything"))


if __name__ == "__main__":
    sys.stdout.write(manual())
