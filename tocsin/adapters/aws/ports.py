"""Makes each port of its client; the clients are made with the first port that needs them."""

from functools import partial

from tocsin.adapters.aws.alerts import DynamoAlerts, DynamoFeed
from tocsin.adapters.aws.bus import Bus
from tocsin.adapters.aws.checkpoints import DynamoCheckpoints
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.faults import call
from tocsin.adapters.aws.feed import FeedPages
from tocsin.adapters.aws.kinesis_log import KinesisLog
from tocsin.adapters.aws.lists import DynamoDecisions, DynamoDirectory
from tocsin.adapters.aws.objects import S3Blobs
from tocsin.adapters.aws.parallel import REQUESTS_MAX, Parallel
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.positions import Positions
from tocsin.adapters.aws.queue import SqsQueue
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.adapters.aws.state_items import DynamoState
from tocsin.adapters.aws.state_objects import S3State
from tocsin.adapters.aws.state_staged import StagedState
from tocsin.adapters.aws.table import Table
from tocsin.adapters.aws.topic import SnsTopic
from tocsin.core.clock import NowMs
from tocsin.core.ports import StateStore, WindowTable


class Ports:
    """Everything that has a client, made of one set of them.

    Args:
        settings: What is where.
        patience: How long to go on where a service throttles.
        now_ms: Clock of puts.
        requests_max: How many requests are under way at a time at most; None for the usual number.
        clients: Made before; None makes them.
    """

    def __init__(
        self,
        settings: AwsSettings,
        patience: Patience,
        now_ms: NowMs,
        requests_max: int | None = None,
        clients: Clients | None = None,
    ) -> None:
        self.clients = clients or Clients(settings)
        self._settings = settings
        self._patience = patience
        self._now_ms = now_ms
        self._parallel = Parallel(requests_max or REQUESTS_MAX)

    def log(self, stream: str) -> KinesisLog:
        """Return the log on the stream."""
        return KinesisLog(self.clients.kinesis, stream, self._patience)

    def state(self) -> StateStore:
        """Return the state on the table if there is one, else in the bucket; by stage where there are both."""
        settings = self._settings
        if settings.state_table and settings.state_bucket:
            stages = [name.strip() for name in settings.table_stages.split(",")]
            return StagedState(self._state_on_table(), stages, self._state_in_bucket())
        return self._state_on_table() if settings.state_table else self._state_in_bucket()

    def _state_on_table(self) -> DynamoState:
        return DynamoState(self._table(self._settings.state_table))

    def _state_in_bucket(self) -> S3State:
        return S3State(self.clients.s3, self._settings.state_bucket, self._patience, self._parallel)

    def windows(self) -> WindowTable:
        """Return the windows."""
        from tocsin.adapters.aws.windows import DynamoWindows  # noqa: PLC0415  needs numpy, which not all functions have

        table = self._table(self._settings.windows_table)
        return DynamoWindows(table, self._settings.windows_retention_ms, self._now_ms)

    def alerts(self) -> DynamoAlerts:
        """Return transitions and actions; the client of their feed is made when the feed is first read."""
        table = self._table(self._settings.alerts_table)
        pages = FeedPages(lambda: self.clients.streams, table, self._patience)
        return DynamoAlerts(table, DynamoFeed(pages, Positions(pages, self._patience)), self._bus())

    def decisions(self) -> DynamoDecisions:
        """Return the decisions."""
        return DynamoDecisions(self._table(self._settings.directory_table), self._bus())

    def directory(self) -> DynamoDirectory:
        """Return the lists."""
        return DynamoDirectory(self._table(self._settings.directory_table), self._now_ms)

    def checkpoints(self) -> DynamoCheckpoints:
        """Return the checkpoints."""
        return DynamoCheckpoints(self._table(self._settings.checkpoints_table))

    def queue(self, url: str) -> SqsQueue:
        """Return the queue."""
        return SqsQueue(self.clients.sqs, url, self._patience)

    def queue_url(self, name: str) -> str:
        """Return the URL of the queue of that name."""
        get = partial(self.clients.sqs.get_queue_url, QueueName=name)
        return call(f"queue {name}", self._patience, get)["QueueUrl"]

    def topic(self) -> SnsTopic:
        """Return the topic."""
        return SnsTopic(self.clients.sns, self._settings.topic_arn, self._patience, self._queue_arn)

    def blobs(self) -> S3Blobs:
        """Return the blobs."""
        return S3Blobs(self.clients.s3, self._settings.blobs_bucket, self._patience)

    def close(self) -> None:
        """Let go of threads and connections."""
        self._parallel.close()
        self.clients.close()

    def _queue_arn(self, name: str) -> str:
        url = self.queue_url(name)
        get = partial(self.clients.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["QueueArn"])
        return call(f"queue {name}", self._patience, get)["Attributes"]["QueueArn"]

    def _bus(self) -> Bus | None:
        return Bus(self.clients.events, self._settings.bus, self._patience) if self._settings.bus else None

    def _table(self, name: str) -> Table:
        return Table(self.clients.dynamodb, name, self._patience, self._parallel)
