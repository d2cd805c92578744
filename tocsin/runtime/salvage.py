"""Reading what is left of a recording that is damaged: each damaged line told by its number, the rest usable."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tocsin.core.errors import RecordingError
from tocsin.core.formats.recording import Recorded
from tocsin.core.formats.recording_file import Damage, RecordingReader

TOLD_MAX: Final = 100


@dataclass(slots=True)
class Damages:
    """What was left out.

    Attributes:
        count: How many lines or entries.
        told: The first of them in words, with file and number.
    """

    count: int = 0
    told: list[str] = field(default_factory=list)

    def note(self, damage: Damage | str) -> None:
        """Count it, and keep its words if there is room."""
        self.count += 1
        if len(self.told) < TOLD_MAX:
            self.told.append(str(damage))


def salvaged(reader: RecordingReader, damages: Damages) -> Iterator[Recorded]:
    """Yield what can be read; where the file itself ends too early, all before that.

    Args:
        reader: Opened with ``damages.note``.
        damages: Takes note of the end that is missing.
    """
    try:
        yield from reader
    except RecordingError as error:
        damages.note(str(error))
