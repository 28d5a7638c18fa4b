"""Numbers about the house, read from the database at the moment somebody asks."""

from collections.abc import Callable, Iterable, Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from marketplace.common.models import Heartbeat

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
    beats = Heartbeat.objects.values_list("name", "seen_at")
    return {name: (timezone.now() - seen_at).total_seconds() for name, seen_at in beats}


REGISTRY.register(
    Reading(
        "milepost_heartbeat_age_seconds",
        "How long ago a process was last seen at work.",
        "process",
        _heartbeat_ages,
    )
)
