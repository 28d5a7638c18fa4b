"""Numbers about the house, read from the database at the moment somebody asks."""

from collections.abc import Callable, Iterable, Iterator

from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from marketplace import heartbeats
from marketplace.programs import QUEUES

# Not the process's default registry: with several web processes each would tell its own numbers.
REGISTRY = CollectorRegistry()


class Reading(Collector):
    """A gauge whose values are looked up when asked: {label: value}."""

    def __init__(self, name: str, about: str, label: str, read: Callable[[], dict]) -> None:
        self.name, self.about, self.label, self.read = name, about, label, read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        gauge = GaugeMetricFamily(self.name, self.about, labels=[self.label])
        for label, value in self.read().items():
            gauge.add_metric([label], value)
        yield gauge

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self.name, self.about, labels=[self.label])


def _heartbeat_ages() -> dict[str, float]:
    return {name: age.total_seconds() for name, age in heartbeats.ages().items()}


def _waiting() -> dict[str, float]:
    try:
        return {queue: heartbeats.waiting_in(queue) for queue in QUEUES.split(",")}
    except OperationalError:
        return {}  # a silent broker: its other figures are worth reading then


REGISTRY.register(
    Reading(
        "milepost_heartbeat_age_seconds",
        "How long ago a process was last seen at work.",
        "process",
        _heartbeat_ages,
    )
)
REGISTRY.register(
    Reading(
        "milepost_waiting_tasks",
        "How many tasks wait in a queue of the broker; beside an old heartbeat: for nobody.",
        "queue",
        _waiting,
    )
)
