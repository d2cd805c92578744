"""Bugs to plant, as data: each a small change to one file that breaks a promise. The suite must find every one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug.

    Attributes:
        name: What the code does wrongly.
        file: Where, from the root of the repository.
        old: Text that stands there exactly once.
        new: What is written in its place.
        tests: Tests, beside the histories, that are asked next; first those that should know.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()


MACHINE = "tocsin/core/machine.py"
MACHINE_TESTS = ("tests/core/test_machine.py", "tests/core/test_machine_faults.py")
LAWS = ("tests/processors/test_laws.py", "tests/processors/test_handler.py")
STREAM = "tocsin/runtime/stream.py"
DELIVERY = "tocsin/runtime/delivery.py"
STREAM_TESTS = ("tests/runtime/test_stream.py",)

BUGS = (
    Bug(
        "commit without a version check",
        MACHINE,
        "_seal(held.outbox, self._stage.encode(held.state)), held.version)\n",
        "_seal(held.outbox, self._stage.encode(held.state)), self._store.load([self._key(group)])[0].version)\n",
        MACHINE_TESTS,
    ),
    Bug(
        "conflict taken as success",
        MACHINE,
        "            if version is None:\n                conflicted.append(group)\n",
        "            if version is None:\n                self._cache[group] = held\n",
        MACHINE_TESTS,
    ),
    Bug(
        "state kept that another writer made outdated",
        MACHINE,
        "            self._cache.pop(group, None)\n",
        "            self._cache.get(group, None)\n",
        MACHINE_TESTS,
    ),
    Bug(
        "outbox of earlier folds left out of the commit",
        MACHINE,
        "_Held(held.version, step.state, held.outbox + step.emitted)",
        "_Held(held.version, step.state, step.emitted)",
        MACHINE_TESTS,
    ),
    Bug(
        "outbox cleared whether it was published or not",
        MACHINE,
        "            done = published.get(group, 0)\n",
        "            done = len(outbox)\n",
        MACHINE_TESTS,
    ),
    Bug(
        "outbox forgotten when a group is loaded",
        MACHINE,
        "_Held(saved.version, self._stage.decode(body), outbox)",
        "_Held(saved.version, self._stage.decode(body), ())",
        MACHINE_TESTS,
    ),
    Bug(
        "published before it is committed",
        MACHINE,
        "        conflicted = self._commit(folded)\n",
        "        self._stage.publish({group: held.outbox for group, held in folded.items()})\n"
        "        conflicted = self._commit(folded)\n",
        MACHINE_TESTS,
    ),
    Bug(
        "outbox published newest first",
        MACHINE,
        "        published = self._stage.publish(outboxes)\n",
        "        published = self._stage.publish({group: outbox[::-1] for group, outbox in outboxes.items()})\n",
        MACHINE_TESTS,
    ),
    Bug(
        "outbox published only where something was folded",
        MACHINE,
        "self._publish([group for group in batches if group in self._cache])",
        "self._publish([group for group in folded if group in self._cache])",
        MACHINE_TESTS,
    ),
    Bug(
        "rest of a batch given up after a conflict",
        MACHINE,
        "            again = {group: pending[group] for group in conflicted} | rests\n",
        "            again = {group: pending[group] for group in conflicted[1:]} | rests\n",
        MACHINE_TESTS,
    ),
    Bug(
        "no fence",
        "processors/step.py",
        "    batch = batch.after(account.sequence)\n",
        "    batch = batch.after('')\n",
        LAWS,
    ),
    Bug(
        "fence < for <=",
        "processors/batch.py",
        "bisect_right(self.sequences, int(sequence), key=int)",
        "bisect_right(self.sequences, int(sequence) - 1, key=int)",
        LAWS,
    ),
    Bug(
        "fence without shard",
        "processors/step.py",
        "    account = state.group.shards.get(batch.shard, ShardAccount())\n",
        "    account = max(state.group.shards.values(), key=lambda one: int(one.sequence), default=ShardAccount())\n",
        LAWS,
    ),
    Bug(
        "fence not stored",
        "processors/step.py",
        "structs.replace(self._account, sequence=sequence, rejected=rejected)",
        "structs.replace(self._account, rejected=rejected)",
        LAWS,
    ),
    Bug(
        "late rule off by one",
        "processors/parts.py",
        "np.asarray(end_ms <= part.running.before_ms[self.message_of(part)])",
        "np.asarray(end_ms < part.running.before_ms[self.message_of(part)])",
        LAWS,
    ),
    Bug(
        "watermark from readings of the future, which must be rejected",
        "tocsin/core/formats/json_columns.py",
        "    out |= age_ms < -bounds.skew_ms\n",
        "    out |= age_ms < -(1 << 60)\n",
        ("tests/core/formats/test_json_reasons.py",),
    ),
    Bug(
        "late rule forgets what a tick has closed",
        "processors/watermark.py",
        "        before[order] = np.maximum(horizon[segment], before_max - bound_ms)\n",
        "        before[order] = before_max - bound_ms\n",
        LAWS,
    ),
    Bug(
        "identities forgotten before the slice closes",
        "processors/identities.py",
        "    last = (now_ms - geometry.correction_ms) // geometry.identity_ms\n",
        "    last = (now_ms - geometry.correction_ms + geometry.identity_ms - 1) // geometry.identity_ms\n",
        LAWS,
    ),
    Bug(
        "identities not remembered over batches",
        "processors/identities.py",
        "    return np.asarray(hits > 0)\n",
        "    return np.asarray(hits > len(group.devices) * 9)\n",
        LAWS,
    ),
    Bug(
        "tick folded ahead of the backlog",
        "processors/step.py",
        "        run.take(batch.messages_before(record))\n",
        "        run.take(batch.messages_before(0))\n",
        LAWS,
    ),
    Bug(
        "tick that reaches all groups of a shard but the last",
        "tocsin/core/keys.py",
        "((hash_end - 1) * groups >> HASH_BITS) + 1)",
        "((hash_end - 1) * groups >> HASH_BITS))",
        ("tests/core/test_keys.py", "tests/processors/test_handler.py"),
    ),
    Bug(
        "numbers added in another order",
        "processors/partials.py",
        "        np.add.at(self.s1, cells, deviation)\n",
        "        np.add.at(self.s1, cells[::-1], deviation[::-1])\n",
        ("tests/processors/test_arithmetic.py",),
    ),
    Bug(
        "windows merged without the newest slice",
        "processors/lanes.py",
        "    for hop in range(1, lane.ring):\n",
        "    for hop in range(1, max(1, lane.ring - 1)):\n",
        LAWS,
    ),
    Bug(
        "panes refused by the log taken as published",
        "processors/stage.py",
        "        return {groups[place] for place in self._backend.panes.put(records)}\n",
        "        return set() if self._backend.panes.put(records) else set()\n",
        ("tests/processors/test_handler.py",),
    ),
    Bug(
        "failed position reported too late",
        "processors/handler.py",
        "        first = min(firsts.values(), default=None)\n",
        "        first = max(firsts.values(), default=None)\n",
        ("tests/processors/test_failed_position.py",),
    ),
    Bug(
        "failure not reported",
        "processors/handler.py",
        "        return batch_failures([] if first is None else [records.sequences[first]])\n",
        "        return batch_failures([])\n",
        ("tests/processors/test_handler.py",),
    ),
    Bug(
        "panes accepted across a gap",
        "anomaly/step.py",
        "    if batch.number != number + 1:\n",
        "    if batch.number <= number:\n",
        ("tests/anomaly/test_step.py",),
    ),
    Bug(
        "copy of panes folded again",
        "anomaly/step.py",
        "        if batch.number <= known.fence.get((batch.generation, batch.group), 0):\n",
        "        if batch.number < known.fence.get((batch.generation, batch.group), 0):\n",
        ("tests/anomaly/test_step.py",),
    ),
    Bug(
        "transitions taken as put though the table did not answer",
        "anomaly/stage.py",
        "            except UnavailableError:\n                return published\n",
        "            except UnavailableError:\n                pass\n",
        ("tests/anomaly/test_handler.py",),
    ),
    Bug(
        "copy of a transition decided again",
        "alerts/arriving.py",
        "    if transition.number <= known.number:\n",
        "    if transition.number < known.number:\n",
        ("tests/alerts/test_step.py",),
    ),
    Bug(
        "notifications of a refused topic taken as sent",
        "alerts/lanes.py",
        "        except UnavailableError:\n            return range(len(entries))\n\n    def _decide(",
        "        except UnavailableError:\n            return ()\n\n    def _decide(",
        ("tests/alerts/test_handler.py",),
    ),
    Bug(
        "tenants told of in one group",
        "alerts/grouping.py",
        "    return (transition.tenant, *(",
        '    return ("", *(',
        ("tests/alerts/test_grouping.py", "tests/alerts/test_step.py"),
    ),
    Bug(
        "records refused by the log not put again",
        "ingest/put.py",
        "        left = [left[place] for place in refused]\n",
        "        left = [left[place] for place in refused[:0]]\n",
        ("tests/ingest/test_put_and_tick.py",),
    ),
    Bug(
        "tick put into one shard only",
        "ingest/tick.py",
        "        for shard in shards\n        if not shard.closed\n",
        "        for shard in shards[:1]\n        if not shard.closed\n",
        ("tests/ingest/test_put_and_tick.py",),
    ),
    Bug(
        "children read before parents",
        STREAM,
        "            if not self._has_older(shard.id, listed):\n",
        "            if listed:\n",
        STREAM_TESTS,
    ),
    Bug(
        "checkpoint after a crash",
        DELIVERY,
        "        done = outcome.failed[0] if outcome.failed else len(segment.records)\n",
        "        done = len(segment.records)\n",
        STREAM_TESTS,
    ),
    Bug(
        "failed half of a batch overtaken by the other",
        DELIVERY,
        "            lane.segments.appendleft(replace(rest, attempts=attempts))\n",
        "            lane.segments.append(replace(rest, attempts=attempts))\n",
        STREAM_TESTS,
    ),
    Bug(
        "next batch made while a failed one waits",
        "tocsin/runtime/lane.py",
        "        return not self.segments and self.flight is None\n",
        "        return self.flight is None\n",
        STREAM_TESTS,
    ),
)
