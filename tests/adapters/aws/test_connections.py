"""Connections are kept between requests, and opened anew once they were let go of."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.settings import AwsSettings

opened: list[tuple[str, int]] = []


class Answering(BaseHTTPRequestHandler):
    """Has no object, whoever asks, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        opened.append(self.client_address)

    def do_GET(self) -> None:
        body = b"<Error><Code>NoSuchKey</Code></Error>"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is called
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    opened.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_requests_share_a_connection_until_it_is_let_go_of_and_the_next_opens_another(endpoint: str) -> None:
    with open_aws(AwsSettings("us-east-1", blobs_bucket="blobs", endpoints={"": endpoint})) as aws:
        asked = [aws.backend.blobs.get("a"), aws.backend.blobs.get("b")]
        shared = len(opened)
        aws.disconnect()
        asked += [aws.backend.blobs.get("c"), aws.backend.blobs.get("d")]

    assert asked == [None] * 4
    assert (shared, len(opened)) == (1, 2)
