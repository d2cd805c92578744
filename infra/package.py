"""Packages functions and dashboard: ``python -m infra.package``. An artefact holds only what its function imports."""

import platform
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import click

from infra.artefacts import artefacts, files_of
from infra.bytecode import compiled, interpreter_of, source_of
from infra.closure import Roots
from infra.staging import pack, stage
from infra.wheels import PLATFORMS, install
from tocsin.api.site import site
from tocsin.core.errors import ConfigError, PlanError
from tocsin.core.plan.model import Plan, encode_plan, plan_hash
from tocsin.core.plan.source import default_plan, load_plan
from tocsin.runtime.cloudformation.resolve import Stack, resolve
from tocsin.runtime.cloudformation.source import load_template

ROOT: Final = Path(__file__).parents[1]
TEMPLATE: Final = ROOT / "infra" / "template.yaml"
LOCK: Final = ROOT / "requirements" / "run.txt"
PLAN_NAME: Final = "plan.json"
PAGE: Final = "page"
"""Folder beside the archives that holds the dashboard."""

UNPACKED_MB_MAX: Final = 100
WITHOUT_COLUMNS_MB_MAX: Final = 20
EVERYTHING: Final = {
    "JwtIssuer": "https://issuer.example",
    "SourceTopicName": "plant",
    "MskClusterArn": "arn:aws:kafka:us-east-1:000000000000:cluster/plant/1-2",
    "KafkaBootstrapServers": "broker.example.com:9096",
}
"""Parameters under which every function is in the stack."""

MB: Final = 1_000_000


def topology(template: Path = TEMPLATE) -> Stack:
    """Return the stack with all functions that the template may have."""
    return resolve(load_template(template), EVERYTHING)


def build(stack: Stack, roots: Roots, plan: Plan, target: Path, *, python: str) -> dict[str, int]:
    """Stage and pack every artefact; return name to unpacked bytes.

    Args:
        stack: Says which functions there are.
        roots: Where the code is.
        plan: Goes into each artefact, compiled.
        target: Folder of the archives; the staged folders stay beside them.
        python: Version that runs the functions; their bytecode goes in where that is on this machine.

    Raises:
        ConfigError: An artefact is larger than its budget.
    """
    target.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, int] = {}
    parts = {artefact.name: files_of(artefact, roots) for artefact in artefacts(stack)}
    bytecode = _bytecode({place: path for files in parts.values() for place, path in files.items()}, python)
    for name, files in parts.items():
        folder = target / name
        kept = {place: path for place, path in bytecode.items() if source_of(place) in files}
        sizes[name] = stage(files | kept, {PLAN_NAME: encode_plan(plan)}, folder)
        pack(folder, target / f"{name}.zip")
    problems = [problem for name, size in sizes.items() if (problem := _over_budget(name, size, target / name))]
    if problems:
        raise ConfigError("; ".join(problems))
    return sizes


def _bytecode(files: Mapping[PurePosixPath, Path], python: str) -> dict[PurePosixPath, Path]:
    interpreter = interpreter_of(python)
    if interpreter is None:
        click.echo(f"without bytecode, so each cold start compiles: python{python} is not on this machine", err=True)
        return {}
    return compiled(files, interpreter, python, ROOT / "build" / f"bytecode-{python}")


def write_page(target: Path) -> int:
    """Write the dashboard's files as the bucket is to have them; return how many bytes. What lay there is gone."""
    shutil.rmtree(target, ignore_errors=True)
    files = site()
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return sum(map(len, files.values()))


def budget_mb(folder: Path) -> int:
    """Return how large the unpacked artefact may be: whether it holds numpy decides."""
    return UNPACKED_MB_MAX if (folder / "numpy").is_dir() else WITHOUT_COLUMNS_MB_MAX


def _over_budget(name: str, size: int, folder: Path) -> str:
    most = budget_mb(folder)
    return f"{name} is {size / MB:.1f} MB unpacked, must be at most {most}" if size > most * MB else ""


@click.command()
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "dist" / "functions")
@click.option(
    "--plan", "plan_file", type=click.Path(dir_okay=False, path_type=Path), help="Plan in YAML; else the default."
)
@click.option("--arch", type=click.Choice(sorted(PLATFORMS)), help="Architecture; else the template's default.")
@click.option("--here", is_flag=True, help="For this interpreter, of what is installed: to look at and to test.")
def main(target: Path, plan_file: Path | None, arch: str | None, here: bool) -> None:
    """Write an archive for each function of the template, and print how large each is unpacked."""
    try:
        stack = topology()
        plan = load_plan(plan_file) if plan_file else default_plan()
        site = Path(sysconfig.get_path("purelib")) if here else _wheels(stack, arch)
        python = f"{sys.version_info.major}.{sys.version_info.minor}" if here else _python(stack)
        sizes = build(stack, Roots(ROOT, site), plan, target, python=python)
        page = write_page(target.parent / PAGE)
    except (ConfigError, PlanError) as error:
        raise click.ClickException(str(error)) from error
    for name, size in sizes.items():
        packed = (target / f"{name}.zip").stat().st_size
        most = budget_mb(target / name)
        click.echo(f"{name:<12} {size / MB:6.1f} MB unpacked of {most:>3}, {packed / MB:5.1f} MB packed")
    click.echo(f"{PAGE:<12} {page / MB:6.1f} MB of plain files, for the bucket")
    click.echo(f"plan {plan_hash(plan)} is in each of them; they are in {target}", err=True)


def _wheels(stack: Stack, arch: str | None) -> Path:
    """Return the folder of wheels for the runtime that the template names."""
    architecture = arch or str(stack.parameters["Architecture"])
    python = _python(stack)
    site = ROOT / "build" / f"site-{python}-{architecture}"
    click.echo(f"wheels for Python {python} on {architecture}, packed by Python {platform.python_version()}", err=True)
    install(LOCK, site, python=python, architecture=architecture)
    return site


def _python(stack: Stack) -> str:
    """Return the version of Python that the template names."""
    return str(stack.of_kind("AWS::Serverless::Function")[0].properties["Runtime"]).removeprefix("python")


if __name__ == "__main__":
    main()
