"""Specimens for the tests of the anomaly stage: panes, batches, plans and a tiny detector."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Detector, Observations, Scores, State
from anomaly.state import GroupState, initial
from anomaly.step import decode_transition, step
from tocsin.core.columns import PaneBatch, PaneColumns, PaneKind
from tocsin.core.messages import Transition
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import LimitsRule, MetricPlan, Plan, Rule, Window, encode_plan, plan_hash

START_MS = 1_795_428_000_000
MINUTE_MS = 60_000
PUMP = "acme#pump-7"
FLOW = "flow_lpm"
LOW_FLOW = LimitsRule(name="low-flow", metric=FLOW, below=20.0, hysteresis=2.0)


@dataclass(frozen=True, slots=True)
class Pane:
    """One pane; what is not given follows from the window's place and its mean."""

    minute: int
    mean: float = 25.0
    device: str = PUMP
    metric: str = FLOW
    kind: PaneKind = PaneKind.ON_TIME
    size_ms: int = MINUTE_MS
    count: int = 6
    spread: float = 0.0
    rule: str = ""
    first_ms: int | None = None
    last_ms: int | None = None
    limit: float = np.nan

    @property
    def start_ms(self) -> int:
        return START_MS + self.minute * MINUTE_MS


def plan_of(*rules: Rule, size_ms: int = MINUTE_MS, **more: Any) -> Plan:
    """Return a plan of the rules over tumbling windows."""
    return Plan(metrics=(MetricPlan(match="*", windows=(Window(size_ms, size_ms),)),), rules=rules, **more)


def columns(panes: Sequence[Pane]) -> PaneColumns:
    """Return the panes as columns, in their order; the tables of names are in another."""
    devices = tuple(sorted({pane.device for pane in panes}))
    metrics = tuple(sorted({pane.metric for pane in panes}))
    rules = tuple(dict.fromkeys(pane.rule for pane in panes if pane.rule))
    step_ms = [pane.size_ms // pane.count for pane in panes]
    first_ms = [pane.start_ms if pane.first_ms is None else pane.first_ms for pane in panes]
    last_ms = [
        first + (pane.count - 1) * gap if pane.last_ms is None else pane.last_ms
        for pane, first, gap in zip(panes, first_ms, step_ms, strict=True)
    ]
    mean = np.array([pane.mean for pane in panes])
    spread = np.array([pane.spread for pane in panes])
    count = np.array([pane.count for pane in panes], np.int64)
    return PaneColumns(
        devices=devices,
        metrics=metrics,
        rules=rules,
        positions=tuple(f"shard-0:{place}:0" for place in range(len(panes))),
        device=np.array([devices.index(pane.device) for pane in panes], np.int32),
        metric=np.array([metrics.index(pane.metric) for pane in panes], np.int32),
        kind=np.array([pane.kind for pane in panes], np.int32),
        size_ms=np.array([pane.size_ms for pane in panes], np.int64),
        start_ms=np.array([pane.start_ms for pane in panes], np.int64),
        revision=np.array([pane.kind == PaneKind.REVISION for pane in panes], np.int32),
        count=count,
        sum=mean * count,
        mean=mean,
        m2=spread**2,
        min=mean - spread,
        max=mean + spread,
        first=mean - spread,
        last=mean + spread,
        first_ms=np.array(first_ms, np.int64),
        last_ms=np.array(last_ms, np.int64),
        quantiles=np.empty((len(panes), 0)),
        limit=np.array([pane.limit for pane in panes], np.float64),
        rule=np.array([rules.index(pane.rule) if pane.rule else -1 for pane in panes], np.int32),
        position=np.array([place if pane.rule else -1 for place, pane in enumerate(panes)], np.int32),
    )


def batch(
    number: int, panes: Sequence[Pane] = (), *, tick: float | None = None, plan_hash: str = "", shard: str = "s0"
) -> PaneBatch:
    """Return a batch of group 0; ``tick`` is in minutes after the start."""
    tick_ms = None if tick is None else START_MS + round(tick * MINUTE_MS)
    return PaneBatch(1, 0, number, columns(panes), tick_ms, plan_hash, shard)


class Echo:
    """Scores a window with its mean: negative means warm up, 100 and more is a damped repeat of it less 100."""

    name = "echo"
    version = 1

    def initial(self, series: int) -> dict[str, NDArray[Any]]:
        return {"seen": np.zeros(series, np.int32), "kept": np.zeros((series, 4))}

    def score(self, state: State, observations: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
        mean = observations.mean
        score = np.where(mean >= 100, mean - 100, np.maximum(mean, 0.0))
        alert = np.where(mean >= 100, 0.0, score)
        after = {"seen": state["seen"] + 1, "kept": np.roll(state["kept"], 1, axis=1)}
        after["kept"][:, 0] = mean
        scores = Scores(score, alert, mean < 0, mean - 1, mean + 1, {"novelty": score})
        return scores, after


@dataclass(slots=True)
class Stage:
    """The step with its state, fed batch after batch."""

    plan: Plan
    others: Sequence[Plan] = ()
    state: GroupState = field(default_factory=lambda: initial(Echo()))
    number: int = 0
    detector: Detector = field(default_factory=Echo)

    def fold(self, batches: Sequence[PaneBatch]) -> list[Transition]:
        """Fold the batches, and return the transitions."""
        known = {plan_hash(plan): encode_plan(plan) for plan in self.others}
        done = step(self.state, tuple(batches), plans=PlanBook(self.plan, known.get), detector=self.detector)
        assert done.rest is None
        self.state = done.state
        return [decode_transition(entry) for entry in done.emitted]

    def feed(self, *panes: Pane, tick: float | None = None, plan_hash: str = "", shard: str = "s0") -> list[Transition]:
        """Fold one batch under the next number."""
        self.number += 1
        return self.fold([batch(self.number, panes, tick=tick, plan_hash=plan_hash, shard=shard)])

    def feed_means(self, *means: float, start: int = 0, **more: Any) -> list[Transition]:
        """Fold one pane a minute with those means, each in a batch of its own."""
        return [moved for minute, mean in enumerate(means, start) for moved in self.feed(Pane(minute, mean, **more))]
