from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec

from tests.contract.specimens import ACTION, DECISION, NOW_MS, TRANSITION, read_all
from tocsin.core.actions import decode_action, is_action_key
from tocsin.core.messages import AlertRef, Decision, Transition
from tocsin.core.ports import Backend


def numbered(number: int) -> Transition:
    return replace(TRANSITION, number=number, at_ms=number * 60_000)


def told(backend: Backend) -> list[Transition]:
    return [msgspec.msgpack.decode(record.data, type=Transition) for record in read_all(backend.alerts.feed)]


def test_transition_comes_back_as_it_was_put(backend: Backend) -> None:
    assert backend.alerts.put([TRANSITION]) == [True]

    assert backend.alerts.query("acme", limit=10) == [TRANSITION]


def test_transition_that_is_there_already_is_not_written_again(backend: Backend) -> None:
    backend.alerts.put([TRANSITION])

    assert backend.alerts.put([replace(TRANSITION, summary="another text")]) == [False]
    assert backend.alerts.query("acme", limit=10) == [TRANSITION]


def test_answers_tell_in_order_which_were_new(backend: Backend) -> None:
    backend.alerts.put([numbered(2)])

    answers = backend.alerts.put([numbered(1), numbered(2), numbered(3), numbered(3)])

    assert answers == [True, False, True, False]


def test_episode_and_number_tell_transitions_of_a_fingerprint_apart(backend: Backend) -> None:
    moves = [TRANSITION, replace(TRANSITION, number=2), replace(TRANSITION, episode=2)]

    assert backend.alerts.put(moves) == [True, True, True]


def test_newest_comes_first_and_limit_keeps_the_newest(backend: Backend) -> None:
    backend.alerts.put([numbered(number) for number in (2, 5, 1, 4, 3)])

    assert [found.number for found in backend.alerts.query("acme", limit=3)] == [5, 4, 3]


def test_query_of_earlier_moves_ends_before_the_instant(backend: Backend) -> None:
    backend.alerts.put([numbered(number) for number in (1, 2, 3)])

    found = backend.alerts.query("acme", device="pump-7", until_ms=3 * 60_000, limit=10)

    assert [one.number for one in found] == [2, 1]
    assert backend.alerts.query("acme", until_ms=60_000, limit=10) == []


def test_query_keeps_to_tenant_device_and_fingerprint(backend: Backend) -> None:
    other_tenant = replace(TRANSITION, tenant="other")
    other_device = replace(TRANSITION, device="pump-8", fingerprint="00000000000000f2")
    other_rule = replace(TRANSITION, rule="too-cold", fingerprint="00000000000000f3", at_ms=1)
    backend.alerts.put([TRANSITION, other_tenant, other_device, other_rule])

    assert backend.alerts.query("other", limit=10) == [other_tenant]
    assert backend.alerts.query("acme", device="pump-8", limit=10) == [other_device]
    assert backend.alerts.query("acme", fingerprint=TRANSITION.fingerprint, limit=10) == [TRANSITION]
    assert backend.alerts.query("acme", device="pump-7", limit=10) == [TRANSITION, other_rule]
    assert backend.alerts.query("acme", device="pump-8", fingerprint="00000000000000f3", limit=10) == []


def test_feed_tells_each_new_transition_once_under_its_device(backend: Backend) -> None:
    backend.alerts.put([numbered(1), numbered(2)])
    backend.alerts.put([numbered(2), numbered(3)])

    feed = read_all(backend.alerts.feed)

    assert told(backend) == [numbered(1), numbered(2), numbered(3)]
    assert {record.partition_key for record in feed} == {"acme#pump-7"}
    assert {record.arrival_ms for record in feed} == {NOW_MS}


def test_feed_keeps_the_order_of_each_device_when_threads_put(backend: Backend) -> None:
    def put(device: int) -> None:
        for number in range(1, 21):
            backend.alerts.put([replace(numbered(number), device=f"pump-{device}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))

    numbers: dict[str, list[int]] = {}
    for transition in told(backend):
        numbers.setdefault(transition.device, []).append(transition.number)
    assert numbers == {f"pump-{device}": list(range(1, 21)) for device in range(4)}


def test_trimmed_feed_leaves_the_table_whole(backend: Backend) -> None:
    backend.alerts.put([numbered(1), numbered(2)])
    first, _second = read_all(backend.alerts.feed)

    backend.alerts.feed.trim(first.shard, through=first.sequence)

    assert told(backend) == [numbered(2)]
    assert len(backend.alerts.query("acme", limit=10)) == 2


def test_transition_known_to_the_table_is_not_told_again_after_the_feed_was_trimmed(backend: Backend) -> None:
    backend.alerts.put([numbered(1)])
    (record,) = read_all(backend.alerts.feed)
    backend.alerts.feed.trim(record.shard, through=record.sequence)

    assert backend.alerts.put([numbered(1)]) == [False]
    assert told(backend) == []


def test_no_transitions_put_is_nothing_told(backend: Backend) -> None:
    assert backend.alerts.put([]) == []
    assert told(backend) == []


def test_action_comes_back_as_it_was_put_and_stands_on_the_feed_among_the_transitions(backend: Backend) -> None:
    backend.alerts.put([numbered(1)])
    assert backend.alerts.put_action(ACTION)
    backend.alerts.put([numbered(2)])

    feed = read_all(backend.alerts.feed)

    assert backend.alerts.actions("acme", limit=10) == [ACTION]
    assert [is_action_key(record.partition_key) for record in feed] == [False, True, False]
    assert decode_action(feed[1].data) == ACTION


def test_action_that_is_there_already_is_not_told_again(backend: Backend) -> None:
    backend.alerts.put_action(ACTION)

    assert not backend.alerts.put_action(replace(ACTION, text="other words"))
    assert backend.alerts.actions("acme", limit=10) == [ACTION]
    assert len(read_all(backend.alerts.feed)) == 1


def test_actions_come_newest_first_and_keep_to_their_tenant(backend: Backend) -> None:
    later = replace(ACTION, id="00000000000000a2", at_ms=ACTION.at_ms + 1)
    other = replace(ACTION, tenant="other")
    for action in (ACTION, other, later):
        backend.alerts.put_action(action)

    assert backend.alerts.actions("acme", limit=10) == [later, ACTION]
    assert backend.alerts.actions("acme", limit=1) == [later]
    assert backend.alerts.actions("other", limit=10) == [other]


def test_first_decision_about_a_transition_stays(backend: Backend) -> None:
    backend.decisions.put([DECISION])

    backend.decisions.put([replace(DECISION, decision=Decision.SILENCED)])

    assert backend.decisions.query("acme", limit=10) == [DECISION]


def test_decisions_come_by_fingerprint_and_number(backend: Backend) -> None:
    refs = [AlertRef("f2", 1, 1), AlertRef("f1", 2, 10), AlertRef("f1", 1, 9), AlertRef("f1", 1, 2)]
    backend.decisions.put([replace(DECISION, alert=ref) for ref in refs])

    found = backend.decisions.query("acme", limit=3)

    assert [(record.alert.fingerprint, record.alert.number) for record in found] == [
        ("f1", 2),
        ("f1", 9),
        ("f1", 10),
    ]


def test_decisions_keep_to_tenant_and_fingerprint(backend: Backend) -> None:
    other = replace(DECISION, alert=AlertRef("f2", 1, 1))
    backend.decisions.put([DECISION, other, replace(DECISION, tenant="other")])

    assert backend.decisions.query("acme", fingerprint="f2", limit=10) == [other]
    assert len(backend.decisions.query("other", limit=10)) == 1
    assert backend.decisions.query("nobody", limit=10) == []


def test_no_decisions_put_is_nothing_there(backend: Backend) -> None:
    backend.decisions.put([])

    assert backend.decisions.query("acme", limit=10) == []
