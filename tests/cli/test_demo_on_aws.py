"""The demo on a stand-in for AWS, and the pipeline on what the environment names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.cli.conftest import PLAN, Tocsin
from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.settings import VARIABLES
from tocsin.adapters.aws.stand_in import StandIn
from tocsin.core.clock import wall_now_ms
from tocsin.runtime.provisioned import provision

SCENARIO = """
name: brief
description: Two devices for some minutes, one of them behind a gateway; a limit is crossed.
start: 2026-11-23T10:00:00Z
duration: 4m
network: {latency: 80ms}
sites:
  - name: north
    latitude: 44
    longitude: 8
    fleets:
      - {type: motor}
      - {type: hvac, gateway: north-gw-1}
timeline:
  - {at: 1m, for: 3m, device: north-motor-01, metric: vibration_mmps, kind: bias, sigmas: 30}
"""


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


def played(tocsin: Tocsin, scenario: Path, *more: str) -> dict[str, Any]:
    said = tocsin("demo", "--scenario", scenario, "--plan", PLAN, "--as-fast-as-possible", "--no-page", "--json", *more)

    assert said.code == 0, said.err
    account = cast("dict[str, Any]", said.json)
    return {name: value for name, value in account.items() if name not in {"elapsed_s", "readings_per_s"}}


def test_demo_on_aws_tells_the_same_as_in_memory(tocsin: Tocsin, tmp_path: Path, stand_in: StandIn) -> None:
    scenario = tmp_path / "brief.yaml"
    scenario.write_text(SCENARIO, "utf-8")

    memory = played(tocsin, scenario)
    aws = played(tocsin, scenario, "--backend", "aws", "--endpoint", str(stand_in.settings.endpoint("s3")))

    assert aws == memory
    assert aws["alerts"]["fired"] == 1


def test_run_on_aws_uses_what_the_environment_names(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stand_in: StandIn
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text(f'{{"device": "pump-7", "ts": {wall_now_ms()}, "metrics": {{"flow_lpm": 1}}}}\n', "utf-8")
    settings = provision(stand_in.settings, "run")
    for name, variable in VARIABLES.items():
        monkeypatch.setenv(variable, getattr(settings, name))
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(settings.endpoint("kinesis")))

    said = tocsin("run", "--backend", "aws", "--from", lines, "--tenant", "acme", "--for", "2s")

    with open_aws(settings) as aws:
        (shard,) = aws.backend.readings.shards()
        put = aws.backend.readings.read(shard.id, after=None, limit=100)
        done = aws.checkpoints.load("processors")
    assert said.code == 0, said.err
    assert "running on AWS at http://127.0.0.1:" in said.err
    assert "acme#pump-7" in [record.partition_key for record in put]
    assert done == {shard.id: put[-1].sequence}


def test_run_on_aws_says_all_that_the_environment_does_not_name(tocsin: Tocsin) -> None:
    said = tocsin("run", "--backend", "aws", "--for", "1s")

    assert said.code == 2
    assert "TOCSIN_READINGS_STREAM is not set" in said.err
    assert "TOCSIN_TOPIC_ARN is not set" in said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--endpoint", "http://127.0.0.1:4566"), "--endpoint goes with --backend aws"),
        (("--backend", "aws", "--file", "new.db"), "--file goes with --backend embedded"),
        (("--backend", "aws", "--endpoint", "https://dynamodb.us-east-1.amazonaws.com"), "must be on this machine"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_use(tocsin: Tocsin, options: tuple[str, ...], words: str) -> None:
    said = tocsin("demo", "--scenario", "small", "--no-page", *options)

    assert said.code == 2
    assert words in said.err
