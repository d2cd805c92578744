"""Which backend a command runs on: its own file or memory, or AWS as a stand-in plays it on this machine."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from tocsin.adapters.aws.open import Aws, open_aws
from tocsin.adapters.aws.settings import from_environment
from tocsin.adapters.aws.stand_in import StandIn
from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.options import DEFAULT_FILE
from tocsin.core.clock import NowMs, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.ports import Checkpoints, Queue
from tocsin.runtime.host import HeldCheckpoints, Host, OpenHost
from tocsin.runtime.provisioned import open_stand_in
from tocsin.runtime.virtual_time import VirtualHost

EMBEDDED: Final = "embedded"
AWS: Final = "aws"

backend_option = click.option(
    "--backend",
    type=click.Choice([EMBEDDED, AWS]),
    default=EMBEDDED,
    show_default=True,
    help="Where everything is kept: embedded, in a file or in memory; aws, through boto3 (docs/aws.md).",
)
store_option = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_FILE,
    show_default=True,
    help="The file that `tocsin run` keeps everything in; with --backend embedded.",
)
endpoint_option = click.option("--endpoint", help="With --backend aws: a stand-in that runs already, on this machine.")


@contextmanager
def opened_backend(
    backend: str, *, endpoint: str | None, path: Path | None, tell: Callable[[str], None]
) -> Iterator[OpenHost | None]:
    """Give what opens the backend, None for the embedded one; a stand-in that was started ends with the block.

    Args:
        backend: ``EMBEDDED`` or ``AWS``.
        endpoint: Where a stand-in runs already.
        path: File of the embedded backend.
        tell: Gets a line for people.

    Raises:
        ConfigError: There is no stand-in here.
        UsageError: The options do not go together, or the endpoint is not on this machine.
    """
    if backend != AWS:
        if endpoint is not None:
            raise UsageError("--endpoint goes with --backend aws")
        yield None
        return
    if path is not None:
        raise UsageError("--file goes with --backend embedded")
    with StandIn(endpoint) as stand_in:
        tell(f"on AWS as {stand_in.name} plays it, at {stand_in.settings.endpoint('kinesis')}")

        def open_host(now_ms: NowMs, shards: int) -> Host:
            return VirtualHost(open_stand_in(stand_in, now_ms, shards), now_ms)

        yield open_host


@contextmanager
def opened_store(
    backend: str, path: Path, needs: Collection[str], *, read_only: bool = False, may_be_new: bool = False
) -> Iterator[Host]:
    """Open what a pipeline keeps everything in, for whoever looks at it or repairs it, on the real clock.

    Without a table of checkpoints the logs are read from their beginning: states skip what they folded.

    Args:
        backend: ``EMBEDDED``, or ``AWS`` for what the environment names.
        path: File of the embedded backend.
        needs: The parts that are used (``tocsin.adapters.aws.settings.PARTS``); the environment may name no others.
        read_only: Whether nothing will be changed.
        may_be_new: Whether the file may be made.

    Raises:
        ConfigError: It cannot be opened, or the environment does not name what is needed.
        UsageError: There is no such file.
    """
    if backend == EMBEDDED:
        if not path.exists() and not may_be_new:
            raise UsageError(f"file {path} does not exist; --file names the one that `tocsin run` keeps everything in")
        with open_embedded(path, now_ms=wall_now_ms, read_only=read_only) as embedded:
            yield embedded
        return
    with open_aws(from_environment(os.environ, needs=needs)) as aws:
        yield _Deployed(aws)


class _Deployed:
    """Ports on AWS; checkpoints too where there is a table for them, else for as long as this lives."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.backend = aws.backend
        self.checkpoints: Checkpoints = aws.checkpoints if aws.settings.checkpoints_table else HeldCheckpoints()

    def queue(self, name: str) -> Queue:
        return self._aws.queue(name)

    def close(self) -> None:
        self._aws.close()


@contextmanager
def opened_host(backend: str, path: Path, now_ms: NowMs, shards: int) -> Iterator[tuple[Host, str]]:
    """Open what everything is kept in, on the real clock; give it, and its name for people.

    Args:
        backend: ``EMBEDDED``, or ``AWS`` for what the environment names.
        path: File of the embedded backend.
        now_ms: The clock.
        shards: Of each log of a new file.

    Raises:
        ConfigError: It cannot be opened, or the environment does not name all of it.
    """
    if backend == EMBEDDED:
        with open_embedded(path, now_ms=now_ms, shards=shards) as embedded:
            yield embedded, str(path)
        return
    settings = from_environment(os.environ)
    with open_aws(settings, now_ms=now_ms) as aws:
        yield aws, f"AWS at {settings.endpoint('kinesis') or settings.region}"
