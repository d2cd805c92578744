"""What the dashboard's files are held to: no markup of data, nothing from elsewhere, nothing unused, small modules."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "tocsin" / "api" / "static"
MODULES = sorted((STATIC / "js").rglob("*.js"))
OWN = [file for file in STATIC.rglob("*") if file.suffix in {".js", ".css", ".html"} and "vendor" not in file.parts]
LINES_MAX = 300
WIDTH_MAX = 120
QUOTES = set("\"'`")

MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc")
ELSEWHERE = re.compile(r"""(https?:|wss?:)//(?!www\.w3\.org/2000/svg)|["'(]//|@import|url\(""")
IMPORT = re.compile(r"""import \{([^}]*)\} from "([^"]+)";""")
EXPORT = re.compile(r"export (?:async )?(?:const|function\*?|class) (\w+)")


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_no_file_turns_text_into_markup_or_code(file: Path) -> None:
    assert not MARKUP.findall(file.read_text("utf-8"))


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_no_file_asks_for_anything_from_elsewhere(file: Path) -> None:
    assert not ELSEWHERE.findall(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (MARKUP, "row.innerHTML = name"),
        (ELSEWHERE, "background: url(//cdn/x.png)"),
        (ELSEWHERE, 'fetch("https://x")'),
        (ELSEWHERE, '<script src="//x/y.js">'),
    ],
)
def test_rule_notices_who_breaks_it(rule: re.Pattern[str], text: str) -> None:
    assert rule.search(text)


def test_page_holds_no_inline_script_or_style() -> None:
    page = (STATIC / "index.html").read_text("utf-8")

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_module_is_small_enough_to_read(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()

    assert len(lines) <= LINES_MAX
    assert not [line for line in lines if len(line) > WIDTH_MAX and not QUOTES & set(line)]


def imports(module: Path) -> Iterator[tuple[Path, str]]:
    for names, path in IMPORT.findall(module.read_text("utf-8")):
        for name in names.split(","):
            yield (module.parent / path).resolve(), name.strip()


@pytest.mark.parametrize("module", MODULES, ids=lambda file: file.name)
def test_module_imports_only_what_is_there(module: Path) -> None:
    missing = [
        f"{name} of {path.name}"
        for path, name in imports(module)
        if name and not (path.is_file() and name in EXPORT.findall(path.read_text("utf-8")))
    ]

    assert not missing


def test_module_imports_only_what_it_uses() -> None:
    unused = [
        f"{module.name}: {name}"
        for module in MODULES
        for _, name in imports(module)
        if name and len(re.findall(rf"\b{name}\b", module.read_text("utf-8"))) < 2
    ]

    assert not unused


def test_nothing_is_exported_that_nobody_imports() -> None:
    wanted = {(path, name) for module in MODULES for path, name in imports(module)}
    unused = [
        f"{module.name}: {name}"
        for module in MODULES
        for name in EXPORT.findall(module.read_text("utf-8"))
        if (module.resolve(), name) not in wanted
    ]

    assert not unused


def test_every_file_is_reached_from_the_page() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    named = {(STATIC / name).resolve() for name in re.findall(r'"/assets/([^"]+)"', page)}
    reached = {path for module in MODULES for path, _ in imports(module)} | named
    files = {
        file.resolve() for file in STATIC.rglob("*") if file.is_file() and file.name not in {"index.html", "LICENSE"}
    }

    assert files - reached == set()
    assert named - files == set()


def test_vendored_library_is_the_version_that_the_lock_pins() -> None:
    lock = json.loads((ROOT / "dashboard" / "package-lock.json").read_text("utf-8"))
    pinned = lock["packages"]["node_modules/uplot"]

    head = (STATIC / "vendor" / "uplot" / "uPlot.iife.min.js").read_text("utf-8")[:80]

    assert f"(v{pinned['version']})" in head
    assert "resolved" not in pinned
