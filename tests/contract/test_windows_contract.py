import numpy as np
from msgspec.structs import replace

from tests.contract.specimens import STATS, WINDOW
from tocsin.core.formats.rejections import LateReading
from tocsin.core.late_marks import late_items, late_values
from tocsin.core.messages import Position
from tocsin.core.ports import Backend, WindowItem
from tocsin.core.series import SeriesWindows

MINUTE_MS = 60_000
LATE = [(1_795_428_000_000, 1.5), (1_795_428_899_999, -2.0), (1_795_428_900_000, 3.25)]


def query(
    backend: Backend,
    *,
    tenant: str = "acme",
    device: str = "pump-7",
    size_ms: int = MINUTE_MS,
    start_ms: int = 0,
    end_ms: int = 10**15,
    limit: int = 100,
) -> list[WindowItem]:
    return backend.windows.query(tenant, device, size_ms=size_ms, start_ms=start_ms, end_ms=end_ms, limit=limit)


def series(backend: Backend, device: str = "pump-7", **range_: int) -> SeriesWindows:
    asked = {"size_ms": MINUTE_MS, "start_ms": 0, "end_ms": 100 * MINUTE_MS, "limit": 100} | range_
    return backend.windows.series("acme", device, "temperature", **asked)


def test_window_comes_back_as_it_was_put(backend: Backend) -> None:
    full = replace(STATS, rate=0.5, quantiles={"p50": 20.25, "p95": 20.9})
    item = replace(WINDOW, metrics={"temperature": full, "pressure": STATS})

    backend.windows.put([item])

    assert query(backend) == [item]


def test_same_window_written_again_stays_one(backend: Backend) -> None:
    backend.windows.put([WINDOW])
    backend.windows.put([WINDOW])

    assert query(backend) == [WINDOW]


def test_metrics_of_an_item_already_there_are_merged_and_a_known_one_is_replaced(backend: Backend) -> None:
    newer = replace(STATS, count=4)
    backend.windows.put([replace(WINDOW, metrics={"temperature": STATS, "pressure": STATS})])

    backend.windows.put([replace(WINDOW, metrics={"humidity": STATS, "pressure": newer})])

    (item,) = query(backend)
    assert item.metrics == {"temperature": STATS, "pressure": newer, "humidity": STATS}


def test_items_of_one_call_with_the_same_key_are_merged_too(backend: Backend) -> None:
    backend.windows.put([WINDOW, replace(WINDOW, metrics={"pressure": STATS})])

    assert query(backend)[0].metrics == {"temperature": STATS, "pressure": STATS}


def test_range_holds_its_start_and_not_its_end(backend: Backend) -> None:
    backend.windows.put([replace(WINDOW, start_ms=place * MINUTE_MS) for place in range(5)])

    found = query(backend, start_ms=MINUTE_MS, end_ms=3 * MINUTE_MS)

    assert [item.start_ms for item in found] == [MINUTE_MS, 2 * MINUTE_MS]


def test_items_come_by_start_and_then_revision_whatever_the_order_of_writing(backend: Backend) -> None:
    places = [(120_000, 0), (0, 1), (60_000, 0), (0, 0), (0, 10), (0, 2)]
    for start_ms, revision in places:
        backend.windows.put([replace(WINDOW, start_ms=start_ms, revision=revision)])

    assert [(item.start_ms, item.revision) for item in query(backend)] == sorted(places)


def test_limit_keeps_the_earliest(backend: Backend) -> None:
    backend.windows.put([replace(WINDOW, start_ms=place * MINUTE_MS) for place in range(5)])

    assert [item.start_ms for item in query(backend, limit=2)] == [0, MINUTE_MS]


def test_starts_before_1970_sort_before_those_after(backend: Backend) -> None:
    backend.windows.put([WINDOW, replace(WINDOW, start_ms=-MINUTE_MS)])

    found = query(backend, start_ms=-(10**9), end_ms=1)

    assert [item.start_ms for item in found] == [-MINUTE_MS, 0]


def test_tenant_device_and_size_each_tell_windows_apart(backend: Backend) -> None:
    others = [
        replace(WINDOW, tenant="other"),
        replace(WINDOW, device="pump-8"),
        replace(WINDOW, size_ms=5 * MINUTE_MS),
    ]
    backend.windows.put([WINDOW, *others])

    assert query(backend) == [WINDOW]
    assert query(backend, tenant="other") == others[:1]
    assert query(backend, device="pump-8") == others[1:2]
    assert query(backend, size_ms=5 * MINUTE_MS) == others[2:]


def test_device_without_windows_between_those_of_others_has_none(backend: Backend) -> None:
    backend.windows.put([replace(WINDOW, start_ms=place * MINUTE_MS) for place in range(5)])

    assert query(backend, device="pump-8") == []


def test_nothing_put_is_nothing_there(backend: Backend) -> None:
    backend.windows.put([])

    assert query(backend) == []


def test_series_holds_one_metric_and_every_statistic_of_it(backend: Backend) -> None:
    full = replace(STATS, rate=0.5, quantiles={"p50": 20.25})
    backend.windows.put([replace(WINDOW, metrics={"temperature": full, "pressure": STATS})])
    backend.windows.put([replace(WINDOW, start_ms=MINUTE_MS, revision=1, metrics={"temperature": STATS})])
    backend.windows.put([replace(WINDOW, start_ms=2 * MINUTE_MS, metrics={"pressure": STATS})])

    found = series(backend)

    assert found.start_ms.tolist() == [0, MINUTE_MS]
    assert found.revision.tolist() == [0, 1]
    assert [column.tolist()[0] for column in (found.count, found.mean, found.sum, found.variance)] == [
        3,
        20.5,
        61.5,
        0.25,
    ]
    assert [column.tolist()[0] for column in (found.min, found.max, found.first, found.last)] == [20, 21, 20, 21]
    assert (found.rate[0], np.isnan(found.rate[1])) == (0.5, True)
    assert found.quantiles == [{"p50": 20.25}, {}]


def test_series_keeps_to_tenant_device_size_and_range_and_to_the_limit(backend: Backend) -> None:
    backend.windows.put([replace(WINDOW, start_ms=place * MINUTE_MS) for place in range(6)])
    backend.windows.put([replace(WINDOW, tenant="other", start_ms=9 * MINUTE_MS)])
    backend.windows.put(
        [replace(WINDOW, size_ms=5 * MINUTE_MS), replace(WINDOW, device="pump-8", start_ms=8 * MINUTE_MS)]
    )

    assert series(backend).start_ms.tolist() == [place * MINUTE_MS for place in range(6)]
    assert series(backend, start_ms=1, end_ms=4 * MINUTE_MS).start_ms.tolist() == [
        MINUTE_MS,
        2 * MINUTE_MS,
        3 * MINUTE_MS,
    ]
    assert series(backend, limit=2).start_ms.tolist() == [0, MINUTE_MS]
    assert series(backend, device="pump-9").start_ms.tolist() == []
    assert series(backend, start_ms=MINUTE_MS, end_ms=MINUTE_MS).start_ms.tolist() == []


def test_series_has_revisions_in_order_and_of_hopping_windows_those_that_do_not_overlap(backend: Backend) -> None:
    late = [replace(WINDOW, revision=revision) for revision in (2, 0, 1)]
    hopping = [replace(WINDOW, size_ms=5 * MINUTE_MS, start_ms=start * MINUTE_MS) for start in range(11)]
    backend.windows.put([*late, *hopping])

    assert series(backend).revision.tolist() == [0, 1, 2]
    assert series(backend, size_ms=5 * MINUTE_MS).start_ms.tolist() == [0, 5 * MINUTE_MS, 10 * MINUTE_MS]


def test_newest_has_the_devices_that_are_asked_for_in_their_order(backend: Backend) -> None:
    backend.windows.put(
        [
            replace(WINDOW, device=f"pump-{device}", start_ms=start * MINUTE_MS)
            for start in range(4)
            for device in range(3)
        ]
    )
    backend.windows.put([replace(WINDOW, tenant="other", device="pump-2", start_ms=MINUTE_MS)])

    asked = ["pump-2", "pump-9", "pump-0"]
    found = backend.windows.newest("acme", asked, size_ms=MINUTE_MS, start_ms=MINUTE_MS, end_ms=3 * MINUTE_MS)

    assert [(item.device, item.start_ms // MINUTE_MS) for item in found] == [
        ("pump-2", 1),
        ("pump-2", 2),
        ("pump-0", 1),
        ("pump-0", 2),
    ]
    assert found[0] == replace(WINDOW, device="pump-2", start_ms=MINUTE_MS)
    assert backend.windows.newest("acme", [], size_ms=MINUTE_MS, start_ms=0, end_ms=MINUTE_MS) == []


def test_newest_start_is_the_tenants_own(backend: Backend) -> None:
    backend.windows.put([WINDOW, replace(WINDOW, start_ms=3 * MINUTE_MS)])
    backend.windows.put([replace(WINDOW, tenant="other", start_ms=9 * MINUTE_MS)])

    def newest(tenant: str, since_ms: int = 0) -> int | None:
        return backend.windows.newest_start_ms(tenant, size_ms=MINUTE_MS, since_ms=since_ms)

    # A backend that cannot tell cheaply says so, always.
    assert newest("acme") in {3 * MINUTE_MS, None}
    assert newest("other") in {9 * MINUTE_MS, None}
    assert (newest("acme", 3 * MINUTE_MS + 1), newest("nobody")) == (None, None)


def test_late_readings_lie_beside_the_windows_and_keep_their_instants(backend: Backend) -> None:
    position = Position("shardId-000000000000", "1", 0)
    readings = [LateReading("acme#pump-7", "temperature", at_ms, value, position) for at_ms, value in LATE]
    backend.windows.put([WINDOW, *late_items(readings)])

    found = late_values(backend.windows, "acme", "pump-7", "temperature", from_ms=0, until_ms=10**13, limit=9)

    assert found == LATE
    assert query(backend) == [WINDOW]
