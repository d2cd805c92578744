"""The page's files: held in memory, looked up by name alone, cached by the hash of all of them."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final

from tocsin.api.dispatch import GZIP_BYTES_MIN, Reply, Request

STATIC: Final = Path(__file__).parent / "static"
INDEX: Final = "index.html"
ASSETS_PATH: Final = "/assets/"
PAGES: Final = ("devices", "alerts", "pipeline", "simulator")
"""First parts of the addresses at which the page shows something; two parts at most."""

HASH_DIGITS: Final = 16
FILES_MAX: Final = 1_000
TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What is served; a file of another type is not."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class _File:
    media: str
    data: bytes
    tag: str
    packed: bytes


@dataclass(frozen=True, slots=True)
class _Tree:
    """All files as they were at one time, by path with slashes."""

    signature: tuple[tuple[str, int, int], ...]
    hash: str
    files: Mapping[str, _File]


class Assets:
    """Answers requests for the page and its files; a file that is changed is read again."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._lock = Lock()
        self._tree = _read(folder, _signature(folder))

    def answer(self, request: Request) -> Reply | None:
        """Return the reply, or None where there is no such file or page."""
        if not request.path.startswith("/"):
            return None
        parts = request.path.split("/")[1:]
        if request.path.startswith(ASSETS_PATH):
            return self._asset(parts[1:], request)
        is_page = parts == [""] or (parts[0] in PAGES and len(parts) <= 2)
        return self._index(request) if is_page else None

    def _index(self, request: Request) -> Reply | None:
        tree = self._fresh()
        file = tree.files.get(INDEX)
        return _reply(file, request, ASK_AGAIN) if file else None

    def _asset(self, parts: list[str], request: Request) -> Reply | None:
        """Answer with the file; its name may begin with the hash of all files."""
        tree = self._tree
        if parts[0] == tree.hash:
            file, cache = tree.files.get("/".join(parts[1:])), FOR_EVER
        else:  # without the hash, or with one of before
            names = parts[1:] if len(parts[0]) == HASH_DIGITS and len(parts) > 1 else parts
            file, cache = tree.files.get("/".join(parts)) or tree.files.get("/".join(names)), ASK_AGAIN
        return _reply(file, request, cache) if file else None

    def _fresh(self) -> _Tree:
        signature = _signature(self._folder)
        with self._lock:
            if signature != self._tree.signature:
                self._tree = _read(self._folder, signature)
            return self._tree


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return the files that are served, with what changes when they do."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_served = path.suffix in TYPES and not any(part.startswith(".") for part in name.parts)
        if is_served and path.is_file() and not path.is_symlink():
            about = path.stat()
            found.append((name.as_posix(), about.st_mtime_ns, about.st_size))
    return tuple(found[:FILES_MAX])


def file_datas(folder: Path) -> dict[str, bytes]:
    """Return the files that are served, by name."""
    return {name: (folder / name).read_bytes() for name, _, _ in _signature(folder)}


def hash_of(datas: Mapping[str, bytes]) -> str:
    """Return what changes with every file."""
    whole = sha256()
    for name, data in datas.items():
        whole.update(f"{name} {len(data)}\n".encode() + data)
    return whole.hexdigest()[:HASH_DIGITS]


def _read(folder: Path, signature: tuple[tuple[str, int, int], ...]) -> _Tree:
    datas = file_datas(folder)
    digest = hash_of(datas)
    if INDEX in datas:
        # Modules import each other relatively, so a hash in the folder's name reaches all of them.
        datas[INDEX] = datas[INDEX].replace(b'"/assets/', f'"/assets/{digest}/'.encode())
    return _Tree(signature, digest, {name: _file(name, data) for name, data in datas.items()})


def _file(name: str, data: bytes) -> _File:
    tag = f'"{sha256(data).hexdigest()[:HASH_DIGITS]}"'
    packed = gzip.compress(data, mtime=0) if len(data) >= GZIP_BYTES_MIN else b""
    return _File(TYPES[Path(name).suffix], data, tag, packed if len(packed) < len(data) else b"")


def _reply(file: _File, request: Request, cache: str) -> Reply:
    headers = {"content-type": file.media, "cache-control": cache, "etag": file.tag, "vary": "accept-encoding"}
    if file.tag in request.headers.get("if-none-match", ""):
        return Reply(304, headers, b"")
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Reply(200, headers | {"content-encoding": "gzip"}, file.packed)
    return Reply(200, headers, file.data)
