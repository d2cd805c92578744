from pathlib import Path

import pytest

from tocsin.adapters.embedded.open import Embedded, open_embedded


def open_at(path: Path | None, *, read_only: bool = False) -> Embedded:
    return open_embedded(path, now_ms=lambda: 0, read_only=read_only)


@pytest.mark.parametrize("is_file", [True, False])
def test_saved_checkpoint_is_loaded_at_once(tmp_path: Path, is_file: bool) -> None:
    with open_at(tmp_path / "tocsin.db" if is_file else None) as embedded:
        embedded.checkpoints.save("fold", "shard-0", "9")
        embedded.checkpoints.save("fold", "shard-1", "7")
        embedded.checkpoints.save("fold", "shard-0", "10")
        embedded.checkpoints.save("archive", "shard-0", "3")

        assert embedded.checkpoints.load("fold") == {"shard-0": "10", "shard-1": "7"}
        assert embedded.checkpoints.load("archive") == {"shard-0": "3"}
        assert embedded.checkpoints.load("other") == {}


def test_checkpoint_becomes_durable_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with open_at(path) as writer, open_at(path, read_only=True) as reader:
        writer.checkpoints.save("fold", "shard-0", "9")
        before = reader.checkpoints.load("fold")
        writer.backend.blobs.put("a", b"")

        assert before == {}
        assert reader.checkpoints.load("fold") == {"shard-0": "9"}


def test_checkpoint_becomes_durable_when_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with open_at(path) as embedded:
        embedded.checkpoints.save("fold", "shard-0", "9")

    with open_at(path) as embedded:
        assert embedded.checkpoints.load("fold") == {"shard-0": "9"}


def test_newer_checkpoint_hides_the_stored_one_and_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with open_at(path) as embedded:
        embedded.checkpoints.save("fold", "shard-0", "9")
    with open_at(path) as embedded:
        embedded.checkpoints.save("fold", "shard-0", "10")
        seen = embedded.checkpoints.load("fold")

    with open_at(path) as embedded:
        assert seen == embedded.checkpoints.load("fold") == {"shard-0": "10"}
