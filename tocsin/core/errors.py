"""The tree of all errors.

TocsinError
├── ConfigError             the deployment is wrong: the function does not start
│   └── PlanError           one or more problems in a plan, profile or scenario file
├── UsageError              a command was used wrongly: one line, exit code 2
├── RecordingError          a recording cannot be read at a stated line
├── DamagedError            stored bytes are not what was written: codec, database file
└── TransientError          the outside failed and may recover: redelivery follows
    ├── CommitContendedError    others kept committing the same group first
    ├── SequenceGapError        a message came before one that it follows
    ├── PublishError            something committed could not be published yet
    └── UnavailableError        a store, log, queue or topic did not answer

Bad data is not an error: it becomes a ``Rejection`` (``tocsin.core.messages``).
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TocsinError(Exception):
    """Anything this project raises on purpose."""


class ConfigError(TocsinError):
    """The deployment is wrong; the message lists every problem found."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that a person wrote.

    Attributes:
        file: Path or name of the file.
        line: 1-based line, or 0 where the whole file is meant.
        key: Dotted path of the key, e.g. ``rules[2].above``; may be empty.
        message: The rule and the value, one line, no final period.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class PlanError(ConfigError):
    """A plan, profile or scenario file has problems, all of them in ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class UsageError(TocsinError):
    """A command was used wrongly."""


class RecordingError(TocsinError):
    """A recording cannot be read; the message names file and line."""


class DamagedError(TocsinError):
    """Stored bytes are not what this version, or an older one, wrote."""


class TransientError(TocsinError):
    """The outside failed and may recover."""


class CommitContendedError(TransientError):
    """Other writers kept committing the group first."""


class SequenceGapError(TransientError):
    """A numbered message arrived before one that it follows."""


class PublishError(TransientError):
    """Something committed could not be published yet; it stays in the outbox."""


class UnavailableError(TransientError):
    """A store, log, queue or topic did not answer."""
