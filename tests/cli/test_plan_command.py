"""Plans checked, compiled and described from the command line."""

from pathlib import Path

import msgspec

from tests.cli.conftest import PLAN, Tocsin
from tocsin.core.plan.model import decode_plan, plan_hash
from tocsin.core.plan.schema import plan_schema
from tocsin.core.plan.source import load_plan

WRONG = "rules:\n  - {name: hot, kind: limits, abov: 3}\ntiming: {tick: 5}\n"


def test_check_says_the_plan_in_words(tocsin: Tocsin) -> None:
    said = tocsin("plan", "check", PLAN)

    assert (said.code, said.err) == (0, "")
    assert "vibration_high (limits, critical): vibration_mmps: mean above 2.2, clears 0.3 inside" in said.out


def test_default_plan_is_checked_where_none_is_named(tocsin: Tocsin) -> None:
    assert "device_missing" in tocsin("plan", "check").out


def test_problems_are_a_finding_told_with_file_line_and_key(tocsin: Tocsin, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)

    said = tocsin("plan", "check", path)

    assert (said.code, said.err) == (1, "")
    assert any(line.startswith(f"{path}:2: rules[0].abov: ") for line in said.out.splitlines())
    assert any(line.startswith(f"{path}:3: timing.tick: ") for line in said.out.splitlines())


def test_problems_are_there_for_machines_too(tocsin: Tocsin, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)

    said = tocsin("plan", "check", path, "--json")

    assert said.code == 1
    assert isinstance(said.json, dict)
    assert {problem["line"] for problem in said.json["problems"]} == {2, 3}


def test_compiled_plan_is_the_document_that_the_stages_load(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("plan", "compile", PLAN)
    tocsin("plan", "compile", PLAN, "--to", tmp_path / "plan.json")

    written = (tmp_path / "plan.json").read_bytes()
    assert written == said.out.strip().encode()
    assert plan_hash(decode_plan(written)) == plan_hash(load_plan(PLAN))


def test_schema_is_that_of_plans(tocsin: Tocsin) -> None:
    assert msgspec.json.decode(tocsin("plan", "schema").out) == plan_schema()
