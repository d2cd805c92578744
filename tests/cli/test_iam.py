"""``tocsin iam check``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.check import TEMPLATE
from tocsin.cli import iam
from tocsin.cli.iam import check


@pytest.fixture(autouse=True)
def one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iam, "SETTINGS", {"by default": {}})
    monkeypatch.setattr(iam.logging, "disable", lambda _: None)


def test_our_own_template_is_fine() -> None:
    done = CliRunner().invoke(check, ["--json"])

    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["ok"]
    assert said["settings"]["by default"]["granted_not_used"] == []


def test_what_is_granted_too_much_is_printed_and_the_exit_code_is_one(tmp_path: Path) -> None:
    wide = tmp_path / "wide.yaml"
    wide.write_text(TEMPLATE.read_text("utf-8").replace('Action: ["sns:Publish"]', 'Action: ["sns:Publish", "sns:X"]'))

    done = CliRunner().invoke(check, ["--template", str(wide)])

    assert done.exit_code == 1
    assert "granted, not used: AlertsRole: sns:X on arn:aws:sns:us-east-1:" in done.stdout
