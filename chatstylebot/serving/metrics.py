"""The numbers of a gateway for Prometheus; no label ever holds a word of a chat."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SHORT = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1)
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Gauged(Protocol):
    """What is read when somebody asks."""

    def gauges(self) -> Sequence[tuple[str, bool, int, int, int]]:
        """For each engine: id, ready, restarts, answers at work, requests waiting."""
        ...


class Engines(Collector):
    """Gauges of the engines at the moment of asking."""

    def __init__(self, gauged: Gauged) -> None:
        self._gauged = gauged

    def collect(self) -> Iterable[Metric]:
        """The metric families."""
        up = GaugeMetricFamily("csb_engine_ready", "1 when the engine answers.", labels=["model"])
        busy = GaugeMetricFamily("csb_slots_busy", "Answers at work.", labels=["model"])
        waiting = GaugeMetricFamily("csb_requests_waiting", "Requests in the queue.", labels=["model"])
        restarts = CounterMetricFamily("csb_engine_restarts", "Starts after the first.", labels=["model"])
        for id, ready, again, working, queued in self._gauged.gauges():
            up.add_metric([id], int(ready))
            restarts.add_metric([id], again)
            busy.add_metric([id], working)
            waiting.add_metric([id], queued)
        return [up, busy, waiting, restarts]


class Metrics:
    """Counters and histograms of one gateway."""

    def __init__(self, gauged: Gauged) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(Engines(gauged))
        registry = self.registry
        self.requests = Counter("csb_requests", "HTTP requests.", ["path", "status"], registry=registry)
        self.seconds = Histogram("csb_completion_seconds", "Whole answers.", buckets=SECONDS, registry=registry)
        self.first = Histogram("csb_first_token_seconds", "Until the first words.", buckets=SECONDS, registry=registry)
        self.recalled = Histogram(
            "csb_memory_seconds", "What the memory took for an answer.", buckets=SHORT, registry=registry
        )
        self.tokens = Counter("csb_tokens", "Tokens read and written.", ["direction"], registry=registry)
        self.refused = Counter("csb_refused", "Requests turned away.", ["why"], registry=registry)
        self.masked = Counter(
            "csb_masked", "Secrets of the exports that the guard masked.", ["type"], registry=registry
        )
        self.votes = Counter("csb_votes", "Votes stored.", ["verdict"], registry=registry)

    def page(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)
