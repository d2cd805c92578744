"""Opens every port on AWS, or on a stand-in of it. boto3 is imported here, when something is opened, and not before."""

from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.settings import VARIABLES, AwsSettings
from tocsin.core.clock import NowMs, elapsed_s, pause, wall_now_ms
from tocsin.core.errors import ConfigError
from tocsin.core.ports import Backend, Checkpoints, Queue

if TYPE_CHECKING:
    from tocsin.adapters.aws.ports import Ports

T = TypeVar("T")


class Aws:
    """All ports of one deployment, or those that a function uses; made once, at cold start.

    Attributes:
        settings: What they were opened with.
        backend: The ports; one that the settings do not name raises ``ConfigError`` when it is used.
    """

    settings: AwsSettings
    backend: Backend

    def __init__(self, settings: AwsSettings, ports: "Ports", patience: Patience) -> None:
        self.settings = settings
        self._ports = ports
        self._patience = patience
        self.backend = Backend(
            readings=_named(settings, "readings", lambda: ports.log(settings.readings_stream)),
            panes=_named(settings, "panes", lambda: ports.log(settings.panes_stream)),
            state=_named(settings, "state", ports.state),
            windows=_named(settings, "windows", ports.windows),
            alerts=_named(settings, "alerts", ports.alerts),
            decisions=_named(settings, "decisions", ports.decisions),
            directory=_named(settings, "directory", ports.directory),
            gateway=_named(settings, "gateway", lambda: ports.queue(settings.gateway_queue_url)),
            topic=_named(settings, "topic", ports.topic),
            blobs=_named(settings, "blobs", ports.blobs),
        )

    @property
    def checkpoints(self) -> Checkpoints:
        """How far a runtime outside of Lambda has read.

        Raises:
            ConfigError: The settings name no table for them.
        """
        if not self.settings.checkpoints_table:
            raise ConfigError(f"{VARIABLES['checkpoints_table']} is not set")
        return self._ports.checkpoints()

    def queue(self, name: str) -> Queue:
        """Return the queue of that name in the same account and region.

        Raises:
            ConfigError: There is none.
        """
        return self._ports.queue(self._ports.queue_url(name))

    def made_queue(self, name: str) -> Queue:
        """Make the queue of that name, with dead letters beside it, and return it.

        Raises:
            ConfigError: This is AWS itself, where the template makes queues.
        """
        if not self.settings.endpoints:
            raise ConfigError(f"queue {name} is made by the template, not here")
        from tocsin.adapters.aws.provision import make_queue  # noqa: PLC0415  only stand-ins need it

        return self._ports.queue(make_queue(self._ports.clients, name))

    def begin(self, remaining_ms: int) -> None:
        """Take note, at the beginning of an invocation, how long it may take: nothing is retried beyond that."""
        self._patience.begin(remaining_ms)

    def disconnect(self) -> None:
        """Let go of connections; the next request opens them anew."""
        self._ports.clients.close()

    def close(self) -> None:
        """Let go of threads and connections."""
        self._ports.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_aws(
    settings: AwsSettings,
    *,
    now_ms: NowMs = wall_now_ms,
    random: Random | None = None,
    requests_max: int | None = None,
) -> Aws:
    """Return the ports that the settings name.

    Args:
        settings: Where they are.
        now_ms: Clock of the order of puts and of expiry; arrivals are by the services' own clocks.
        random: Spreads out retries; None for one that is different in each process.
        requests_max: How many requests are under way at a time at most; None for the usual number.

    Raises:
        ConfigError: boto3 is not installed, or there are no credentials.
    """
    try:
        from tocsin.adapters.aws.ports import Ports  # noqa: PLC0415  boto3 takes long to import, and not all have it
    except ModuleNotFoundError as error:
        raise ConfigError(f"AWS needs boto3, install tocsin[aws]: {error}") from error
    patience = Patience(random or Random(), elapsed_s, pause)  # noqa: S311  no secret
    return Aws(settings, Ports(settings, patience, now_ms, requests_max), patience)


class _Absent:
    """Stands for a port that the settings do not name."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        raise ConfigError(f"this function was not told where its {self._part} are, and used {name}")


def _named(settings: AwsSettings, part: str, make: Callable[[], T]) -> T:
    return make() if settings.has(part) else cast("T", _Absent(part))
