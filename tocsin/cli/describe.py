"""``tocsin simulate describe``: what happens in a scenario, drawn as text or as a picture."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np

from simulator.messages import blocks_of
from simulator.scenario import load_scenario
from simulator.scenario_model import Scenario
from simulator.truth import Truth, truth_of
from tocsin.cli.files import scenario_file, writing
from tocsin.cli.options import TARGET, json_option, seed_option
from tocsin.cli.output import print_json, talk
from tocsin.cli.scenario_svg import POINTS_MAX, Floats, Track, scenario_svg, track_bars, track_marks
from tocsin.cli.words import date_and_time, span
from tocsin.core.formats.iso_time import iso_ms
from tocsin.runtime.golden import parse_golden

TRACKS_MAX: Final = 6
BARS_WIDTH: Final = 72

_headline: Final = re.compile(r"[^/]+/(?P<device>\S+)")


@click.command()
@click.argument("scenario")
@click.option("--svg", "svg_path", type=TARGET, help="Also draw it as a picture.")
@seed_option
@json_option
def describe(scenario: str, svg_path: Path | None, seed: int, as_json: bool) -> None:
    """Say what happens in SCENARIO and draw its devices, those with faults first.

    Alerts are shown where the golden alerts of the scenario stand beside it, as those of the shipped ones do.
    """
    file = scenario_file(scenario)
    played = load_scenario(file)
    truth = truth_of(played)
    if as_json:
        print_json({"name": played.name, "description": played.description, "faults": msgspec.to_builtins(truth)})
    tracks = _tracks(played, truth, seed, file.parent / "golden" / f"{file.stem}.txt")
    if not as_json:
        for line in _lines(played, tracks):
            click.echo(line)
    if svg_path:
        with writing(svg_path):
            svg_path.write_text(scenario_svg(played, tracks), "utf-8")
        talk(f"picture written to {svg_path}")


def _lines(scenario: Scenario, tracks: Sequence[Track]) -> list[str]:
    length = span(scenario.end_ms - scenario.start_ms)
    lines = [f"{scenario.name}: {scenario.description}"]
    lines.append(f"{len(scenario.devices)} devices for {length} from {date_and_time(scenario.start_ms)} UTC")
    for track in tracks:
        lines += ["", f"{track.device} {track.metric}", track_bars(track, BARS_WIDTH)]
        lines.append(track_marks(scenario, track, BARS_WIDTH))
        lines += [f"  {date_and_time(fault.start_ms)} {fault.kind} {fault.metric}".rstrip() for fault in track.faults]
        lines += [f"  {date_and_time(at_ms)} an alert fires" for at_ms in track.alerts_ms]
    return lines


def _tracks(scenario: Scenario, truth: Sequence[Truth], seed: int, golden: Path) -> list[Track]:
    alerts = _alerts_ms(golden)
    faulty = dict.fromkeys(row.device for row in truth)
    shown = [*faulty, *(name for name in scenario.devices if name not in faulty)][:TRACKS_MAX]
    return [
        _track(scenario, name, tuple(row for row in truth if row.device == name), seed, tuple(alerts.get(name, ())))
        for name in shown
    ]


def _track(scenario: Scenario, name: str, faults: tuple[Truth, ...], seed: int, alerts_ms: tuple[int, ...]) -> Track:
    shown = next((metric for row in faults for metric in (row.metric, *row.metrics) if metric), None)
    metric = shown or scenario.devices[name].profile.metrics[0]
    return Track(name, metric, _means(scenario, name, metric, seed), faults, alerts_ms)


def _means(scenario: Scenario, name: str, metric: str, seed: int) -> Floats:
    """Return what the device tells, as means of equal parts of the scenario; what an outage held back included."""
    length_ms = scenario.end_ms - scenario.start_ms
    # Each part is twice as long as the interval, so that only true silence is a gap.
    parts = max(1, min(POINTS_MAX, length_ms // (2 * scenario.devices[name].interval_ms)))
    sums, counts = np.zeros(parts), np.zeros(parts)
    for block in blocks_of(scenario, scenario.devices[name], seed):
        told = [msgspec.json.decode(data)["metrics"].get(metric, np.nan) for data in block.data]
        values = np.array(told, np.float64)
        part = (block.sent_ms - scenario.start_ms) * parts // length_ms
        is_told = ~np.isnan(values)
        np.add.at(sums, part[is_told], values[is_told])
        np.add.at(counts, part[is_told], 1.0)
    return np.asarray(np.divide(sums, counts, out=np.full(parts, np.nan), where=counts > 0))


def _alerts_ms(golden: Path) -> dict[str, list[int]]:
    """Return when alerts fire by device, as the golden text says; none where there is no text."""
    found: dict[str, list[int]] = {}
    if golden.is_file():
        for headline, body in parse_golden(golden.read_text("utf-8"), file=golden.name).items():
            device = _headline.match(headline)
            fired = [iso_ms(line.split()[0]) for line in body if " firing: " in line]
            found.setdefault(device["device"] if device else "", []).extend(fired)
    return found
