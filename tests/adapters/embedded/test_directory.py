from pathlib import Path

import pytest

from tocsin.adapters.embedded.directory import FORGET_EVERY_MS, REMOVED_MS
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.port_values import DirectoryEntry

START_MS = 1_795_428_000_000


def entry(number: int, data: bytes | None = b"open", key: str = "OPEN#f1") -> DirectoryEntry:
    return DirectoryEntry("acme", key, data, number)


@pytest.mark.parametrize("is_file", [True, False])
def test_number_of_a_removed_entry_is_forgotten_after_a_week(tmp_path: Path, is_file: bool) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(tmp_path / "tocsin.db" if is_file else None, now_ms=clock.now_ms) as embedded:
        directory = embedded.backend.directory
        directory.put([entry(3, None), entry(1, key="OPEN#stays")])

        clock.advance_to(START_MS + REMOVED_MS - 1)
        directory.put([entry(9, None, "OPEN#f2"), entry(2)])
        before = directory.query("acme", prefix="", limit=9)
        clock.advance_to(START_MS + REMOVED_MS + FORGET_EVERY_MS)
        directory.put([entry(9, None, "OPEN#f3")])
        directory.put([entry(2), entry(8, key="OPEN#f2")])

        assert before == [entry(1, key="OPEN#stays")]
        assert directory.query("acme", prefix="", limit=9) == [entry(2), entry(1, key="OPEN#stays")]
