"""Stand-ins for AWS that others wrote, each started as a process of its own on this machine.

``make standins`` installs them into ``.standins``, ``make contract`` runs the contract on them. None of them is
trusted alone, and what they differ in is in ``differences``.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tocsin.adapters.aws.settings import AwsSettings
from tocsin.core.clock import pause

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".standins"
LOOPBACK: Final = ROOT / "requirements" / "standins" / "loopback.cjs"
REGION: Final = "us-east-1"
READY_S: Final = 0.05
READY_TRIES_MAX: Final = 400
END_S: Final = 5


@dataclass(frozen=True)
class Server:
    """How a stand-in is started.

    Attributes:
        command: From the port to the words.
        environment: From the port to what is set besides.
        services: Which services it is asked for; ``""`` is all.
        folder: Where it must be started, as it reads a certificate there; None for a folder of its own.
    """

    command: Callable[[int], list[str]]
    environment: Callable[[int], Mapping[str, str]]
    services: tuple[str, ...]
    folder: Path | None = None


def _node(script: str, *words: str) -> list[str]:
    return ["node", "--require", str(LOOPBACK), str(FOLDER / "node_modules" / script), *words]


SERVERS: Final = {
    "ministack": Server(
        lambda _: [str(FOLDER / "bin" / "ministack")],
        lambda port: {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"},
        ("",),
    ),
    "kinesalite": Server(
        lambda port: _node("kinesalite/cli.js", "--port", str(port), "--createStreamMs", "20", "--shardLimit", "1000"),
        lambda _: {},
        ("kinesis",),
    ),
    "kinesis-local": Server(
        lambda _: _node("kinesis-local/main.js"),
        lambda port: {
            "KINESIS_MOCK_PLAIN_PORT": str(port),
            "KINESIS_MOCK_TLS_PORT": str(_free_port()),
            "CREATE_STREAM_DURATION": "10ms",
            "SHARD_LIMIT": "1000",
            "LOG_LEVEL": "ERROR",
        },
        ("kinesis",),
        FOLDER / "node_modules" / "kinesis-local",
    ),
    "dynalite": Server(
        lambda port: _node("dynalite/cli.js", "--port", str(port), "--createTableMs", "5"),
        lambda _: {},
        ("dynamodb", "dynamodbstreams"),
    ),
    "fauxqs": Server(
        lambda _: _node("fauxqs/dist/server.js"),
        lambda port: {"FAUXQS_PORT": str(port), "FAUXQS_LOGGER": "false"},
        ("sqs", "sns", "s3"),
    ),
}

STANDINS: Final = {
    "ministack": ("ministack",),
    "npm": ("kinesis-local", "dynalite", "fauxqs"),
    "kinesalite": ("kinesalite",),
}
"""Backend of the contract to the servers that it is made of."""


@contextmanager
def running(backend: str) -> Iterator[AwsSettings]:
    """Start the servers of the backend; give the settings that lead to them; end them afterwards."""
    with ExitStack() as stack:
        endpoints: dict[str, str] = {}
        for name in STANDINS[backend]:
            url = stack.enter_context(_served(SERVERS[name]))
            endpoints |= dict.fromkeys(SERVERS[name].services, url)
        yield AwsSettings(REGION, endpoints=endpoints)


@contextmanager
def _served(server: Server) -> Iterator[str]:
    port = _free_port()
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            server.command(port),
            env={**os.environ, **server.environment(port)},
            cwd=server.folder or folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(READY_TRIES_MAX):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with code {process.returncode} before it was ready")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause(READY_S)
    raise RuntimeError(f"{process.args!r} was not ready in {READY_TRIES_MAX * READY_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
