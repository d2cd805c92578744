"""What several routes look at: listed devices, open alerts, what people did, which silences are in force."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from tocsin.api.service import Service
from tocsin.core.actions import Action, ActionKind
from tocsin.core.devices import DEVICE_PREFIX, ListedDevice, listed_device
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.formats.muted_item import MUTED_PREFIX, MutedAlert, muted_alerts
from tocsin.core.messages import Transition
from tocsin.core.plan.resolve import smallest_window
from tocsin.core.silences import Silence, covers, is_active, is_over, problems

OPEN_PREFIX: Final = "OPEN#"
DEVICES_MAX: Final = 10_000
"""Most devices of a tenant that one request looks at."""

OPEN_MAX: Final = 10_000
ACTIONS_MAX: Final = 2_000
"""Newest actions of a tenant that are looked at: what was done about an alert before them is not shown."""

CHUNK: Final = 1_000


def listed_devices(service: Service, tenant: str, *, after: str = "") -> Iterator[ListedDevice]:
    """Yield the tenant's devices by id, those after ``after``, at most ``DEVICES_MAX``."""
    last = f"{DEVICE_PREFIX}{after}" if after else ""
    for _ in range(DEVICES_MAX // CHUNK):
        found = service.backend.directory.query(tenant, prefix=DEVICE_PREFIX, after=last, limit=CHUNK)
        yield from map(listed_device, found)
        if len(found) < CHUNK:
            return
        last = found[-1].key


def listed(service: Service, tenant: str, device: str) -> ListedDevice | None:
    """Return what is listed of the device, or None."""
    found = service.backend.directory.query(tenant, prefix=f"{DEVICE_PREFIX}{device}", limit=1)
    entry = next((listed_device(one) for one in found), None)
    return entry if entry and entry.device == device else None


def open_alerts(service: Service, tenant: str) -> list[Transition]:
    """Return what made the tenant's open alerts fire, newest first, at most ``OPEN_MAX``."""
    found: list[Transition] = []
    last = ""
    while len(found) < OPEN_MAX:
        entries = service.backend.directory.query(tenant, prefix=OPEN_PREFIX, after=last, limit=CHUNK)
        alerts = [decode_transition(entry.data) for entry in entries if entry.data is not None]
        found += [alert for alert in alerts if not alert.shadow_of]
        if len(entries) < CHUNK:
            break
        last = entries[-1].key
    return sorted(found, key=lambda one: (-one.at_ms, one.device, one.fingerprint))


def base_sizes_ms(service: Service) -> list[int]:
    """Return the lengths of the smallest windows of the plan's metrics, ascending."""
    return sorted({smallest_window(part).size_ms for part in service.plan().metrics})


@dataclass(slots=True)
class Acts:
    """What people did about one episode.

    Attributes:
        acknowledged_by: Who acknowledged it last; empty where nobody did, or it has expired.
        until_ms: Until when.
        assignee: Who takes care of it.
        closed_by: Who closed it.
        actions: All of it, oldest first.
    """

    acknowledged_by: str = ""
    until_ms: int | None = None
    assignee: str = ""
    closed_by: str = ""
    actions: list[Action] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overlay:
    """What people made of a tenant's alerts, at one instant.

    Attributes:
        acts: Fingerprint and episode to what was done; episode 0 stands for any.
        made: Silences that people made and that are neither over nor ended, by the action that made them.
        silences: All that are in force now, the plan's included.
        muted: Fingerprint and episode to what mutes the alert, where an outage does.
    """

    acts: Mapping[tuple[str, int], Acts]
    made: Mapping[str, tuple[Action, Silence]]
    silences: tuple[Silence, ...]
    muted: Mapping[tuple[str, int], MutedAlert]

    def of(self, fingerprint: str, episode: int) -> Acts:
        """Return what was done about the episode."""
        return self.acts.get((fingerprint, episode)) or self.acts.get((fingerprint, 0)) or Acts()

    def covers(self, transition: Transition) -> bool:
        """Tell whether a silence in force covers the alert."""
        return any(covers(one, transition) for one in self.silences)


def overlay(service: Service, tenant: str) -> Overlay:
    """Return what people made of the tenant's alerts up to now."""
    now_ms = service.now_ms()
    acts: dict[tuple[str, int], Acts] = {}
    made: dict[str, tuple[Action, Silence]] = {}
    recent = recent_actions(service, tenant)
    ended = {action.silence_id for action in recent if action.kind is ActionKind.UNSILENCE}
    for action in recent:
        if action.fingerprint:
            _note(acts.setdefault((action.fingerprint, action.episode), Acts()), action, now_ms)
        if action.id not in ended and (silence := own_silence(action)) and not is_over(silence, now_ms):
            made[action.id] = (action, silence)
    planned = [one for one in service.plan().silences if fnmatchcase(tenant, one.tenant)]
    in_force = [one for one in [*planned, *(silence for _, silence in made.values())] if is_active(one, now_ms)]
    directory = service.backend.directory
    muted = muted_alerts(lambda last: directory.query(tenant, prefix=MUTED_PREFIX, after=last, limit=CHUNK))
    return Overlay(acts, made, tuple(in_force), muted)


def recent_actions(service: Service, tenant: str) -> list[Action]:
    """Return the tenant's newest actions, oldest first, each once."""
    found = {action.id: action for action in service.backend.alerts.actions(tenant, limit=ACTIONS_MAX)}
    return sorted(found.values(), key=lambda action: (action.at_ms, action.id))


def own_silence(action: Action) -> Silence | None:
    """Return the silence that the action makes, over its own tenant alone; None where it makes no valid one."""
    if action.kind is not ActionKind.SILENCE or action.silence is None:
        return None
    made = action.silence
    own = Silence(
        **{name: getattr(made, name) for name in made.__struct_fields__} | {"tenant": action.tenant, "name": action.id}
    )
    return None if any(problems(own)) else own


def _note(acts: Acts, action: Action, now_ms: int) -> None:
    acts.actions.append(action)
    if action.kind is ActionKind.ACKNOWLEDGE:
        is_over_now = action.until_ms is not None and action.until_ms <= now_ms
        acts.acknowledged_by, acts.until_ms = ("", None) if is_over_now else (action.by, action.until_ms)
    elif action.kind is ActionKind.ASSIGN:
        acts.assignee = action.assignee
    elif action.kind is ActionKind.CLOSE:
        acts.closed_by = action.by
