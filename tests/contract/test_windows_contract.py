from dataclasses import replace

from tests.contract.specimens import STATS, WINDOW
from tocsin.core.ports import Backend, WindowItem

MINUTE_MS = 60_000


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
