"""Others' packages for the platform of Lambda, which need not be this one: the pinned wheels, checked by hash."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tocsin.core.errors import ConfigError

PLATFORMS: Final = {
    "arm64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_27_aarch64"),
    "x86_64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "manylinux_2_27_x86_64"),
}
"""Architecture of Lambda to the wheels that run on Amazon Linux 2023, whose C library is 2.34."""

NEEDED: Final = (
    "aws-lambda-powertools",
    "jinja2",
    "jmespath",
    "markupsafe",
    "msgspec",
    "numpy",
    "typing-extensions",
    "tzdata",
)
"""What functions import, directly or not; a test holds it against what is staged."""


def pinned(lock: Path, python: str, names: tuple[str, ...] = NEEDED) -> str:
    """Return the part of the lock that pins the packages, with hashes, as it holds for a version of Python.

    Args:
        lock: File of pinned versions with hashes.
        python: Version, e.g. ``3.13``.
        names: The packages.

    Raises:
        ConfigError: The lock does not pin one of them.
    """
    world = {"python_version": python, "python_full_version": f"{python}.0"}
    found = {}
    for block in _blocks(lock.read_text("utf-8")):
        head, hashes = block.split("\\\n", 1)
        wanted = Requirement(head)
        if wanted.name in names and (wanted.marker is None or wanted.marker.evaluate(world)):
            found[wanted.name] = f"{wanted.name}{wanted.specifier} \\\n{hashes}"
    if missing := sorted(set(names) - set(found)):
        raise ConfigError(f"{lock} does not pin {', '.join(missing)}")
    return "".join(found[name] for name in names)


def _blocks(text: str) -> list[str]:
    """Return what the lock says of each package: its line and the lines of hashes under it."""
    blocks: list[str] = []
    for line in text.splitlines(keepends=True):
        if line[:1].isspace() and blocks:
            blocks[-1] += line
        elif line.strip() and not line.startswith("#"):
            blocks.append(line)
    return blocks


def install(lock: Path, site: Path, *, python: str, architecture: str) -> None:
    """Install the pinned wheels of another platform into a folder.

    Args:
        lock: File of pinned versions with hashes.
        site: The folder; what it holds already stays where it is the same.
        python: Version, e.g. ``3.13``.
        architecture: Of ``PLATFORMS``.

    Raises:
        ConfigError: A wheel cannot be had.
    """
    wanted, text = site / "wheels.txt", pinned(lock, python)
    if wanted.is_file() and wanted.read_text("utf-8") == text:
        return
    site.mkdir(parents=True, exist_ok=True)
    asked = site.with_name(f"{site.name}.txt")
    asked.write_text(text, "utf-8")
    platforms = [option for platform in PLATFORMS[architecture] for option in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += [
        "--only-binary=:all:",
        "--require-hashes",
        "--ignore-requires-python",
        "--upgrade",
        "--target",
        str(site),
    ]
    command += ["--implementation", "cp", "--python-version", python, *platforms, "--requirement", str(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
    if done.returncode:
        raise ConfigError(f"wheels for Python {python} on {architecture} cannot be had: {done.stderr.strip()[-400:]}")
    asked.rename(wanted)
