"""The dashboard on AWS is what the local server serves: the same files, headers and addresses, and every route."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.package import topology, write_page
from tocsin.api.assets import ASK_AGAIN, FOR_EVER, INDEX, PAGES, SECURITY_HEADERS, Assets
from tocsin.api.dispatch import Request
from tocsin.api.routes import OPENAPI_PATH, ROUTES
from tocsin.api.site import site

STACK = topology()
NAMED_HEADERS = {
    "ContentSecurityPolicy": ("content-security-policy", "ContentSecurityPolicy"),
    "ContentTypeOptions": ("x-content-type-options", ""),
    "FrameOptions": ("x-frame-options", "FrameOption"),
    "ReferrerPolicy": ("referrer-policy", "ReferrerPolicy"),
}
"""What CloudFront calls a header to its name, and to where its value is."""


def asked(path: str) -> Request:
    return Request("GET", path, [], {}, b"", "127.0.0.1")


def headers_of(policy: str) -> dict[str, str]:
    config = STACK.resources[policy].properties["ResponseHeadersPolicyConfig"]
    found = {one["Header"]: one["Value"] for one in config["CustomHeadersConfig"]["Items"]}
    for kind, (name, value) in NAMED_HEADERS.items():
        found[name] = config["SecurityHeadersConfig"][kind][value] if value else "nosniff"
    return found


@pytest.mark.parametrize(("policy", "cached"), [("PageHeaders", ASK_AGAIN), ("AssetHeaders", FOR_EVER)])
def test_distribution_sends_the_headers_of_the_local_server(policy: str, cached: str) -> None:
    assert headers_of(policy) == {**SECURITY_HEADERS, "cache-control": cached}


def test_bucket_has_what_the_local_server_would_answer(tmp_path: Path) -> None:
    write_page(tmp_path / "page")
    local = Assets()

    written = {path.relative_to(tmp_path / "page").as_posix(): path for path in (tmp_path / "page").rglob("*.*")}
    assert set(written) == set(site())
    for name, path in written.items():
        reply = local.answer(asked("/" if name == INDEX else f"/{name}"))
        assert reply is not None
        assert reply.body == path.read_bytes()
    assert b'"/assets/' in written[INDEX].read_bytes()


def test_second_packaging_leaves_no_file_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "old.js").touch()

    write_page(tmp_path / "page")

    assert not (tmp_path / "page" / "old.js").exists()


@pytest.mark.skipif(shutil.which("node") is None, reason="the function at the edge is JavaScript, and node is not here")
def test_addresses_lead_to_the_page_where_the_local_server_shows_it() -> None:
    addresses = ["/", "/index.html", "/nowhere", "/devices/a/b", "/.env", "//", *(f"/{page}" for page in PAGES)]
    addresses += [f"/{page}/pump-7" for page in PAGES]
    code = STACK.resources["PageAddresses"].properties["FunctionCode"]
    program = f"{code};console.log(JSON.stringify({json.dumps(addresses)}.map(uri => handler({{request: {{uri}}}}))))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)

    answers = dict(zip(addresses, json.loads(done.stdout), strict=True))
    local = Assets()
    assert {uri: answer.get("uri") == "/index.html" for uri, answer in answers.items()} == {
        uri: local.answer(asked(uri)) is not None for uri in addresses
    }
    assert {answer["statusCode"] for answer in answers.values() if "uri" not in answer} == {404}


def test_every_route_of_the_api_is_behind_the_http_api_and_only_health_is_open() -> None:
    events = [
        (function.id, event["Properties"])
        for function in STACK.of_kind("AWS::Serverless::Function")
        for event in function.properties["Events"].values()
        if event["Type"] == "HttpApi"
    ]
    exact = {(one["Method"], one["Path"]): function for function, one in events}

    def answers(method: str, path: str) -> str:
        return exact.get((method, path)) or exact["ANY", "/v1/{proxy+}"]

    assert all(route.path.startswith("/v1/") for route in ROUTES)
    assert OPENAPI_PATH.startswith("/v1/")
    found = {(route.method, route.path): answers(route.method, route.path) for route in ROUTES}
    assert {path for path, function in found.items() if function != "ApiFunction"} == {("POST", "/v1/readings")}
    assert found["POST", "/v1/readings"] == "IngestHttpFunction"
    assert [one["Path"] for _, one in events if (one.get("Auth") or {}).get("Authorizer") == "NONE"] == [
        route.path for route in ROUTES if route.is_open
    ]


def test_browser_reaches_page_and_api_at_one_address() -> None:
    config = STACK.resources["Page"].properties["DistributionConfig"]

    targets = {one["PathPattern"]: one["TargetOriginId"] for one in config["CacheBehaviors"]}
    assert targets == {"/assets/*": "page", "/v1/*": "api"}
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "page"
