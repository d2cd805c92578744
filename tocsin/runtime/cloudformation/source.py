"""A template as plain data: YAML with the short forms of CloudFormation's functions, or JSON."""

from pathlib import Path
from typing import Any, Final

import yaml

from tocsin.core.errors import ConfigError

Template = dict[str, Any]

_GET_ATT: Final = "GetAtt"
_PLAIN: Final = frozenset({"Ref", "Condition"})


class _Loader(yaml.SafeLoader):
    """Knows ``!Ref``, ``!Sub`` and the like; builds no objects of Python."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Return the long form of a function, e.g. ``{"Fn::Sub": "..."}``."""
    value: Any = None
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == _GET_ATT:
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in _PLAIN else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)
# A version such as 2012-10-17 is a text to CloudFormation, not a day.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_template(path: Path) -> Template:
    """Return the template in the file.

    Raises:
        ConfigError: The file cannot be read, or is no template.
    """
    try:
        return parse_template(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"template {path} cannot be read: {error}") from error


def parse_template(text: str, name: str) -> Template:
    """Return the template of the text, functions in their long form.

    Args:
        text: YAML or JSON.
        name: What problems call it.

    Raises:
        ConfigError: The text is no template.
    """
    try:
        template = yaml.load(text, _Loader)  # noqa: S506  a safe loader with functions
    except yaml.YAMLError as error:
        raise ConfigError(f"template {name} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise ConfigError(f"template {name} must have Resources")
    return template
