"""What looks at a deployment and repairs it works on AWS as on a file: through boto3, on a stand-in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.test_backfill import table
from tests.cli.test_state import PLAN
from tests.contract.moto_backend import SETTINGS, moto_at
from tests.runtime.walk import START_MS, play, walk
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.settings import VARIABLES, from_environment
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.source import load_plan
from tocsin.core.ports import StoredRecord
from tocsin.runtime.discarded import EXHAUSTED, Discarded
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.mapping import Context
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.provisioned import WHOLE, make

BACKEND = ("--backend", "aws")
BUCKET = f"tools-000000000000-{SETTINGS.region}"
AS_LAMBDA_WRITES = "aws/lambda/0f5c/shardId-000000000000/2026/11/23/2026-11-23T12.03.00-1b2d.json"


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Resources of the template that a pipeline ran on for a minute, named by the environment."""
    clock = VirtualClock(START_MS)
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "next.yaml").write_text(f"{PLAN}groups: 8\ngeneration: 2\n")
    with moto_at(clock.now_ms) as clients:
        monkeypatch.setattr("tocsin.adapters.aws.ports.Clients", lambda settings: clients)  # noqa: ARG005  made once
        monkeypatch.setattr(clients, "close", lambda: None, raising=False)
        names = make(clients, "tools", WHOLE)
        environment = {VARIABLES[field]: name for field, name in names.items()} | {"AWS_REGION": SETTINGS.region}
        with open_aws(from_environment(environment), now_ms=clock.now_ms, requests_max=1) as aws:
            pipeline = Pipeline(aws, load_plan(tmp_path / "plan.yaml"), clock.now_ms)
            pipeline.start_ticks()
            for _ in play(pipeline, clock, walk(minutes=1)):
                pass
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.delenv("TOCSIN_CHECKPOINTS_TABLE")  # as where functions do the work
        yield clients


def report(records: list[StoredRecord]) -> bytes:
    lost = Discarded(kinesis_event_of("tools-readings")(records), records, 3, EXHAUSTED, None)
    return lost.report(Context("processors", "r-1"), START_MS + 3 * MINUTE_MS)


def test_what_lambda_gave_up_is_listed_shown_and_put_again_after_a_dry_run(tocsin: Tocsin, deployed: Clients) -> None:
    records = [
        StoredRecord("shardId-000000000000", "1", "acme#pump-1", b'{"device": "pump-1"}', START_MS),
        StoredRecord("shardId-000000000000", "2", TICK_KEY, b"{}", START_MS),
    ]
    deployed.s3.put_object(Bucket=BUCKET, Key=AS_LAMBDA_WRITES, Body=report(records))
    strange = (
        b'{"requestContext": {"functionArn": "f", "condition": "c", "approximateInvokeCount": 1}, "timestamp": "t"}'
    )
    deployed.s3.put_object(Bucket=BUCKET, Key="aws/lambda/async/f/2026/11/23/x", Body=strange)

    dead = deployed.sqs.get_queue_url(QueueName="tools-gateway-dead-letters")["QueueUrl"]
    deployed.sqs.send_message(QueueUrl=dead, MessageBody="letter")

    listed = tocsin("dlq", "list", *BACKEND, "--json")
    letters = tocsin("dlq", "show", "queue", *BACKEND)
    shown = tocsin("dlq", "show", AS_LAMBDA_WRITES, *BACKEND)
    trial = tocsin("dlq", "redrive", AS_LAMBDA_WRITES, *BACKEND, "--dry-run")
    done = tocsin("dlq", "redrive", *BACKEND)
    after = tocsin("dlq", "list", *BACKEND)

    found = {one["name"]: one.get("log") for one in map(json.loads, listed.out.splitlines())}
    assert (listed.code, found) == (
        1,
        {AS_LAMBDA_WRITES: "readings", "aws/lambda/async/f/2026/11/23/x": "other", "queue": None},
    )
    assert "partitionKey" in shown.out
    assert trial.out == f"{AS_LAMBDA_WRITES}: 1 records would be put again, 1 ticks left out\n"
    assert f"{AS_LAMBDA_WRITES}: 1 records put again, 1 ticks left out\n" in done.out
    assert "its source must send it again" in done.out
    assert "queue: 1 records put again\n" in done.out
    assert json.loads(letters.out)["body"] == "letter"
    assert AS_LAMBDA_WRITES not in after.out


def test_archive_is_written_listed_and_exported(tocsin: Tocsin, deployed: Clients, tmp_path: Path) -> None:
    trial = json.loads(tocsin("archive", "write", *BACKEND, "--dry-run", "--json").out)
    done = json.loads(tocsin("archive", "write", *BACKEND, "--json").out)
    hours = tocsin("archive", "list", "acme", *BACKEND)
    exported = tocsin(
        *("archive", "export", "acme", tmp_path / "a.jsonl", *BACKEND, "--json"),
        *("--since", "2026-11-23T12:00:00Z", "--until", "2026-11-23T13:00:00Z"),
    )

    assert trial["records"] == done["records"] > 20
    assert hours.out == "2026-11-23T12:00Z\n"
    assert json.loads(exported.out)["records"] > 20
    assert deployed.s3.list_objects_v2(Bucket=BUCKET, Prefix="blobs/recordings/acme/")["KeyCount"]


def test_states_are_shown_and_moved_to_other_groups(tocsin: Tocsin, deployed: Clients, tmp_path: Path) -> None:
    plan = ("--plan", tmp_path / "next.yaml")

    shown = json.loads(tocsin("state", "show", "acme/pump-1", *BACKEND, "--json").out)
    trial = json.loads(tocsin("state", "rescale", *BACKEND, *plan, "--dry-run", "--json").out)
    done = json.loads(tocsin("state", "rescale", *BACKEND, *plan, "--json").out)
    skipped = tocsin("state", "skip", *BACKEND, "--dry-run")

    assert shown["processors"]["metrics"]
    assert shown["generation"] == 1
    assert trial == done | {"dry_run": True}
    assert (sum(done["before"]), sum(done["after"]), len(done["after"])) == (6, 6, 8)
    assert (skipped.code, skipped.err) == (0, "no group waits for panes\n")
    keys = [one["pk"]["S"] for one in deployed.dynamodb.scan(TableName="tools-state")["Items"]]
    assert {key.rpartition("#")[0] for key in keys} == {"G#2"}  # of alerts, whose states the template has there


def test_past_is_folded_and_its_generation_comes_into_force(tocsin: Tocsin, deployed: Clients, tmp_path: Path) -> None:
    (tmp_path / "next.yaml").write_text(f"{PLAN}generation: 2\n")
    old = table(tmp_path / "old.csv", START_MS - 999 * MINUTE_MS)
    how = (*BACKEND, "--plan", tmp_path / "next.yaml", "--tenant", "acme", "--json")

    trial = json.loads(tocsin("backfill", old, *how, "--dry-run").out)
    untouched = devices(deployed)
    done = json.loads(tocsin("backfill", old, *how).out)

    assert trial == done | {"dry_run": True}
    assert (done["generation"], done["new_devices"], done["panes"]) == (2, 1, 10)
    assert "T#acme#D#old-1" not in untouched
    assert "T#acme#D#old-1" in devices(deployed)
    ended = deployed.s3.get_object(Bucket=BUCKET, Key="blobs/generations/1.json")["Body"].read()
    assert json.loads(ended)["superseded_by"] == 2


def devices(clients: Clients) -> set[str]:
    return {one["pk"]["S"] for one in clients.dynamodb.scan(TableName="tools-windows")["Items"]}


def test_what_the_environment_does_not_name_and_a_file_that_is_not_there_are_told(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    unnamed = tocsin("dlq", "list", *BACKEND)
    absent = tocsin("state", "show", "acme/pump-1", "--file", tmp_path / "none.db")

    assert (unnamed.code, absent.code) == (2, 2)
    assert "TOCSIN_GATEWAY_QUEUE_URL is not set" in unnamed.err
    assert "TOCSIN_PANES_STREAM" not in unnamed.err
    assert "none.db does not exist" in absent.err


def test_endpoint_off_this_machine_is_refused(tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://stand-in.example.com")

    assert "AWS_ENDPOINT_URL must be on this machine" in tocsin("archive", "list", "acme", *BACKEND).err
