"""What a scenario is: which devices report how, over what network, and what goes wrong when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulator.kinds import KINDS, Kind, Layer
from simulator.profile import Profile
from simulator.weather import Site

TENANT: Final = "demo"


@dataclass(frozen=True, slots=True)
class Network:
    """What the way of a device's messages is like when nothing special happens.

    Attributes:
        latency_ms: Usual time on the way; each message takes between half and one and a half of it.
        loss: Share of messages that never arrive.
        duplicates: Share of messages that arrive a second time.
        duplicate_delay_ms: Longest time until the copy arrives.
        disorder: Share of messages that are held up on the way.
        disorder_delay_ms: Longest time they are held up.
        clock_skew_ms: Clocks of devices are wrong by up to this, constantly, to either side.
    """

    latency_ms: int = 80
    loss: float = 0.0
    duplicates: float = 0.0
    duplicate_delay_ms: int = 20_000
    disorder: float = 0.0
    disorder_delay_ms: int = 20_000
    clock_skew_ms: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """One device.

    Attributes:
        name: Its id on the wire, ``<site>-<type>-<number>``.
        site: Where it stands.
        profile: What it is.
        interval_ms: Time between two of its messages.
        network: What its way is like.
        gateway: Through which gateway it reports; empty means straight to the log.
    """

    name: str
    site: Site
    profile: Profile
    interval_ms: int
    network: Network
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the timeline.

    Attributes:
        kind: Name of the kind.
        start_ms: From when, UTC epoch milliseconds, inclusive.
        end_ms: Until when, exclusive.
        devices: Names of the devices it befalls.
        metric: Metric it is about; empty where it is about the whole device.
        settings: Numbers of its kind; ``size`` in the metric's unit or ``sigmas`` in sensor noise.
        expect: Whether a person would want an alert.
    """

    kind: str
    start_ms: int
    end_ms: int
    devices: frozenset[str]
    metric: str
    settings: Mapping[str, float]
    expect: bool

    @property
    def about(self) -> Kind:
        """What is known of its kind."""
        return KINDS[self.kind]

    def is_on(self, layer: Layer) -> bool:
        """Tell whether it acts on the layer."""
        return self.about.layer is layer


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that is played.

    Attributes:
        name: Short name.
        description: One sentence.
        tenant: Owner of all devices.
        start_ms: First instant, UTC epoch milliseconds.
        end_ms: No device measures at or after this.
        devices: By name, in the order of the file.
        faults: The timeline, in the order of the file.
        gateway_flush_ms: How often a gateway sends on what it gathered.
        gateway_messages_max: Most messages in one of its bodies.
    """

    name: str
    description: str
    tenant: str
    start_ms: int
    end_ms: int
    devices: Mapping[str, Device]
    faults: tuple[Fault, ...]
    gateway_flush_ms: int = 5_000
    gateway_messages_max: int = 100

    @property
    def gateways(self) -> tuple[str, ...]:
        """Names of the gateways, sorted."""
        return tuple(sorted({device.gateway for device in self.devices.values()} - {""}))

    def faults_of(self, device: str) -> tuple[Fault, ...]:
        """Return what befalls the device, in the order of the timeline."""
        return tuple(fault for fault in self.faults if device in fault.devices)
