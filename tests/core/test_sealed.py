"""Sealed states: put together from pieces, they are the very bytes that MessagePack makes of them."""

import msgspec
import numpy as np
import pytest

from tocsin.core.sealed import SEAL_VERSION, Published, seal, unseal

OUTBOX: list[Published] = [("panes", "", b"x" * 70_000), ("blob", "late/1", b"")]


@pytest.mark.parametrize("length", [0, 1, 255, 256, 65_528, 65_535, 65_536, 65_544, 1 << 20])
@pytest.mark.parametrize("outbox", [[], OUTBOX], ids=["nothing to publish", "an outbox"])
def test_pieces_are_sealed_to_the_bytes_of_the_whole(length: int, outbox: list[Published]) -> None:
    body = bytes(range(256)) * (length // 256) + b"\7" * (length % 256)
    array = np.frombuffer(body[: length // 8 * 8], np.int64)
    pieces = [array[: len(array) // 2].data, b"", array[len(array) // 2 :].data, body[length // 8 * 8 :]]

    sealed = seal(outbox, pieces)

    assert sealed == seal(outbox, body) == msgspec.msgpack.encode((SEAL_VERSION, outbox, body))
    assert unseal(sealed) == (outbox, body)
