"""Where `tocsin simulate` sends what it generates: a recording, lines, an endpoint, a broker, or a file's log."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.fleet import Batch
from simulator.targets import BodiesTarget, LogTarget, RecordingTarget, RecordsTarget, StreamTarget, Target
from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.settings import from_environment
from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.files import writing
from tocsin.core.clock import VirtualClock, pause
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording import Header
from tocsin.core.formats.recording_file import RecordingWriter

if TYPE_CHECKING:
    from simulator.mqtt_target import MqttTarget

STDOUT: Final = "-"
KINESIS: Final = "kinesis://"
SQS: Final = "sqs://"
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")

Put = Callable[[Batch], None]


def is_url(to: str) -> bool:
    """Tell whether the target is no file."""
    return to.startswith(("http://", "https://", "mqtt://", "mqtts://", KINESIS, SQS))


@contextmanager
def opened(to: str | None, log_path: Path | None, source: str, start_ms: int) -> Iterator[Put]:
    """Yield what takes the batches.

    Args:
        to: File of a recording, - or a URL; None for the log of a file.
        log_path: The file whose log takes them, or None.
        source: What a recording says of where it is from.
        start_ms: When the scenario begins.

    Raises:
        UsageError: The URL is none, or its client is not installed.
    """
    if log_path is not None:
        with _opened_log(log_path, start_ms) as put:
            yield put
    elif to is None or to == STDOUT:
        yield _put_into(StreamTarget(sys.stdout.buffer))
    elif to.startswith("mqtt"):
        with _mqtt_target(to) as mqtt:
            yield _put_into(mqtt)
    elif to.startswith((KINESIS, SQS)):
        with _aws_target(to) as aws:
            yield _put_into(aws)
    elif is_url(to):
        from simulator.http_target import HttpTarget  # noqa: PLC0415  only who posts pays for HTTP

        with HttpTarget(to, pause) as target:
            yield _put_into(target)
    else:
        with writing(Path(to)), RecordingWriter(Path(to), Header(source=source, clock="virtual")) as writer:
            yield _put_into(RecordingTarget(writer))


def _mqtt_target(url: str) -> "MqttTarget":
    """Return what publishes; who the user is, the environment says, so that no history of commands holds it."""
    try:
        from simulator.mqtt_target import MqttTarget, broker_of  # noqa: PLC0415  only who publishes needs the client
    except ImportError as error:
        raise UsageError(f"{url} needs the client for MQTT: pip install 'tocsin[mqtt]'") from error
    user, password = environ.get("TOCSIN_MQTT_USER"), environ.get("TOCSIN_MQTT_PASSWORD")
    return MqttTarget(broker_of(url), pause, user=user, password=password)


@contextmanager
def _aws_target(url: str) -> Iterator[Target]:
    """Yield what puts into a stream or a queue of the account and region that the environment names."""
    scheme, name = url.split("://", 1)
    if not _NAME.fullmatch(name):
        raise UsageError(f"URL must be like {KINESIS}STREAM or {SQS}QUEUE, got {url[:80]!r}")
    settings = from_environment(environ, needs=())
    if f"{scheme}://" == SQS:
        with open_aws(settings) as aws:
            yield BodiesTarget(aws.queue(name), pause)
    else:
        with open_aws(replace(settings, readings_stream=name)) as aws:
            yield RecordsTarget(aws.backend.readings, pause)


@contextmanager
def _opened_log(path: Path, start_ms: int) -> Iterator[Put]:
    """Yield what puts batches into the log of the file, with arrivals in the time of the scenario."""
    clock = VirtualClock(start_ms)
    with open_embedded(path, now_ms=clock.now_ms) as embedded:
        target = LogTarget(embedded.backend.readings, embedded.backend.gateway, pause)

        def put(batch: Batch) -> None:
            clock.advance_to(batch.until_ms)
            target.put(batch.deliveries)

        yield put


def _put_into(target: Target) -> Put:
    return lambda batch: target.put(batch.deliveries)
