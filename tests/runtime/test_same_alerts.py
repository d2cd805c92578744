"""The same recording gives the same alerts, item for item, on every backend."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.contract.moto_backend import SETTINGS, moto_at
from tests.runtime.walk import PLAN, walk
from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.provision import make_queue
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import NowMs
from tocsin.core.formats.recording import Header
from tocsin.core.messages import Notification
from tocsin.runtime.host import Host
from tocsin.runtime.provisioned import WHOLE, make
from tocsin.runtime.replay import TOLD_QUEUE, Replayed, ReplaySettings, replay
from tocsin.runtime.virtual_time import VirtualHost

MINUTES = 14
HEADER = Header(clock="virtual")


def replayed(settings: ReplaySettings | None = None) -> Replayed:
    return replay(HEADER, walk(minutes=MINUTES), PLAN, settings)


def _place(notification: Notification) -> tuple[str, int]:
    """Return what puts notifications in order: a standard topic promises none."""
    return notification.tenant, notification.number


def on_file(folder: Path) -> Replayed:
    def open_host(now_ms: NowMs, shards: int) -> Host:
        return open_embedded(folder / "tocsin.db", now_ms=now_ms, shards=shards)

    return replayed(ReplaySettings(open_host=open_host))


@contextmanager
def moto_hosts() -> Iterator[ReplaySettings]:
    """Give settings that replay through boto3 into moto, whose own clock stands still at the epoch."""
    with moto_at(lambda: 0) as clients:

        def open_host(now_ms: NowMs, shards: int) -> Host:
            names = make(clients, "same", WHOLE, shards=shards)
            make_queue(clients, TOLD_QUEUE)
            aws = open_aws(replace(SETTINGS, **names), now_ms=now_ms, requests_max=1)  # type: ignore[arg-type]
            return VirtualHost(aws, now_ms)

        yield ReplaySettings(open_host=open_host)


def test_recording_gives_the_same_alerts_item_for_item_on_memory_file_and_aws(tmp_path: Path) -> None:
    memory = replayed()
    file = on_file(tmp_path)
    with moto_hosts() as settings:
        aws = replayed(settings)

    assert memory.transitions
    assert memory.notifications
    for other in (file, aws):
        assert other.transitions == memory.transitions
        assert sorted(other.notifications, key=_place) == sorted(memory.notifications, key=_place)
        assert other.counts == memory.counts
