"""Messages posted over HTTP arrive whole and in order, and again where they were refused for now."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from simulator.http_target import HttpTarget
from simulator.sources import Delivery
from tocsin.core.errors import UnavailableError, UsageError


class Endpoint:
    """A server in this process that answers as told, then 202, and keeps what it took."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.taken: list[tuple[str, bytes]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = endpoint.answers.pop(0) if endpoint.answers else 202
                if status == 202:
                    endpoint.taken.append((self.path, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def messages(count: int) -> list[Delivery]:
    return [Delivery(number, "demo", "pump-1", b'{"seq":%d}' % number) for number in range(count)]


def test_messages_arrive_in_order_a_line_each_a_hundred_a_body(endpoint: Endpoint) -> None:
    with HttpTarget(f"{endpoint.url}/readings?x=1", pytest.fail) as target:
        target.put(messages(250))

    assert [body.count(b"\n") + 1 for _, body in endpoint.taken] == [100, 100, 50]
    assert b"\n".join(body for _, body in endpoint.taken).split(b"\n") == [one.data for one in messages(250)]
    assert {path for path, _ in endpoint.taken} == {"/readings?x=1"}


def test_what_is_refused_for_now_is_posted_again_after_a_pause_that_grows(endpoint: Endpoint) -> None:
    endpoint.answers = [503, 429]
    pauses: list[float] = []

    with HttpTarget(endpoint.url, pauses.append) as target:
        target.put(messages(1))

    assert [body for _, body in endpoint.taken] == [b'{"seq":0}']
    assert pauses == [0.1, 0.2]


def test_what_is_refused_for_good_is_told_at_once(endpoint: Endpoint) -> None:
    endpoint.answers = [403]

    with HttpTarget(endpoint.url, pytest.fail) as target, pytest.raises(UnavailableError, match="status 403"):
        target.put(messages(1))


def test_endpoint_that_does_not_answer_is_told_after_some_attempts(endpoint: Endpoint) -> None:
    endpoint.answers = [500] * 8
    pauses: list[float] = []

    with HttpTarget(endpoint.url, pauses.append) as target, pytest.raises(UnavailableError, match="status 500"):
        target.put(messages(1))

    assert len(pauses) == 7


@pytest.mark.parametrize(
    "url", ["ftp://a/b", "http://", "http://a:b/", "http://me:secret@a/", "http://a:0/", "http://[/"]
)
def test_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="URL must be like"):
        HttpTarget(url, pytest.fail)
