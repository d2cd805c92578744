"""A stand-in for AWS on this machine: started as a process of its own, given resources, and ended with its user."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final, Self

from tocsin.adapters.aws.open import Aws
from tocsin.adapters.aws.settings import ALLOW_VARIABLE, AwsSettings, allows_any_endpoint, is_loopback
from tocsin.core.clock import pause
from tocsin.core.errors import ConfigError, UnavailableError, UsageError
from tocsin.core.ports import Backend, Checkpoints, Queue

REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
READY_S: Final = 0.05
READY_TRIES_MAX: Final = 400
END_S: Final = 5
MEMORY_BYTES_MAX: Final = 4 * 1024**3

KEEPER: Final = """
import select, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
while child.poll() is None and not select.select([sys.stdin], [], [], 0.1)[0]:
    pass
child.terminate()
sys.exit(child.wait())
"""
"""Ends the stand-in when its user is gone, however that ended: the pipe to the user is closed then."""

MOTO: Final = """
import resource, sys
from moto.server import main
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
main(["-H", sys.argv[1], "-p", sys.argv[2]])
"""


class StandIn:
    """A stand-in that runs: MiniStack where its command is found, else moto; or one that runs already.

    Use it in a ``with`` statement.

    Attributes:
        name: What it is, for people.
        settings: Where it is.
    """

    name: str
    settings: AwsSettings

    def __init__(self, endpoint: str | None = None) -> None:
        """Start it.

        Args:
            endpoint: Where one runs already, on this machine unless the environment allows others; None starts one.

        Raises:
            ConfigError: None is installed, or boto3 is not.
            UnavailableError: It does not answer.
            UsageError: The endpoint is not on this machine, and nobody said that it may be elsewhere.
        """
        self._stack = ExitStack()
        allows_any = allows_any_endpoint(os.environ)
        if endpoint is not None and not is_loopback(endpoint) and not allows_any:
            raise UsageError(f"--endpoint must be on this machine unless {ALLOW_VARIABLE} is 1, got {endpoint[:80]!r}")
        if not find_spec("boto3"):
            raise ConfigError("AWS needs boto3, which is not installed here: install tocsin[aws]")
        try:
            self.name, url = ("the endpoint", endpoint) if endpoint else self._started()
        except BaseException:
            self.close()
            raise
        self.settings = AwsSettings(REGION, endpoints={"": url}, allows_endpoint=allows_any)

    def close(self) -> None:
        """End it, if it was started here."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> tuple[str, str]:
        port = _free_port()
        name, command, environment = _command(port)
        folder = self._stack.enter_context(TemporaryDirectory(prefix="tocsin-"))
        process = subprocess.Popen(  # noqa: S603  our own words, no shell
            [sys.executable, "-c", KEEPER, *command],
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        _wait(name, process, port)
        return name, f"http://{HOST}:{port}"


@dataclass
class StandInAws:
    """The ports on a stand-in, and queues that are made when they are first asked for."""

    aws: Aws
    _queues: dict[str, Queue] = field(default_factory=dict)

    @property
    def backend(self) -> Backend:
        """The ports of the stages."""
        return self.aws.backend

    @property
    def checkpoints(self) -> Checkpoints:
        """How far the runtime has read."""
        return self.aws.checkpoints

    def queue(self, name: str) -> Queue:
        """Return the queue of that name; it is made where there is none."""
        if name not in self._queues:
            self._queues[name] = self.aws.made_queue(name)
        return self._queues[name]

    def close(self) -> None:
        """Let go of the clients."""
        self.aws.close()


def _command(port: int) -> tuple[str, list[str], dict[str, str]]:
    """Return name, words and environment of what is installed."""
    beside = Path(sys.executable).with_name("ministack")
    ministack = str(beside) if beside.exists() else which("ministack")
    if ministack:
        return "MiniStack", [ministack], {"GATEWAY_PORT": str(port), "BIND_HOST": HOST}
    if find_spec("moto") and find_spec("flask"):
        program = MOTO.format(memory=MEMORY_BYTES_MAX)
        return "moto", [sys.executable, "-c", program, HOST, str(port)], {}
    raise ConfigError(
        "there is no stand-in for AWS here: install moto[server], or have the command ministack on the path"
    )


def _wait(name: str, process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(READY_TRIES_MAX):
        if process.poll() is not None:
            raise UnavailableError(f"{name} ended with code {process.returncode} before it was ready")
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        pause(READY_S)
    raise UnavailableError(f"{name} was not ready in {READY_TRIES_MAX * READY_S:.0f} s")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
