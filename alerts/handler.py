"""The Lambda handler of the alerts' change feed and of the minute: notifications and decisions out."""

from dataclasses import replace
from typing import Any, Final

from alerts.batch import Arrival, Batch
from alerts.lanes import Publisher
from alerts.people import Acted
from alerts.stage import NAME, Alerts
from alerts.state import AlertsState
from tocsin.adapters.function import Entry
from tocsin.adapters.telemetry import fact_logger, told
from tocsin.core.errors import ConfigError, TransientError, UnavailableError
from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.formats.dynamodb_event import FeedAction, FeedRecord, is_feed_event, parse_feed_event
from tocsin.core.formats.schedule_event import scheduled_ms
from tocsin.core.keys import group_of
from tocsin.core.machine import Machine
from tocsin.core.messages import Notification
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend
from tocsin.core.routes import routed_grouping

logger: Final = fact_logger(NAME)


class AlertsHandler:
    """Folds deliveries of the change feed, and ticks; built once, at cold start.

    Attributes:
        failures: Why groups failed in the last call; empty where all went well.
    """

    def __init__(self, backend: Backend, plans: PlanBook) -> None:
        self.failures: dict[int, TransientError] = {}
        self._plans = plans
        self._plan: Final[Plan] = plans.first
        publisher = Publisher(backend.topic, backend.decisions, backend.directory, _log_traced)
        self._stage = Alerts(plans.first.generation, publisher)
        self._machine: Machine[AlertsState, Batch] = Machine(self._stage, backend.state, settles=True)
        self._measures: dict[str, float] = {}

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Fold the event; return the first sequence number that must be delivered again.

        Raises:
            TransientError: The event is a tick, and a group could not take it: it must come again.
            ValueError: The event is neither of a table's change feed nor of a schedule.
        """
        if is_feed_event(event):
            return self._take_feed(event)
        self._take_tick(scheduled_ms(event))
        return {}

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return self._measures

    def _take_feed(self, event: dict[str, Any]) -> dict[str, Any]:
        feed = parse_feed_event(event)
        for damage in feed.damaged:
            logger.error("transition cannot be read", sequence=damage.sequence)
        groups = [group_of(_tenant(record), self._plan.groups) for record in feed.records]
        judging: dict[str, Plan] = {}
        batches: dict[int, list[Arrival | Acted]] = {}
        for group, record in zip(groups, feed.records, strict=True):
            batches.setdefault(group, []).append(self._arrival(record, judging))
        self._run({group: replace(self._batch(), arrivals=tuple(arrivals)) for group, arrivals in batches.items()})
        failed = (record.sequence for group, record in zip(groups, feed.records, strict=True) if group in self.failures)
        first = next(failed, None)
        return batch_failures([] if first is None else [first])

    def _arrival(self, record: FeedRecord | FeedAction, judging: dict[str, Plan]) -> Arrival | Acted:
        """Return what arrived, with what the plan says of it.

        Args:
            record: Of the feed.
            judging: Plans by hash, as far as they were asked for; this adds to them.
        """
        if isinstance(record, FeedAction):
            return Acted(record.action, record.arrival_ms)
        named = record.transition.evidence.plan_hash
        if named not in judging:
            judging[named] = self._plan_of(named)
        plan = judging[named]
        return Arrival(record.transition, record.arrival_ms, routed_grouping(plan), (*plan.silences, *plan.maintenance))

    def _take_tick(self, tick_ms: int) -> None:
        # Feed and schedule may be served by different processes: only what is stored says what is due.
        self._machine.forget()
        plan = self._plan
        batch = replace(
            self._batch(),
            tick_ms=tick_ms,
            silences=(*plan.silences, *plan.maintenance),
            escalations=plan.escalations,
        )
        self._run(dict.fromkeys(range(plan.groups), batch))
        for error in self.failures.values():
            raise error

    def _batch(self) -> Batch:
        """Return an empty batch under the plan that this process has."""
        grouping = self._plan.grouping
        return Batch(budget=grouping.budget, budget_within_ms=grouping.budget_within_ms)

    def _run(self, batches: dict[int, Batch]) -> None:
        """Fold the batches; remember why groups failed, and say where the feed has gaps."""
        lost, commits, conflicts = self._stage.lost, self._machine.commits, self._machine.conflicts
        try:
            self.failures = self._machine.run(batches)
        except UnavailableError as error:
            self.failures = dict.fromkeys(batches, error)
        if self._stage.lost > lost:
            logger.error("transitions never arrived on the change feed", lost=self._stage.lost - lost)
        for group, failure in self.failures.items():
            logger.warning("group failed", group=group, error=told(failure))
        self._measures = {
            "transitions": sum(len(batch.arrivals) for batch in batches.values()),
            "transitions_lost": self._stage.lost - lost,
            "commits": self._machine.commits - commits,
            "commit_conflicts": self._machine.conflicts - conflicts,
            "outbox_unpublished": self._machine.unpublished(),
        }

    def _plan_of(self, plan_hash: str) -> Plan:
        """Return the plan that judged; the first plan where that one cannot be had.

        How an alert is told must not keep it from being told.
        """
        try:
            return self._plans.at(plan_hash)
        except (UnavailableError, ConfigError):
            logger.warning("plan cannot be had, alerts are grouped by the first", plan_hash=plan_hash)
            return self._plan


def _log_traced(notification: Notification) -> None:
    """Link a notification to the traces of what devices did; one without traces needs no line."""
    if notification.traces:
        logger.info("notification published", notification=notification.id, traces=notification.traces)


def _tenant(record: FeedRecord | FeedAction) -> str:
    return record.action.tenant if isinstance(record, FeedAction) else record.transition.tenant


def make_handler(backend: Backend, plans: PlanBook) -> AlertsHandler:
    """Return the handler on the backend's ports."""
    return AlertsHandler(backend, plans)


handler: Final = Entry(NAME, ("state", "decisions", "directory", "topic", "blobs"), make_handler)
