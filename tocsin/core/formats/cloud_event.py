"""Transitions and decisions as CloudEvents, for buses and whoever listens there.

Source: CloudEvents 1.0, structured mode. An id together with its source names one event: a copy has the same.
"""

from typing import Any, Final

import msgspec

from tocsin.core.clock import iso
from tocsin.core.messages import DecisionRecord, Transition

SPEC_VERSION: Final = "1.0"
TRANSITION_TYPE: Final = "tocsin.alert."
DECISION_TYPE: Final = "tocsin.decision."


def transition_event(transition: Transition) -> dict[str, Any]:
    """Return the event of a transition, as plain data for JSON; its type ends with the phase."""
    return {
        **_head(transition.tenant, transition.device, transition.at_ms),
        "id": f"{transition.fingerprint}.{transition.episode}.{transition.number}",
        "type": f"{TRANSITION_TYPE}{transition.phase.value}",
        "data": msgspec.to_builtins(transition),
    }


def decision_event(record: DecisionRecord) -> dict[str, Any]:
    """Return the event of a decision about a transition, as plain data for JSON; its type ends with the decision."""
    alert = record.alert
    return {
        **_head(record.tenant, record.device, record.at_ms),
        "id": f"{alert.fingerprint}.{alert.episode}.{alert.number}.decision",
        "type": f"{DECISION_TYPE}{record.decision.value}",
        "data": msgspec.to_builtins(record),
    }


def _head(tenant: str, device: str, at_ms: int) -> dict[str, Any]:
    return {
        "specversion": SPEC_VERSION,
        "source": f"/tocsin/{tenant}",
        "subject": device,
        "time": iso(at_ms),
        "datacontenttype": "application/json",
    }
