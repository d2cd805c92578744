"""Wrong use: one line on standard error, exit code 2, nothing on standard output, no traceback."""

from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tocsin.cli.main import COMMANDS

BROKEN = b'{"tocsin":"recording","version":1}\n{"secret": "0815"}\n'

WRONG = [
    pytest.param("nonsense", id="a command that there is not"),
    pytest.param("demo --nonsense", id="an option that there is not"),
    pytest.param("demo --scenario nonsense", id="a scenario that there is not"),
    pytest.param("demo --scenario .", id="a folder in place of a scenario"),
    pytest.param("demo --plan missing.yaml", id="a plan that there is not"),
    pytest.param("simulate", id="no scenario"),
    pytest.param("simulate small", id="no target"),
    pytest.param("simulate small --to http://", id="a URL without a host"),
    pytest.param("simulate describe", id="nothing to describe"),
    pytest.param("simulate describe nonsense", id="no such scenario to describe"),
    pytest.param("simulate describe small --svg missing/a.svg", id="a picture in a folder that there is not"),
    pytest.param("simulate small --to a.jsonl --log b.db", id="two targets"),
    pytest.param("simulate small --to - --json", id="two outputs for one place"),
    pytest.param("simulate small --to .", id="a folder in place of a target"),
    pytest.param("simulate small --to missing/day.jsonl", id="a target in a folder that there is not"),
    pytest.param("simulate small --to day.jsonl --speed 0", id="a speed of nothing"),
    pytest.param("simulate small --to day.jsonl --speed nan", id="a speed that is no number"),
    pytest.param("simulate small --to day.jsonl --start yesterday", id="an instant that is none"),
    pytest.param("simulate small --to day.jsonl --seed x", id="a seed that is no number"),
    pytest.param("run --for 5", id="a duration without a unit"),
    pytest.param("run --tenant a#b --for 0s", id="a tenant that is no id"),
    pytest.param("run --from missing.jsonl", id="an input that there is not"),
    pytest.param("run --file other.db --for 0s", id="another program's file"),
    pytest.param("watch --file missing.db", id="nothing to watch"),
    pytest.param("watch --file other.db --once", id="another program's file to watch"),
    pytest.param("record --file missing.db --to day.jsonl", id="nothing to record"),
    pytest.param("record --to day.jsonl --from-csv other.db --from 2h", id="a part of a table"),
    pytest.param("record --to day.jsonl --from-csv other.db --time-column t", id="a column that there is not"),
    pytest.param("replay missing.jsonl", id="no recording"),
    pytest.param("replay .", id="a folder in place of a recording"),
    pytest.param("replay other.db", id="what is no recording"),
    pytest.param("replay broken.jsonl", id="a recording that is damaged"),
    pytest.param("replay empty.jsonl --settle 4", id="a settling time without a unit"),
    pytest.param("replay empty.jsonl --expect other.db", id="what are no golden alerts"),
    pytest.param("replay empty.jsonl --truth broken.jsonl", id="what is no truth"),
    pytest.param("diff missing.yaml wrong.yaml empty.jsonl", id="no plan to compare"),
    pytest.param("diff wrong.yaml wrong.yaml empty.jsonl", id="a wrong plan to compare"),
    pytest.param("score empty.jsonl", id="no truth to score against"),
    pytest.param("fuzz empty.jsonl", id="nothing to try faults on"),
    pytest.param("fuzz empty.jsonl --runs 0", id="no faults to try"),
    pytest.param("alerts reproduce f00d --file other.db", id="another program's alerts to reproduce"),
    pytest.param("alerts list --file missing.db", id="no alerts to list"),
    pytest.param("alerts list --state burning", id="a state that there is not"),
    pytest.param("alerts show f00d --file other.db", id="another program's alerts"),
    pytest.param("plan check missing.yaml", id="no plan"),
    pytest.param("plan compile wrong.yaml", id="a wrong plan to compile"),
    pytest.param("doctor --file missing.db", id="nothing to examine"),
]


@pytest.mark.parametrize("line", WRONG)
def test_wrong_use_is_told_in_one_line(
    line: str, tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.db").write_bytes(b"\xff\x00not ours\n" * 500)
    Path("broken.jsonl").write_bytes(BROKEN)
    Path("empty.jsonl").write_bytes(BROKEN.splitlines(keepends=True)[0])
    Path("wrong.yaml").write_text("rules: [{name: x, kind: nonsense}]\n")

    said = tocsin(*line.split())

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("tocsin: ")
    assert said.err.count("\n") == 1
    assert "0815" not in said.err


@pytest.mark.parametrize("line", ["", "alerts", "plan"])
def test_command_alone_shows_what_it_can_do_and_is_wrong_use(line: str, tocsin: Tocsin) -> None:
    said = tocsin(*line.split())

    assert (said.code, said.out) == (2, "")
    assert "Commands:" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, tocsin: Tocsin) -> None:
    said = tocsin(command, "--help")

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: tocsin {command}")


def test_help_of_all_names_every_command(tocsin: Tocsin) -> None:
    said = tocsin("--help")

    assert all(f"  {command} " in said.out for command in COMMANDS)


def test_what_keeps_a_file_from_being_written_is_told(tocsin: Tocsin, recording: Path) -> None:
    said = tocsin("replay", recording, "--write", "/dev/full")

    assert said.code == 2
    assert said.err.splitlines()[-1] == "tocsin: /dev/full cannot be written: No space left on device"


def test_interrupted_command_leaves_with_130_and_half_a_file_leaves_nothing(
    tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tocsin.cli.simulate.pause", interrupted)

    said = tocsin("simulate", "small", "--to", tmp_path / "day.jsonl", "--speed", "1")

    assert said.code == 130
    assert said.err.split("\n")[-2:] == ["tocsin: stopped", ""]
    assert list(tmp_path.iterdir()) == []
