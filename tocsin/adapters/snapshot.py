"""What happens around a snapshot (SnapStart): what it should hold is loaded before, what copies must not share after.

The module of hooks comes with Lambda's runtime for Python and with nothing else, so it is looked for by its name.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Final

HOOKS: Final = "snapshot_restore_py"
"""Module of AWS's runtime. Source: Lambda Developer Guide, SnapStart runtime hooks for Python."""


def around_snapshot(before: Callable[[], None], after: Callable[[], None]) -> bool:
    """Have the functions called before a snapshot is taken and after each restore; tell whether there are hooks.

    Args:
        before: Within the time of the cold start.
        after: Within ten seconds, which every restored copy waits for.
    """
    try:
        hooks = import_module(HOOKS)
    except ModuleNotFoundError:
        return False
    hooks.register_before_snapshot(before)
    hooks.register_after_restore(after)
    return True
