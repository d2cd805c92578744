"""The Lambda handler of the log of panes: a batch of one shard in, the failed position out."""

from collections.abc import Sequence
from typing import Any, Final

from anomaly.cohort_step import step_cohorts
from anomaly.contract import Detector
from anomaly.detectors.adaptive import Adaptive
from anomaly.folding import Batches
from anomaly.stage import COHORTS_GROUP, NAME, Anomaly
from anomaly.state import GroupState
from tocsin.adapters.function import Entry
from tocsin.adapters.telemetry import fact_logger, told
from tocsin.core.columns import PaneBatch
from tocsin.core.errors import DamagedError, TransientError
from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.formats.kinesis_event import kinesis_records
from tocsin.core.formats.pane_bytes import Sender, decode_panes, decode_sender
from tocsin.core.formats.rejections import encode_rejections, rejected_name
from tocsin.core.machine import Machine
from tocsin.core.messages import Position, Rejection
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.plan.resolve import has_peers
from tocsin.core.ports import Backend, Blobs, StoredRecord
from tocsin.core.reasons import Reason

logger: Final = fact_logger(NAME)


class AnomalyHandler:
    """Folds deliveries of the log of panes; built once, at cold start.

    Attributes:
        failures: Why groups failed in the last call; empty where all went well.
    """

    def __init__(self, backend: Backend, plans: PlanBook, detector: Detector) -> None:
        self.failures: dict[int, TransientError] = {}
        self._plan: Final[Plan] = plans.first
        self._plans: Final = plans
        self._blobs: Final[Blobs] = backend.blobs
        self._machine: Machine[GroupState, Batches] = Machine(Anomaly(backend.alerts, plans, detector), backend.state)
        self._cohorts: Machine[GroupState, Batches] = Machine(
            Anomaly(backend.alerts, plans, detector, fold=step_cohorts), backend.state
        )
        self._measures: dict[str, float] = {}

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Fold the event's records; return the first sequence number that must be delivered again.

        A record that is no pane batch cannot be read the next time either, so it is stored as a rejection and
        does not hold up its shard. Its group is held up all the same: the batch after it leaves a gap, which
        is refused, as an alert judged without the lost panes could be a wrong one.

        Raises:
            UnavailableError: A store did not answer; the whole batch comes again.
        """
        records = kinesis_records(event)
        firsts = self._fold(records)
        for group, error in self.failures.items():
            logger.warning("group failed", group=group, error=told(error), sequence=records[firsts[group]].sequence)
        first = min((firsts[group] for group in self.failures), default=None)
        return batch_failures([] if first is None else [records[first].sequence])

    def judge(self, records: Sequence[StoredRecord]) -> dict[int, TransientError]:
        """Fold records of panes that come without an event; return why groups failed, whose records must come again.

        Raises:
            UnavailableError: A store did not answer; all of them must come again.
        """
        self._fold(records)
        return self.failures

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return self._measures

    def counts(self) -> dict[str, int]:
        """Return what was not judged and why, over all groups that this process has folded."""
        totals: dict[str, int] = {}
        states = [self._machine.held_state(group) for group in range(self._plan.groups)]
        for state in (*states, self._cohorts.held_state(COHORTS_GROUP)):
            for what, how_many in (state.counts if state else {}).items():
                totals[what] = totals.get(what, 0) + how_many
        return totals

    def _fold(self, records: Sequence[StoredRecord]) -> dict[int, int]:
        """Fold the records, in the order of the log; return group to the place of its first one."""
        batches, firsts, in_order = self._batches(records)
        self._measures = {}
        machines = (self._machine, self._cohorts)
        commits, conflicts = sum(one.commits for one in machines), sum(one.conflicts for one in machines)
        self.failures = self._compare(list(batches), in_order) or self._machine.run(batches)
        self._measures = {
            "records": len(records),
            "commits": sum(one.commits for one in machines) - commits,
            "commit_conflicts": sum(one.conflicts for one in machines) - conflicts,
            "outbox_unpublished": sum(one.unpublished() for one in machines),
        }
        return firsts

    def _compare(self, groups: Sequence[int], in_order: Batches) -> dict[int, TransientError]:
        """Let the group of cohorts fold the batches, where a rule compares or did; return why no group can go on.

        It comes first. What key groups have folded is not delivered again, and by then it must have it.

        Args:
            groups: Key groups of the delivery.
            in_order: Its batches, in the order of the log: one group's must not run ahead of the others'.
        """
        named = {batch.plan_hash for batch in in_order}
        held = (self._machine.held_state(group) for group in groups)
        named |= {state.plan_hash for state in held if state}
        if not any(self._compares(plan_hash) for plan_hash in named):
            return {}
        failed = self._cohorts.run({COHORTS_GROUP: in_order})
        return dict.fromkeys(groups, failed[COHORTS_GROUP]) if failed else {}

    def _compares(self, plan_hash: str) -> bool:
        try:
            return has_peers(self._plans.at(plan_hash))
        except TransientError:
            return False  # who folds it will say so

    def _batches(self, records: Sequence[StoredRecord]) -> tuple[dict[int, Batches], dict[int, int], Batches]:
        """Return each group's batches in the order of the log, the place of its first record, and all batches.

        Of copies, of what the group is known to have folded and of what stands further ahead in the delivery, only
        the sender is read. The group stays among those returned: what it has not published goes out.
        """
        by_group: dict[int, list[PaneBatch]] = {}
        firsts: dict[int, int] = {}
        in_order: list[PaneBatch] = []
        ahead: dict[tuple[int, int], int] = {}
        senders = [self._sender(record) for record in records]
        self._machine.hold({sent.group for sent in senders if sent})
        for place, (record, sent) in enumerate(zip(records, senders, strict=True)):
            if not sent:
                continue
            batches = by_group.setdefault(sent.group, [])
            try:
                firsts.setdefault(sent.group, place)
                sender = (sent.generation, sent.group)
                if sent.number > ahead.get(sender, 0) and not self._has_folded(sent):
                    batches.append(decode_panes(record.data))
                    in_order.append(batches[-1])
                    ahead[sender] = sent.number
            except DamagedError as error:
                self._reject(record, error)
        return {group: tuple(batches) for group, batches in by_group.items()}, firsts, tuple(in_order)

    def _sender(self, record: StoredRecord) -> Sender | None:
        """Return who sent the record, or None where that cannot be read."""
        try:
            return decode_sender(record.data)
        except DamagedError as error:
            self._reject(record, error)
            return None

    def _has_folded(self, sent: Sender) -> bool:
        """Tell whether the group has folded the batch for certain; a fence only ever rises."""
        state = self._machine.held_state(sent.group)
        return state is not None and sent.number <= state.fence.get((sent.generation, sent.group), 0)

    def _reject(self, record: StoredRecord, error: DamagedError) -> None:
        """Store the record under a name made of its position: a second delivery writes the same blob."""
        position = Position(record.shard, record.sequence)
        rejection = Rejection(Reason.FORMAT_UNKNOWN, str(error), record.data, record.partition_key, position)
        self._blobs.put(rejected_name(NAME, record.shard, record.sequence), encode_rejections([rejection]))
        logger.error("panes rejected", shard=record.shard, sequence=record.sequence, error=told(error))


def make_handler(backend: Backend, plans: PlanBook, detector: Detector | None = None) -> AnomalyHandler:
    """Return the handler on the backend's ports.

    Args:
        backend: All ports.
        plans: The plans that ticks may name.
        detector: What adaptive rules score with; None for the default one.
    """
    return AnomalyHandler(backend, plans, detector or Adaptive())


handler: Final = Entry(NAME, ("state", "alerts", "blobs"), make_handler)
