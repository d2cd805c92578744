"""Stages whose calls go wrong by a script: refused, unanswered, crashed, cut off from what they write to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from tocsin.core.errors import UnavailableError
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend
from tocsin.runtime.faults import STAGES, Failure
from tocsin.runtime.stages import MakeStages, Stages

PUBLISHES: Final = {"processors": ("panes", "put"), "anomaly": ("alerts", "put")}
"""Stage to the port and the method that pass on what it committed."""


def shaky_stages(make: MakeStages, failures: Sequence[Failure], calls: dict[str, int]) -> MakeStages:
    """Return what builds the stages so that their calls go wrong by the script.

    Args:
        make: Builds stages that work.
        failures: The script.
        calls: Counts the calls of each stage while they are made.
    """

    def shaky(backend: Backend, plans: PlanBook) -> Stages:
        stages = make(backend, plans)
        wrapped = {
            name: _ShakyStage(
                name, make, backend, plans, {one.call: one.how for one in failures if one.stage == name}, calls
            )
            for name in STAGES
        }
        return replace(stages, **cast("Any", wrapped))

    return shaky


class _ShakyStage:
    """One stage; after a crash it is built again, and knows only what is stored."""

    def __init__(
        self,
        name: str,
        make: MakeStages,
        backend: Backend,
        plans: PlanBook,
        script: Mapping[int, str],
        calls: dict[str, int],
    ) -> None:
        port, method = PUBLISHES[name]
        self._publishing = _ShakyPort(getattr(backend, port), method, is_done_first=False)
        self._committing = _ShakyPort(backend.state, "commit", is_done_first=True)
        cut = replace(backend, **cast("Any", {port: self._publishing, "state": self._committing}))
        self._build: Callable[[], Any] = lambda: getattr(make(cut, plans), name)
        self._handler = self._build()
        self._name = name
        self._script = script
        self._calls = calls
        calls[name] = 0

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        how = self._script.get(self._calls[self._name], "")
        self._calls[self._name] += 1
        if how == "refused":
            raise UnavailableError("call was refused")
        # What is cut stays cut until it is used: not every call commits and publishes.
        self._publishing.is_cut |= how == "not published"
        self._committing.is_cut |= how == "commit unanswered"
        answer: dict[str, Any] = self._handler(event, context)
        if how == "crashed":
            self._handler = self._build()
        if how in {"crashed", "answer lost"}:
            raise UnavailableError("the answer was lost")
        return answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever else the stage tells
        return getattr(self._handler, name)


class _ShakyPort:
    """A port one of whose calls goes wrong when it is cut off; all others go through."""

    def __init__(self, port: object, method: str, *, is_done_first: bool) -> None:
        self.is_cut = False
        self._port = port
        self._method = method
        self._is_done_first = is_done_first

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        found = getattr(self._port, name)
        if name != self._method:
            return found

        def call(*arguments: object, **named: object) -> object:
            if not self.is_cut:
                return found(*arguments, **named)
            self.is_cut = False
            if self._is_done_first:
                found(*arguments, **named)
            raise UnavailableError(f"{name} did not answer")

        return call
