from tocsin.core.ports import Backend, DirectoryEntry


def put(backend: Backend, *keys: str, tenant: str = "acme") -> None:
    backend.directory.put([DirectoryEntry(tenant, key, key.encode()) for key in keys])


def keys(backend: Backend, prefix: str, *, after: str = "", limit: int = 100) -> list[str]:
    return [entry.key for entry in backend.directory.query("acme", prefix=prefix, after=after, limit=limit)]


def test_entry_comes_back_as_it_was_put(backend: Backend) -> None:
    entry = DirectoryEntry("acme", "DEV#pump-7", b"\x00data")

    backend.directory.put([entry])

    assert backend.directory.query("acme", prefix="DEV#", limit=10) == [entry]


def test_entry_is_overwritten_without_condition(backend: Backend) -> None:
    put(backend, "DEV#pump-7")

    backend.directory.put([DirectoryEntry("acme", "DEV#pump-7", b"new")])

    assert [entry.data for entry in backend.directory.query("acme", prefix="DEV#", limit=10)] == [b"new"]


def test_entry_without_data_is_removed_and_may_be_missing(backend: Backend) -> None:
    put(backend, "OPEN#f1", "OPEN#f2")

    backend.directory.put([DirectoryEntry("acme", "OPEN#f1", None), DirectoryEntry("acme", "OPEN#f9", None)])

    assert keys(backend, "OPEN#") == ["OPEN#f2"]


def test_of_one_key_in_one_call_the_last_wins(backend: Backend) -> None:
    entries = [DirectoryEntry("acme", "OPEN#f1", data) for data in (b"a", None, b"b")]
    gone = [DirectoryEntry("acme", "OPEN#f2", data) for data in (b"a", None)]

    backend.directory.put(entries + gone)

    assert backend.directory.query("acme", prefix="OPEN#", limit=10) == entries[-1:]


def opened(number: int, data: bytes | None = b"open") -> DirectoryEntry:
    return DirectoryEntry("acme", "OPEN#f1", data, number)


def test_late_write_of_an_older_number_changes_nothing(backend: Backend) -> None:
    newest = opened(3, b"newest")
    backend.directory.put([newest])

    for late in (opened(2), opened(2, None), opened(3, b"newest")):
        backend.directory.put([late])

        assert backend.directory.query("acme", prefix="OPEN#", limit=10) == [newest]


def test_what_was_removed_under_a_number_comes_back_under_a_higher_one_only(backend: Backend) -> None:
    backend.directory.put([opened(3)])
    backend.directory.put([opened(3, None)])

    for late in (opened(1), opened(2), opened(3), opened(2, None)):
        backend.directory.put([late])

        assert keys(backend, "OPEN#") == []

    backend.directory.put([opened(4)])

    assert backend.directory.query("acme", prefix="OPEN#", limit=10) == [opened(4)]


def test_removal_that_comes_before_what_it_removes_stands(backend: Backend) -> None:
    backend.directory.put([opened(2, None)])
    backend.directory.put([opened(1)])

    assert keys(backend, "OPEN#") == []


def test_of_one_key_in_one_call_the_highest_number_wins_and_of_one_number_the_removal(backend: Backend) -> None:
    backend.directory.put([opened(2), opened(1, None), opened(2, None), opened(2)])

    assert keys(backend, "OPEN#") == []


def test_what_was_removed_takes_no_place_on_a_page(backend: Backend) -> None:
    entries = [DirectoryEntry("acme", f"OPEN#{number}", b"open", 1) for number in range(9)]
    backend.directory.put([*entries, *(DirectoryEntry("acme", f"OPEN#{number}", None, 2) for number in range(0, 9, 2))])

    assert keys(backend, "OPEN#", limit=3) == ["OPEN#1", "OPEN#3", "OPEN#5"]


def test_entry_that_was_listed_without_a_number_is_followed_by_any(backend: Backend) -> None:
    put(backend, "OPEN#f1")

    backend.directory.put([opened(1, None)])

    assert keys(backend, "OPEN#") == []


def test_entries_with_the_prefix_come_by_key(backend: Backend) -> None:
    put(backend, "OPEN#b", "DEV#z", "OPEN#", "OPEN#a", "OPEO", "OPEN", "OPEN#~")

    assert keys(backend, "OPEN#") == ["OPEN#", "OPEN#a", "OPEN#b", "OPEN#~"]


def test_empty_prefix_lists_everything(backend: Backend) -> None:
    put(backend, "b", "a")

    assert keys(backend, "") == ["a", "b"]


def test_pages_join_without_gap_or_copy(backend: Backend) -> None:
    put(backend, *(f"DEV#{number}" for number in range(7)))

    pages = [keys(backend, "DEV#", limit=3)]
    for _ in range(3):
        pages.append(keys(backend, "DEV#", after=(pages[-1] or ["DEV#~"])[-1], limit=3))

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [key for page in pages for key in page] == keys(backend, "DEV#")


def test_after_a_key_that_is_not_there_begins_with_the_next(backend: Backend) -> None:
    put(backend, "DEV#a", "DEV#c")

    assert keys(backend, "DEV#", after="DEV#b") == ["DEV#c"]


def test_tenants_do_not_see_each_other(backend: Backend) -> None:
    put(backend, "DEV#a")
    put(backend, "DEV#b", tenant="other")

    assert keys(backend, "DEV#") == ["DEV#a"]


def test_no_entries_put_is_nothing_there(backend: Backend) -> None:
    backend.directory.put([])

    assert keys(backend, "") == []
