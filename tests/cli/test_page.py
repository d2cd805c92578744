"""``tocsin page``: the dashboard's files and their headers, for other servers."""

from pathlib import Path

from click.testing import CliRunner

from tocsin.cli.page import page


def test_files_are_written_and_their_headers_told(tmp_path: Path) -> None:
    said = CliRunner().invoke(page, [str(tmp_path / "page"), "--api", "https://api.example.com"])

    assert said.exit_code == 0
    assert "connect-src 'self' https://api.example.com;" in said.stdout
    assert (tmp_path / "page" / "index.html").read_bytes().startswith(b"<!doctype html>")
    assert list((tmp_path / "page" / "assets").glob("*/js/main.js"))


def test_folder_in_which_something_lies_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    said = CliRunner().invoke(page, [str(tmp_path)])

    assert said.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
