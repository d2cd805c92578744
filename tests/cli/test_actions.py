"""What people do about alerts on the command line, also beside a process that runs the stages."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.specimens import AT_MS, FIRING, RESOLVED, of_device
from tests.cli.conftest import Tocsin
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.actions import ActionKind
from tocsin.core.clock import VirtualClock, wall_now_ms
from tocsin.core.formats.muted_item import MutedAlert, muted_entry
from tocsin.core.messages import AlertRef, Decision, DecisionRecord
from tocsin.core.plan.source import default_plan
from tocsin.runtime.pipeline import Pipeline

ALERT = FIRING.fingerprint
OVER = replace(of_device(RESOLVED, 3), number=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with an alert that fires, and one that is over."""
    path = tmp_path / "tocsin.db"
    with open_embedded(path, now_ms=lambda: AT_MS) as embedded:
        embedded.backend.alerts.put([FIRING, OVER])
    return path


@pytest.fixture
def running(path: Path) -> Iterator[tuple[Embedded, Pipeline]]:
    """The stages, running on the file."""
    clock = VirtualClock(wall_now_ms())
    with open_embedded(path, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, default_plan(), clock.now_ms)
        pipeline.run_due()
        yield embedded, pipeline


def actions(embedded: Embedded) -> list[Any]:
    return embedded.backend.alerts.actions("acme", limit=100)


def test_acknowledgement_reaches_the_stages_that_run_beside(
    tocsin: Tocsin, path: Path, running: tuple[Embedded, Pipeline]
) -> None:
    embedded, pipeline = running

    said = tocsin("alerts", "ack", ALERT[:6], "--for", "2h", "--by", "anna", "--message", "on it", "--file", path)
    moved = pipeline.run_due()

    assert (said.code, said.err) == (0, "")
    assert f"anna acknowledged {ALERT} until " in said.out
    assert moved
    (action,) = actions(embedded)
    assert (action.kind, action.by, action.text, action.episode) == (ActionKind.ACKNOWLEDGE, "anna", "on it", 1)


def test_what_was_done_shows_with_who_and_when(tocsin: Tocsin, path: Path) -> None:
    tocsin("alerts", "ack", ALERT, "--by", "anna", "--file", path)
    tocsin("alerts", "assign", ALERT, "ben", "--by", "anna", "--file", path)
    tocsin("alerts", "note", ALERT, "bearing\nis worn", "--by", "ben", "--file", path)
    tocsin("alerts", "close", ALERT, "--by", "ben", "--file", path)

    said = tocsin("alerts", "show", ALERT, "--file", path)

    done = [line.split(" ", 3)[3] for line in said.out.split("\ndone\n")[1].splitlines()]
    assert done == [
        f"anna acknowledged {ALERT}",
        f"anna assigned {ALERT} to ben",
        f"ben noted at {ALERT}: bearing?is worn",
        f"ben closed {ALERT}",
    ]
    machines = tocsin("alerts", "show", ALERT, "--file", path, "--json").json
    assert isinstance(machines, dict)
    assert [one["kind"] for one in machines["actions"]] == ["acknowledge", "assign", "note", "close"]


def test_silenced_move_is_said_to_be_kept_back_for_as_long_as_the_silence_lasted(tocsin: Tocsin, path: Path) -> None:
    ref = AlertRef(ALERT, FIRING.episode, FIRING.number)
    with open_embedded(path, now_ms=lambda: AT_MS) as embedded:
        embedded.backend.decisions.put([DecisionRecord("acme", "pump-7", ref, Decision.SILENCED, "", AT_MS)])

    assert "\n    silenced, not told while the silence lasted\n" in tocsin("alerts", "show", ALERT, "--file", path).out


@pytest.mark.parametrize("command", ["ack", "close"])
def test_alert_that_is_over_cannot_be_acknowledged_or_closed(command: str, tocsin: Tocsin, path: Path) -> None:
    said = tocsin("alerts", command, OVER.fingerprint, "--file", path)

    assert said.code == 2
    assert said.err == f"tocsin: alert {OVER.fingerprint} must fire, it is resolved\n"


def test_note_can_be_made_at_an_alert_that_is_over(tocsin: Tocsin, path: Path) -> None:
    assert tocsin("alerts", "note", OVER.fingerprint, "was the valve", "--file", path).code == 0


def test_silence_is_made_listed_and_ended(tocsin: Tocsin, path: Path) -> None:
    made = tocsin("alerts", "silence", "--site", "north", "--for", "8h", "--comment", "works", "--file", path, "--json")
    assert isinstance(made.json, dict)
    listed = tocsin("alerts", "silences", "--file", path)

    ended = tocsin("alerts", "unsilence", made.json["id"], "--file", path)

    assert f"{made.json['id']}  acme    now       " in listed.out
    assert "site north, until " in listed.out
    assert "(works)" in listed.out
    assert ended.code == 0
    assert tocsin("alerts", "silences", "--file", path, "--json").json == []
    assert tocsin("alerts", "unsilence", made.json["id"], "--file", path).code == 2


@pytest.mark.parametrize(
    ("matchers", "count"),
    [(("--site", "nor*"), 1), (("--severity", "warning"), 0), (("--device", "pump-7", "--tenant", "zeta"), 0)],
)
def test_preview_shows_what_a_silence_would_keep_back_now_and_makes_none(
    matchers: tuple[str, ...], count: int, tocsin: Tocsin, path: Path
) -> None:
    said = tocsin("alerts", "silence", *matchers, "--for", "1h", "--preview", "--file", path, "--json")

    assert isinstance(said.json, dict)
    assert said.json["silenced"] == [ALERT] * count
    assert tocsin("alerts", "silences", "--file", path, "--json").json == []


@pytest.mark.parametrize(("between", "count"), [("10:00-11:00", 1), ("02:00-03:00", 0)])
def test_preview_of_a_recording_shows_what_would_have_been_kept_back_there(
    between: str, count: int, tocsin: Tocsin, recording: Path, path: Path
) -> None:
    plan = Path(__file__).parents[2] / "scenarios" / "small.plan.yaml"
    options = ("--site", "north", "--between", between, "--preview", "--recording", recording, "--plan", plan)

    said = tocsin("alerts", "silence", *options, "--file", path, "--json")

    assert isinstance(said.json, dict)
    assert len(said.json["silenced"]) == count


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("--for 1h", id="of everything"),
        pytest.param("--site north", id="without an end"),
        pytest.param("--site north --between 22:00", id="half a recurrence"),
        pytest.param("--site north --between 22:00-06:00 --zone Nowhere", id="a zone that there is not"),
        pytest.param("--site north --between 22:00-06:00 --days sun,someday", id="a day that there is not"),
        pytest.param("--site north --for 1h --recording tocsin.db", id="a recording without a preview"),
    ],
)
def test_silence_that_is_not_sound_is_wrong_use(
    options: str, tocsin: Tocsin, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)

    said = tocsin("alerts", "silence", *options.split(), "--file", path)

    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)


def test_recording_with_actions_replays_them(tocsin: Tocsin, path: Path, tmp_path: Path) -> None:
    tocsin("alerts", "silence", "--site", "north", "--for", "1h", "--by", "anna", "--file", path)
    day = tmp_path / "day.jsonl"

    tocsin("record", "--file", path, "--to", day, "--with-actions")

    assert '"key":"!action#acme"' in day.read_text("utf-8")
    assert tocsin("replay", day, "--json").code == 0


def test_action_makes_no_new_file(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("alerts", "ack", "f00d", "--file", tmp_path / "missing.db")

    assert said.code == 2
    assert not (tmp_path / "missing.db").exists()


def test_muted_alert_is_listed_with_what_mutes_it_and_that_lists_what_it_muted(tocsin: Tocsin, path: Path) -> None:
    silent = replace(of_device(FIRING, 5), kind="missing", metric="")
    by = AlertRef(silent.fingerprint, silent.episode, silent.number)
    muted = AlertRef(ALERT, FIRING.episode, FIRING.number)
    inhibited = Decision.INHIBITED
    with open_embedded(path, now_ms=lambda: AT_MS) as embedded:
        embedded.backend.alerts.put([silent])
        embedded.backend.directory.put([muted_entry("acme", MutedAlert(muted, "gateway gw-3", by))])
        embedded.backend.decisions.put(
            [
                DecisionRecord("acme", "pump-5", by, inhibited, "n1", AT_MS, "gateway gw-3", by),
                DecisionRecord("acme", "pump-7", muted, inhibited, "", AT_MS, "gateway gw-3", by),
            ]
        )

    assert f"muted by {silent.fingerprint}" in tocsin("alerts", "list", "--file", path).out
    assert f"muted by the outage of gateway gw-3 (alert {by.fingerprint})" in (
        tocsin("alerts", "show", ALERT, "--file", path).out
    )
    shown = tocsin("alerts", "show", silent.fingerprint, "--file", path).out
    assert shown.endswith(f"muted while gateway gw-3 was out\n  pump-7  {ALERT}\n")
