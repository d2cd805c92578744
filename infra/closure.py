"""What a module imports, and what that imports, read from the source without running it.

Of our own code imports within functions count, as they happen sooner or later. Of others' code they do not: there
they are of what is optional. A package of others with compiled parts is taken as a whole, as those import too.
Imports for type checkers never count.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

PROVIDED: Final = frozenset({"boto3", "botocore", "s3transfer", "urllib3", "snapshot_restore_py"})
"""What comes with the runtime of Lambda."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Where modules are looked for.

    Attributes:
        own: Folder of our packages.
        site: Folder of others' packages.
    """

    own: Path
    site: Path


@dataclass(slots=True)
class Closure:
    """What is reached.

    Attributes:
        own: Name of each module of ours to its file.
        others: The same of others' packages that are pure Python.
        whole: Names of others' top-level packages that have compiled parts.
        outside: Names of top-level modules that are nowhere: the standard library, the runtime's, or missing.
    """

    own: dict[str, Path] = field(default_factory=dict)
    others: dict[str, Path] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)


def closure_of(module: str, roots: Roots, *, without: Collection[str] = (), also: Collection[str] = ()) -> Closure:
    """Return what is reached from the module.

    Args:
        module: Dotted name of a module of ours.
        roots: Where to look, ours first.
        without: Modules that are not followed.
        also: Further modules of ours to begin from.
    """
    found = Closure()
    waiting = [module, *also]
    while waiting:
        for each in _with_parents(waiting.pop()):
            top = each.partition(".")[0]
            if each in without or each in found.own or each in found.others or top in found.whole:
                continue
            own, other = source_of(each, roots.own), source_of(each, roots.site)
            if own:
                found.own[each] = own
                waiting += imports_of(each, own, within_functions=True)
            elif other and has_compiled_parts(roots.site / top):
                found.whole.add(top)
            elif other:
                found.others[each] = other
                waiting += imports_of(each, other, within_functions=False)
            elif "." not in each:
                found.outside.add(each)
    return found


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


def source_of(module: str, root: Path) -> Path | None:
    """Return the file of the module, or None where the folder has none, or the runtime brings it."""
    parts = module.split(".")
    if parts[0] in PROVIDED:
        return None
    base = root.joinpath(*parts)
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


@cache
def has_compiled_parts(package: Path) -> bool:
    """Tell whether the folder holds a library of machine code."""
    return any(package.rglob("*.so"))


@cache
def imports_of(module: str, path: Path, *, within_functions: bool) -> tuple[str, ...]:
    """Return the names that the file imports, absolute; of ``from a import b`` both ``a`` and ``a.b``.

    Read once, as artefacts share most of their files.

    Args:
        module: Its dotted name.
        path: The file.
        within_functions: Whether imports count that happen when a function is called.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: list[str] = []
    for node in _walk(ast.parse(path.read_bytes()), within_functions=within_functions):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")]
    return tuple(names)


def _walk(tree: ast.AST, *, within_functions: bool) -> Iterator[ast.AST]:
    """Yield all nodes that count, but not what stands under ``if TYPE_CHECKING``."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            waiting += node.orelse
        elif within_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(node)


def _is_for_type_checkers(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _absolute(package: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])
