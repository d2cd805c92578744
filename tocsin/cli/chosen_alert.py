"""Which alert the beginning of a fingerprint means."""

from collections.abc import Sequence

from tocsin.core.errors import UsageError
from tocsin.runtime.episodes import Episode


def chosen_episode(found: Sequence[Episode], fingerprint: str, number: int | None) -> tuple[Episode, int]:
    """Return the episode that is meant, and how many the alert has; without a number the newest.

    Raises:
        UsageError: There is none, or it is not clear which.
    """
    fits = [one for one in found if one.newest.fingerprint.startswith(fingerprint)]
    names = sorted({(one.newest.tenant, one.newest.fingerprint) for one in fits})
    if not fingerprint or not names:
        raise UsageError(f"no alert has a fingerprint that begins with {fingerprint[:40]!r}")
    if len(names) > 1:
        raise UsageError(f"{len(names)} alerts begin so: {', '.join(name for _, name in names[:8])}")
    wanted = [one for one in fits if number in {None, one.newest.episode}]
    if not wanted:
        raise UsageError(f"alert {names[0][1]} has no episode {number}, but {len(fits)} others")
    return max(wanted, key=lambda one: one.newest.episode), max(one.newest.episode for one in fits)
