"""`tocsin serve` and the page of the demo: an address that works, a key that pins, an outcome that nothing changes."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.cli.conftest import Tocsin
from tocsin.api.tokens import TokenRules, issue_token

SECRET = "0123456789abcdef" * 2


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Run the command, and yield the address that it prints; it is stopped as a person would."""
    command = [sys.executable, "-m", "tocsin.cli", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
            assert (process.returncode, "stopped; all of it is in" in said) == (0, True), said


def get(address: str, path: str, token: str) -> tuple[int, str]:
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        connection.request("GET", path, headers={"authorization": f"Bearer {token}"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_address_that_is_printed_shows_the_page_and_its_token_asks_the_api(tmp_path: Path) -> None:
    with serving("--file", str(tmp_path / "a.db"), "--tenant", "plant") as printed:
        address, _, token = printed.partition("/#token=")

        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        assert get(address, "/", "")[1].startswith("<!doctype html>")
        status, me = get(address, "/v1/me", token)
        assert (status, msgspec.json.decode(me)["tenant"]) == (200, "plant")


def test_own_key_takes_own_tokens_and_prints_one(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(SECRET)
    with serving("--file", str(tmp_path / "a.db"), "--key-file", str(key), "--issuer", "me") as printed:
        address = printed.partition("/#")[0]
        rules = TokenRules(SECRET.encode(), issuer="me")
        claims = {"tenant": "local", "sub": "anna", "role": "viewer"}

        assert get(address, "/v1/me", issue_token(rules, claims, lasts_ms=60_000))[0] == 200
        other = TokenRules(SECRET.encode())
        assert get(address, "/v1/me", issue_token(other, claims, lasts_ms=60_000))[0] == 401


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (("--tenant", "a b"), "--tenant must be"),
        (("--key-file", "{short}"), "secret of HS256 must have at least 32 bytes"),
        (("--host", "203.0.113.1"), "address 203.0.113.1:0 cannot be had"),
    ],
)
def test_what_cannot_be_served_is_said(tocsin: Tocsin, tmp_path: Path, options: tuple[str, str], rule: str) -> None:
    (tmp_path / "short").write_text("short")
    given = [option.format(short=tmp_path / "short") for option in options]

    said = tocsin("serve", "--file", tmp_path / "a.db", "--port", "0", "--for", "0s", *given)

    assert (said.code, rule in said.err) == (2, True), said.err


def test_page_changes_nothing_of_a_demo(tocsin: Tocsin) -> None:
    options = ("demo", "--scenario", "small", "--as-fast-as-possible", "--json")

    shown, plain = tocsin(*options), tocsin(*options, "--no-page")

    assert "in a browser: http://127.0.0.1:" in shown.err
    assert "in a browser" not in plain.err
    accounts = [{**msgspec.json.decode(said.out), "elapsed_s": 0, "readings_per_s": 0} for said in (shown, plain)]
    assert accounts[0] == accounts[1]
