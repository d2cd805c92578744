"""Alerts listed and shown."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Tocsin


def listed(tocsin: Tocsin, path: Path, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(tocsin("alerts", "list", "--file", path, "--json", *options).out)
    return found


def test_list_has_a_line_an_alert(tocsin: Tocsin, played: Path) -> None:
    said = tocsin("alerts", "list", "--file", played)

    heading, line = said.out.splitlines()
    assert heading.split()[:2] == ["state", "severity"]
    assert line.split()[:2] == ["resolved", "critical"]
    assert "north-motor-01  vibration_high" in line
    assert said.err == "1 alerts\n"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        pytest.param(("--state", "resolved"), 1, id="the state fits"),
        pytest.param(("--state", "firing"), 0, id="another state"),
        pytest.param(("--severity", "critical"), 1, id="the severity fits"),
        pytest.param(("--severity", "info"), 0, id="another severity"),
        pytest.param(("--site", "nor*"), 1, id="the site fits a pattern"),
        pytest.param(("--site", "south"), 0, id="another site"),
        pytest.param(("--device", "north-motor-01"), 1, id="the device fits"),
        pytest.param(("--device", "north-motor-02"), 0, id="another device"),
        pytest.param(("--tenant", "demo"), 1, id="the tenant fits"),
        pytest.param(("--tenant", "acme"), 0, id="another tenant"),
        pytest.param(("--since", "2026-11-23T10:20:00Z"), 1, id="moved since"),
        pytest.param(("--since", "2026-11-23T10:20:01Z"), 0, id="not moved since"),
    ],
)
def test_options_choose_alerts(options: tuple[str, ...], count: int, tocsin: Tocsin, played: Path) -> None:
    assert len(listed(tocsin, played, *options)) == count


def test_show_tells_why_what_led_there_and_what_was_told(tocsin: Tocsin, played: Path) -> None:
    (alert,) = listed(tocsin, played)

    said = tocsin("alerts", "show", alert["fingerprint"][:6], "--file", played)

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("critical resolved: vibration 3.04 mm/s is above 2.2 mm/s")
    for words in ("compared with 2.2 mm/s", "plan ", "━━●━━", "inactive → firing", "firing → resolved", "sent in"):
        assert words in said.out
    assert "\x1b" not in said.out


def test_show_gives_evidence_and_decisions_to_machines(tocsin: Tocsin, played: Path) -> None:
    (alert,) = listed(tocsin, played)

    said = tocsin("alerts", "show", alert["fingerprint"], "--file", played, "--episode", "1", "--json").json

    assert isinstance(said, dict)
    assert [move["phase"] for move in said["moves"]] == ["firing", "resolved"]
    assert [one["decision"] for one in said["decisions"]] == ["sent", "sent"]
    assert said["moves"][0]["evidence"]["panes"]


@pytest.mark.parametrize("wanted", ["f00df00d", ""])
def test_alert_that_there_is_not_is_wrong_use(wanted: str, tocsin: Tocsin, played: Path) -> None:
    said = tocsin("alerts", "show", wanted, "--file", played)

    assert said.code == 2
    assert said.err == f"tocsin: no alert has a fingerprint that begins with {wanted!r}\n"


def test_episode_that_there_is_not_is_wrong_use(tocsin: Tocsin, played: Path) -> None:
    (alert,) = listed(tocsin, played)

    said = tocsin("alerts", "show", alert["fingerprint"], "--episode", "7", "--file", played)

    assert (said.code, said.err.count("\n")) == (2, 1)
