"""A new generation of state: what is known is divided anew, and from then on the old generation is refused.

The switch is one blob, written last. Before it the new states are not in force, and doing it all again does no harm;
after it whoever runs the old generation's plan is told so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import structs

from alerts.lanes import Publisher
from alerts.regroup import regrouped as regrouped_alerts
from alerts.stage import Alerts
from anomaly.cohort_step import step_cohorts
from anomaly.contract import Detector
from anomaly.regroup import carried
from anomaly.regroup import regrouped as regrouped_anomaly
from anomaly.stage import COHORTS_GROUP, Anomaly
from anomaly.state import GroupState
from processors.geometry import geometry_of
from processors.regroup import regrouped as regrouped_processors
from processors.stage import Processors
from processors.state import Group
from processors.step import Live, live
from tocsin.core.clock import iso
from tocsin.core.errors import ConfigError, UnavailableError
from tocsin.core.keys import groups_between
from tocsin.core.machine import Entry, Machine, Stage, Step
from tocsin.core.plan.book import PlanBook, plan_blob, publish_plan
from tocsin.core.plan.model import Plan, decode_plan, plan_hash
from tocsin.core.ports import Backend, Blobs, Shard

PLANS_PREFIX: Final = "plans/"
SUPERSEDED_PREFIX: Final = "generations/"
NAMES_MAX: Final = 1_000

StateT = TypeVar("StateT")


@dataclass(frozen=True, slots=True)
class Known:
    """All that the stages know in one generation, by key group.

    Attributes:
        processors: Open windows, watermarks, identities.
        anomaly: Detectors, alerts, cadences.
        alerts: What was told, what gathers.
        cohorts: What is compared with peers: one group, or none where that was never loaded.
    """

    processors: list[Group]
    anomaly: list[GroupState]
    alerts: list[Any]
    cohorts: list[GroupState] = field(default_factory=list)

    def devices(self) -> list[int]:
        """Return how many devices each key group has."""
        return [len(group.devices) for group in self.processors]


def former_plan(blobs: Blobs, plan: Plan) -> Plan:
    """Return the published plan of the generation before, which differs in nothing but its groups and generation.

    Raises:
        ConfigError: There is none: the plan changes something else as well, or not the generation.
    """
    before = plan.generation - 1
    for name in _names(blobs, PLANS_PREFIX):
        found = decode_plan(blobs.get(name) or b"")
        if found.generation == before and structs.replace(plan, groups=found.groups, generation=before) == found:
            return found
    raise ConfigError(
        f"no plan of generation {before} was run that differs from this one in groups and generation alone; set "
        "generation to one more than that of the running plan, change groups, and nothing else"
    )


def stored_plan(blobs: Blobs) -> Plan | None:
    """Return a published plan of the newest generation, which all have the same windows; None where none was run."""
    plans = [decode_plan(blobs.get(name) or b"") for name in _names(blobs, PLANS_PREFIX)]
    return max(plans, key=lambda plan: plan.generation, default=None)


def load_known(backend: Backend, plan: Plan, detector: Detector, *, reads_only: bool = False) -> Known:
    """Return all that the stages know in the plan's generation; outboxes are published first.

    Raises:
        UnavailableError: Something committed could not be published.
    """
    groups = range(plan.groups)
    stages = _stages(backend, plan, detector)
    return Known(
        [one.group for one in _load(stages.processors, backend, groups, reads_only=reads_only)],
        _load(stages.anomaly, backend, groups, reads_only=reads_only),
        _load(stages.alerts, backend, groups, reads_only=reads_only),
        _load(stages.cohorts, backend, [COHORTS_GROUP], reads_only=reads_only),
    )


def peek_known(backend: Backend, plan: Plan, detector: Detector, *, device: int, tenant: int) -> Known:
    """Return what the stages know of one key group of devices, and of one of tenants; changes nothing."""
    stages = _stages(backend, plan, detector)
    return Known(
        [one.group for one in _load(stages.processors, backend, [device], reads_only=True)],
        _load(stages.anomaly, backend, [device], reads_only=True),
        _load(stages.alerts, backend, [tenant], reads_only=True),
    )


def divided(known: Known, plan: Plan, detector: Detector, shards: Sequence[Shard]) -> Known:
    """Return what is known, divided among the plan's groups; from now on the plan is in force.

    Args:
        known: Of the generation before.
        plan: Of the new one.
        detector: Whose columns the anomaly stage keeps.
        shards: Of the log of readings.
    """
    ticked = {
        shard.id: groups_between(shard.hash_start, shard.hash_end, plan.groups) for shard in shards if not shard.closed
    }
    processors = regrouped_processors(known.processors, geometry_of(plan), plan.groups)
    anomaly = regrouped_anomaly(known.anomaly, detector, plan.groups, ticked)
    for group in processors:
        group.plan_hash = plan_hash(plan)
    cohorts = [carried(state) for state in known.cohorts if state.fence]
    for state in (*anomaly, *cohorts):
        state.plan_hash = plan_hash(plan)
    return Known(processors, anomaly, regrouped_alerts(known.alerts, plan.groups), cohorts)


def store_known(backend: Backend, plan: Plan, known: Known, detector: Detector) -> None:
    """Write the states of the plan's generation, over whatever an earlier try left there.

    Raises:
        UnavailableError: A state could not be committed.
    """
    stages = _stages(backend, plan, detector)
    plans = PlanBook(plan)
    _store(stages.processors, backend, [live(group, plans) for group in known.processors])
    _store(stages.anomaly, backend, known.anomaly)
    _store(stages.alerts, backend, known.alerts)
    _store(stages.cohorts, backend, known.cohorts, first=COHORTS_GROUP)


def switch(blobs: Blobs, plan: Plan, now_ms: int) -> None:
    """Put the plan's generation into force, and the one before out of it."""
    publish_plan(plan, blobs)
    said = {"superseded_by": plan.generation, "plan": plan_hash(plan), "at": iso(now_ms)}
    blobs.put(f"{SUPERSEDED_PREFIX}{plan.generation - 1}.json", msgspec.json.encode(said))


def insist_on_generation(blobs: Blobs, plan: Plan) -> None:
    """Raise if the plan's generation was superseded.

    Raises:
        ConfigError: It was: what is known went on under another one.
    """
    data = blobs.get(f"{SUPERSEDED_PREFIX}{plan.generation}.json")
    if data is not None:
        said = msgspec.json.decode(data)
        raise ConfigError(
            f"generation {plan.generation} of the state was superseded by generation {said['superseded_by']} at "
            f"{said['at']}: run the plan of that one ({plan_blob(said['plan'])})"
        )


@dataclass(frozen=True, slots=True)
class _Stages:
    """The three stages that have states, and the group of cohorts beside those of the second."""

    processors: Stage[Live, Any]
    anomaly: Stage[GroupState, Any]
    alerts: Stage[Any, Any]
    cohorts: Stage[GroupState, Any]


def _stages(backend: Backend, plan: Plan, detector: Detector) -> _Stages:
    plans = PlanBook(plan, lambda named: backend.blobs.get(plan_blob(named)))
    publisher = Publisher(backend.topic, backend.decisions, backend.directory)
    return _Stages(
        Processors(backend, plans),
        Anomaly(backend.alerts, plans, detector),
        Alerts(plan.generation, publisher),
        Anomaly(backend.alerts, plans, detector, fold=step_cohorts),
    )


class _Moving(Generic[StateT]):
    """A stage whose batches are whole states: one that is given takes the place of what is there."""

    def __init__(self, stage: Stage[StateT, Any], *, reads_only: bool) -> None:
        self.name = stage.name
        self.generation = stage.generation
        self.initial = stage.initial
        self.decode = stage.decode
        self.encode = stage.encode
        self._publish = stage.publish
        self._reads_only = reads_only

    def step(self, state: StateT, batch: StateT | None) -> Step[StateT, StateT | None]:
        """Return the given state, or the one that is there."""
        return Step(state if batch is None else batch)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Publish what was committed before, unless nothing may change."""
        return dict.fromkeys(outboxes, 0) if self._reads_only else self._publish(outboxes)


def _load(stage: Stage[StateT, Any], backend: Backend, groups: Iterable[int], *, reads_only: bool) -> list[StateT]:
    machine: Machine[StateT, StateT | None] = Machine(_Moving(stage, reads_only=reads_only), backend.state)
    found: list[StateT] = []
    for group in groups:
        failures = machine.run({group: None})
        if failures and not reads_only:
            raise UnavailableError(str(failures[group]))
        held = machine.held_state(group)
        found.append(stage.initial(group) if held is None else held)
    return found


def _store(stage: Stage[StateT, Any], backend: Backend, states: Sequence[StateT], first: int = 0) -> None:
    machine: Machine[StateT, StateT | None] = Machine(_Moving(stage, reads_only=False), backend.state)
    if failures := machine.run(dict(enumerate(states, first))):
        raise UnavailableError("; ".join(str(error) for error in failures.values()))


def _names(blobs: Blobs, prefix: str) -> Iterable[str]:
    after = ""
    while names := blobs.names(prefix, after=after, limit=NAMES_MAX):
        yield from names
        after = names[-1]
