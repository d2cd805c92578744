"""Functions of a template: their code imported from its folder, called with their own variables."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from tocsin.core.errors import ConfigError
from tocsin.runtime.mapping import Handler
from tocsin.runtime.sam.model import FunctionSpec


class Code:
    """The code of one function, imported apart from that of others: two functions may both have an ``app.py``.

    Args:
        spec: What the template says of the function.
    """

    def __init__(self, spec: FunctionSpec) -> None:
        self._spec = spec
        self._folders = [str(folder.resolve()) for folder in (spec.code, *(one / "python" for one in spec.layers))]
        self._folders += [str(layer.resolve()) for layer in spec.layers]
        self._names = _top_names(spec.code)
        self._modules: dict[str, ModuleType] = {}
        self._handler: Handler | None = None

    def __call__(self, event: dict[str, Any], context: object) -> Any:  # noqa: ANN401  whatever a handler answers
        """Call the handler.

        Raises:
            ConfigError: There is no such handler.
        """
        handler = self.load()
        with self._at_home():
            return handler(event, context)

    def load(self) -> Handler:
        """Return the handler; its module is imported once, as at a cold start.

        Raises:
            ConfigError: There is no such handler, or its module cannot be imported.
        """
        if self._handler is None:
            with self._at_home():
                self._handler = self._imported()
        return self._handler

    def _imported(self) -> Handler:
        module, _, name = self._spec.handler.rpartition(".")
        try:
            found = getattr(importlib.import_module(module.replace("/", ".")), name)
        except Exception as error:  # the code of a user may fail in any way
            where = self._spec.code
            raise ConfigError(f"{self._spec.id}: no handler {self._spec.handler} in {where}: {error!r}") from error
        return cast("Handler", found)

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        """Let imports find the function's folder first, and its variables be the environment."""
        path, environment = sys.path[:], dict(os.environ)
        sys.path[:0] = self._folders
        os.environ.update(self._spec.environment)
        strangers = self._strangers()
        for name in strangers:
            del sys.modules[name]
        before = set(sys.modules)
        sys.modules.update(self._modules)
        try:
            yield
        finally:
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environment)
            for name in [name for name in sys.modules.keys() - before if self._is_ours(sys.modules[name])]:
                self._modules[name] = sys.modules.pop(name)
            sys.modules.update(strangers)

    def _strangers(self) -> dict[str, ModuleType]:
        """Return modules from elsewhere that have the names of ours."""
        named = [name for name in self._names if name in sys.modules and not self._is_ours(sys.modules[name])]
        return {
            name: module
            for name, module in sys.modules.items()
            if named and any(name == one or name.startswith(f"{one}.") for one in named)
        }

    def _is_ours(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        return file is not None and Path(file).resolve().is_relative_to(self._folders[0])


def _top_names(folder: Path) -> list[str]:
    """Return the names of the modules and packages in the folder."""
    if not folder.is_dir():
        return []
    packages = [one.name for one in folder.iterdir() if (one / "__init__.py").is_file()]
    return [*packages, *(one.stem for one in folder.glob("*.py"))]


def handlers_of(functions: Mapping[str, FunctionSpec], given: Mapping[str, Handler]) -> dict[str, Handler]:
    """Return the handler of each function: the given one, else that of its code.

    Raises:
        ConfigError: A handler is given for a function that the template does not have, or cannot be imported.
    """
    if unknown := sorted(set(given) - set(functions)):
        raise ConfigError(f"{', '.join(unknown)}: no such function in the template, only {', '.join(functions)}")
    made: dict[str, Handler] = {}
    for name, spec in functions.items():
        if name in given:
            made[name] = given[name]
        else:
            made[name] = code = Code(spec)
            code.load()
    return made
