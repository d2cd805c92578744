"""The page about AWS shows the limits that are held. ``python -m tests.adapters.aws.test_limits_page`` writes them."""

from pathlib import Path

from tocsin.adapters.aws.limits import table

PAGE = Path(__file__).parents[3] / "docs" / "aws.md"
START, END = "<!-- limits -->\n", "<!-- /limits -->"


def shown() -> str:
    rows = [f"| {limit.most:,} | {limit.what} | {limit.source} |" for limit in table().values()]
    return "\n".join(["| at most | of what | source |", "| ---: | --- | --- |", *rows, ""])


def parts() -> tuple[str, str, str]:
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    inside, _, after = rest.partition(END)
    return before, inside, after


def test_page_shows_the_limits_that_are_held() -> None:
    assert parts()[1] == shown()


if __name__ == "__main__":
    before, _, after = parts()
    PAGE.write_text(f"{before}{START}{shown()}{END}{after}", "utf-8")
