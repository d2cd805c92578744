"""Every example of docs/replay.md is run, and prints what the page shows."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Tocsin

PAGE = (ROOT / "docs" / "replay.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```console\n\$ tocsin (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)


def test_the_page_has_examples() -> None:
    assert {command.split()[0] for command, _ in EXAMPLES} == {"replay", "diff", "score", "fuzz"}


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_example_prints_what_the_page_shows(
    command: str, shown: str, tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "pump_house"
    shutil.copytree(ROOT / "examples" / "pump_house", copy)
    monkeypatch.chdir(copy)

    said = tocsin(*shlex.split(command))

    text, is_cut = shown.removesuffix("...\n"), shown.endswith("...\n")
    assert said.out.rstrip("\n").startswith(text.rstrip("\n"))
    assert is_cut or said.out.rstrip("\n") == text.rstrip("\n")
