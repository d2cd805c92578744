from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tocsin.core import codec, envelope
from tocsin.core.errors import DamagedError

SCHEMA = "test.things"
META = {"fence": {"shard-0": 12}, "names": ["a", "b"]}
ARRAYS: dict[str, NDArray[Any]] = {
    "count": np.arange(5, dtype=np.int32),
    "mean": np.array([1.5, np.nan, -0.0]),
    "seen": np.array([[True, False], [False, True]]),
    "none": np.empty((0, 3), np.uint8),
}
BLOB = codec.encode(SCHEMA, 2, META, ARRAYS)

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.byte_string_dtypes(min_len=1, max_len=9),
    hnp.unicode_string_dtypes(min_len=1, max_len=9),
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


def decode(blob: bytes) -> codec.Packed:
    return codec.decode(SCHEMA, blob, version_max=2)


def header_of(*arrays: tuple[str, str, list[int]], version: int = 1) -> bytes:
    """Return a blob whose header tells of arrays that nobody wrote."""
    header = msgspec.msgpack.encode([SCHEMA, version, None, arrays])
    blob = envelope.MAGIC + len(header).to_bytes(4, "little") + header
    return blob + bytes(-len(blob) % 8)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.dictionaries(st.text(max_size=5), st.tuples(DTYPES, SHAPES), max_size=3))
def test_decode_gives_back_what_encode_was_given(
    data: st.DataObject, forms: dict[str, tuple[np.dtype[Any], tuple[int, ...]]]
) -> None:
    arrays = {name: data.draw(hnp.arrays(dtype, shape)) for name, (dtype, shape) in forms.items()}

    packed = decode(codec.encode(SCHEMA, 1, META, arrays))

    assert packed.version == 1
    assert msgspec.msgpack.decode(packed.meta) == META
    assert list(packed.arrays) == list(arrays)
    for name, array in arrays.items():
        found = packed.arrays[name]
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.arange(12).reshape(3, 4).T, id="transposed"),
        pytest.param(np.arange(12)[::3], id="every third"),
        pytest.param(np.asfortranarray(np.arange(12).reshape(3, 4)), id="in Fortran's order"),
        pytest.param(np.broadcast_to(np.int64(3), (4,)), id="broadcast"),
        pytest.param(np.array(2.5), id="without dimensions"),
    ],
)
def test_array_laid_out_in_any_way_comes_back_equal(array: NDArray[Any]) -> None:
    found = decode(codec.encode(SCHEMA, 1, None, {"a": array})).arrays["a"]

    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_same_content_is_the_same_bytes() -> None:
    assert codec.encode(SCHEMA, 2, META, {name: array.copy() for name, array in ARRAYS.items()}) == BLOB


def test_decoded_arrays_are_read_only_views_that_start_at_multiples_of_eight() -> None:
    arrays = decode(BLOB).arrays

    for array in arrays.values():
        assert not array.flags.writeable
        assert not array.flags.owndata
    base = np.frombuffer(BLOB, np.uint8).ctypes.data
    assert all((array.ctypes.data - base) % 8 == 0 for array in arrays.values() if array.size)


@pytest.mark.parametrize("dtype", ["O", "M8[ms]", [("a", "i4")]])
def test_array_that_could_not_be_read_back_is_not_written(dtype: Any) -> None:
    array = np.zeros(2, dtype)

    with pytest.raises(AssertionError):
        codec.encode(SCHEMA, 1, None, {"a": array})


@pytest.mark.parametrize("length", range(len(BLOB)))
def test_cut_blob_is_damaged(length: int) -> None:
    with pytest.raises(DamagedError, match=r"test\.things"):
        decode(BLOB[:length])


def test_blob_with_more_behind_it_is_damaged() -> None:
    with pytest.raises(DamagedError, match=f"must have {len(BLOB)} bytes, got {len(BLOB) + 8}"):
        decode(BLOB + bytes(8))


@pytest.mark.parametrize("blob", [b"", b"{}", b"TCS2" + BLOB[4:], bytes(64), b"\x1f\x8b" * 40, envelope.MAGIC])
def test_foreign_bytes_are_damaged(blob: bytes) -> None:
    with pytest.raises(DamagedError, match=r"test\.things must begin with|unreadable"):
        decode(blob)


def test_blob_of_another_schema_is_named() -> None:
    with pytest.raises(DamagedError, match=r"expected other, got test\.things"):
        codec.decode("other", BLOB, version_max=2)


@pytest.mark.parametrize("version", [0, -1, 3, 2**40])
def test_version_that_this_release_does_not_know_is_refused(version: int) -> None:
    blob = codec.encode(SCHEMA, version, META, {})

    with pytest.raises(DamagedError, match=f"must be of version 1 to 2, got {version}"):
        decode(blob)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(("a", "nonsense", [1]), id="no dtype at all"),
        pytest.param(("a", "|O", [0]), id="objects"),
        pytest.param(("a", "<i3", [0]), id="a size that no integer has"),
        pytest.param(("a", "<i4,<f8", [0]), id="a record"),
        pytest.param(("a", "", [0]), id="an empty dtype"),
        pytest.param(("a", "<U99999999999", [0]), id="a text too long"),
        pytest.param(("a", "<M8[xx]", [0]), id="a unit that no time has"),
        pytest.param(("a", "|S0", [2**60]), id="items of no size"),
        pytest.param(("a", "<i4", [-1]), id="a negative side"),
        pytest.param(("a", "<i4", [-1, -1]), id="negative sides with a positive product"),
        pytest.param(("a", "<i4", [2**40]), id="more than there is"),
        pytest.param(("a", "<i4", [2**32, 2**32]), id="so much more that 64 bits overflow"),
        pytest.param(("a", "<i4", [2**63, 0]), id="a side beyond 63 bits"),
        pytest.param(("a", "<i4", [2**62, 2**62, 0]), id="nothing, of absurd sides"),
        pytest.param(("a", "<i4", [0] * 100), id="a hundred dimensions"),
    ],
)
def test_header_that_tells_of_impossible_arrays_is_damaged(array: tuple[str, str, list[int]]) -> None:
    with pytest.raises(DamagedError, match=r"test\.things"):
        decode(header_of(array))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(BLOB) - 1), st.binary(min_size=1, max_size=4))
def test_any_overwritten_bytes_decode_or_are_damaged_and_nothing_else(place: int, other: bytes) -> None:
    with suppress(DamagedError):
        decode(BLOB[:place] + other + BLOB[place + len(other) :])
