"""Artefacts hold what their functions import, nothing else, and the same bytes each time."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path, PurePosixPath

import pytest

from infra.artefacts import NEVER, Artefact, artefacts, files_of
from infra.bytecode import compiled, interpreter_of, source_of
from infra.closure import Roots, closure_of
from infra.package import EVERYTHING, LOCK, MB, PLAN_NAME, ROOT, TEMPLATE, budget_mb, topology
from infra.staging import pack, stage
from infra.wheels import NEEDED, pinned
from tocsin.core.errors import ConfigError
from tocsin.core.plan.model import decode_plan, encode_plan, plan_hash
from tocsin.core.plan.source import default_plan
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE = Path(sysconfig.get_path("purelib"))
ROOTS = Roots(ROOT, SITE)
STACK = topology()
ARTEFACTS = {one.name: one for one in artefacts(STACK)}
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six.py")
"""What an image of Lambda brings."""

PURE = ("tick", "alerts", "archive", "delivery")
LATE = ("api",)
"""Artefacts that hold numpy, and import it with the first query that needs it."""

FURTHER = {"api": {"anomaly"}, "processors": {"anomaly"}}
"""Artefact to stages whose code it has besides its own: the API draws what the detectors expected, and where panes have
no log the function of the readings judges them."""

VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of every artefact, of what is installed here."""
    target = tmp_path_factory.mktemp("functions")
    document = encode_plan(default_plan())
    for name, artefact in ARTEFACTS.items():
        stage(files_of(artefact, ROOTS), {PLAN_NAME: document}, target / name)
    return {name: target / name for name in ARTEFACTS}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what an image of Lambda brings, and nothing else of what is installed here."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        (folder / name).symlink_to(SITE / name)
    return folder


def in_clean_interpreter(program: str, *paths: Path, environment: dict[str, str]) -> str:
    """Return what the program prints, run with the standard library and the paths alone."""
    head = f"import sys; sys.path[:0] = {[str(path) for path in paths]}; sys.dont_write_bytecode = True\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", head + program],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=paths[0],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_function_of_the_template_has_an_artefact() -> None:
    functions = STACK.of_kind("AWS::Serverless::Function")

    assert {Path(one.properties["CodeUri"]).stem for one in functions} == set(ARTEFACTS)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_handler_starts_from_its_artefact_alone(name: str, staged: dict[str, Path]) -> None:
    program = f"import {ARTEFACTS[name].module} as m; print(type(m.handler).__name__, *sorted(sys.modules))"

    entry, *modules = in_clean_interpreter(program, staged[name], environment={}).split()

    assert entry == "Entry"
    assert not NEVER & set(modules)
    assert ("numpy" in modules) == (name not in PURE + LATE)


@pytest.mark.parametrize(
    "function",
    [
        "IngestQueueFunction",
        "ProcessorsFunction",
        "AnomalyFunction",
        "AlertsFunction",
        "DeliveryFunction",
        "ApiFunction",
    ],
)
def test_cold_start_succeeds_with_the_templates_variables_and_what_the_runtime_brings(
    function: str, staged: dict[str, Path], runtime: Path
) -> None:
    properties = STACK.resources[function].properties
    folder = staged[Path(properties["CodeUri"]).stem]
    own = {name: str(value) for name, value in properties["Environment"]["Variables"].items()}
    environment = VARIABLES | own | {"AWS_LAMBDA_FUNCTION_NAME": "f", "LAMBDA_TASK_ROOT": str(folder)}
    module = properties["Handler"].rpartition(".")[0]

    program = f"import {module} as m; print(m.handler._built is not None)"

    assert in_clean_interpreter(program, folder, runtime, environment=environment).strip() == "True"


def test_function_of_both_stages_starts_where_panes_have_no_log(staged: dict[str, Path], runtime: Path) -> None:
    joined = resolve(load_template(TEMPLATE), {**EVERYTHING, "PanesShards": 0})
    properties = joined.resources["ProcessorsFunction"].properties
    own = {name: str(value) for name, value in properties["Environment"]["Variables"].items()}
    of_lambda = {"AWS_LAMBDA_FUNCTION_NAME": "f", "_HANDLER": properties["Handler"]}
    environment = VARIABLES | own | of_lambda | {"LAMBDA_TASK_ROOT": str(staged["processors"])}
    program = (
        f"import {properties['Handler'].rpartition('.')[0]} as m, processors.handler as p, anomaly.handler as a\n"
        "print([one.handler._built is not None for one in (m, p, a)])"
    )

    found = in_clean_interpreter(program, staged["processors"], runtime, environment=environment)

    assert found.strip() == "[True, False, False]", "those of one stage each are not built besides"
    assert "TOCSIN_PANES_STREAM" not in own
    assert "AnomalyFunction" not in joined.resources


@pytest.mark.parametrize("name", ARTEFACTS)
def test_artefact_keeps_its_budget_and_holds_the_compiled_plan(name: str, staged: dict[str, Path]) -> None:
    size = sum(path.stat().st_size for path in staged[name].rglob("*") if path.is_file())

    assert size <= budget_mb(staged[name]) * MB
    assert budget_mb(staged[name]) == (20 if name in PURE else 100)
    assert plan_hash(decode_plan((staged[name] / PLAN_NAME).read_bytes())) == plan_hash(default_plan())


@pytest.mark.parametrize("name", ARTEFACTS)
def test_artefact_holds_nothing_that_no_function_may_import_and_no_tests(name: str, staged: dict[str, Path]) -> None:
    tops = {path.name for path in staged[name].iterdir()}
    stages = {"ingest", "processors", "anomaly", "alerts", "simulator"}

    assert not tops & NEVER
    assert tops & stages == {ARTEFACTS[name].module.partition(".")[0]} & stages | FURTHER.get(name, set())
    assert not list(staged[name].rglob("tests"))
    assert not list(staged[name].rglob("*.pyc"))


def test_two_packings_are_the_same_bytes_whenever_and_however_they_are_staged(tmp_path: Path) -> None:
    archives = []
    for turn, umask in enumerate((0o022, 0o077)):
        before = os.umask(umask)
        try:
            folder, archive = tmp_path / str(turn), tmp_path / f"{turn}.zip"
            stage(files_of(ARTEFACTS["alerts"], ROOTS), {PLAN_NAME: b"{}"}, folder)
        finally:
            os.umask(before)
        os.utime(folder / PLAN_NAME, (turn * 86_400 + 10**9,) * 2)
        pack(folder, archive)
        archives.append(archive.read_bytes())

    assert archives[0] == archives[1]


def test_handler_starts_from_its_bytecode_and_compiles_nothing(tmp_path: Path) -> None:
    files = files_of(ARTEFACTS["alerts"], ROOTS)
    stage(files | compiled(files, sys.executable, HERE, tmp_path / "made"), {PLAN_NAME: b"{}"}, tmp_path / "staged")
    program = (
        "from importlib._bootstrap_external import SourceLoader as loader\n"
        "compiles, names = loader.source_to_code, []\n"
        "def noted(self, data, path, **how):\n"
        "    names.append(path)\n"
        "    return compiles(self, data, path, **how)\n"
        "loader.source_to_code = noted\n"
        f"import alerts.handler\nprint([name for name in names if name.startswith({str(tmp_path)!r})])"
    )

    assert in_clean_interpreter(program, tmp_path / "staged", environment={}).strip() == "[]"


def test_bytecode_of_a_module_is_the_same_whatever_is_compiled_before_it(tmp_path: Path) -> None:
    files = files_of(ARTEFACTS["alerts"], ROOTS)
    chosen = dict(list(files.items())[:40])

    first = compiled(chosen, sys.executable, HERE, tmp_path / "1")
    second = compiled(dict(reversed(chosen.items())), sys.executable, HERE, tmp_path / "2")

    assert first.keys() == second.keys()
    assert all(first[place].read_bytes() == second[place].read_bytes() for place in first)
    assert {source_of(place) for place in first} == {place for place in chosen if place.suffix == ".py"}


def test_bytecode_is_made_by_the_version_that_runs_it_or_not_at_all(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")

    assert interpreter_of(HERE) == sys.executable
    assert interpreter_of("2.1") is None
    with pytest.raises(ConfigError, match="bytecode could not be made: SyntaxError"):
        compiled({PurePosixPath("broken.py"): broken}, sys.executable, HERE, tmp_path)


def test_packages_that_are_staged_are_those_that_are_pinned_for_other_platforms() -> None:
    tops = {place.parts[0] for one in ARTEFACTS.values() for place in files_of(one, ROOTS)}
    ours = {"alerts", "anomaly", "ingest", "processors", "tocsin", "numpy.libs"}

    assert {name.removesuffix(".py") for name in tops - ours} == {name.replace("-", "_") for name in NEEDED}


def test_lock_of_wheels_has_each_package_once_with_hashes() -> None:
    lines = pinned(LOCK, "3.13").splitlines()

    assert [line.partition("==")[0] for line in lines if not line.startswith(" ")] == list(NEEDED)
    assert all("--hash=sha256:" in line for line in lines if line.startswith(" "))


def test_lock_is_read_for_the_version_of_the_runtime_and_not_of_this_interpreter(tmp_path: Path) -> None:
    lock = tmp_path / "run.txt"
    lock.write_text(
        "numpy==1 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n"
        "numpy==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:11\n"
    )

    assert pinned(lock, "3.13", ("numpy",)) == "numpy==2 \\\n    --hash=sha256:11\n"
    assert pinned(lock, "3.11", ("numpy",)) == "numpy==1 \\\n    --hash=sha256:00\n"


def test_package_that_the_lock_does_not_pin_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "run.txt"
    lock.write_text("numpy==1 \\\n    --hash=sha256:00\n")

    with pytest.raises(ConfigError, match="does not pin msgspec"):
        pinned(lock, "3.13", ("msgspec", "numpy"))


def test_artefact_with_what_no_function_may_import_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stage.py").write_text("def late():\n    import scipy\n")
    (tmp_path / "site" / "scipy").mkdir(parents=True)
    (tmp_path / "site" / "scipy" / "__init__.py").touch()

    with pytest.raises(ValueError, match="must not hold scipy"):
        files_of(Artefact("stage", "stage", frozenset()), Roots(tmp_path, tmp_path / "site"))


def test_closure_follows_our_functions_others_modules_and_no_type_checkers(tmp_path: Path) -> None:
    own, site = tmp_path / "own", tmp_path / "site"
    (own / "pkg").mkdir(parents=True)
    (site / "lib").mkdir(parents=True)
    (own / "pkg" / "__init__.py").touch()
    (own / "pkg" / "a.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.typed\n"
        "def late():\n    from . import b\n    import lib\n"
    )
    (own / "pkg" / "b.py").write_text("import boto3\n")
    (own / "pkg" / "typed.py").touch()
    (site / "lib" / "__init__.py").write_text("from lib import used\ndef optional():\n    from lib import unused\n")
    (site / "lib" / "used.py").touch()
    (site / "lib" / "unused.py").touch()

    closure = closure_of("pkg.a", Roots(own, site))

    assert set(closure.own) == {"pkg", "pkg.a", "pkg.b"}
    assert set(closure.others) == {"lib", "lib.used"}
    assert closure.outside == {"typing", "boto3"}
