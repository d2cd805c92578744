"""Records of panes: what a group emits fits the log, however much there is."""

from tests.processors.streams import Message, pane_batches, plan_of, play
from tocsin.core.columns import PaneBatch
from tocsin.core.machine import Entry

MINUTE = 60_000
RECORD_BYTES_MAX = 1024 * 1024
LONGEST = 64


def _close_all(devices: int) -> list[Entry]:
    """Return what a tick emits that closes one window of each of the devices."""
    items = [Message(key.removeprefix("demo#"), 0, (("m" * LONGEST, 1.0),)) for key in sorted(_names(devices))]
    _, entries = play(plan_of({"*": [(MINUTE, MINUTE)]}), [*items, 30 * MINUTE])
    return entries


def test_every_record_fits_the_log_however_many_devices_a_tick_closes() -> None:
    entries = _close_all(20_000)

    assert max(len(entry.data) for entry in entries) <= RECORD_BYTES_MAX // 2
    assert sum(len(batch.panes) for batch in pane_batches(entries)) == 20_000
    assert {name for batch in pane_batches(entries) for name in _devices(batch)} == _names(20_000)


def _names(devices: int) -> set[str]:
    return {"demo#" + f"d{place:05}".ljust(LONGEST, "x") for place in range(devices)}


def _devices(batch: PaneBatch) -> list[str]:
    return [batch.panes.devices[code] for code in batch.panes.device.tolist()]
