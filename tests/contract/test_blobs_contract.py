from tocsin.core.ports import Backend


def test_blob_comes_back_as_it_was_put(backend: Backend) -> None:
    backend.blobs.put("rejected/1", b"\x00\xff")

    assert backend.blobs.get("rejected/1") == b"\x00\xff"


def test_blob_is_overwritten(backend: Backend) -> None:
    backend.blobs.put("plan", b"old")
    backend.blobs.put("plan", b"new")

    assert backend.blobs.get("plan") == b"new"
    assert backend.blobs.names("", limit=10) == ["plan"]


def test_name_without_blob_is_none(backend: Backend) -> None:
    assert backend.blobs.get("nothing") is None


def test_empty_blob_is_a_blob(backend: Backend) -> None:
    backend.blobs.put("empty", b"")

    assert backend.blobs.get("empty") == b""


def test_names_with_the_prefix_come_in_order(backend: Backend) -> None:
    for name in ("late/2", "late/10", "rejected/1", "late/1", "late", "latf"):
        backend.blobs.put(name, b"")

    assert backend.blobs.names("late/", limit=10) == ["late/1", "late/10", "late/2"]


def test_pages_of_names_join_without_gap_or_copy(backend: Backend) -> None:
    for number in range(5):
        backend.blobs.put(f"late/{number}", b"")

    first = backend.blobs.names("late/", limit=3)
    second = backend.blobs.names("late/", after=first[-1], limit=3)

    assert first + second == [f"late/{number}" for number in range(5)]


def test_large_blob_comes_back_whole(backend: Backend) -> None:
    data = bytes(range(256)) * 12_000

    backend.blobs.put("recording", data)

    assert backend.blobs.get("recording") == data
