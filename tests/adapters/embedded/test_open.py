import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract.specimens import TRANSITION, WINDOW, put_all, read_all, records
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.adapters.embedded.schema import DIRECTORY_1, DIRECTORY_2, SCHEMA_VERSION
from tocsin.core.errors import ConfigError, DamagedError, UnavailableError
from tocsin.core.keys import HASH_END
from tocsin.core.ports import DirectoryEntry, StateKey, StateWrite

PAGE_BYTES = 16_384


def open_file(path: Path, *, shards: int = 1, read_only: bool = False) -> Embedded:
    return open_embedded(path, now_ms=lambda: 1_000, shards=shards, read_only=read_only)


def use(embedded: Embedded) -> None:
    """Read something of everything."""
    backend = embedded.backend
    for reader in (backend.readings, backend.panes, backend.alerts.feed):
        read_all(reader)
    backend.state.load([StateKey(1, group, "processors") for group in range(10)])
    backend.windows.query("acme", "pump-7", size_ms=60_000, start_ms=0, end_ms=10**12, limit=100)
    backend.alerts.query("acme", limit=100)
    backend.decisions.query("acme", limit=100)
    backend.directory.query("acme", prefix="", limit=100)
    backend.gateway.receive(limit=10, visibility_ms=10)
    backend.blobs.names("", limit=100)
    embedded.checkpoints.load("mapping")


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a file that has something in most tables."""
    place = tmp_path_factory.mktemp("specimen") / "tocsin.db"
    with open_file(place) as embedded:
        put_all(embedded.backend.readings, records(*(b"x" * 100 for _ in range(500))))
        for group in range(10):
            key = StateKey(1, group, "processors")
            embedded.backend.state.commit([StateWrite(key, bytes(20_000), "")])
        embedded.backend.windows.put([WINDOW])
        embedded.backend.alerts.put([TRANSITION])
        embedded.backend.gateway.send(["hello"])
    return place.read_bytes()


@pytest.fixture
def path(tmp_path: Path, specimen: bytes) -> Path:
    """A file with these bytes, alone in its folder."""
    place = tmp_path / "tocsin.db"
    place.write_bytes(specimen)
    return place


def test_what_was_written_is_there_when_the_file_is_opened_again(path: Path) -> None:
    with open_file(path) as embedded:
        assert len(read_all(embedded.backend.readings)) == 500
        assert embedded.backend.alerts.query("acme", limit=10) == [TRANSITION]


def test_closing_leaves_one_file(path: Path) -> None:
    with open_file(path) as embedded:
        embedded.backend.blobs.put("a", b"")

    assert [found.name for found in path.parent.iterdir()] == ["tocsin.db"]


def test_closing_twice_changes_nothing(path: Path) -> None:
    embedded = open_file(path)
    embedded.close()

    embedded.close()

    open_file(path).close()


def test_closed_database_says_so(path: Path) -> None:
    embedded = open_file(path)
    embedded.close()

    with pytest.raises(UnavailableError, match=r"tocsin\.db is closed"):
        embedded.backend.blobs.get("a")
    with pytest.raises(UnavailableError, match=r"tocsin\.db is closed"):
        embedded.backend.blobs.put("a", b"")


def test_existing_file_keeps_its_shards(tmp_path: Path) -> None:
    open_file(tmp_path / "new.db", shards=3).close()

    with open_file(tmp_path / "new.db", shards=8) as embedded:
        assert [shard.hash_end for shard in embedded.backend.readings.shards()][-1] == HASH_END
        assert len(embedded.backend.readings.shards()) == 3
        assert len(embedded.backend.alerts.feed.shards()) == 1


def test_second_writer_in_the_same_process_is_refused(path: Path) -> None:
    with open_file(path), pytest.raises(ConfigError, match=f"written by process {os.getpid()};"):
        open_file(path)


def test_second_writer_is_refused_with_the_pid_of_the_first_and_a_dead_one_blocks_nobody(path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from tocsin.adapters.embedded.open import open_embedded\n"
        "open_embedded(pathlib.Path(sys.argv[1]), now_ms=lambda: 0)\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(ConfigError, match=f"written by process {holder.pid};") as refusal:
            open_file(path)
        holder.kill()
        holder.wait()

    assert "\n" not in str(refusal.value)
    open_file(path).close()


def test_reader_reads_beside_the_writer_what_is_durable(path: Path) -> None:
    with open_file(path) as writer, open_file(path, read_only=True) as reader:
        writer.backend.blobs.put("a", b"new")

        assert reader.backend.blobs.get("a") == b"new"
        use_read_only = reader.backend.readings.read(reader.backend.readings.shards()[0].id, after=None, limit=5)
        assert len(use_read_only) == 5


def test_reader_refuses_to_write(path: Path) -> None:
    with open_file(path, read_only=True) as reader:
        with pytest.raises(ConfigError, match="was opened for reading"):
            reader.backend.blobs.put("a", b"")
        with pytest.raises(ConfigError, match="was opened for reading"):
            reader.checkpoints.save("mapping", "shard", "1")


def test_reader_of_no_file_says_that_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to read yet"):
        open_file(tmp_path / "none.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none/tocsin\.db cannot be opened for writing: No such file"):
        open_file(tmp_path / "none" / "tocsin.db")


@pytest.mark.parametrize("read_only", [True, False])
def test_directory_in_place_of_the_file_is_named(tmp_path: Path, read_only: bool) -> None:
    with pytest.raises(ConfigError, match="it is a directory"):
        open_file(tmp_path, read_only=read_only)


def zero_a_page(data: bytearray) -> None:
    data[2 * PAGE_BYTES : 3 * PAGE_BYTES] = bytes(PAGE_BYTES)


def flip_the_beginning(data: bytearray) -> None:
    data[3] ^= 0xFF


def flip_a_page_header(data: bytearray) -> None:
    for place in range(PAGE_BYTES, PAGE_BYTES + 12):
        data[place] ^= 0xFF


def cut_in_half(data: bytearray) -> None:
    del data[len(data) // 2 :]


def cut_after_the_header(data: bytearray) -> None:
    del data[100:]


def replace_by_text(data: bytearray) -> None:
    data[:] = b"time,value\n2026-11-23T10:00:00Z,61.2\n" * 100


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    "damage",
    [zero_a_page, flip_the_beginning, flip_a_page_header, cut_in_half, cut_after_the_header, replace_by_text],
)
def test_damaged_file_is_named_when_it_is_opened(
    path: Path, damage: Callable[[bytearray], None], read_only: bool
) -> None:
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)

    with pytest.raises(DamagedError, match=r"tocsin\.db is ") as found:
        open_file(path, read_only=read_only)

    assert "\n" not in str(found.value)
    assert path.read_bytes() == data


def test_file_that_was_emptied_under_its_log_is_damaged(path: Path) -> None:
    path.write_bytes(b"")
    path.with_name("tocsin.db-wal").write_bytes(b"frames")

    with pytest.raises(DamagedError, match=r"tocsin\.db-wal beside it is not"):
        open_file(path)


@pytest.mark.parametrize("seed", range(25))
def test_bytes_flipped_anywhere_are_harmless_or_named_and_nothing_else(path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - chance of a test, not of a cipher
    data = bytearray(path.read_bytes())
    start = chance.randrange(len(data))
    for place in range(start, min(start + chance.choice([1, 64, 4096]), len(data))):
        data[place] = chance.randrange(256)
    path.write_bytes(data)

    with suppress(DamagedError), open_file(path) as embedded:
        use(embedded)


@pytest.mark.parametrize("read_only", [True, False])
def test_sqlite_file_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "browser.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()

    with pytest.raises(DamagedError, match=r"browser\.db is an SQLite file of another program"):
        open_file(path, read_only=read_only)

    assert path.read_bytes() == before


def test_file_of_a_newer_release_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()

    with pytest.raises(DamagedError, match=f"got {SCHEMA_VERSION + 1}, maybe of a newer release"):
        open_file(path)


@pytest.fixture
def older(path: Path) -> Path:
    """A file as the first version of the schema has it, with one open alert on the list."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE directory")
    connection.execute(DIRECTORY_1)
    connection.execute("INSERT INTO directory VALUES ('acme', 'OPEN#f1', x'01')")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return path


def test_file_of_an_earlier_release_is_renewed_and_keeps_what_it_has(older: Path) -> None:
    listed = DirectoryEntry("acme", "OPEN#f1", b"\x01")

    for _ in ("renewed", "opened again"):
        with open_file(older) as embedded:
            use(embedded)

            assert embedded.backend.directory.query("acme", prefix="", limit=9) == [listed]

    with open_file(older, read_only=True) as embedded:
        assert embedded.backend.windows.query("acme", "pump-7", size_ms=60_000, start_ms=0, end_ms=10**14, limit=9)


def test_file_of_the_second_version_keeps_what_is_listed_with_its_number(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE directory")
    connection.execute(DIRECTORY_2)
    connection.execute("INSERT INTO directory VALUES ('acme', 'OPEN#f1', x'01', 7), ('acme', 'OPEN#f2', NULL, 3)")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()

    with open_file(path) as embedded:
        embedded.backend.directory.put([DirectoryEntry("acme", "OPEN#f2", b"old", 2)])

        listed = embedded.backend.directory.query("acme", prefix="", limit=9)

    assert listed == [DirectoryEntry("acme", "OPEN#f1", b"\x01", 7)]


def test_file_of_an_earlier_release_is_not_read_beside_whoever_may_write_to_it(older: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"tocsin\.db was written by an earlier release: tocsin run or whatever writes renews it"
    ):
        open_file(older, read_only=True)


def test_memory_is_empty_each_time() -> None:
    with open_embedded(None, now_ms=lambda: 0) as first:
        first.backend.blobs.put("a", b"")

        with open_embedded(None, now_ms=lambda: 0) as second:
            assert second.backend.blobs.get("a") is None
