"""YAML text as a tree of nodes that know their lines; what a person should not write is refused.

Refused are anchors and aliases (they can blow a small file up), tags, keys that come twice, deep
nesting, and documents over 1 MiB. Handlers never import this module.
"""

from pathlib import Path
from typing import Final

import yaml

from tocsin.core.errors import PlanError, Problem

DOCUMENT_BYTES_MAX: Final = 1024 * 1024
DEPTH_MAX: Final = 24
NULLS: Final = ("", "~", "null", "Null", "NULL")


def read_text(path: Path) -> str:
    """Return the text of the file.

    Raises:
        PlanError: The file cannot be read, is not UTF-8 or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PlanError([Problem(str(path), 0, "", f"cannot be read: {reason}")]) from error
    _refuse_large(len(data), str(path))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PlanError([Problem(str(path), line, "", "must be UTF-8")]) from error


def compose(text: str, file: str) -> tuple[yaml.MappingNode, list[Problem]]:
    """Return the document's root mapping, and a problem for each key that comes twice.

    Args:
        text: The YAML text.
        file: What problems call it.

    Raises:
        PlanError: The text is not YAML, or not YAML that is accepted here.
    """
    _refuse_large(len(text.encode(errors="surrogatepass")), file)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except _RefusedError as error:
        raise PlanError([Problem(file, error.line, "", error.message)]) from error
    except yaml.MarkedYAMLError as error:
        raise PlanError([_syntax_problem(error, file)]) from error
    except yaml.YAMLError as error:
        first_line = str(error).partition("\n")[0]
        raise PlanError([Problem(file, 0, "", f"is not YAML: {first_line}")]) from error
    except (ValueError, OverflowError) as error:
        # The scanner leaves escapes beyond Unicode, and endless version numbers, to chr() and int().
        raise PlanError([Problem(file, 0, "", "is not YAML: an escape or a version is out of range")]) from error
    if not isinstance(root, yaml.MappingNode):
        raise PlanError([Problem(file, line_of(root) if root else 0, "", f"must be keys and values, {got(root)}")])
    return root, [Problem(file, line, "", message) for line, message in loader.doubles]


def got(node: yaml.Node | None) -> str:
    """Return what stands there, in words for a message.

    >>> got(None)
    'got nothing'
    """
    if isinstance(node, yaml.MappingNode):
        return "got keys and values"
    if isinstance(node, yaml.SequenceNode):
        return "got a list"
    if not isinstance(node, yaml.ScalarNode) or (not node.style and node.value in NULLS):
        return "got nothing"
    return f"got {node.value[:80]!r}"


def line_of(node: yaml.Node) -> int:
    """Return the 1-based line on which the node begins."""
    return int(node.start_mark.line) + 1


def _refuse_large(size_bytes: int, file: str) -> None:
    if size_bytes > DOCUMENT_BYTES_MAX:
        message = f"must be at most {DOCUMENT_BYTES_MAX} bytes"
        raise PlanError([Problem(file, 0, "", message)])


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    parts = [str(part).replace("\n", " ") for part in (error.problem, error.context) if part]
    if "'\\t'" in parts[0]:
        parts.insert(1, "indent with spaces")
    return Problem(file, mark.line + 1 if mark else 0, "", "is not YAML: " + ", ".join(parts))


class _RefusedError(yaml.YAMLError):
    """Something is YAML, but not accepted here."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Loader(yaml.SafeLoader):
    """Composes nodes, constructs nothing, and refuses what a person should not write.

    Attributes:
        doubles: Line and message of each key that comes twice.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.doubles: list[tuple[int, str]] = []
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node, unless it is refused."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in the stubs
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _RefusedError(line, "anchors and aliases are not accepted")
        if event.tag is not None:
            raise _RefusedError(line, "tags are not accepted")
        if self._depth >= DEPTH_MAX:
            raise _RefusedError(line, f"must be nested at most {DEPTH_MAX} levels deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.MappingNode):
            self._check_keys(node)
        return node

    def _check_keys(self, node: yaml.MappingNode) -> None:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _RefusedError(line_of(key), "keys must be texts")
            if key.value in seen:
                message = f"key {key.value[:80]!r} comes twice, first in line {seen[key.value]}"
                self.doubles.append((line_of(key), message))
            seen.setdefault(key.value, line_of(key))
