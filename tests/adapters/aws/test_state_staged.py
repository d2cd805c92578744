"""Two stores as one: each state is where its stage has it, and answers come in the order of what was asked."""

from tocsin.adapters.aws.state_staged import StagedState
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.ports import StateKey, StateWrite

KEYS = [StateKey(1, group, stage) for group, stage in enumerate(("alerts", "anomaly", "alerts", "processors"))]


def test_states_of_the_named_stages_are_in_the_one_and_all_others_in_the_other() -> None:
    with open_embedded(None, now_ms=lambda: 0) as one, open_embedded(None, now_ms=lambda: 0) as other:
        table, bucket = one.backend.state, other.backend.state
        both = StagedState(table, ["alerts"], bucket)

        versions = both.commit([StateWrite(key, str(key.group).encode(), "") for key in KEYS])
        stale = both.commit([StateWrite(KEYS[1], b"x", ""), StateWrite(KEYS[0], b"new", versions[0] or "")])

        assert [saved.blob for saved in both.load(KEYS)] == [b"new", b"1", b"2", b"3"]
        assert (stale[0], stale[1] is None) == (None, False)
        assert [saved.blob for saved in table.load(KEYS)] == [b"new", None, b"2", None]
        assert [saved.blob for saved in bucket.load(KEYS)] == [None, b"1", None, b"3"]
        assert both.load([]) == both.commit([]) == []
