"""Around a snapshot: the runtime's hooks are used where it has them, and missed nowhere else."""

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.adapters.test_function import PLAN
from tocsin.adapters import function
from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.function import Entry
from tocsin.adapters.snapshot import HOOKS, around_snapshot
from tocsin.core.plan.model import encode_plan
from tocsin.core.ports import Backend


@dataclass
class Hooks:
    """Stands for the module of Lambda's runtime: calls what was registered, in the documented order."""

    before: list[Callable[[], None]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)

    def snapshot(self) -> None:
        for one in reversed(self.before):
            one()

    def restore(self) -> None:
        for one in self.after:
            one()


@dataclass
class Prepared:
    """A handler that loads something late; notes what happens to it."""

    noted: list[str]

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda's shape
        return {}

    def measures(self) -> Mapping[str, float]:
        return {}

    def prepare(self) -> None:
        self.noted.append("prepared")


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    made = Hooks()
    module = SimpleNamespace(register_before_snapshot=made.before.append, register_after_restore=made.after.append)
    monkeypatch.setitem(sys.modules, HOOKS, module)
    return made


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is done to the open ports, in order."""
    found: list[str] = []
    opened = SimpleNamespace(
        backend=open_embedded(None, now_ms=lambda: 0).backend, disconnect=lambda: found.append("disconnected")
    )
    monkeypatch.setattr(function, "open_aws", lambda settings, *, random: opened)  # noqa: ARG005  as it is called
    return found


def entry_of(folder: Path, handler: Any, **more: str) -> Entry:
    (folder / "plan.json").write_bytes(encode_plan(PLAN))
    environment = {"LAMBDA_TASK_ROOT": str(folder), "AWS_REGION": "eu-west-1", "TOCSIN_READINGS_STREAM": "readings"}

    def make(backend: Backend, plans: object) -> Any:  # noqa: ARG001  the shape of a maker
        return handler

    return Entry("api", ("readings",), make, environment | more)


def test_without_the_runtimes_module_nothing_is_registered_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, HOOKS, raising=False)

    assert not around_snapshot(lambda: None, lambda: None)


def test_function_in_lambda_loads_before_the_snapshot_and_goes_into_it_without_connections(
    tmp_path: Path, hooks: Hooks, noted: list[str]
) -> None:
    entry_of(tmp_path, Prepared(noted), AWS_LAMBDA_FUNCTION_NAME="tocsin-api")

    hooks.snapshot()
    assert noted == ["prepared", "disconnected"]
    hooks.restore()
    assert noted == ["prepared", "disconnected", "disconnected"]


@pytest.mark.usefixtures("noted")
def test_copies_of_a_snapshot_draw_different_numbers(tmp_path: Path, hooks: Hooks) -> None:
    entry_of(tmp_path, Prepared([]), AWS_LAMBDA_FUNCTION_NAME="tocsin-api")
    hooks.snapshot()
    kept, drawn = random.getstate(), []

    for _ in range(2):
        random.setstate(kept)
        hooks.restore()
        drawn.append(random.random())  # noqa: S311  no secret
    random.setstate(kept)

    assert drawn[0] != drawn[1]


def test_outside_of_lambda_there_is_no_snapshot_to_care_for(tmp_path: Path, hooks: Hooks) -> None:
    entry_of(tmp_path, Prepared([]))

    assert (hooks.before, hooks.after) == ([], [])


def test_api_has_in_its_snapshot_what_its_first_request_for_a_series_loads() -> None:
    from tocsin.api.handler import ApiHandler  # noqa: PLC0415  the others need no resolver

    assert issubclass(ApiHandler, function.Prepares)
