"""The command line in this process: what it printed, and with which code it left."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tocsin.cli.main import main

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "scenarios" / "small.plan.yaml"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return msgspec.json.decode(self.out)


Tocsin = Callable[..., Said]


@pytest.fixture
def tocsin(capfd: pytest.CaptureFixture[str]) -> Tocsin:
    def run(*arguments: object) -> Said:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return Said(left.value.code, out, err)

    return run


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that a demo of the small scenario was played into."""
    path = tmp_path_factory.mktemp("played") / "demo.db"
    with pytest.raises(SystemExit):
        main(["demo", "--scenario", "small", "--as-fast-as-possible", "--json", "--file", str(path)])
    return path


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small scenario as a recording, its truth beside it."""
    path = tmp_path_factory.mktemp("recorded") / "day.jsonl.gz"
    with pytest.raises(SystemExit):
        main(["simulate", "small", "--to", str(path)])
    return path
