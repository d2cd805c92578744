"""Keys as they are pressed, from a terminal that does not wait for a line."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

READ_BYTES: Final = 1_024
NAMES: Final = {
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[B": "down",
    b"\x1bOB": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1b": "escape",
    b"\r": "enter",
    b"\n": "enter",
    b"\t": "tab",
    b"\x7f": "backspace",
    b"\x08": "backspace",
}


class Keyboard:
    """Reads what was pressed; only what ``keyboard`` yields."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def pressed(self, wait_s: float) -> list[str]:
        """Return the keys pressed since the last call, by name or as the character; waits for the first so long."""
        if not select.select([self._handle], [], [], wait_s)[0]:
            return []
        return list(keys_of(os.read(self._handle, READ_BYTES)))


def keys_of(data: bytes) -> Iterator[str]:
    r"""Yield the keys in what a terminal sends; sequences that mean nothing here are passed over.

    >>> list(keys_of(b"a\x1b[B\x1b[15~\r"))
    ['a', 'down', 'enter']
    """
    place = 0
    while place < len(data):
        length = _length(data, place)
        part = data[place : place + length]
        place += length
        if part in NAMES:
            yield NAMES[part]
        elif length == 1 and part.isascii() and chr(part[0]).isprintable():
            yield part.decode()


def _length(data: bytes, place: int) -> int:
    """Return the length of the key at the place: 1, or that of an escape sequence."""
    if data[place : place + 1] != b"\x1b" or data[place + 1 : place + 2] not in {b"[", b"O"}:
        return 1
    end = place + 2
    while end < len(data) and not 0x40 <= data[end] <= 0x7E:
        end += 1
    return end + 1 - place


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """Yield the keyboard of standard input, and put the terminal back as it was; Ctrl-C still works."""
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        yield Keyboard(handle)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
