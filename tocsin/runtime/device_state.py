"""What the stages keep of one device, for people."""

from typing import Any

from anomaly.detectors.adaptive import Adaptive
from anomaly.shown import shown as shown_by_anomaly
from processors.geometry import geometry_of
from processors.shown import shown as shown_by_processors
from tocsin.core.keys import group_of, split_key
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend
from tocsin.runtime.generations import peek_known


def device_state(backend: Backend, plan: Plan, key: str) -> dict[str, Any]:
    """Return what each stage keeps of the device; null of a stage that does not know it.

    Args:
        backend: With the states.
        plan: Of the generation that is looked at.
        key: ``tenant#device``.

    Raises:
        ValueError: The key is not two ids joined by ``#``.
    """
    tenant, device = split_key(key)
    group = group_of(key, plan.groups)
    known = peek_known(backend, plan, Adaptive(), device=group, tenant=group_of(tenant, plan.groups))
    (processors,), (anomaly,), (alerts,) = known.processors, known.anomaly, known.alerts
    firing = [
        one for one in alerts.firing.values() if (one.transition.tenant, one.transition.device) == (tenant, device)
    ]
    return {
        "tenant": tenant,
        "device": device,
        "generation": plan.generation,
        "group": group,
        "processors": shown_by_processors(processors, geometry_of(plan), key),
        "anomaly": shown_by_anomaly(anomaly, plan.timing, key),
        "alerts": [
            {
                "rule": one.transition.rule,
                "metric": one.transition.metric,
                "episode": one.transition.episode,
                "stance": one.stance.value,
                "acknowledged_by": one.acked_by,
                "assignee": one.assignee,
            }
            for one in firing
        ],
    }
