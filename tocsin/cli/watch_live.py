"""The watcher's two threads: one asks and waits for news, the other reads keys and draws."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import Final

from rich.console import Console
from rich.live import Live

from tocsin.api.alert_answers import ActionAnswer, AlertDetail, AlertPage, Changes
from tocsin.api.answers import Device, DevicePage, Fleet
from tocsin.cli.api_client import Client
from tocsin.cli.keyboard import Keyboard
from tocsin.cli.watch_screen import SPARK, screen, visible_devices
from tocsin.cli.watch_state import Looking, Seen, Wanted, after_key
from tocsin.core.clock import elapsed_s, pause
from tocsin.core.errors import TransientError

KEYS_WAIT_S: Final = 0.1
POLL_S: Final = 2.0
"""How long one poll waits: what the watcher marks is asked for as often at least."""

LOOK_S: Final = 1.0
RETRY_S: Final = 2.0
DEVICES_PAGE: Final = 1_000
DEVICES_MAX: Final = 10_000
SPARKS_MAX: Final = 60
ALERTS_MAX: Final = 200


class Watched:
    """What was asked for, kept fresh by a thread of its own."""

    def __init__(self, client: Client) -> None:
        self.changed = Event()
        self._client = client
        self._seen = Seen(client.place)
        self._lock = Lock()
        self._wants: tuple[tuple[str, ...], str] = ((), "")
        self._again = Event()

    def seen(self) -> Seen:
        """Return what is known now."""
        with self._lock:
            return self._seen

    def want(self, devices: tuple[str, ...], detail: str) -> None:
        """Say which devices show, and which alert is looked at in full."""
        if (devices, detail) != self._wants:
            self._wants = (devices, detail)
            self._again.set()

    def refresh(self) -> None:
        """Have everything asked for again soon."""
        self._again.set()

    def follow(self, stop: Callable[[], bool]) -> None:
        """Ask until someone says stop, again whenever something is new; a server that is away is asked again."""
        cursor: str | None = None
        while not stop():
            try:
                wait_s = 0 if self._again.is_set() else POLL_S
                begun_s = elapsed_s()
                changes = self._client.get("/v1/changes", Changes, since=cursor, wait_s=wait_s if cursor else None)
                is_new = cursor is None or bool(changes.alerts or changes.actions)
                is_new = is_new or changes.newest_ms != self._newest_ms() or self._again.is_set()
                if is_new:
                    self._again.clear()
                    self._ask()
                cursor = changes.cursor
                if not is_new:  # a server that does not wait is not asked more than once a second
                    self._again.wait(max(0.0, LOOK_S - (elapsed_s() - begun_s)))
            except TransientError as error:
                self._set(error=str(error))
                cursor = None
                pause(RETRY_S)

    def _newest_ms(self) -> int | None:
        fleet = self.seen().fleet
        return fleet.newest_ms if fleet else None

    def _ask(self) -> None:
        devices, detail = self._wants
        get = self._client.get
        fleet = get("/v1/fleet", Fleet)
        found = self._all_devices()
        alerts = get("/v1/alerts", AlertPage, limit=ALERTS_MAX).items
        sparks = self._sparks(devices or tuple(one.device for one in found))
        shown = get(f"/v1/alerts/{detail}", AlertDetail) if detail else None
        self._set(fleet=fleet, devices=found, alerts=alerts, sparks=sparks, detail=shown, error="")

    def _all_devices(self) -> tuple[Device, ...]:
        found: list[Device] = []
        cursor: str | None = None
        while len(found) < DEVICES_MAX:
            page = self._client.get("/v1/devices", DevicePage, limit=DEVICES_PAGE, cursor=cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
        return tuple(found)

    def _sparks(self, names: tuple[str, ...]) -> dict[str, Device]:
        if not names:
            return {}
        page = self._client.get("/v1/devices", DevicePage, ids=",".join(names[:SPARKS_MAX]), spark=SPARK)
        return {one.device: one for one in page.items}

    def _set(self, **values: object) -> None:
        with self._lock:
            self._seen = replace(self._seen, **values)  # type: ignore[arg-type]
        self.changed.set()


def run_screen(console: Console, asking: Client, acting: Client, keys: Keyboard, stop: Callable[[], bool]) -> None:
    """Draw and take keys until the watcher leaves, or someone says stop.

    Args:
        console: A terminal.
        asking: Asks, on a thread of its own.
        acting: Acts, on this one.
        keys: What is pressed.
        stop: Asked ten times a second.
    """
    watched, looking = Watched(asking), Looking()
    is_over = Event()
    thread = Thread(target=watched.follow, args=(lambda: is_over.is_set() or stop(),), daemon=True)
    thread.start()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        size = None
        while not (looking.is_over or stop()):
            pressed = keys.pressed(KEYS_WAIT_S)
            for key in pressed:
                looking, wanted = after_key(looking, key, watched.seen())
                if wanted:
                    looking = _act(acting, wanted, looking, watched)
            if pressed or watched.changed.is_set() or console.size != size:
                watched.changed.clear()
                size = console.size
                seen = watched.seen()
                watched.want(tuple(visible_devices(seen, looking, size.height)), looking.detail)
                live.update(screen(seen, looking, size.width, size.height), refresh=True)
    is_over.set()


def _act(client: Client, wanted: Wanted, looking: Looking, watched: Watched) -> Looking:
    try:
        done = client.post(f"/v1/alerts/{wanted.alert}/actions", ActionAnswer, wanted.body)
    except TransientError as error:
        return replace(looking, message=str(error))
    watched.refresh()
    return replace(looking, message=f"{done.kind} done, as {done.by}")
