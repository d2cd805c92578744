"""What the adapters need of each table: its keys, indexes, time to live and stream.

The template declares the same, and a test holds the two together; stand-ins are given just this.
"""

from dataclasses import dataclass
from typing import Final

from tocsin.adapters.aws.alerts import BY_DEVICE, BY_FINGERPRINT, BY_TENANT

KEYS: Final = (("pk", "S"), ("sk", "S"))


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index.

    Attributes:
        name: As queries name it.
        keys: Name and type letter of its partition and its sort key.
        is_local: Whether it shares the table's partition key, and so must be made with the table.
        holds: What else it holds, besides all keys.
    """

    name: str
    keys: tuple[tuple[str, str], ...]
    is_local: bool
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableNeeds:
    """What a table must have.

    Attributes:
        indexes: Its secondary indexes.
        expires: Attribute that holds its time to live, or empty.
        has_stream: Whether it has a stream of new images.
    """

    indexes: tuple[Index, ...] = ()
    expires: str = ""
    has_stream: bool = False


_SHOWN: Final = ("transition",)

TABLES: Final = {
    "state_table": TableNeeds(),
    "windows_table": TableNeeds(expires="expires"),
    "alerts_table": TableNeeds(
        indexes=(
            Index(BY_DEVICE, (("pk", "S"), ("at_ms", "N")), is_local=True, holds=("fingerprint", *_SHOWN)),
            Index(BY_TENANT, (("tenant", "S"), ("at_ms", "N")), is_local=False, holds=_SHOWN),
            Index(BY_FINGERPRINT, (("fingerprint", "S"), ("at_ms", "N")), is_local=False, holds=("tenant", *_SHOWN)),
        ),
        has_stream=True,
    ),
    "directory_table": TableNeeds(),
    "checkpoints_table": TableNeeds(),
}
"""Field of the settings to what the table that it names must have."""
