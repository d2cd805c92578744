"""Fingerprints: pinned, because tables, links and silences hold them for years."""

import pytest

from anomaly.fingerprint import fingerprint


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("acme", "pump-7", "flow_lpm", "low-flow"), "9ac34d4d1e3b87ae"),
        (("acme", "pump-7", "", "device_missing"), "60f7bc0afba4f426"),
        (("globex", "pump-7", "flow_lpm", "low-flow"), "22ba29bfa2ec2054"),
    ],
)
def test_fingerprints_stay_what_they_were(names: tuple[str, str, str, str], expected: str) -> None:
    assert fingerprint(*names) == expected


def test_names_that_join_to_the_same_text_have_different_fingerprints() -> None:
    assert fingerprint("a", "bc", "d", "e") != fingerprint("ab", "c", "d", "e")
    assert fingerprint("a", "1:b", "", "e") != fingerprint("a", "", "1:b", "e")
