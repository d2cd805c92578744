from pathlib import Path

import pytest

from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.errors import ConfigError


def test_file_that_becomes_read_only_is_said_plainly_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with open_embedded(path, now_ms=lambda: 0) as embedded:
        writer = embedded._database._writer
        assert writer is not None
        embedded.backend.blobs.put("before", b"1")
        writer.execute("PRAGMA query_only = ON")  # SQLite says of it what it says of a file without the permission

        with pytest.raises(ConfigError, match=r"tocsin\.db cannot be written") as refusal:
            embedded.backend.blobs.put("during", b"2")

        assert "\n" not in str(refusal.value)
        assert embedded.backend.blobs.get("before") == b"1"
        writer.execute("PRAGMA query_only = OFF")
        embedded.backend.blobs.put("after", b"3")
    with open_embedded(path, now_ms=lambda: 0, read_only=True) as reader:
        assert reader.backend.blobs.names("", limit=9) == ["after", "before"]
