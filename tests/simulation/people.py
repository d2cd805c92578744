"""People of both tenants, who act on alerts: their own, most of the time."""

from collections.abc import Sequence
from typing import Final

from tests.simulation.script import MINUTE_MS, TENANTS
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import iso
from tocsin.core.messages import Transition
from tocsin.core.silences import Silence

KINDS: Final = tuple(ActionKind)


def action_of(number: int, what: int, whom: int, stored: Sequence[Transition], now_ms: int) -> Action:
    """Return what a person does.

    Args:
        number: Of the action in the history; makes its id.
        what: Chooses the kind; every seventh is of the other tenant than the alert, and must change nothing.
        whom: Chooses the alert, or whose silence it is.
        stored: All transitions up to now.
        now_ms: The instant.
    """
    kind = KINDS[what % len(KINDS)]
    alert = stored[whom % len(stored)] if stored else None
    tenant = alert.tenant if alert else TENANTS[whom % 2]
    if what % 7 == 0:
        tenant = TENANTS[TENANTS[0] == tenant]
    return Action(
        tenant,
        f"{number:016x}",
        now_ms,
        "anna",
        kind,
        fingerprint=alert.fingerprint if alert and kind not in {ActionKind.SILENCE, ActionKind.UNSILENCE} else "",
        episode=alert.episode if alert and whom % 3 else 0,
        text="seen",
        assignee="ben",
        until_ms=now_ms + MINUTE_MS if what % 2 else None,
        silence=_silence(alert, whom, now_ms) if kind is ActionKind.SILENCE else None,
        silence_id=f"{max(1, number - 1 - whom % 3):016x}",
    )


def _silence(alert: Transition | None, whom: int, now_ms: int) -> Silence:
    end = iso(now_ms + (1 + whom % 3) * MINUTE_MS)
    return Silence(
        name="made", device=alert.device if alert and whom % 2 else "*", kind="*", rule="*", end=end, metric="t*"
    )
