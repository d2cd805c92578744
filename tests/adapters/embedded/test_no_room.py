import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.adapters.embedded.open import open_embedded

SCRIPT = """
import resource, sys
from pathlib import Path
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.errors import UnavailableError

embedded = open_embedded(Path(sys.argv[1]), now_ms=lambda: 0)
limit = 1_000_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for number in range(100):
    try:
        embedded.backend.blobs.put(f"blob-{number:03d}", bytes(50_000))
    except UnavailableError as error:
        print(error)
        break
    print(f"blob-{number:03d}")
print(embedded.backend.blobs.get("blob-000") == bytes(50_000), flush=True)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on the size of files here")
def test_full_disk_is_said_plainly_and_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"

    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False, timeout=30
    )

    *acknowledged, message, is_readable = run.stdout.splitlines()
    assert message.startswith(f"{path} ")
    assert "could not be read or written" in message or "no room" in message
    assert is_readable == "True"
    assert len(acknowledged) >= 5
    with open_embedded(path, now_ms=lambda: 0) as embedded:
        assert embedded.backend.blobs.names("", limit=1_000) == acknowledged
        embedded.backend.blobs.put("more", b"")
