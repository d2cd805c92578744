"""What stands in front of stored bytes, and plain data without arrays."""

import subprocess
import sys

import numpy as np
import pytest

from tocsin.core import codec, envelope
from tocsin.core.errors import DamagedError

SCHEMA = "test.plain"


def test_plain_data_has_the_bytes_that_the_codec_writes_without_arrays() -> None:
    meta = {"known": [1, 2, 3]}

    assert envelope.encode_plain(SCHEMA, 3, meta) == codec.encode(SCHEMA, 3, meta, {})


def test_plain_data_comes_back() -> None:
    header = envelope.decode_plain(SCHEMA, envelope.encode_plain(SCHEMA, 3, "told"), version_max=3)

    assert (header.version, bytes(header.meta)) == (3, b"\xa4told")


def test_arrays_where_plain_data_is_expected_are_damage() -> None:
    blob = codec.encode(SCHEMA, 1, None, {"counts": np.arange(3)})

    with pytest.raises(DamagedError, match="must hold no arrays, got 'counts'"):
        envelope.decode_plain(SCHEMA, blob, version_max=1)


def test_bytes_behind_plain_data_are_damage() -> None:
    with pytest.raises(DamagedError, match="must have"):
        envelope.decode_plain(SCHEMA, envelope.encode_plain(SCHEMA, 1, None) + bytes(8), version_max=1)


@pytest.mark.parametrize("handler", ["ingest.tick", "alerts.handler"])
def test_functions_that_need_no_columns_start_without_numpy(handler: str) -> None:
    program = f"import sys, {handler}; print('numpy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
