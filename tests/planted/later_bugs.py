"""Bugs to plant in what comes after the windows, in what comes before the log, and in delivery."""

from tests.planted.bug import Bug

STREAM = "tocsin/runtime/stream.py"
DELIVERY = "tocsin/runtime/delivery.py"
STREAM_TESTS = ("tests/runtime/test_stream.py",)

LATER_BUGS = (
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
        "            return range(len(entries))\n        for place, notification in enumerate(notifications):",
        "            return ()\n        for place, notification in enumerate(notifications):",
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
        "flapping alert told each time",
        "alerts/arriving.py",
        "    if _flaps(fold, arrival.transition) and arrival.transition.phase is not Phase.EXPIRED:\n",
        "    if _flaps(fold, arrival.transition) and arrival.transition.phase is Phase.EXPIRED:\n",
        ("tests/alerts/test_flapping.py",),
    ),
    Bug(
        "acknowledgement kept though the alert got worse",
        "alerts/arriving.py",
        'replace(moved, acked_by="", until_ms=None, since_ms=0, steps=())',
        "replace(moved, condition=before.condition)",
        ("tests/alerts/test_alert_model.py",),
    ),
    Bug(
        "what the budget held back forgotten",
        "alerts/fold.py",
        "firing, stance=Stance.HELD, held_by=held_by,",
        "firing, stance=Stance.TOLD, held_by=held_by,",
        ("tests/alerts/test_budget.py",),
    ),
    Bug(
        "notification forgotten when its receiver fails",
        "alerts/delivery/step.py",
        "        line,\n        failures=failures,\n",
        "        line,\n        waiting=left,\n        failures=failures,\n",
        ("tests/alerts/delivery/test_delivery_handler.py",),
    ),
    Bug(
        "webhook signed without its time",
        "tocsin/core/formats/webhook_signature.py",
        'b"%b.%b.%b" % (message_id.encode(), seconds.encode(), body)',
        'b"%b.%b" % (message_id.encode(), body)',
        ("tests/core/formats/test_webhook_signature.py",),
    ),
    Bug(
        "late data judged behind all windows of their batch",
        "anomaly/amending.py",
        "    begins = [0, *(np.flatnonzero(is_revision[:-1] & ~is_revision[1:]) + 1).tolist()]\n",
        "    begins = [0]\n",
        ("tests/anomaly/test_amending.py",),
    ),
    Bug(
        "tick that a split has overtaken folded all the same",
        "processors/handler.py",
        '        if tick.shard in {"", records.shard}:  #',
        "        if tick.shard is not None:  #",
        ("tests/processors/test_handler.py",),
    ),
    Bug(
        "silence of one tenant over all of them",
        "alerts/people.py",
        ' | {"tenant": action.tenant, "name": action.id}\n',
        ' | {"name": action.id}\n',
        ("tests/alerts/test_people.py",),
    ),
    Bug(
        "failure logged with the keys of the whole delivery",
        "processors/handler.py",
        'logger.warning("group failed", group=group, ',
        'logger.warning("group failed", keys=records.keys, group=group, ',
        ("tests/processors/test_handler.py",),
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
