"""Bytecode of what is staged: where a function runs nothing can be written, so each cold start would compile it all."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from tocsin.core.errors import ConfigError

TASK_ROOT: Final = "/var/task"
"""Where Lambda unpacks an archive; tracebacks name files there."""

_COMPILE: Final = """
import importlib.util, json, marshal, sys
from importlib._bootstrap_external import MAGIC_NUMBER
for source, name, target in json.load(sys.stdin):
    with open(source, "rb") as file:
        data = file.read()
    code = compile(data, name, "exec", dont_inherit=True, optimize=0)
    # Flag 1: a hash in place of a date, which nobody checks. Format 2 of marshal has no references, whose number
    # follows from what was compiled before: so a file's bytes depend on the file alone.
    head = MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(data)
    with open(target, "wb") as file:
        file.write(head + marshal.dumps(code, 2))
"""


def interpreter_of(python: str) -> str | None:
    """Return the interpreter of that version, e.g. ``3.13``; None where this machine has none."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = sys.executable if python == here else shutil.which(f"python{python}")
    if found is None:
        return None
    asked = [found, "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  a Python by its name
    return found if said.stdout.strip() == python else None


def compiled(
    files: Mapping[PurePosixPath, Path], interpreter: str, python: str, folder: Path
) -> dict[PurePosixPath, Path]:
    """Return where each module's bytecode belongs, and where it is now: the same bytes for the same source.

    Args:
        files: Place in an artefact to where a file is.
        interpreter: Of the version that runs the functions; another one's bytecode would be passed over there.
        python: That version.
        folder: Takes the bytecode; what lies there is written anew.

    Raises:
        ConfigError: A module cannot be compiled.
    """
    tag = f"cpython-{python.replace('.', '')}"
    made = {place: place.parent / "__pycache__" / f"{place.stem}.{tag}.pyc" for place in files if place.suffix == ".py"}
    for cached in made.values():
        (folder / cached).parent.mkdir(parents=True, exist_ok=True)
    jobs = [(str(files[place]), f"{TASK_ROOT}/{place}", str(folder / cached)) for place, cached in made.items()]
    command = [interpreter, "-I", "-W", "ignore", "-c", _COMPILE]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"bytecode could not be made: {(done.stderr.splitlines() or [''])[-1]}")
    return {cached: folder / cached for cached in made.values()}


def source_of(bytecode: PurePosixPath) -> PurePosixPath:
    """Return the module whose bytecode lies there.

    >>> str(source_of(PurePosixPath("alerts/__pycache__/step.cpython-313.pyc")))
    'alerts/step.py'
    """
    return bytecode.parent.parent / f"{bytecode.name.partition('.')[0]}.py"
