"""Where the runtime and the command line know episodes from: ``tocsin.core.episodes``, which the query API shares."""

from tocsin.core.episodes import Episode, episodes

__all__ = ["Episode", "episodes"]
