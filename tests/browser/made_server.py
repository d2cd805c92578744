"""The made fleet behind HTTP, with the dashboard's files, in a thread; it can go away and come back."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.browser import made_answers as answers
from tests.browser import made_running as running
from tests.browser.made_fleet import Json, MadeFleet

STATIC = Path(__file__).parents[2] / "tocsin" / "api" / "static"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
WAIT_S_MAX = 5.0


class MadeServer:
    """Serves on a free port of this machine until closed."""

    def __init__(self, fleet: MadeFleet) -> None:
        self.fleet = fleet
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def come_back(self) -> None:
        """Listen, on the same port as before."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def show(self, fleet: MadeFleet) -> None:
        """Show another fleet, and be there."""
        before, self.fleet = self.fleet, fleet
        with before.changed:
            before.changed.notify_all()
        if self.is_away:
            self.come_back()

    def go_away(self) -> None:
        """Listen no more, and answer nobody who waits."""
        server, self._server = self._server, None
        if server is not None:
            with self.fleet.changed:
                self.fleet.changed.notify_all()
            server.shutdown()
            server.server_close()

    @property
    def is_away(self) -> bool:
        return self._server is None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    owner: MadeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def fleet(self) -> MadeFleet:
        return self.owner.fleet

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle_one_request(self) -> None:
        """Answer a request; whoever is away does not answer on connections of before either."""
        super().handle_one_request()
        self.close_connection = self.close_connection or self.owner.is_away

    def parse_request(self) -> bool:
        """Read what is asked, unless nobody is there."""
        if self.owner.is_away:
            raise ConnectionAbortedError
        return super().parse_request()

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        path, query = unquote(at.path), dict(parse_qsl(at.query))
        if not path.startswith("/v1/"):
            self._file(path)
        else:
            self._json(self._answer(at.path.removeprefix("/v1/"), query))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = [unquote(part) for part in self.path.removeprefix("/v1/").split("/")]
        if parts[0] == "alerts":
            self._json(self.fleet.act(parts[1], body, self.headers["Idempotency-Key"]), 201)
        elif parts[0] == "silences":
            self._json(self.fleet.silence(body), 201)
        else:
            self._json(running.new_fault(self.fleet, body), 201)

    def do_DELETE(self) -> None:
        self.fleet.silences[:] = [one for one in self.fleet.silences if one["id"] != self.path.split("/")[-1]]
        self._json({})

    def _answer(self, path: str, query: dict[str, str]) -> Json | None:
        fleet = self.fleet
        lists = {
            "devices": answers.devices,
            "series": answers.series,
            "fleet": answers.fleet_figures,
            "alerts": answers.alerts,
            "pipeline": running.pipeline,
            "simulator": running.simulator,
            "changes": self._changes,
        }
        if path in lists:
            return lists[path](fleet, query)
        name, _, rest = path.partition("/")
        if rest:
            return {"devices": answers.device_detail, "alerts": answers.alert_detail}[name](fleet, unquote(rest))
        if path == "silences":
            return {"items": fleet.silences, "limit": 500, "cursor": None}
        return {
            "tenant": "demo",
            "subject": "local",
            "role": fleet.role,
            "expires_ms": fleet.now_ms + 86_400_000,
            "version": "0.1.0",
            "mode": fleet.mode,
            "now_ms": fleet.now_ms,
            "speed": 1.0,
        }

    def _changes(self, fleet: MadeFleet, query: dict[str, str]) -> Json:
        since = [int(one) for one in query.get("since", "").split(".")] if "since" in query else None
        with fleet.changed:

            def is_news() -> bool:
                is_over = self.owner.is_away or self.owner.fleet is not fleet
                return is_over or since is None or since != [len(fleet.changes), fleet.now_ms]

            fleet.changed.wait_for(is_news, timeout=min(WAIT_S_MAX, float(query.get("wait_s", 0))))
            if self.owner.is_away:
                raise ConnectionAbortedError
            news = fleet.changes[since[0] :] if since else []
            return {
                "cursor": f"{len(fleet.changes)}.{fleet.now_ms}",
                "now_ms": fleet.now_ms,
                "newest_ms": fleet.now_ms - 60_000,
                "truncated": False,
                "alerts": [one for one in news if "action" not in one],
                "actions": [one["action"] for one in news if "action" in one],
            }

    def _file(self, path: str) -> None:
        name = path.removeprefix("/assets/") if path.startswith("/assets/") else "index.html"
        file = (STATIC / name).resolve()
        if not file.is_relative_to(STATIC) or not file.is_file():
            self._send(404, b"", "text/plain")
        else:
            # Files that a test has loaded once need not be asked for again by the next page that it opens.
            cache = "no-cache" if name == "index.html" else "max-age=600"
            self._send(200, file.read_bytes(), TYPES.get(file.suffix, "text/plain"), cache)

    def _json(self, body: Json | None, status: int = 200) -> None:
        if body is None:
            problem: dict[str, Any] = {
                "type": "urn:tocsin:problem:not_found",
                "title": "Not found",
                "status": 404,
                "detail": "there is none",
                "errors": [],
            }
            self._send(404, json.dumps(problem).encode(), "application/problem+json")
        else:
            self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, cache: str = "no-store") -> None:
        self.send_response(status)
        self.send_header("Cache-Control", cache)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
