"""The handlers of the stages, on one backend."""

from collections.abc import Callable
from dataclasses import dataclass

from alerts.handler import AlertsHandler
from alerts.handler import make_handler as make_alerts
from anomaly.handler import AnomalyHandler
from anomaly.handler import make_handler as make_anomaly
from ingest.handler import make_handler as make_ingest
from ingest.tick import make_handler as make_tick
from processors.handler import ProcessorsHandler
from processors.handler import make_handler as make_processors
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend
from tocsin.runtime.mapping import Handler


@dataclass(frozen=True, slots=True)
class Stages:
    """All handlers.

    Attributes:
        ingest: Takes messages of queues.
        tick: Takes the schedule of ticks.
        processors: Takes the log of readings.
        anomaly: Takes the log of panes.
        alerts: Takes the change feed of the table of alerts, and the schedule.
    """

    ingest: Handler
    tick: Handler
    processors: ProcessorsHandler
    anomaly: AnomalyHandler
    alerts: AlertsHandler


MakeStages = Callable[[Backend, PlanBook], Stages]


def make_stages(backend: Backend, plans: PlanBook) -> Stages:
    """Return the handlers as the functions build them at cold start."""
    return Stages(
        ingest=make_ingest(backend, plans),
        tick=make_tick(backend, plans),
        processors=make_processors(backend, plans),
        anomaly=make_anomaly(backend, plans),
        alerts=make_alerts(backend, plans),
    )
