"""``tocsin fit`` proposes a plan that is valid, lets what was seen pass, and tells what is beyond it."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from tests.cli.conftest import Tocsin
from tocsin.core.clock import MINUTE_MS
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingWriter

START_MS = 1_795_435_200_000


def night(path: Path, *, shift: float = 0.0, minutes: int = 2_200, seed: int = 4) -> Path:
    """Three pumps and a boiler, a reading a minute; the pressure of one pump is shifted in the last hour."""
    random = np.random.default_rng(seed)
    with RecordingWriter(path, Header(clock="virtual")) as writer:
        for minute in range(minutes):
            for device in ("north-pump-1", "north-pump-2", "north-pump-3", "boiler"):
                at_ms = START_MS + minute * MINUTE_MS
                pressure = 5 + 0.2 * random.standard_normal() + (shift if minute > minutes - 60 else 0.0)
                message = {"device": device, "ts": at_ms, "metrics": {"pressure_bar": round(pressure, 3)}}
                writer.append(Recorded(at_ms + 50, f"acme#{device}", json.dumps(message).encode()))
    return path


def test_proposal_is_a_plan_that_lets_the_recording_pass_and_tells_a_shift(tocsin: Tocsin, tmp_path: Path) -> None:
    healthy, ill = night(tmp_path / "healthy.jsonl"), night(tmp_path / "ill.jsonl", shift=2.0, minutes=90, seed=5)
    calm = night(tmp_path / "calm.jsonl", minutes=90, seed=6)

    said = tocsin("fit", healthy, "--to", tmp_path / "fit.yaml", "--svg", tmp_path / "fit.svg")
    checked = tocsin("plan", "check", tmp_path / "fit.yaml")
    quiet: Any = tocsin("replay", calm, "--plan", tmp_path / "fit.yaml", "--json").json
    loud: Any = tocsin("replay", ill, "--plan", tmp_path / "fit.yaml", "--json").json

    def fired(replayed: Any) -> set[str]:
        return {move["rule"] for move in replayed["transitions"] if move["phase"] == "firing"} - {"adaptive"}

    assert (said.code, checked.code) == (0, 0)
    assert fired(quiet) == set()
    assert "north-pump_pressure_bar_range" in fired(loud)
    assert "8,800 readings of 4 series, 0 messages unreadable" in said.err
    drawn = ET.parse(tmp_path / "fit.svg").getroot()  # noqa: S314  our own file
    assert {"boiler", "north-pump-*"} <= {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}


def test_proposal_goes_to_standard_output_and_to_machines(tocsin: Tocsin, tmp_path: Path) -> None:
    healthy = night(tmp_path / "healthy.jsonl", minutes=60)

    said = tocsin("fit", healthy)
    machine: Any = tocsin("fit", healthy, "--json").json

    assert said.out == machine["plan"]
    assert '- {match: "north-pump-*", site: north, type: pump}  # 3' in said.out
    assert "too few excursions" in said.out
    assert [one["cohort"]["match"] for one in machine["cohorts"]] == ["boiler", "north-pump-*"]


def test_recording_without_readings_is_wrong_use(tocsin: Tocsin, tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "empty.jsonl", Header()):
        pass

    said = tocsin("fit", tmp_path / "empty.jsonl")

    assert (said.code, said.out) == (2, "")
    assert "has no readings to fit" in said.err
