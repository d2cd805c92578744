"""The page as files for other servers: complete, placed where it is said, and allowed to ask what it must."""

import re

import pytest

from tocsin.api.assets import STATIC, Assets
from tocsin.api.dispatch import Request
from tocsin.api.site import policy, site
from tocsin.core.errors import ConfigError

API = "https://api.example.com"


def test_every_file_that_the_page_names_is_there() -> None:
    files = site(path="/tocsin/")

    named = re.findall(r'(?:href|src)="/tocsin/([^"]+)"', files["index.html"].decode())
    assert len(named) >= 9
    assert set(named) <= files.keys()
    assert len(files) == len([file for file in STATIC.rglob("*") if file.suffix in {".js", ".css", ".svg", ".html"}])


def test_page_says_where_it_and_its_api_are() -> None:
    page = site(API, "/tocsin/")["index.html"].decode()

    assert f'<meta name="tocsin-api" content="{API}">' in page
    assert '<meta name="tocsin-path" content="/tocsin/">' in page


def test_files_are_those_that_the_local_server_serves() -> None:
    files, assets = site(), Assets()

    for name, data in files.items():
        reply = assets.answer(Request("GET", "/" if name == "index.html" else f"/{name}"))
        assert reply is not None, name
        assert reply.body == data


def test_page_may_ask_its_own_origin_and_that_of_the_api() -> None:
    assert "connect-src 'self';" in policy()
    assert f"connect-src 'self' {API};" in policy(f"{API}/stage")


@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("api.example.com", "/"),
        ("javascript:alert(1)", "/"),
        ('https://x"><script>', "/"),
        ("https://x; script-src *", "/"),
        ("https://user@x", "/"),
        ("", "tocsin"),
        ("", "/a"),
        ("", '/"/'),
        ("", "//"),
    ],
)
def test_place_that_is_none_is_refused(api: str, path: str) -> None:
    with pytest.raises(ConfigError, match="must"):
        site(api, path)
