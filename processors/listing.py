"""Lists devices in the directory: when one is first seen, and now and then while it reports."""

from collections.abc import Sequence
from typing import Final

from tocsin.core.devices import REFRESH_MS, ListedDevice, device_entry
from tocsin.core.keys import KEY_CACHE_MAX
from tocsin.core.ports import Directory, WindowItem


class Listing:
    """Knows what this process has listed, so that a device costs a write an hour and not one a window."""

    def __init__(self, directory: Directory) -> None:
        self._directory: Final = directory
        self._listed: dict[tuple[str, str], ListedDevice] = {}

    def put(self, items: Sequence[WindowItem]) -> None:
        """List the devices of the windows, as far as the directory has to change.

        Raises:
            UnavailableError: The directory did not answer; the same windows list them again.
        """
        news: dict[tuple[str, str], ListedDevice] = {}
        for item in items:
            key = (item.tenant, item.device)
            known = news.get(key) or self._listed.get(key)
            end_ms = item.start_ms + item.size_ms
            if known is None:
                news[key] = ListedDevice(item.device, end_ms, tuple(sorted(item.metrics)))
            elif end_ms - known.seen_ms >= REFRESH_MS or not item.metrics.keys() <= set(known.metrics):
                metrics = tuple(sorted({*known.metrics, *item.metrics}))
                news[key] = ListedDevice(item.device, max(end_ms, known.seen_ms), metrics)
        if not news:
            return
        self._directory.put([device_entry(tenant, listed) for (tenant, _), listed in news.items()])
        if len(self._listed) >= KEY_CACHE_MAX:
            self._listed.clear()
        self._listed.update(news)
