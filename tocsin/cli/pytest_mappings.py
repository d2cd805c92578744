"""What the fixture ``mappings`` hands out: a host of a template, with short names for what tests do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tocsin.core.clock import VirtualClock
from tocsin.core.durations import format_duration, parse_duration_ms
from tocsin.core.formats.kpl import UserRecord, aggregated
from tocsin.core.ports import LogRecord
from tocsin.runtime.mapping import Handler
from tocsin.runtime.sam.function import Invocation
from tocsin.runtime.sam.host import Host, as_bytes
from tocsin.runtime.sam.http import Answer, Call


class Mappings:
    """Functions of a template under test.

    Attributes:
        host: All that there is.
        clock: Virtual time.
    """

    def __init__(
        self,
        template: Path,
        clock: VirtualClock,
        handlers: Mapping[str, Handler] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.clock = clock
        self.host = Host.of_template(template, clock.now_ms, handlers=handlers, parameters=parameters)

    def put(self, to: str, *data: object, key: str = "", attributes: Mapping[str, str] | None = None) -> Self:
        """Put each of the data where the resource is, at this instant; nothing is delivered yet.

        Args:
            to: Logical id of a stream, queue, topic, bucket, table or function.
            data: Text and bytes as they are, anything else as JSON.
            key: Partition key, message group, key of an object, or subject of a message.
            attributes: Of a message.
        """
        for one in data:
            self.host.give(to, one, key=key, attributes=attributes)
        return self

    def put_aggregated(self, stream: str, records: Sequence[tuple[str, object]], *, key: str = "aggregated") -> Self:
        """Put one record that holds several, each with its partition key, as the Kinesis Producer Library does."""
        data = aggregated([UserRecord(each, as_bytes(content)) for each, content in records])
        self.host.resources.stream(stream).put([LogRecord(key, data)])
        return self

    def settle(self, at_most: str = "1d") -> Self:
        """Let time pass until nothing waits but schedules; a day is as long as a stream usually keeps its records.

        Raises:
            AssertionError: Something is still waiting after that long.
        """
        length_ms = parse_duration_ms(at_most)
        if not self.host.settle(self.clock, length_ms):
            length = format_duration(length_ms)
            raise AssertionError(f"something is still waiting after {length}: a batch that is tried for ever?")
        return self

    def wait(self, duration: str) -> Self:
        """Let time pass, e.g. ``90s``, ``5m``, ``2h``; what is due meanwhile is done."""
        self.host.advance(self.clock, self.clock.now_ms() + parse_duration_ms(duration))
        return self

    def calls(self, function: str) -> list[Invocation]:
        """Return the calls of the function so far."""
        return [call for call in self.host.invocations if call.function == function]

    def takes(self, function: str, duration: str | Callable[[dict[str, Any]], str]) -> Self:
        """Say how long calls of the function take in virtual time; longer than its timeout is a failure."""
        if callable(duration):
            self.host.functions[function].takes_ms = lambda event: parse_duration_ms(duration(event))
        else:
            self.host.functions[function].takes_ms = parse_duration_ms(duration)
        return self

    def messages(self, queue: str) -> list[str]:
        """Return the bodies of the queue's messages, oldest first."""
        return [message.body for message in self.host.resources.queue(queue).messages()]

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Return the bucket's objects by key."""
        return dict(self.host.resources.bucket(bucket).objects)

    def request(
        self,
        method: str,
        path: str,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        claims: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return what the HTTP API answers.

        Args:
            method: E.g. ``POST``.
            path: With or without a query.
            body: Text and bytes as they are, anything else as JSON.
            headers: Name to value.
            claims: What a JWT authoriser vouches for.
        """
        bare, _, query = path.partition("?")
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        said = {name: value for name, _, value in pairs}
        return self.host.request(Call(method.upper(), bare, as_bytes(body), headers or {}, said, claims))

    def split(self, stream: str, shard: int = 0) -> Self:
        """Split the shard, by its place among the open ones."""
        log = self.host.resources.stream(stream)
        log.split([one.id for one in log.shards() if not one.closed][shard])
        return self

    def merge(self, stream: str, shard: int = 0, other: int = 1) -> Self:
        """Merge two neighbours, by their places among the open ones."""
        log = self.host.resources.stream(stream)
        opened = [one.id for one in log.shards() if not one.closed]
        log.merge(opened[shard], opened[other])
        return self
