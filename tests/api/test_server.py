"""The local server over a socket: keep-alive, compression, limits, the page's files, and hostile clients."""

import gzip
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.api.deployment import Deployment, filled
from tocsin.api.assets import POLICY, Assets
from tocsin.api.dispatch import Request
from tocsin.api.server import ApiServer

INDEX = b'<!doctype html><script type="module" src="/assets/app.js"></script>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page")
    static = root / "static"
    (static / "js").mkdir(parents=True)
    (static / "index.html").write_bytes(INDEX)
    (static / "app.js").write_bytes(b'import "./js/more.js";' * 100)
    (static / "js" / "more.js").write_bytes(b"export {};")
    (static / "notes.md").write_bytes(b"not served")
    (static / ".hidden.js").write_bytes(b"not served")
    (root / "secret.txt").write_bytes(b"secret")
    (static / "link.txt").symlink_to(root / "secret.txt")
    return static


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return filled()


@pytest.fixture(scope="module")
def server(deployment: Deployment, folder: Path) -> Iterator[ApiServer]:
    with ApiServer(deployment.api, Assets(folder)) as running:
        yield running


@pytest.fixture
def connection(server: ApiServer) -> Iterator[http.client.HTTPConnection]:
    place = urlsplit(server.address)
    opened = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    yield opened
    opened.close()


def get(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response, response.read()


def exchanged(server: ApiServer, sent: bytes) -> bytes:
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=10) as opened:
        opened.sendall(sent)
        opened.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: opened.recv(65_536), b""))


def test_connection_is_kept_for_the_next_request(connection: http.client.HTTPConnection) -> None:
    get(connection, "/v1/health")
    first = connection.sock
    response, _ = get(connection, "/v1/nothing")

    assert (response.status, connection.sock is first) == (404, True)


def test_long_answer_is_compressed_for_who_takes_it(connection: http.client.HTTPConnection) -> None:
    plain, body = get(connection, "/v1/openapi.json")
    packed, smaller = get(connection, "/v1/openapi.json", accept_encoding="br, gzip")

    assert (plain.getheader("content-encoding"), packed.getheader("content-encoding")) == (None, "gzip")
    assert gzip.decompress(smaller) == body
    assert len(smaller) < len(body) / 4


def test_head_has_the_headers_and_no_body(connection: http.client.HTTPConnection) -> None:
    response, body = get(connection, "/v1/health", "HEAD")

    assert (response.status, int(response.getheader("content-length") or 0) > 0, body) == (200, True, b"")


def test_page_is_served_with_strict_headers_at_each_of_its_addresses(connection: http.client.HTTPConnection) -> None:
    for path in ("/", "/devices", "/devices/pump-7", "/alerts/00000000000000f1-1", "/pipeline", "/simulator"):
        response, body = get(connection, path)
        assert (response.status, response.getheader("content-type")) == (200, "text/html; charset=utf-8")
        assert response.getheader("content-security-policy") == POLICY
        assert response.getheader("x-content-type-options") == "nosniff"
        assert response.getheader("referrer-policy") == "no-referrer"
        assert response.getheader("cache-control") == "no-cache"
        assert b'src="/assets/' in body


def test_file_is_cached_for_ever_under_the_hash_of_all_and_modules_stay_beneath_it(
    connection: http.client.HTTPConnection,
) -> None:
    _, index = get(connection, "/")
    path = index.decode().split('src="')[1].split('"')[0]
    script, _ = get(connection, path)
    module, more = get(connection, path.replace("app.js", "js/more.js"))
    plain, _ = get(connection, "/assets/app.js")

    assert path != "/assets/app.js"
    assert script.getheader("content-type") == "text/javascript; charset=utf-8"
    assert "immutable" in (script.getheader("cache-control") or "")
    assert (module.status, more) == (200, b"export {};")
    assert (plain.status, plain.getheader("cache-control")) == (200, "no-cache")


def test_file_that_is_known_is_not_sent_again(connection: http.client.HTTPConnection) -> None:
    first, _ = get(connection, "/")
    second, body = get(connection, "/", if_none_match=first.getheader("etag") or "")
    third, _ = get(connection, "/v1/health")

    assert (second.status, body, third.status) == (304, b"", 200)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../secret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets/js/../../secret.txt",
        "/assets//etc/passwd",
        "/assets/....//secret.txt",
        "/assets/..\\secret.txt",
        "/assets/link.txt",
        "/assets/notes.md",
        "/assets/.hidden.js",
        "/assets/",
        "/assets",
        "/assets/js",
        "/assets/app.js/",
        "/assets/app.js%00.html",
        "/../secret.txt",
        "/index.html",
        "/secret.txt",
        "/devices/a/b",
        "*",
    ],
)
def test_path_never_leaves_the_files_that_are_served(connection: http.client.HTTPConnection, path: str) -> None:
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()

    assert response.status == 404
    assert b"secret" not in body.replace(b"secret.txt", b"")
    assert response.getheader("content-type") == "application/problem+json"


def test_changed_file_is_served_without_a_restart(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"one")
    assets = Assets(tmp_path)
    (tmp_path / "index.html").write_bytes(b"three")

    reply = assets.answer(Request("GET", "/"))

    assert reply is not None
    assert reply.body == b"three"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 200),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /v1/health HTTP/9.9\r\n\r\n", 400),
        (b"BREW /v1/health HTTP/1.1\r\n\r\n", 405),
        (b"PUT /v1/health HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", 405),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % number for number in range(200)) + b"\r\n", 400),
        (b"POST /v1/readings HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n", 413),
        (b"POST /v1/readings HTTP/1.1\r\ncontent-length: 99999999999999999999999999\r\n\r\n", 413),
        (b"POST /v1/readings HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST /v1/readings HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
        (b"POST /v1/readings HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /v1/readings HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc", 400),
        (b"GET /v1/devices?" + b"&".join(b"a%d=1" % number for number in range(100)) + b" HTTP/1.1\r\n\r\n", 400),
        (b"GET /v1/devices?q=%ff HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_whatever_is_sent_gets_one_answer_that_is_a_problem_or_right(
    server: ApiServer, deployment: Deployment, sent: bytes, status: int
) -> None:
    answer = exchanged(server, sent)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == str(status).encode()
    if status != 200:
        assert msgspec.json.decode(body)["status"] == status
    assert answer.count(b"HTTP/1.1 ") == 1
    assert deployment.errors == []


def test_port_that_is_taken_is_said(server: ApiServer, deployment: Deployment) -> None:
    port = urlsplit(server.address).port

    with pytest.raises(Exception, match=f"address 127.0.0.1:{port} cannot be had"):
        ApiServer(deployment.api, None, port=port or 0)
