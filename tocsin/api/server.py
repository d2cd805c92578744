"""The local server: HTTP/1.1 with keep-alive, a thread a connection, limits on all that a client decides."""

import socket
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl

from tocsin.api.assets import SECURITY_HEADERS, Assets
from tocsin.api.cors import answered
from tocsin.api.dispatch import BODY_BYTES_MAX, Api, Reply, Request, packed, problem_reply
from tocsin.api.problems import Kind, ProblemError, invalid, not_found
from tocsin.core.errors import ConfigError

CONNECTIONS_MAX: Final = 128
IDLE_S: Final = 60.0
"""How long a connection may say nothing, between two requests and within one; a long poll answers earlier."""

PARAMETERS_MAX: Final = 64
BODILESS: Final = (204, 304)
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n"


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "tocsin"
    sys_version = ""
    timeout = IDLE_S
    disable_nagle_algorithm = True
    server: "_Server"

    def answer_request(self) -> None:
        """Read the request, and send its reply; a body that is not read ends the connection."""
        try:
            reply = self.server.reply_to(self._request())
        except ProblemError as error:
            self.close_connection = True
            reply = problem_reply(error)
        self._send(reply)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = answer_request  # noqa: N815  http.server's names

    def _request(self) -> Request:
        path, _, query = self.path.partition("?")
        try:
            parameters = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS_MAX, errors="strict")
        except (ValueError, UnicodeDecodeError) as error:
            raise invalid("query", f"must be at most {PARAMETERS_MAX} parameters, percent-encoded UTF-8") from error
        headers = {name.lower(): value for name, value in self.headers.items()}
        method = "GET" if self.command == "HEAD" else self.command
        return Request(method, path, parameters, headers, self._body(headers.get("content-length")), self._peer())

    def _peer(self) -> str:
        return str(self.client_address[0])

    def _body(self, length: str | None) -> bytes:
        if "transfer-encoding" in self.headers:
            raise invalid("header Transfer-Encoding", "must be absent; send Content-Length")
        if length is None:
            return b""
        if not (length.isascii() and length.isdecimal()) or len(self.headers.get_all("content-length") or ()) > 1:
            raise invalid("header Content-Length", "must be one whole number")
        if len(length) > len(str(BODY_BYTES_MAX)) or int(length) > BODY_BYTES_MAX:
            raise ProblemError(Kind.TOO_LARGE, f"body must have at most {BODY_BYTES_MAX} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise invalid("body", "ended early")
        return body

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in BODILESS:
            self.send_header("content-length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD" and reply.status not in BODILESS:
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what ``http.server`` itself refuses with a problem document."""
        self.close_connection = True
        kind = {405: Kind.METHOD, 501: Kind.METHOD, 413: Kind.TOO_LARGE}.get(code, Kind.INVALID)
        self.request_version = "HTTP/1.1"
        self._send(problem_reply(ProblemError(kind, message or explain or "the request cannot be understood")))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Log nothing: errors are logged where they are known."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], reply_to: Callable[[Request], Reply]) -> None:
        self.reply_to = reply_to
        self._places = BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the host's name, which may ask the network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "tocsin", self.server_address[1]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Serve the connection in a thread of its own, or refuse it where there are too many."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        if isinstance(request, socket.socket):
            with suppress(OSError):
                request.sendall(BUSY)
        self.shutdown_request(request)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no error, and others are answered and logged."""


class ApiServer:
    """Serves the API, and the page where there is one, until it is closed; use it in a ``with`` statement.

    Attributes:
        address: Where, as a URL without a path.
    """

    def __init__(
        self,
        api: Api,
        assets: Assets | None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        origins: frozenset[str] = frozenset(),
    ) -> None:
        """Begin to serve.

        Args:
            api: Answers what begins with ``/v1``.
            assets: Answers everything else.
            host: Address to listen at.
            port: Port to listen at; 0 for a free one.
            origins: Of pages elsewhere that may ask the API.

        Raises:
            ConfigError: The address cannot be had.
        """
        self._api = api
        self._assets = assets
        self._origins = origins
        try:
            self._server = _Server((host, port), lambda request: api.guarded(request, lambda: self._reply(request)))
        except (OSError, OverflowError) as error:
            raise ConfigError(f"address {host}:{port} cannot be had: {error}") from error
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="api", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; connections that are open end with the process."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reply(self, request: Request) -> Reply:
        if request.path == "/v1" or request.path.startswith("/v1/") or self._assets is None:
            reply = answered(request, self._origins, self._api.answer)
            policy = {"content-security-policy": API_POLICY}
            return Reply(reply.status, {**SECURITY_HEADERS, **policy, **reply.headers}, reply.body)
        if request.method != "GET":
            found = problem_reply(ProblemError(Kind.METHOD, "method must be of GET"))
        else:
            found = self._assets.answer(request) or packed(problem_reply(not_found("such page")), request)
        return Reply(found.status, {**SECURITY_HEADERS, **found.headers}, found.body)
