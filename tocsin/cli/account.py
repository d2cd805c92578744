"""The honest account at the end of a play: what was sent, what became of it, what was found."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from simulator.network import Counts as WireCounts
from simulator.truth import Truth
from tocsin.cli.score_view import fault_json, score_json
from tocsin.cli.words import span
from tocsin.core.clock import iso
from tocsin.core.messages import Transition
from tocsin.runtime.counts import Counts
from tocsin.runtime.score import Found, Score, score


class Account:
    """What a play came to.

    Attributes:
        wire: What the network did.
        counts: What the stages did.
        score: Alerts against the truth.
        elapsed_s: How long it took.
    """

    def __init__(
        self,
        wire: WireCounts,
        counts: Counts,
        transitions: Sequence[Transition],
        truth: Sequence[Truth],
        *,
        elapsed_s: float,
    ) -> None:
        self.wire = wire
        self.counts = counts
        self.score: Score = score(transitions, truth)
        self.elapsed_s = elapsed_s

    @property
    def rejected(self) -> int:
        """Messages refused by ingest or by processors."""
        return sum(sum(reasons.values()) for reasons in self.counts.reasons.values())

    @property
    def lost(self) -> int:
        """Messages that arrived and that no stage accounts for; anything but 0 is a defect."""
        return self.wire.delivered - self.counts.messages - self.counts.duplicates - self.rejected

    def as_json(self) -> dict[str, Any]:
        """Return the account for machines."""
        found = self.score
        return {
            "messages": {
                "generated": self.wire.generated,
                "lost_on_the_wire": self.wire.lost,
                "duplicated_on_the_wire": self.wire.duplicated,
                "delivered": self.wire.delivered,
                "accepted": self.counts.messages,
                "duplicate": self.counts.duplicates,
                "rejected": self.rejected,
                "rejected_by_reason": self.counts.reasons,
                "lost": self.lost,
            },
            "readings": {"in_windows": self.counts.readings, "late": self.counts.late},
            "alerts": {
                **score_json(found),
                "notifications": self.counts.notifications,
            },
            "faults": [fault_json(fault) for fault in found.faults],
            "elapsed_s": round(self.elapsed_s, 3),
            "readings_per_s": round(self.counts.readings / max(self.elapsed_s, 1e-9)),
        }

    def tables(self) -> list[Table]:
        """Return the account for people."""
        return [self._messages(), self._faults()]

    def _messages(self) -> Table:
        table = Table(title="What became of every message", title_justify="left", box=None, show_header=False)
        table.add_column(justify="right")
        table.add_column()
        wire, counts = self.wire, self.counts
        rows = [
            (wire.generated, "sent by devices"),
            (-wire.lost, "lost on the wire, as the scenario wants"),
            (wire.duplicated, "copies that the network made"),
            (wire.delivered, "arrived; of these"),
            (
                counts.messages,
                f"accepted: {counts.readings:,} readings in windows, {counts.late:,} late and kept aside",
            ),
            (counts.duplicates, "duplicates, counted once"),
            (self.rejected, f"rejected and kept{_reasons(counts)}"),
        ]
        for number, words in rows:
            table.add_row(f"{number:,}", words)
        table.add_row(Text(f"{self.lost:,}", "bold green" if self.lost == 0 else "bold red"), "lost by Tocsin")
        return table

    def _faults(self) -> Table:
        found = self.score
        delay = found.delay_ms_median
        title = (
            f"{len(found.faults)} faults: {found.found} found, {found.missed} missed; "
            f"{found.alerts} alerts in {self.counts.notifications} notifications, {len(found.false)} false"
            + ("" if delay is None else f"; median delay {span(delay)}")
        )
        table = Table(title=title, title_justify="left", box=None, header_style="dim")
        for heading in ("from", "device", "fault", "first alert", "after"):
            table.add_column(heading)
        for fault in found.faults:
            table.add_row(*_fault_cells(fault))
        return table


def _reasons(counts: Counts) -> str:
    totals: dict[str, int] = {}
    for reasons in counts.reasons.values():
        for reason, number in reasons.items():
            totals[reason] = totals.get(reason, 0) + number
    return ": " + ", ".join(f"{number} {reason}" for reason, number in sorted(totals.items())) if totals else ""


def _fault_cells(fault: Found) -> tuple[Text | str, ...]:
    truth = fault.truth
    what = f"{truth.kind} {truth.metric}".strip()
    if fault.alert is None or fault.delay_ms is None:
        return iso(truth.start_ms)[11:16], truth.device, what, Text("missed", "red"), ""
    return iso(truth.start_ms)[11:16], truth.device, what, fault.alert.rule, span(fault.delay_ms)
