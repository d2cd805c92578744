"""The Lambda handler of the log of readings where panes have no log: it folds readings and judges their windows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from anomaly.handler import AnomalyHandler
from anomaly.handler import make_handler as make_anomaly
from processors.handler import ProcessorsHandler
from processors.handler import make_handler as make_processors
from processors.stage import NAME
from tocsin.adapters.function import Entry
from tocsin.core.errors import TransientError
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend, StoredRecord
from tocsin.runtime.handed_on import HandedOn

OF_BOTH: Final = ("commits", "commit_conflicts", "outbox_unpublished")
"""Metrics that add up; all others are of the readings."""


class JoinedHandler:
    """Both stages, each with its own states, one after the other; built once, at cold start."""

    def __init__(self, backend: Backend, plans: PlanBook) -> None:
        self._anomaly: Final[AnomalyHandler] = make_anomaly(backend, plans)
        handing_on = replace(backend, panes=HandedOn(self._judge))
        self._processors: Final[ProcessorsHandler] = make_processors(handing_on, plans)
        self._judged: Counter[str] = Counter()

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """Fold the event's records and judge the windows that close; return what must be delivered again.

        Raises:
            UnavailableError: A store did not answer; the whole batch comes again.
        """
        self._judged.clear()
        return self._processors(event, context)

    def measures(self) -> Mapping[str, float]:
        """Return what the last call did, as metrics."""
        return self._processors.measures() | {
            name: self._processors.measures().get(name, 0) + self._judged[name] for name in OF_BOTH
        }

    def _judge(self, records: Sequence[StoredRecord]) -> Mapping[int, TransientError]:
        failed = self._anomaly.judge(records)
        measured = self._anomaly.measures()
        self._judged["commits"] += round(measured["commits"])
        self._judged["commit_conflicts"] += round(measured["commit_conflicts"])
        self._judged["outbox_unpublished"] = round(measured["outbox_unpublished"])
        return failed


def make_handler(backend: Backend, plans: PlanBook) -> JoinedHandler:
    """Return the handler on the backend's ports."""
    return JoinedHandler(backend, plans)


handler: Final = Entry(NAME, ("state", "alerts", "windows", "directory", "blobs"), make_handler)
