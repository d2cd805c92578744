"""WCAG 2.2 AA, computed: every pair of ink and ground that the style sheets make, light and dark."""

import re
from itertools import chain, product
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "tocsin" / "api" / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text("utf-8")
TOKEN = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
THEMES = ("light", "dark")
TEXT_MIN, SHAPE_MIN = 4.5, 3.0

GROUNDS = ("ground", "surface", "raised")
TEXT = (
    *product(("ink", "muted", "accent", "critical", "warning", "info", "ok"), GROUNDS),
    *product(("ink", "muted"), ("sunken",)),
    *((name, f"{name}-soft") for name in ("accent", "critical", "warning", "info", "ok")),
    ("ink", "critical-soft"),
    ("ink", "accent-soft"),
    ("on-accent", "accent"),
    ("ground", "ink"),
)
SHAPES = tuple(product(("line-strong", "accent", "critical", "warning", "info", "ok", "muted"), GROUNDS))


def colours(text: str, theme: str) -> dict[str, str]:
    return {name: (light, dark)[theme == "dark"] for name, light, dark in TOKEN.findall(text)}


def luminance(colour: str) -> float:
    """Relative luminance in ``[0, 1]``. Source: WCAG 2.2, definition of relative luminance."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def too_faint(text: str, theme: str) -> list[str]:
    known = colours(text, theme)
    asked = chain(((pair, TEXT_MIN) for pair in TEXT), ((pair, SHAPE_MIN) for pair in SHAPES))
    found = [(ink, ground, contrast(known[ink], known[ground]), least) for (ink, ground), least in asked]
    return [f"{ink} on {ground}: {has:.2f}, at least {least}" for ink, ground, has, least in found if has < least]


@pytest.mark.parametrize("theme", THEMES)
def test_every_ink_has_the_contrast_of_wcag_aa_on_every_ground_that_it_meets(theme: str) -> None:
    assert not too_faint(TOKENS, theme)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_check_notices_an_ink_that_is_too_faint() -> None:
    faint = re.sub(r"--muted: light-dark\(#[0-9a-f]{6}", "--muted: light-dark(#8a8f96", TOKENS)

    assert any(line.startswith("muted on ground") for line in too_faint(faint, "light"))


def test_colours_are_named_in_one_file_only() -> None:
    named = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|rgba?\(\s*\d|hsl\(")
    files = [*STATIC.glob("css/*.css"), *STATIC.glob("js/**/*.js")]

    found = [f"{file.name}: {match.group()}" for file in files if file.name != "tokens.css"
             for match in named.finditer(file.read_text("utf-8"))]  # fmt: skip

    assert not found
