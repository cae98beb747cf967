"""Metrics as Prometheus text; counts only, nothing of anybody's data."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from unibos.core.module.endpoint import Answer, Call, Endpoint, Media
from unibos.transports.http.door import State

if TYPE_CHECKING:
    from prometheus_client.core import Metric

Gauges = Callable[[], Mapping[str, tuple[str, Mapping[str, float]]]]
"""Name → (help, label value → number); a label named ``state`` where there is more than one."""


def endpoints(state: State, version: str, gauges: Gauges) -> tuple[Endpoint, ...]:
    """The endpoint over a server's own counts and those of its store."""
    started = time.time()

    class Collector:
        """Counts at the moment of the question: nothing is kept between two."""

        def collect(self) -> "Iterable[Metric]":
            from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

            about = GaugeMetricFamily("unibos_info", "The running version.", labels=["version"])
            about.add_metric([version], 1)
            yield about
            yield GaugeMetricFamily(
                "unibos_start_time_seconds", "When the process started.", value=started
            )
            requests = CounterMetricFamily(
                "unibos_http_requests", "Answers by method and status.", labels=["method", "status"]
            )
            for (method, status), count in sorted(state.answered.items()):
                requests.add_metric([method, str(status)], count)
            yield requests
            for name, (text, values) in gauges().items():
                gauge = GaugeMetricFamily(f"unibos_{name}", text, labels=["state"])
                for label, number in values.items():
                    gauge.add_metric([label], number)
                yield gauge

    async def metrics(call: Call) -> Answer:
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(Collector())
        return Answer(generate_latest(registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})

    return (
        Endpoint(
            "GET",
            "/metrics",
            metrics,
            "Counts for Prometheus",
            {200: Media("text/plain")},
            None,
            root=True,
        ),
    )
