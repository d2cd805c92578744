"""What the fixtures of the pytest plugin hand out: a pipeline, a simulator, recordings, golden alerts."""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import pytest

from simulator.fleet import deliveries
from simulator.scenario import load_scenario
from simulator.targets import RecordingTarget
from simulator.truth import Truth, read_truth, truth_of, write_truth
from tocsin.cli.files import plan_or_default, scenario_file, truth_path
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.durations import format_duration, parse_duration_ms
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter
from tocsin.core.messages import Notification, Phase, Transition
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.golden import GOLDEN_MARK, difference, golden_text
from tocsin.runtime.rehearsal import TENANT, Rehearsal
from tocsin.runtime.replay import ReplaySettings, replay
from tocsin.runtime.score import Score, score

SETTLE_MS: Final = 4 * MINUTE_MS
NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Run:
    """What a pipeline did.

    Attributes:
        transitions: All moves of alerts, in order.
        notifications: All that was told, in order.
        command: Replays it on the command line.
    """

    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    command: str

    @property
    def golden(self) -> str:
        """The alerts as golden text."""
        return golden_text(self.transitions, self.notifications)

    @property
    def fired(self) -> list[Transition]:
        """The moves into firing, in order."""
        return [move for move in self.transitions if move.phase is Phase.FIRING]

    @property
    def alerts(self) -> list[Episode]:
        """The episodes, suspicions that came to nothing included, those that moved last first."""
        return episodes(self.transitions)

    def score(self, truth: Iterable[Truth]) -> Score:
        """Return which faults were found, how soon, and which alerts were false."""
        return score(self.transitions, list(truth))


@dataclass(frozen=True, slots=True)
class RecordingUnderTest:
    """A recording.

    Attributes:
        path: Its file.
        header: Its first line.
        truth: What went wrong in it, as far as a file beside it or a simulation says.
    """

    path: Path
    header: Header
    truth: tuple[Truth, ...]

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Return the recording of the file, with the truth that stands beside it."""
        beside = truth_path(path)
        with RecordingReader(path) as reader:
            return cls(path, reader.header, tuple(read_truth(beside)) if beside.is_file() else ())

    def records(self) -> Iterator[Recorded]:
        """Yield the records, in order."""
        with RecordingReader(self.path) as reader:
            yield from reader


class SimulatorUnderTest:
    """Plays scenarios into recordings."""

    def __init__(self, folder: Path, notes: list[str], seed: int, find: Callable[[str | Path], Path]) -> None:
        self._folder = folder
        self._notes = notes
        self._seed = seed
        self._find = find

    def __call__(self, scenario: str | Path, *, seed: int | None = None) -> RecordingUnderTest:
        """Return what the devices of the scenario send.

        Args:
            scenario: A file beside the test or at the project's root, or the name of a shipped scenario.
            seed: Which run of it; by default what ``--tocsin-seed`` says.
        """
        file = scenario_file(str(self._find(scenario)))
        played, number = load_scenario(file), self._seed if seed is None else seed
        self._notes.append(f"simulated {_short(file)} with seed {number}")
        path = self._folder / f"{played.name}-{number}.jsonl"
        with RecordingWriter(path, Header(source=f"simulator {played.name}, seed {number}", clock="virtual")) as writer:
            target = RecordingTarget(writer)
            for batch in deliveries(played, number):
                target.put(batch.deliveries)
        write_truth(truth_path(path), truth_of(played))
        return RecordingUnderTest.of_file(path)


class PipelineUnderTest:
    """The whole chain under one plan: replays recordings, or takes single readings while time passes.

    Attributes:
        clock: The virtual clock that ``wait`` moves.
    """

    def __init__(self, plan: Path | None, clock: VirtualClock, folder: Path, notes: list[str]) -> None:
        self.clock = clock
        self._plan_path = plan
        self._plan = plan_or_default(plan)
        self._folder = folder
        self._notes = notes
        self._rehearsal: Rehearsal | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._rehearsal:
            self._rehearsal.__exit__()

    def replay(self, recording: RecordingUnderTest, *, settle: str = format_duration(SETTLE_MS)) -> Run:
        """Return what the recording leads to, as ``tocsin replay`` would.

        Args:
            recording: What arrives.
            settle: How long time goes on after the last record, e.g. ``10m``.
        """
        settle_ms = parse_duration_ms(settle)
        done = replay(recording.header, recording.records(), self._plan, ReplaySettings(settle_ms=settle_ms))
        return self._run(done.transitions, done.notifications, recording.path, settle_ms)

    def send(
        self, device: str, metrics: Mapping[str, float], *, tenant: str = TENANT, at_ms: int | None = None
    ) -> None:
        """Send one message of a device now; ``wait`` lets the pipeline see it."""
        self._live().send(device, metrics, tenant=tenant, at_ms=at_ms)

    def wait(self, duration: str) -> None:
        """Let virtual time pass, e.g. ``10s``."""
        self._live().wait(parse_duration_ms(duration))

    def result(self) -> Run:
        """Return what came of what was sent so far."""
        live = self._live()
        path = self._folder / "sent.jsonl"
        live.record(path)
        return self._run(live.transitions(), live.notifications(), path, 0)

    def _live(self) -> Rehearsal:
        if self._rehearsal is None:
            self._rehearsal = Rehearsal(self._plan, self.clock)
        return self._rehearsal

    def _run(
        self,
        transitions: tuple[Transition, ...],
        notifications: tuple[Notification, ...],
        path: Path,
        settle_ms: int,
    ) -> Run:
        parts = ["tocsin", "replay", _short(path)]
        parts += ["--plan", _short(self._plan_path)] if self._plan_path else []
        parts += ["--settle", format_duration(settle_ms)] if settle_ms != SETTLE_MS else []
        run = Run(transitions, notifications, shlex.join(parts))
        self._notes.append(f"replay it with: {run.command}")
        return run


class GoldenAlerts:
    """Compares alerts with the golden text that is kept beside the test, or writes it."""

    def __init__(self, folder: Path, test: str, *, update: bool) -> None:
        self._folder = folder
        self._test = NOT_IN_NAMES.sub("-", test).strip("-")
        self._update = update
        self._used: set[str] = set()

    def __call__(self, run: Run, name: str = "") -> None:
        """Fail where the run's alerts are not the expected ones.

        Args:
            run: What a pipeline did.
            name: Tells several golden texts of one test apart.
        """
        __tracebackhide__ = True
        if name in self._used:
            pytest.fail("give each golden text of a test a name of its own: golden_alerts(run, name='second')")
        self._used.add(name)
        path = self._folder / f"{'-'.join(part for part in (self._test, name) if part)}.txt"
        expected = path.read_text("utf-8") if path.is_file() else None
        if self._update:
            _write(path, expected, run.golden)
        elif expected is None:
            pytest.fail(f"no golden alerts in {_short(path)} yet; write them: pytest --update-golden", pytrace=False)
        elif found := difference(expected, run.golden, file=_short(path)):
            command = f"{run.command} --expect {shlex.quote(_short(path))}"
            pytest.fail(f"{found}\n\nsee it again: {command}\naccept it: pytest --update-golden", pytrace=False)


def _write(path: Path, expected: str | None, found: str) -> None:
    """Write the text, unless the file says the same already, perhaps with comments of people."""
    is_golden = expected is not None and expected.startswith(GOLDEN_MARK)
    if expected is None or not is_golden or difference(expected, found):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, "utf-8")


def _short(path: Path) -> str:
    """Return the path as seen from here, where that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
