"""Artefacts as folders and as files, the same bytes each time."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an artefact: the earliest that the format can say."""

FILE_MODE: Final = 0o100644
LEVEL: Final = 6


def stage(files: Mapping[PurePosixPath, Path], extra: Mapping[str, bytes], folder: Path) -> int:
    """Copy the files into the folder, which is made anew; return how many bytes it holds.

    Args:
        files: Place in the folder to where a file is now.
        extra: Name in the folder to content.
        folder: Where to.
    """
    shutil.rmtree(folder, ignore_errors=True)
    total = 0
    for place, source in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        total += target.stat().st_size
    for name, content in extra.items():
        (folder / name).write_bytes(content)
        total += len(content)
    return total


def pack(folder: Path, target: Path) -> None:
    """Write the folder as an archive: files in order, with one date and one mode, so equal folders are equal files."""
    partial = target.with_suffix(".partial")
    with ZipFile(partial, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = FILE_MODE << 16
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever this runs
            archive.writestr(entry, path.read_bytes(), compresslevel=LEVEL)
    os.replace(partial, target)
