"""The manual of the simulator names every kind of fault and every model, with what they need."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from simulator.devices.catalogue import MODELS
from simulator.kinds import KINDS, Kind, Setting
from simulator.scenario import load_scenario
from tocsin.core.durations import format_duration

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def told(setting: Setting) -> str:
    if setting.default is None:
        return ""
    if setting.reads == "duration":
        return " = a share of its length" if setting.default < 0 else f" = {format_duration(round(setting.default))}"
    if setting.reads == "flag":
        return " = true" if setting.default else " = false"
    return " = any" if abs(setting.default) >= 1e9 else f" = {setting.default:g}"


def row_of_kind(name: str, kind: Kind) -> str:
    settings = ["`size` or `sigmas`"] if kind.sized else []
    settings += [f"`{key}`{told(setting)}" for key, setting in kind.settings.items()]
    wanted = f"yes, of {', '.join(kind.detectable_by)}" if kind.expect else "no"
    return f"| `{name}` | {kind.layer} | {', '.join(settings)} | {wanted} |"


def rows() -> dict[str, list[str]]:
    return {
        "kinds": [row_of_kind(name, kind) for name, kind in KINDS.items()],
        "models": [
            f"| `{name}` | {', '.join(f'`{metric}`' for metric in model.metrics)} | "
            f"{', '.join(f'`{kind}`' for kind in model.strains)} |"
            for name, model in MODELS.items()
        ],
    }


def with_rows(page: str, name: str, lines: Iterable[str]) -> str:
    head, rest = page.split(f"<!-- {name} -->\n")
    table, tail = rest.split("<!-- end -->", 1)
    title = "".join(table.splitlines(keepends=True)[:2])
    return f"{head}<!-- {name} -->\n{title}" + "".join(f"{line}\n" for line in lines) + f"<!-- end -->{tail}"


def test_page_has_every_kind_and_model(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text("utf-8")
    wanted = page
    for name, lines in rows().items():
        wanted = with_rows(wanted, name, lines)

    if request.config.getoption("--update-golden"):
        PAGE.write_text(wanted, "utf-8")
    assert PAGE.read_text("utf-8") == wanted, "write it: pytest tests/simulator --update-golden"


def test_scenario_on_the_page_can_be_played(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "two-pumps.yaml").write_text(text)

    scenario = load_scenario(tmp_path / "two-pumps.yaml")

    assert (len(scenario.devices), scenario.gateways, len(scenario.faults)) == (6, ("north-gw-1",), 2)
