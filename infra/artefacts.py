"""Which artefacts the template asks for, and of what each is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from infra.closure import Closure, Roots, closure_of
from tocsin.runtime.cloudformation.resolve import Resource, Stack

FUNCTION: Final = "AWS::Serverless::Function"
ONLY_WITH: Final[Mapping[str, str]] = {"tocsin.adapters.aws.windows": "TOCSIN_WINDOWS_TABLE"}
"""Module to the variable without which a function never imports it; this one would bring numpy."""

DATA: Final[Mapping[str, tuple[str, ...]]] = {"tocsin.api.handler": ("tocsin/api/static",)}
"""Module to files and folders of ours that it reads."""

ALSO: Final[Mapping[str, tuple[str, ...]]] = {"processors.handler": ("tocsin.runtime.joined",)}
"""Module of a handler to others that a parameter of the template may make the handler instead: one archive has all."""

TIME_ZONES: Final = "tzdata"
"""What the standard library's ``zoneinfo`` reads, as an image of Lambda has no database of time zones."""

NEVER: Final = frozenset({"scipy", "pydantic", "yaml", "boto3", "botocore"})
NEEDLESS: Final = ("tests", "f2py", "include", "_examples", "__pycache__")
"""Folders of others' packages that no function reads."""

NEEDLESS_ENDS: Final = (".pyi", ".pyc", ".a", ".c", ".h", ".pxd", ".pyx")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that one or several functions have as their code.

    Attributes:
        name: Of the file, without its end.
        module: The handler's.
        without: Modules that its functions never import.
    """

    name: str
    module: str
    without: frozenset[str]


def artefacts(stack: Stack) -> list[Artefact]:
    """Return the artefacts of the stack's functions, each once, in the order of the template."""
    found: dict[str, Artefact] = {}
    for function in stack.of_kind(FUNCTION):
        name = Path(function.properties["CodeUri"]).stem
        module = str(function.properties["Handler"]).rpartition(".")[0]
        known = found.get(name)
        without = _needless_modules(function)
        found[name] = Artefact(name, module, without & known.without if known else without)
    return list(found.values())


def _needless_modules(function: Resource) -> frozenset[str]:
    variables = function.properties.get("Environment", {}).get("Variables", {})
    return frozenset(module for module, variable in ONLY_WITH.items() if variable not in variables)


def files_of(artefact: Artefact, roots: Roots) -> dict[PurePosixPath, Path]:
    """Return what belongs into the artefact: where it lies there, and where it is now.

    Raises:
        ValueError: It would hold what no function may import.
    """
    closure = closure_of(artefact.module, roots, without=artefact.without, also=ALSO.get(artefact.module, ()))
    files = {_place(path, roots.own): path for path in closure.own.values()}
    for module, places in DATA.items():
        if module in closure.own:
            files |= {_place(path, roots.own): path for place in places for path in _tree(roots.own / place)}
    for path in closure.others.values():
        files[_place(path, roots.site)] = path
    for package in _whole(closure, roots):
        files |= {_place(path, roots.site): path for path in _tree(package) if not _is_needless(path, roots.site)}
    forbidden = sorted({place.parts[0] for place in files} & NEVER)
    if forbidden:
        raise ValueError(f"artefact {artefact.name} must not hold {', '.join(forbidden)}")
    return dict(sorted(files.items()))


def _whole(closure: Closure, roots: Roots) -> Iterator[Path]:
    """Yield the folders of packages that are taken as a whole, and of the libraries beside them."""
    names = closure.whole | ({TIME_ZONES} if "zoneinfo" in closure.outside else set())
    for name in sorted(names):
        yield roots.site / name
        libraries = roots.site / f"{name}.libs"
        if libraries.is_dir():
            yield libraries


def _tree(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _place(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root).as_posix())


def _is_needless(path: Path, root: Path) -> bool:
    within = path.relative_to(root).parts[:-1]
    return path.name.endswith(NEEDLESS_ENDS) or any(part in NEEDLESS for part in within)
