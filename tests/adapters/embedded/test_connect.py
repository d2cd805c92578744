from pathlib import Path

import pytest

from tocsin.adapters.embedded.connect import PAGE_BYTES, connect_reader, connect_writer


@pytest.mark.parametrize(("setting", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("page_size", PAGE_BYTES)])
def test_writer_syncs_its_log_before_a_commit_returns(tmp_path: Path, setting: str, value: object) -> None:
    for _ in ("made", "opened again"):
        connection = connect_writer(tmp_path / "tocsin.db")
        found = connection.execute(f"PRAGMA {setting}").fetchone()[0]
        connection.close()

        assert found == value


def test_path_with_characters_of_a_url_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a ?mode=ro#b%20.db"

    connect_writer(path).close()
    connect_reader(path).close()

    assert [found.name for found in tmp_path.iterdir() if found.suffix == ".db"] == [path.name]
