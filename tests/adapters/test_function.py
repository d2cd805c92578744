"""The entry of a function: built once from its environment, aware of the time that is left, silent about payloads."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cold_start import BUDGETS_MS, FORBIDDEN
from tocsin.adapters import function
from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.function import CallFailedError, Entry, load_plan
from tocsin.core.errors import ConfigError, UnavailableError
from tocsin.core.plan.book import PlanBook, publish_plan
from tocsin.core.plan.model import MetricPlan, Plan, Window, encode_plan, plan_hash
from tocsin.core.ports import Backend

PLAN = Plan(metrics=(MetricPlan("*", (Window(60_000, 60_000),)),))
CANARY = "canary-5ecret"


@dataclass
class Context:
    remaining_ms: int = 30_000
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Aws:
    """Stands for the open ports: memory, and what it was told of the time."""

    backend: Backend
    begun_ms: list[int] = field(default_factory=list)

    def begin(self, remaining_ms: int) -> None:
        self.begun_ms.append(remaining_ms)


@dataclass
class Counting:
    """A handler that counts its calls, and fails as it is told to."""

    plans: PlanBook
    fails: Callable[[], None] = lambda: None
    calls: int = 0

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda's shape
        self.fails()
        self.calls += 1
        return {"plan": plan_hash(self.plans.first)}

    def measures(self) -> Mapping[str, float]:
        return {"messages": 3, "watermark_lag_ms": 1_500}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    opened = Aws(open_embedded(None, now_ms=lambda: 0).backend)
    monkeypatch.setattr(function, "open_aws", lambda settings, *, random: opened)  # noqa: ARG005  as it is called
    return opened


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "plan.json").write_bytes(encode_plan(PLAN))
    return {
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "AWS_REGION": "eu-central-1",
        "TOCSIN_READINGS_STREAM": "readings",
        "POWERTOOLS_METRICS_NAMESPACE": "Tocsin/test",
    }


def entry_of(environment: Mapping[str, str], made: list[Counting], **how: Any) -> Entry:
    def make(backend: Backend, plans: PlanBook) -> Counting:  # noqa: ARG001  the shape of a maker
        made.append(Counting(plans, **how))
        return made[-1]

    return Entry("ingest", ("readings",), make, environment)


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.usefixtures("aws")
def test_handler_is_built_once_with_the_plan_beside_the_code(environment: dict[str, str]) -> None:
    made: list[Counting] = []
    entry = entry_of(environment, made)

    answers = [entry({}, Context()), entry({}, Context())]

    assert answers == [{"plan": plan_hash(PLAN)}] * 2
    assert [one.calls for one in made] == [2]


@pytest.mark.usefixtures("aws")
def test_inside_of_lambda_all_is_built_at_import_where_a_snapshot_saves_it(environment: dict[str, str]) -> None:
    made: list[Counting] = []
    entry_of(environment, made)
    assert not made

    entry_of(environment | {"AWS_LAMBDA_FUNCTION_NAME": "tocsin-ingest"}, made)

    assert len(made) == 1


def test_function_that_lacks_a_name_does_not_start(environment: dict[str, str]) -> None:
    del environment["TOCSIN_READINGS_STREAM"]

    with pytest.raises(ConfigError, match="TOCSIN_READINGS_STREAM is not set"):
        entry_of(environment | {"AWS_LAMBDA_FUNCTION_NAME": "tocsin-ingest"}, [])


def test_adapters_are_told_at_each_call_how_much_time_is_left(environment: dict[str, str], aws: Aws) -> None:
    entry = entry_of(environment, [])

    entry({}, Context(9_000))
    entry({}, Context(4_000))

    assert aws.begun_ms == [9_000, 4_000]


@pytest.mark.usefixtures("aws")
def test_nothing_is_begun_with_too_little_time_left(environment: dict[str, str]) -> None:
    made: list[Counting] = []

    with pytest.raises(CallFailedError, match="1000 ms are too few to begin"):
        entry_of(environment, made)({}, Context(1_000))

    assert made[0].calls == 0


def test_plan_that_a_tick_names_is_fetched_from_the_blobs(environment: dict[str, str], aws: Aws) -> None:
    made: list[Counting] = []
    other = Plan(metrics=PLAN.metrics, groups=8)
    publish_plan(other, aws.backend.blobs)
    entry_of(environment, made)({}, Context())

    assert made[0].plans.at(plan_hash(other)) == other


@pytest.mark.usefixtures("aws")
def test_metrics_leave_as_one_line_with_the_stage_as_only_dimension(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    entry_of(environment, [])({}, Context())

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    (described,) = told["_aws"]["CloudWatchMetrics"]
    assert (described["Namespace"], described["Dimensions"]) == ("Tocsin/test", [["service"]])
    assert {one["Name"]: one["Unit"] for one in described["Metrics"]} == {
        "messages": "Count",
        "watermark_lag_ms": "Milliseconds",
    }
    assert (told["service"], told["messages"], told["watermark_lag_ms"]) == ("ingest", [3.0], [1_500.0])


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(ValueError(f"bad event {CANARY}"), "ingest: ValueError at ", id="nobody's on purpose"),
        pytest.param(UnavailableError(f"table alerts: {CANARY!r}"), "table alerts: …", id="ours, quoting"),
        pytest.param(KeyError(CANARY), "ingest: KeyError at ", id="a key"),
    ],
)
def test_failure_is_told_without_what_came(
    environment: dict[str, str], error: Exception, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CallFailedError, match=words) as raised:
        entry_of(environment, [], fails=raising(error))({}, Context())

    assert CANARY not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert CANARY not in "".join(capfd.readouterr())


@pytest.mark.parametrize("how", ["none", "nonsense"])
def test_plan_that_cannot_be_read_is_named(tmp_path: Path, how: str) -> None:
    if how == "nonsense":
        (tmp_path / "plan.json").write_text("{}")

    with pytest.raises(ConfigError, match="compiled plan"):
        load_plan({"LAMBDA_TASK_ROOT": str(tmp_path)})


def test_plan_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(encode_plan(PLAN))

    assert load_plan({"TOCSIN_PLAN": str(tmp_path / "mine.json")}) == PLAN


COLUMNS = {"ingest.handler", "processors.handler", "anomaly.handler", "tocsin.runtime.joined"}
"""Functions that need columns from the first record on; the others start without numpy, a third of a cold start."""


@pytest.mark.parametrize("module", BUDGETS_MS)
def test_every_function_has_an_entry_that_waits_for_its_first_call_and_imports_nothing_heavy(module: str) -> None:
    wanted = (*FORBIDDEN, "numpy")
    program = f"import {module} as m, sys; print(type(m.handler).__name__, *[n for n in {wanted} if n in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["Entry", *(["numpy"] if module in COLUMNS else [])]
