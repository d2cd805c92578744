"""docs/api.md is what the code draws, and each of its commands answers what the document says."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from simulator.scenario import load_scenario
from tocsin.api.manual import EXAMPLES, manual
from tocsin.api.openapi import openapi_document
from tocsin.api.routes import ROUTES
from tocsin.cli.files import plan_for, scenario_file
from tocsin.core.clock import HOUR_MS
from tocsin.runtime.play import Play
from tocsin.runtime.serving import Serving, ServingSettings
from tocsin.runtime.simulating import Simulating

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
DOCUMENT = msgspec.json.decode(openapi_document("0"))


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    """The small scenario, stopped while something fires."""
    file = scenario_file("small")
    with Play(load_scenario(file), plan_for(file, None), seed=1) as play:
        for frame in play.frames():
            if frame.now_ms >= play.fleet.scenario.start_ms + HOUR_MS // 4 and frame.counts.transitions:
                break
        simulating = Simulating(play.fleet, play.embedded.backend.alerts, play.now_ms, seed=1, speed=None)
        settings = ServingSettings("demo", simulating.tenant, wait_s_max=0.01)
        errors: list[str] = []
        with Serving(
            play.embedded,
            play.pipeline,
            play.now_ms,
            settings,
            log_error=lambda where, error: errors.append(f"{where}: {error}"),
            simulator=simulating,
        ) as served:
            yield served
        assert errors == []


def test_page_is_what_the_code_draws() -> None:
    assert PAGE.read_text("utf-8") == manual(), "draw it again: python -m tocsin.api.manual > docs/api.md"


def test_document_is_valid_openapi_and_has_every_route() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"
    assert {(path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods} == {
        (route.path, route.method) for route in ROUTES
    }
    assert list(EXAMPLES) == [route.name for route in ROUTES]


def test_every_field_of_an_answer_is_described_or_plain() -> None:
    kinds = {"Fleet", "Device", "Series", "Alert", "AlertDetail", "Changes", "Simulator", "PipelineFigures"}
    for name in kinds:
        for field, about in DOCUMENT["components"]["schemas"][name]["properties"].items():
            assert about.get("description"), f"{name}.{field}"


def asked(serving: Serving, method: str, url: str, headers: dict[str, str], body: str | None) -> tuple[int, Any]:
    place = urlsplit(serving.address)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        connection.request(method, url.removeprefix(serving.address), body, headers)
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read())
    finally:
        connection.close()


def run(serving: Serving, command: str, values: dict[str, str]) -> tuple[int, Any]:
    """Do what the command would."""
    words = iter(shlex.split(command)[1:])
    method, headers, body, url = "GET", {}, None, ""
    for word in words:
        match word:
            case "-s":
                continue
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = Template(next(words)).substitute(values).partition(":")
                headers[name] = value.strip()
            case "-d":
                body = next(words)
            case _:
                url = Template(word).substitute(values)
    return asked(serving, method, url, headers, body)


def values_of(serving: Serving) -> dict[str, str]:
    values = {"API": serving.address, "AUTH": f"authorization: Bearer {serving.token}"}
    values |= {"DEVICE": "north-motor-01", "METRIC": "vibration_mmps"}
    _, alerts = run(serving, EXAMPLES["list_alerts"], values)
    _, changes = run(serving, 'curl -s -H "$AUTH" "$API/v1/changes"', values)
    return values | {"ALERT": alerts["items"][0]["id"], "CURSOR": changes["cursor"]}


def test_every_command_answers_as_the_document_says(serving: Serving) -> None:
    values = values_of(serving)
    for route in ROUTES:
        status, content = run(serving, EXAMPLES[route.name], values)
        if route.name == "make_silence":
            values["SILENCE"] = content["id"]
        if route.name == "post_readings" and status == 400:  # its time is another than the simulation's
            continue
        assert status == route.status, content
        reference = {"$ref": f"#/components/schemas/{route.answer.__name__}", "components": DOCUMENT["components"]}
        Draft202012Validator(reference).validate(content)


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="there is no curl on this machine; the commands are sent anyway"
)
def test_commands_are_what_curl_takes(serving: Serving) -> None:
    environment = os.environ | values_of(serving)
    for name in ("show_fleet", "show_series", "act"):
        done = subprocess.run(EXAMPLES[name], shell=True, check=True, capture_output=True, env=environment)  # noqa: S602
        assert "type" not in msgspec.json.decode(done.stdout), name


def test_page_has_every_command_in_the_order_of_the_routes() -> None:
    found = re.findall(r"^curl .*$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert found == list(EXAMPLES.values())
