"""The page as files for other servers: what to put where, and which headers belong to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tocsin.api.assets import INDEX, POLICY, STATIC, file_datas, hash_of
from tocsin.core.errors import ConfigError

SCHEMES: Final = ("https", "http")


def site(api: str = "", path: str = "/", folder: Path = STATIC) -> dict[str, bytes]:
    """Return the files by name: the page itself, and all others below a folder that changes when one of them does.

    Whoever serves them answers each address of the page, at ``path`` and below, with ``index.html``.

    Args:
        api: What stands before ``/v1/``, e.g. ``https://api.example.com``; empty where the page's own origin answers.
        path: Where the page is below its origin.
        folder: The files as they are developed.

    Raises:
        ConfigError: ``api`` is no such address, or ``path`` does not begin and end with a slash.
    """
    problems = [*_broken(api), *([] if _is_path(path) else [f"path must begin and end with /, got {path!r}"])]
    if problems:
        raise ConfigError("; ".join(problems))
    datas = file_datas(folder)
    digest = hash_of(datas)
    page = placed(datas.pop(INDEX), f"{path}assets/{digest}/", api, path)
    return {INDEX: page, **{f"assets/{digest}/{name}": data for name, data in datas.items()}}


def policy(api: str = "") -> str:
    """Return the content-security policy of the page: it may ask its own origin, and that of the API."""
    place = urlsplit(api)
    return (
        POLICY.replace("connect-src 'self'", f"connect-src 'self' {place.scheme}://{place.netloc}") if api else POLICY
    )


def placed(page: bytes, assets: str, api: str, path: str) -> bytes:
    """Return the page with the addresses of its files, of the API and of itself."""
    said: Mapping[str, str] = {
        '"/assets/': f'"{assets}',
        'name="tocsin-api" content=""': f'name="tocsin-api" content="{api}"',
        'name="tocsin-path" content="/"': f'name="tocsin-path" content="{path}"',
    }
    for before, after in said.items():
        page = page.replace(before.encode(), after.encode())
    return page


def _broken(api: str) -> list[str]:
    place = urlsplit(api)
    is_plain = (
        not (place.query or place.fragment or place.username) and api.isascii() and not set(api) & set("\"'<> ;,")
    )
    is_address = place.scheme in SCHEMES and bool(place.netloc) and is_plain
    return [] if not api or is_address else [f"api must be like https://api.example.com, got {api[:80]!r}"]


def _is_path(path: str) -> bool:
    parts = path.split("/")
    return path == "/" or (parts[0] == parts[-1] == "" and all(part.replace("-", "").isalnum() for part in parts[1:-1]))
