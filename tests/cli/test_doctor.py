"""What the doctor finds."""

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tocsin.adapters.embedded.connect import PAGE_BYTES
from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli import checks
from tocsin.cli.checks import State
from tocsin.core.clock import wall_now_ms


def states(said: object) -> dict[str, str]:
    assert isinstance(said, dict)
    return {check["name"]: check["state"] for check in said["checks"]}


def test_this_machine_is_well(tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    said = tocsin("doctor", "--json")

    assert said.code == 0, said.out
    assert "fail" not in states(said.json).values()
    assert list(tmp_path.iterdir()) == []


def test_self_test_that_finds_nothing_has_failed(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tocsin.cli.selftest.PLAYED_MS", 60_000)

    said = tocsin("doctor")

    assert said.code == 1
    assert "fail  self test: " in said.out


def test_check_that_breaks_down_has_failed_and_the_others_are_done(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", _broken)

    said = tocsin("doctor", "--json")

    assert said.code == 1
    assert [name for name, state in states(said.json).items() if state == "fail"] == ["disk"]


def test_damaged_file_is_a_finding_and_a_whole_one_is_not(tocsin: Tocsin, tmp_path: Path, played: Path) -> None:
    data = bytearray(played.read_bytes())
    data[PAGE_BYTES:] = bytes(len(data) - PAGE_BYTES)
    (tmp_path / "broken.db").write_bytes(data)

    whole = tocsin("doctor", "--file", played)
    broken = tocsin("doctor", "--file", tmp_path / "broken.db")

    assert (whole.code, whole.out.splitlines()[-1]) == (0, f"ok    file {played}: whole; nobody writes to it")
    assert broken.code == 1
    assert broken.out.splitlines()[-1].startswith("fail  file ")


def test_process_that_writes_to_the_file_is_named(tocsin: Tocsin, tmp_path: Path) -> None:
    with open_embedded(tmp_path / "a.db", now_ms=wall_now_ms):
        said = tocsin("doctor", "--file", tmp_path / "a.db")

    assert "writes to it" in said.out.splitlines()[-1]
    assert "nobody" not in said.out.splitlines()[-1]


def test_python_that_is_too_old_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PYTHON_MIN", (sys.version_info.major, sys.version_info.minor + 1))

    assert checks.check_python().state is State.FAIL


def test_package_of_another_version_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "requires", lambda _: ["click<9,>=8.4", "msgspec<0.1", "nonsense>=1"])

    found = checks.check_packages()

    assert found.state is State.FAIL
    assert "msgspec must be <0.1, got " in found.says
    assert "nonsense cannot be imported" in found.says


@pytest.mark.parametrize(("free", "state"), [(1 << 40, State.OK), (1 << 29, State.WARN), (1 << 20, State.FAIL)])
def test_full_disk_is_told_before_it_is_full(
    free: int, state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())

    assert checks.check_disk().state is state


def test_clock_that_was_never_set_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "wall_now_ms", lambda: 86_400_000)

    assert checks.check_clock().state is State.FAIL


def _broken(_: object) -> None:
    raise ZeroDivisionError
