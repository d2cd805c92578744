"""A secret that tests plant in what comes in, and that no log may ever show."""

from typing import Any, Final

CANARY: Final = "canary-5ecret"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every text in plain data."""
    if isinstance(value, str):
        return [path]
    if isinstance(value, dict):
        return [found for name, inner in value.items() for found in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [found for place, inner in enumerate(value) for found in leaves(inner, (*path, place))]
    return []


def planted(value: Any, path: tuple[Any, ...], content: object) -> Any:
    """Return the data with the content at the path."""
    if not path:
        return content
    head, *rest = path
    if isinstance(value, dict):
        return value | {head: planted(value[head], tuple(rest), content)}
    return [planted(inner, tuple(rest), content) if place == head else inner for place, inner in enumerate(value)]
