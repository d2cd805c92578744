"""Work: what the functions of one step hand to each other."""

from dataclasses import dataclass, field

from processors.emission import Gathered
from processors.geometry import Geometry
from processors.rows import Rows
from processors.state import Group


@dataclass(slots=True)
class Work:
    """One group being folded. Its group is a copy of the stored one and is changed in place.

    Attributes:
        group: The state.
        rows: Its lookups.
        geometry: How metrics are windowed.
        tick_ms: The newest tick of the shard that is folded; of any shard before its first; or ``NEVER_MS``.
        gathered: The panes emitted up to here.
    """

    group: Group
    rows: Rows
    geometry: Geometry
    tick_ms: int
    gathered: Gathered = field(default_factory=Gathered)
