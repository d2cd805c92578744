"""The OpenAPI 3.1 document, made of the table of routes and the types that it names."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from tocsin.api.answers import Answer
from tocsin.api.described import describe, inherit
from tocsin.api.problems import STATUS, TITLE, Kind, Problem
from tocsin.api.routes import ROUTES, Route, path_names

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REF: Final = "#/components/schemas/{name}"
ID_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "device": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
    "alert": {"type": "string", "pattern": "^[0-9a-f]{16}(-[0-9]{1,9})?$"},
    "silence": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
}
COMMON: Final = (Kind.INVALID, Kind.TOO_MANY, Kind.INTERNAL, Kind.UNAVAILABLE)


@lru_cache(maxsize=4)
def openapi_document(version: str) -> bytes:
    """Return the document as JSON; the same code gives the same bytes."""
    types = {route.answer for route in ROUTES} | {Problem}
    types |= {route.body for route in ROUTES if route.body not in {None, bytes}}
    ordered = sorted(types, key=lambda one: one.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=REF)
    document = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Tocsin",
            "version": version,
            "description": "Devices, series and alerts of one tenant. Instants are integer milliseconds of UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": _required(components),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    return msgspec.json.encode(document)


def _required(components: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas, where answers say that no field is left out, and no unknown one is there."""
    asked = {route.body.__name__ for route in ROUTES if route.body not in {None, bytes}}
    for name, schema in components.items():
        describe(schema)
        if name not in asked and "properties" in schema:
            schema["required"] = list(schema["properties"])
            schema["additionalProperties"] = False
    inherit(components, Answer)
    return dict(sorted(components.items()))


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.path.split("/")[2]],
    }
    operation["parameters"] = [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)]
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _body_content(route)}
    if route.is_open:
        operation["security"] = []
    operation["responses"] = _responses(route)
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": ID_SCHEMAS[name]} for name in path_names(route)]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    (schema,), components = msgspec.json.schema_components([route.query], ref_template=REF)
    whole = components.get(route.query.__name__, schema)
    describe(whole)
    required = whole.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(one)}
        for name, one in whole.get("properties", {}).items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that is there: what may be left out is never null."""
    kept = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    if "anyOf" not in kept:
        return kept
    options = [one for one in kept.pop("anyOf") if one != {"type": "null"}]
    return {**options[0], **kept} if len(options) == 1 else {"anyOf": options, **kept}


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if not route.takes_key:
        return []
    schema = {"type": "string", "maxLength": 128, "pattern": "^[ -~]*$"}
    text = "The same key again gives the same answer, and does nothing more"
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": text, "schema": schema}]


def _body_content(route: Route) -> dict[str, Any]:
    if route.body is bytes:
        example = {"device": "pump-7", "ts": "2026-11-23T10:00:00Z", "metrics": {"temperature_celsius": 61.2}}
        return {"application/json": {"schema": {}, "example": example}}
    name = route.body.__name__ if route.body else ""
    return {"application/json": {"schema": {"$ref": REF.format(name=name)}}}


def _responses(route: Route) -> dict[str, Any]:
    ref = {"schema": {"$ref": REF.format(name=route.answer.__name__)}}
    responses: dict[str, Any] = {
        str(route.status): {"description": route.summary, "content": {"application/json": ref}}
    }
    for kind in _kinds(route):
        problem = {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}}
        responses[str(STATUS[kind])] = {"description": TITLE[kind], "content": problem}
    return responses


def _kinds(route: Route) -> list[Kind]:
    kinds = set(COMMON)
    if not route.is_open:
        kinds |= {Kind.UNAUTHORISED, Kind.FORBIDDEN}
    if path_names(route) or route.path.startswith("/v1/simulator"):
        kinds.add(Kind.NOT_FOUND)
    if route.body is not None:
        kinds |= {Kind.TOO_LARGE}
    if route.body not in {None, bytes}:
        kinds |= {Kind.MEDIA}
    if route.takes_key:
        kinds |= {Kind.KEY_REUSED, Kind.CONFLICT}
    return sorted(kinds, key=lambda kind: STATUS[kind])
