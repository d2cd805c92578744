"""The table that a soak ends with, as Markdown, and the page that it is written into."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.model.search import Found
from tests.planted.hunt import Verdict
from tests.simulation.soak import LOSSES, PLAIN, Sum
from tests.soak import bad_input, kills, steady

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"


@dataclass(frozen=True, slots=True)
class Results:
    """What all parts of a soak came to.

    Attributes:
        seed: Where histories, kills and inputs began.
        seconds: How long it took, by the wall.
        histories: Of the simulation.
        kills: Of ``kill -9``.
        inputs: Of bad input.
        steady: Of the steady load.
        planted: Who found which bug.
        model: Of the model.
        load: How many programs wanted a core of the machine, the soak's own included: its last quarter of an hour.
        cores: How many the machine has.
    """

    seed: int
    seconds: float
    histories: Sum
    kills: kills.Report
    inputs: bad_input.Report
    steady: steady.Report
    planted: Sequence[Verdict]
    model: Found
    load: float = 0.0
    cores: int = 1

    @property
    def escaped(self) -> list[str]:
        """Return everything that is wrong, a line each."""
        wrong = [
            f"{finding}\n    python -m tests.simulation --seed {seed}"
            for seed, finding in self.histories.failed.items()
        ]
        wrong += [f"nobody found the planted bug: {one.bug.name}" for one in self.planted if not one.by]
        if self.model.wrong:
            wrong.append(f"the model breaks its promise:\n{self.model.text()}")
        if self.steady.growth >= steady.GROWTH_MAX:
            wrong.append(f"memory grew by {self.steady.growth:.1%}")
        return wrong


def summary(results: Results) -> str:
    """Return the table of everything."""
    played = results.histories
    found = sum(1 for verdict in results.planted if verdict.by)
    others = sum(times for kind, times in played.findings.items() if kind not in LOSSES)
    rate, fault_rate = played.rates()
    rows = [
        ("histories", f"{played.histories:,}"),
        ("faults", f"{played.faults.total():,}"),
        ("readings on their logs", f"{played.readings:,}"),
        ("revised windows", f"{played.revisions:,}"),
        ("actions of people", f"{played.actions:,}"),
        ("lines of logs, read for tenants", f"{played.log_lines:,}"),
        ("**lost**", f"**{played.findings['lost']}**"),
        ("**doubled**", f"**{played.findings['doubled']}**"),
        ("**differing**", f"**{played.findings['differs']}**"),
        ("other findings", f"{others}"),
        ("histories a core-minute", f"{rate:,.0f}"),
        ("the same, of those without any feature", f"{played.rate_of(PLAIN):,.0f}"),
        ("faults a core-minute", f"{fault_rate:,.0f}"),
        ("`kill -9`", f"{results.kills.kills:,}"),
        ("slowest opening after a kill", f"{results.kills.slowest_s * 1e3:.0f} ms"),
        ("bad inputs", f"{results.inputs.inputs.total():,}"),
        ("slowest for 100 KB", f"{results.inputs.slowest_s * 1e3:.0f} ms"),
        ("steady load", f"{results.steady.messages:,} messages in {results.steady.seconds:.0f} s"),
        ("memory after its warm-up", f"{results.steady.begin_mb:.0f} MB, {results.steady.growth:+.1%} at the end"),
        ("planted bugs found", f"{found} of {len(results.planted)}"),
        ("worlds of the model", f"{results.model.worlds:,}, wrong: {int(bool(results.model.wrong))}"),
        ("seconds", f"{results.seconds:,.0f}"),
        ("programs at work on the machine", f"{results.load:.1f} on {results.cores} cores"),
    ]
    return _table(("", f"from seed {results.seed}"), rows)


def faults(played: Sum) -> str:
    """Return how many faults there were of each kind."""
    return _table(("fault", "times"), [(kind, f"{times:,}") for kind, times in played.faults.most_common()])


def planted(verdicts: Sequence[Verdict]) -> str:
    """Return who found which bug."""
    return _table(
        ("planted bug", "file", "found by"), [(one.bug.name, one.bug.file, _found_by(one)) for one in verdicts]
    )


def _found_by(verdict: Verdict) -> str:
    text = re.sub(r"['\"(\[{].*", "", verdict.by).replace("|", "/").strip(" :") or "nobody"
    return text if len(text) <= 110 else f"{text[:110]} …"


def write(page: Path, results: Results) -> None:
    """Write the tables between the page's markers; what stands around them stays."""
    text = page.read_text("utf-8")
    for name, table in (
        ("summary", summary(results)),
        ("faults", faults(results.histories)),
        ("planted", planted(results.planted)),
    ):
        text = replaced(text, name, table)
    page.write_text(text, "utf-8")


def replaced(text: str, name: str, table: str) -> str:
    """Return the text with the table between the markers of the name.

    Raises:
        ValueError: The text does not have the markers once.
    """
    begin, end = f"<!-- soak: {name} -->\n", f"<!-- soak: end of {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"markers of {name} must stand once in the page")
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
