"""Bad input in volume: ``python -m tests.soak.bad_input --count N [--seed S]``.

Every input goes through a door of the pipeline. It may be taken or refused; it may not raise what the door
does not promise, be refused without a reason, or take longer than 50 ms for each 100 KB.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import numpy as np

from ingest.accept import Credential, accept
from simulator.scenario import load_scenario
from tests.soak import bad_bytes
from tests.soak.bad_bytes import ARRIVAL_MS, KEYS
from tocsin.core.clock import elapsed_s
from tocsin.core.errors import DamagedError, PlanError
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.formats.recording import decode_header, decode_record
from tocsin.core.formats.ticks import decode_tick
from tocsin.core.plan.model import Bounds
from tocsin.core.plan.source import parse_plan
from tocsin.core.reasons import Reason

BOUNDS: Final = Bounds()
BATCH: Final = 50
SLOW_S: Final = 0.050
SLOW_BYTES: Final = 100_000
TRIES: Final = 3
"""What was slow is timed again: a machine that did something else for a moment is no finding."""


class BadInputError(AssertionError):
    """An input did what none may do."""


@dataclass
class Report:
    """What went through the doors.

    Attributes:
        inputs: How many a door.
        refused: How many a door and reason.
        slowest_s: Longest time for 100 KB (or for one smaller input or batch), in seconds.
    """

    inputs: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    def add(self, other: "Report") -> None:
        """Count what further inputs came to."""
        self.inputs += other.inputs
        self.refused += other.refused
        self.slowest_s = max(self.slowest_s, other.slowest_s)


Door = Callable[[Random, Path], tuple[int, int, Callable[[], Counter[str]]]]
"""Makes an input: how many it counts for, its bytes, and what puts it through and returns refusals by reason."""


def decoding(chance: Random, _: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """Records of the log, many in a batch."""
    keys = [chance.choice(KEYS) for _ in range(BATCH)]
    datas = [bad_bytes.body(chance) for _ in range(BATCH)]
    return BATCH, sum(map(len, datas)), lambda: _decoded(keys, datas)


def accepting(chance: Random, _: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """A body that ingest is sent."""
    data = bad_bytes.body(chance)
    credential = chance.choice((Credential("acme", "pump-7"), Credential("acme")))
    return 1, len(data), lambda: _accepted(credential, data)


def panes(chance: Random, _: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """A blob of panes."""
    blob = bad_bytes.spoiled(chance, chance.choice(bad_bytes.pane_blobs()))
    return 1, len(blob), lambda: _read(lambda: decode_panes(blob), DamagedError)


def ticks(chance: Random, _: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """A tick."""
    blob = bad_bytes.spoiled(chance, bad_bytes.tick_blob())
    return 1, len(blob), lambda: _read(lambda: decode_tick(blob), DamagedError)


def recordings(chance: Random, _: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """A line of a recording."""
    line = bad_bytes.recording_line(chance)
    decode = chance.choice((decode_record, decode_record, decode_header))
    return 1, len(line), lambda: _read(lambda: decode(line), ValueError)


def plans(chance: Random, _: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """A plan in YAML."""
    name = chance.choice(("tocsin/core/plan/default.yaml", "scenarios/demo.plan.yaml", "scenarios/small.plan.yaml"))
    text = bad_bytes.yaml_text(chance, name)
    return 1, len(text), lambda: _read(lambda: parse_plan(text, "plan.yaml"), PlanError)


def scenarios(chance: Random, folder: Path) -> tuple[int, int, Callable[[], Counter[str]]]:
    """A scenario in YAML."""
    text = bad_bytes.yaml_text(chance, chance.choice(("scenarios/small.yaml", "scenarios/quiet.yaml")))
    path = folder / "scenario.yaml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    return 1, len(text), lambda: _read(lambda: load_scenario(path), PlanError)


DOORS: Final[tuple[tuple[Door, float], ...]] = (
    (decoding, 0.78),
    (accepting, 0.12),
    (panes, 0.04),
    (recordings, 0.03),
    (ticks, 0.02),
    (plans, 0.007),
    (scenarios, 0.003),
)
"""Each door and its part of the inputs."""


def run(count: int, seed: int, *, slow_s: float = SLOW_S, with_large: bool = True) -> Report:
    """Put so many inputs through the doors, and before them the large ones once.

    Raises:
        BadInputError: One of them did what none may do; the message has seed, door and input.
    """
    report = Report()
    with TemporaryDirectory() as folder:
        for data in bad_bytes.large_bodies() if with_large else ():
            for work in (_just(_decoded, ["acme#pump-7"], [data]), _just(_accepted, Credential("acme"), data)):
                _put_through(report, "large", (1, len(data), work), seed=seed, place=0, slow_s=slow_s)
        for door, share in DOORS:
            place = 0
            while report.inputs[door.__name__] < count * share:
                chance = Random(f"{seed} {door.__name__} {place}")  # noqa: S311  no secret
                made = door(chance, Path(folder))
                _put_through(report, door.__name__, made, seed=seed, place=place, slow_s=slow_s)
                place += 1
    return report


def _just(work: Callable[..., Counter[str]], *arguments: object) -> Callable[[], Counter[str]]:
    return lambda: work(*arguments)


def _put_through(
    report: Report,
    door: str,
    made: tuple[int, int, Callable[[], Counter[str]]],
    *,
    seed: int,
    place: int,
    slow_s: float,
) -> None:
    inputs, size_bytes, work = made
    weight = max(1.0, size_bytes / SLOW_BYTES)
    try:
        took_s, refused = _timed(work)
        for _ in range(TRIES):
            if took_s <= slow_s * weight:
                break
            took_s = min(took_s, _timed(work)[0])
    except Exception as error:
        raise BadInputError(f"seed {seed}, {door} {place}: {type(error).__name__}: {error}") from error
    if took_s > slow_s * weight:
        raise BadInputError(f"seed {seed}, {door} {place}: {size_bytes} bytes took {took_s * 1e3:.0f} ms")
    report.inputs[door] += inputs
    report.slowest_s = max(report.slowest_s, took_s / weight)
    report.refused.update({f"{door}: {reason}": times for reason, times in refused.items()})


def _timed(work: Callable[[], Counter[str]]) -> tuple[float, Counter[str]]:
    begun_s = process_time()  # of the processor, so that a busy machine is no finding
    refused = work()
    return process_time() - begun_s, refused


def _decoded(keys: list[str], datas: list[bytes]) -> Counter[str]:
    """Decode the records; every message must be taken, or refused with a reason."""
    columns, refused = decode_records(keys, datas, np.full(len(keys), ARRIVAL_MS), BOUNDS)
    places = {(int(record), int(index)) for record, index in zip(columns.record, columns.index, strict=True)}
    places |= {(one.record, one.index) for one in refused}
    assert len(places) == len(columns) + len(refused), "a message is taken and refused, or one of it twice"
    assert {record for record, _ in places} == set(range(len(keys))), "a record left nothing behind"
    assert bool(np.isfinite(columns.value).all()), "a value that is not finite was taken"
    return _reasons((one.reason, one.detail) for one in refused)


def _accepted(credential: Credential, data: bytes) -> Counter[str]:
    """Accept the body; what ingest takes, the processors must take as well."""
    taken = accept(credential, data, ARRIVAL_MS, BOUNDS)
    keys, datas = [one.partition_key for one in taken.records], [one.data for one in taken.records]
    columns, refused = decode_records(keys, datas, np.full(len(keys), ARRIVAL_MS), BOUNDS)
    assert not refused, f"ingest takes what the processors refuse: {refused[0].reason} {refused[0].detail}"
    assert len(columns) == taken.messages, f"ingest counts {taken.messages} messages, the processors {len(columns)}"
    assert taken.messages or taken.rejections, "a body left nothing behind"
    return _reasons((one.reason, one.detail) for one in taken.rejections)


def _read(work: Callable[[], object], promised: type[Exception]) -> Counter[str]:
    """Do the work; it may raise what it promises, with words."""
    try:
        work()
    except promised as error:
        refusal: Exception = error
    else:
        return Counter()
    assert str(refusal).strip(), "refused without a word"
    assert type(refusal) is not UnicodeEncodeError, "a half of a surrogate pair came through"
    return Counter([type(refusal).__name__])


def _reasons(refused: Iterable[tuple[Reason, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for reason, detail in refused:
        assert isinstance(reason, Reason)
        assert detail, f"{reason} without a word"
        assert "\n" not in detail, f"detail of {reason} is not one line: {detail!r}"
        found[reason] += 1
    return found


@cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main() -> None:
    """Run as the command says, and print what went through."""
    asked = _parser().parse_args()
    begun_s = elapsed_s()
    report = run(asked.count, asked.seed)
    print(f"{report.inputs.total():,} inputs in {elapsed_s() - begun_s:.0f} s")  # noqa: T201  a program
    print(f"slowest: {report.slowest_s * 1e3:.1f} ms for 100 KB")  # noqa: T201  a program
    for name, times in sorted(report.refused.items()):
        print(f"  {name}: {times:,}")  # noqa: T201  a program


if __name__ == "__main__":
    main()
