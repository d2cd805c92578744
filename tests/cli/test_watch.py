"""The watcher: what keys do, what is drawn, and the same API asked over HTTP or in a file."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.api.deployment import FINGERPRINT, PLAN, Deployment, filled, fired
from tocsin.adapters.embedded.open import open_embedded
from tocsin.api.alert_answers import ActionAnswer, AlertDetail, AlertPage
from tocsin.api.answers import DevicePage, Fleet
from tocsin.api.dispatch import Request
from tocsin.api.server import ApiServer
from tocsin.cli.api_client import LocalClient, RemoteClient
from tocsin.cli.keyboard import keys_of
from tocsin.cli.watch import watch
from tocsin.cli.watch_live import Watched
from tocsin.cli.watch_screen import clean, screen, visible_devices
from tocsin.cli.watch_state import Looking, Seen, Wanted, after_key, marked_alert, shown_devices
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import UnavailableError, UsageError

ALERT = f"{FINGERPRINT}-1"


class Asking:
    """Asks a deployment in memory."""

    place = "memory"

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def get(self, path: str, kind: Any, **query: object) -> Any:
        parameters = [(name, str(value)) for name, value in query.items() if value is not None]
        claims = {"tenant": "acme", "role": "operator", "sub": "anna"}
        reply = self._deployment.api.answer(Request("GET", path, parameters, claims=claims))
        return msgspec.json.decode(reply.body, type=kind)

    def post(self, *_: object) -> Any:
        raise AssertionError("nobody acts here")


@pytest.fixture(scope="module")
def seen() -> Seen:
    watched = Watched(Asking(filled()))
    turns = iter([False, True])
    watched.follow(lambda: next(turns))
    return watched.seen()


def drawn(seen: Seen, looking: Looking, width: int = 130, height: int = 30) -> str:
    console = Console(file=StringIO(), width=width, height=height, force_terminal=False)
    console.print(screen(seen, looking, width, height))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def after(seen: Seen, *keys: str) -> tuple[Looking, list[Wanted]]:
    looking, wants = Looking(), []
    for key in keys:
        looking, wanted = after_key(looking, key, seen)
        wants += [wanted] if wanted else []
    return looking, wants


def test_devices_come_the_worst_first_with_values_and_alerts_that_fire_first(seen: Seen) -> None:
    text = drawn(seen, Looking())

    assert [one.device for one in shown_devices(seen, Looking())] == ["pump-7", "fan-1", "pump-8"]
    assert text.index("pump-7") < text.index("fan-1")
    assert "flow 204 l/min" in text
    assert "1 alerts firing" in text


def test_keys_move_within_the_list_and_not_beyond_it(seen: Seen) -> None:
    assert after(seen, "down", "down", "down", "down")[0].places == (0, 1)
    assert after(seen, "tab", "end", "j", "up")[0].places == (1, 0)
    assert after(seen, "home", "page up")[0].places == (0, 0)


def test_acknowledgement_is_one_key_and_needs_an_alert_that_fires(seen: Seen) -> None:
    assert after(seen, "a")[1] == [Wanted(ALERT, {"kind": "acknowledge"})]
    assert after(seen, "tab", "a")[1] == [Wanted(ALERT, {"kind": "acknowledge"})]  # what fires on the device
    looking, wants = after(seen, "down", "a")
    assert (wants, looking.message) == ([], "mark an alert that fires first")


@pytest.mark.parametrize(
    ("keys", "wants"),
    [
        (("s", "y"), [Wanted(ALERT, {"kind": "silence", "for_ms": 3_600_000})]),
        (("c", "y"), [Wanted(ALERT, {"kind": "close"})]),
        (("c", "n"), []),
        (("s", "q"), []),
    ],
)
def test_what_keeps_people_from_hearing_is_asked_first(seen: Seen, keys: tuple[str, ...], wants: list[Wanted]) -> None:
    looking, wanted = after(seen, *keys)

    assert (wanted, looking.asks, looking.is_over) == (wants, "", False)
    assert "y/n" in drawn(seen, after(seen, keys[0])[0])


def test_enter_shows_the_alert_in_full_and_escape_goes_back(seen: Seen) -> None:
    looking, _ = after(seen, "enter")
    detail = Asking(filled()).get(f"/v1/alerts/{ALERT}", AlertDetail)

    text = drawn(replace(seen, detail=detail), looking)

    assert "value 91.5 l/min, compared with 90 l/min" in text
    assert "pending → firing: sent" in text
    assert after(seen, "enter", "escape")[0].detail == ""
    assert after(seen, "enter", "q", "q")[0].is_over


def test_filter_is_typed_and_escape_clears_it(seen: Seen) -> None:
    looking, _ = after(seen, "/", "f", "a", "x", "backspace", "n", "enter")

    assert [one.device for one in shown_devices(seen, looking)] == ["fan-1"]
    assert visible_devices(seen, looking, 30) == ["fan-1"]
    assert after(seen, "/", "q", "escape")[0] == replace(Looking(), filter="")
    assert marked_alert(seen, replace(Looking(), filter="nothing")) is None


def test_screen_fits_small_terminals_and_says_when_nobody_answers(seen: Seen) -> None:
    for width, height in ((40, 12), (80, 24), (200, 60)):
        lines = drawn(replace(seen, error="gone"), Looking(), width, height).splitlines()
        assert len(lines) <= height
        assert max(map(len, lines)) <= width
    assert "no answer: gone" in drawn(replace(seen, error="gone"), Looking())
    assert "none yet" in drawn(Seen("x"), Looking())


def test_text_of_a_server_never_commands_the_terminal() -> None:
    deployment = filled()
    deployment.put_alert(
        fired(5, episode=5, device="pump-8", fingerprint="00000000000000aa", summary="\x1b[2Jevil\x07\r\n")
    )
    watched = Watched(Asking(deployment))
    turns = iter([False, True])
    watched.follow(lambda: next(turns))

    text = drawn(watched.seen(), Looking())

    assert "?[2Jevil" in text
    assert not any(letter in text for letter in "\x1b\x07\r")
    assert clean("a\u202eb\x00") == "a?b?"


def test_long_summary_leaves_the_other_columns_of_an_alert_whole() -> None:
    deployment = filled()
    deployment.put_alert(fired(5, episode=5, device="pump-8", fingerprint="00000000000000aa", summary="warm " * 60))
    watched = Watched(Asking(deployment))
    turns = iter([False, True])
    watched.follow(lambda: next(turns))

    (line,) = [line for line in drawn(watched.seen(), Looking()).splitlines() if "warm warm" in line]

    assert "09:30" in line
    assert "warning" in line
    assert "pump-8" in line


@pytest.mark.parametrize(
    ("data", "keys"),
    [(b"q", ["q"]), (b"\x1b", ["escape"]), (b"\x1b[A\x1b[B", ["up", "down"]), (b"\x1b[1;5C", []), (b"\x00\xff", [])],
)
def test_keys_are_read_from_what_a_terminal_sends(data: bytes, keys: list[str]) -> None:
    assert list(keys_of(data)) == keys


@pytest.fixture
def server() -> Iterator[tuple[Deployment, ApiServer]]:
    deployment = filled()
    answer = deployment.api.answer
    claims = {"tenant": "acme", "role": "operator", "sub": "anna"}
    deployment.api.answer = lambda request: answer(  # type: ignore[method-assign]
        replace(request, claims=claims if request.headers.get("authorization") == "Bearer right" else {})
    )
    with ApiServer(deployment.api, None) as running:
        yield deployment, running


def test_remote_client_asks_and_acts_with_the_token_of_the_address(server: tuple[Deployment, ApiServer]) -> None:
    deployment, running = server
    with RemoteClient(f"{running.address}/#token=right", "wrong") as client:
        done = client.post(f"/v1/alerts/{ALERT}/actions", ActionAnswer, {"kind": "acknowledge"})
        fleet = client.get("/v1/fleet", Fleet, group_by="site")
        page = client.get("/v1/devices", DevicePage, limit=2, cursor=None)

    assert fleet.alerts.acknowledged == 1
    assert [one.device for one in page.items] == ["fan-1", "pump-7"]
    assert deployment.backend.alerts.actions("acme", limit=1)[0].id == done.id


def test_remote_client_says_what_is_wrong(server: tuple[Deployment, ApiServer]) -> None:
    _, running = server
    with (
        RemoteClient(running.address, "right") as client,
        pytest.raises(UnavailableError, match="Not found: there is no alert f00"),
    ):
        client.get("/v1/alerts/f00", AlertPage)
    with pytest.raises(UsageError, match="--url must be like"):
        RemoteClient("ftp://x", "")
    running.close()
    with RemoteClient(running.address, "right") as client, pytest.raises(UnavailableError, match="does not answer"):
        client.get("/v1/fleet", Fleet)


def test_watch_over_the_api_prints_lines_without_a_terminal(
    server: tuple[Deployment, ApiServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "right")
    run: Callable[..., Any] = lambda *options: CliRunner().invoke(watch, ["--url", server[1].address, *options])  # noqa: E731

    once, lines, machine = run("--once"), run("--for", "0s"), run("--once", "--json")

    assert once.stdout == lines.stdout
    assert f"warning  pump-7  temperature above 90  [{ALERT}]" in once.stdout
    assert "1 alerts firing, 0 acknowledged; 3 devices, 0 quiet" in once.stderr
    assert [one["id"] for one in msgspec.json.decode(machine.stdout)["firing"]] == [ALERT]


def test_local_client_shows_a_file_and_acts_on_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with open_embedded(path, now_ms=wall_now_ms) as embedded:
        embedded.backend.alerts.put([fired(device="pump-7", at_ms=wall_now_ms())])
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        client = LocalClient(embedded, path, "acme", PLAN, "anna")

        client.post(f"/v1/alerts/{ALERT}/actions", ActionAnswer, {"kind": "acknowledge"})

        assert client.get(f"/v1/alerts/{ALERT}", AlertDetail).acknowledged_by == "anna"
        with pytest.raises(UnavailableError, match="Invalid request"):
            client.post(f"/v1/alerts/{ALERT}/actions", ActionAnswer, {"kind": "note"})
