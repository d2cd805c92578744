"""The real pipeline for a browser: `tocsin demo` in a process of its own."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOCSIN = ROOT / ".venv" / "bin" / "tocsin"
ADDRESS = re.compile(r"http://\S+#token=\S+")


@contextmanager
def played_demo(speed: int) -> Iterator[str]:
    """Give the address, with its token, of a demo that plays until the block ends.

    Args:
        speed: How much faster than real time it is played.
    """
    command = [TOCSIN, "demo", "--stay", "--speed", str(speed)]
    played = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert played.stdout is not None
        lines = (line.decode() for line in iter(played.stdout.readline, b""))
        yield next(found.group() for line in lines if (found := ADDRESS.search(line)))
    finally:
        played.send_signal(signal.SIGINT)
        try:
            played.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            played.kill()
            played.communicate()
