"""Every example of docs/replay.md is run, and prints what the page shows."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Tocsin

PAGE = (ROOT / "docs" / "replay.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```console\n\$ tocsin (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
PLAN_HASH = re.compile(r'"[0-9a-f]{16}"')
"""Changes with every key that plans learn; what the page says of it is that there is one."""


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

    text, is_cut = shown.removesuffix("...\n").rstrip("\n"), shown.endswith("...\n")
    out = PLAN_HASH.sub('"0123456789abcdef"', said.out).rstrip("\n")
    assert out.startswith(PLAN_HASH.sub('"0123456789abcdef"', text))
    assert is_cut or len(out) == len(text)
