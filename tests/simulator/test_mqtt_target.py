"""Messages published to a broker reach whoever subscribes, each under its device, in order."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from simulator.mqtt_target import Broker, MqttTarget, broker_of
from simulator.sources import Delivery
from tocsin.cli.main import main
from tocsin.core.clock import pause
from tocsin.core.errors import UnavailableError, UsageError

ANSWER_S = 20.0

CONFIG = """
listeners:
  default: {{type: tcp, bind: "127.0.0.1:{port}"}}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin: {{allow_anonymous: {anonymous}}}
"""


@pytest.fixture(params=["true"])
def broker(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A broker of its own process, for everybody or for nobody."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "broker.yaml"
    config.write_text(CONFIG.format(port=port, anonymous=request.param))
    command = [sys.executable, "-W", "ignore", "-m", "amqtt.scripts.broker_script", "-c", str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await_answer(port)
            yield Broker("127.0.0.1", port, is_encrypted=False, topic="plant/readings")
        finally:
            process.terminate()


def _await_answer(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause(0.1)
    pytest.fail("the broker did not answer")


class Subscriber:
    """Takes everything that is published."""

    def __init__(self, broker: Broker) -> None:
        self.taken: Queue[tuple[str, bytes]] = Queue()
        subscribed: Queue[bool] = Queue()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: subscribed.put(True)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        subscribed.get(timeout=ANSWER_S)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.taken.put((message.topic, bytes(message.payload)))

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_every_message_arrives_in_order_under_its_device(broker: Broker) -> None:
    sent = [Delivery(number, "demo", f"pump-{number % 3}", b'{"seq":%d}' % number) for number in range(300)]
    gathered = Delivery(300, "demo", "", b'{"device":"pump-7","ts":1}\n{"device":"pump-8","ts":2}', via="gateway")

    with Subscriber(broker) as subscriber, MqttTarget(broker, pytest.fail) as target:
        target.put([*sent, gathered])
        taken = [subscriber.taken.get(timeout=ANSWER_S) for _ in range(302)]

    assert taken[:300] == [(f"plant/readings/{one.device}", one.data) for one in sent]
    assert taken[300:] == [
        ("plant/readings/pump-7", b'{"device":"pump-7","ts":1}'),
        ("plant/readings/pump-8", b'{"device":"pump-8","ts":2}'),
    ]


def test_the_command_publishes_a_scenario(broker: Broker, capfd: pytest.CaptureFixture[str]) -> None:
    with Subscriber(broker) as subscriber:
        with pytest.raises(SystemExit, match="0"):
            main(["simulate", "small", "--to", f"mqtt://127.0.0.1:{broker.port}/a/b", "--json"])
        said = json.loads(capfd.readouterr().out)
        taken = [subscriber.taken.get(timeout=ANSWER_S) for _ in range(said["messages"]["delivered"])]

    assert {topic.rsplit("/", 1)[0] for topic, _ in taken} == {"a/b"}
    assert len({topic for topic, _ in taken}) == said["devices"]


@pytest.mark.parametrize("broker", ["false"], indirect=True)
def test_a_broker_that_lets_nobody_in_is_named(broker: Broker) -> None:
    with pytest.raises(UnavailableError, match=rf"127\.0\.0\.1:{broker.port} let nobody in: Not authorized"):
        MqttTarget(broker, pytest.fail)


def test_nobody_there_is_asked_again_and_then_named() -> None:
    pauses: list[float] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers here
        port = taken.getsockname()[1]

        with pytest.raises(UnavailableError, match="did not answer"):
            MqttTarget(Broker("127.0.0.1", port, is_encrypted=False, topic="a"), pauses.append)

    assert pauses == sorted(pauses)
    assert len(pauses) == 7


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mqtt://127.0.0.1", id="no topic"),
        pytest.param("mqtt:///a", id="no host"),
        pytest.param("mqtt://127.0.0.1:x/a", id="a port that is none"),
        pytest.param("mqtt://me:secret@127.0.0.1/a", id="a password where everybody sees it"),
        pytest.param("mqtt://127.0.0.1/a/#", id="a wildcard"),
        pytest.param("http://127.0.0.1/a", id="another protocol"),
    ],
)
def test_what_is_no_broker_is_a_wrong_use(url: str) -> None:
    with pytest.raises(UsageError, match="must be like mqtt://"):
        broker_of(url)
