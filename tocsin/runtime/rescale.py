"""Another number of key groups: drain, re-hash, switch."""

from dataclasses import dataclass

from anomaly.contract import Detector
from anomaly.detectors.adaptive import Adaptive
from tocsin.core.clock import NowMs
from tocsin.core.errors import ConfigError
from tocsin.core.plan.model import Plan
from tocsin.runtime.generations import divided, former_plan, insist_on_generation, load_known, store_known, switch
from tocsin.runtime.host import Host
from tocsin.runtime.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Rescaled:
    """What became of the states.

    Attributes:
        former: Generation before.
        generation: Generation now.
        before: Devices of each key group, before.
        after: Devices of each key group, now.
    """

    former: int
    generation: int
    before: list[int]
    after: list[int]


def rescale(
    host: Host, plan: Plan, now_ms: NowMs, *, detector: Detector | None = None, is_trial: bool = False
) -> Rescaled:
    """Move all that is known to the plan's groups and generation.

    Everything on the logs is folded first. Where it is interrupted before the switch, the former generation is still in
    force, and doing it again begins anew.

    Args:
        host: The open backend; nothing else may run on it.
        plan: As the running one, with other groups and the next generation.
        now_ms: The clock.
        detector: Whose columns the anomaly stage keeps; None for the default one.
        is_trial: Whether only to say what would be done.

    Raises:
        ConfigError: The plan differs in something else, was switched to already, or something cannot be delivered.
    """
    backend, judge = host.backend, detector or Adaptive()
    former = former_plan(backend.blobs, plan)
    insist_on_generation(backend.blobs, former)
    if not is_trial:
        drain(host, former, now_ms)
    known = load_known(backend, former, judge, reads_only=is_trial)
    if not is_trial:
        drain(host, former, now_ms)  # what the loading published once more
    moved = divided(known, plan, judge, backend.readings.shards())
    if not is_trial:
        store_known(backend, plan, moved, judge)
        switch(backend.blobs, plan, now_ms())
    return Rescaled(former.generation, plan.generation, known.devices(), moved.devices())


def drain(host: Host, plan: Plan, now_ms: NowMs) -> None:
    """Fold and tell all that is on the logs.

    Raises:
        ConfigError: Something waits to be delivered again, so it cannot be folded now.
    """
    pipeline = Pipeline(host, plan, now_ms)
    pipeline.drain()
    if waiting := pipeline.waiting_for():
        raise ConfigError(f"not everything can be delivered, so the state is not whole: {waiting}")
