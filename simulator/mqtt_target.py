"""Deliveries published to an MQTT broker, each message under its device's topic, acknowledged by the broker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final, Self
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from simulator.sources import Delivery
from simulator.targets import PUT_AGAIN_S, PUT_ATTEMPTS_MAX, messages_of
from tocsin.core.errors import UnavailableError, UsageError

PORTS: Final = {"mqtt": 1_883, "mqtts": 8_883}
QOS: Final = 1
ANSWER_S: Final = 10.0
FLYING_MAX: Final = 500
"""Messages that the broker has not acknowledged yet."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where messages go.

    Attributes:
        host: Name or address.
        port: TCP port.
        is_encrypted: Whether TLS is spoken.
        topic: What each topic begins with; the device's id follows after a slash.
    """

    host: str
    port: int
    is_encrypted: bool
    topic: str


def broker_of(url: str) -> Broker:
    """Return the broker of a URL.

    >>> broker_of("mqtt://127.0.0.1/plant/readings")
    Broker(host='127.0.0.1', port=1883, is_encrypted=False, topic='plant/readings')

    Raises:
        UsageError: The URL is none of a broker, or names a user.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    topic = parts.path.strip("/")
    is_whole = parts.scheme in PORTS and parts.hostname and port != 0 and topic
    if not is_whole or parts.username or parts.query or set(url) & set("+#"):
        raise UsageError(f"URL must be like mqtt://host:1883/topic, without a user or wildcards, got {url[:80]!r}")
    return Broker(parts.hostname or "", port or PORTS[parts.scheme], parts.scheme == "mqtts", topic)


class MqttTarget:
    """Publishes messages to one broker; close it, or use it in a ``with`` statement."""

    def __init__(
        self, broker: Broker, pause: Callable[[float], None], *, user: str | None = None, password: str | None = None
    ) -> None:
        """Connect, again where nobody answers yet.

        Args:
            broker: Where to.
            pause: Waits for some seconds between attempts.
            user: Name at the broker, or None for nobody.
            password: The user's.

        Raises:
            UnavailableError: Nobody answered too often, or the broker let nobody of that name in.
        """
        self._name = f"{broker.host}:{broker.port}"
        self._topic = broker.topic
        self._answered = Event()
        self._refusal = ""
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._on_connect
        if broker.is_encrypted:
            self._client.tls_set()
        if user is not None:
            self._client.username_pw_set(user, password)
        self._connect(broker, pause)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Publish the messages in their order; return when the broker has them all.

        Raises:
            UnavailableError: The broker did not acknowledge one in time.
        """
        flying: list[MQTTMessageInfo] = []
        for delivery in deliveries:
            for device, message in messages_of(delivery):
                flying.append(self._client.publish(f"{self._topic}/{device}", message, QOS))
                if len(flying) >= FLYING_MAX:
                    self._land(flying)
        self._land(flying)

    def _connect(self, broker: Broker, pause: Callable[[float], None]) -> None:
        problem = ""
        for attempt in range(PUT_ATTEMPTS_MAX):
            if attempt:
                pause(PUT_AGAIN_S * 2**attempt)
            try:
                self._client.connect(broker.host, broker.port)
            except OSError as error:
                problem = str(error) or type(error).__name__
                continue
            self._client.loop_start()
            self._enter()
            return
        raise UnavailableError(f"{self._name} did not answer: {problem}")

    def _enter(self) -> None:
        """Wait until the broker let us in."""
        if not self._answered.wait(ANSWER_S):
            self._refusal = f"no answer within {ANSWER_S:g} s"
        if self._refusal:
            self._client.loop_stop()
            raise UnavailableError(f"{self._name} let nobody in: {self._refusal}")

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._refusal = str(reason) if reason.is_failure else ""
        self._answered.set()

    def _land(self, flying: list[MQTTMessageInfo]) -> None:
        for info in flying:
            try:
                info.wait_for_publish(ANSWER_S)
            except (RuntimeError, ValueError) as error:
                raise UnavailableError(f"{self._name} did not take messages: {error}") from error
            if not info.is_published():
                raise UnavailableError(f"{self._name} did not acknowledge a message within {ANSWER_S:g} s")
        flying.clear()
