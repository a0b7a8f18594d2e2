"""Metrics for Prometheus: requests, how long they took, and the tolerances that they needed.

No label holds what a client chooses: endpoints are the rules of the blueprint, methods those of HTTP.
"""

import os
from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from flask_bsr_scim.dialects import Dialect, Tolerance

_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Names, in the environment, the folder where several processes keep their metrics for one another."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds."""


class Metrics:
    """The metrics of one service. `registry` has them for a host that exposes metrics of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "scim_requests", "Requests that were answered.", ("endpoint", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "scim_request_seconds",
            "Time to answer; a long body is sent later.",
            ("endpoint", "method"),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._tolerances = Counter(
            "scim_tolerances", "Requests that needed a tolerance.", ("tolerance", "dialect"), registry=self.registry
        )

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count a request; `endpoint` is the rule that took it."""
        known = method if method in _METHODS else "other"
        self._requests.labels(endpoint, known, f"{status // 100}xx").inc()
        self._seconds.labels(endpoint, known).observe(seconds)

    def count_tolerances(self, needed: Iterable[Tolerance], dialect: Dialect) -> None:
        """Count what a request needed."""
        for tolerance in needed:
            self._tolerances.labels(tolerance, dialect).inc()

    def text(self) -> tuple[bytes, str]:
        """Return the metrics in the text format, of all processes where they share them, and its media type."""
        registry = self.registry
        if _MULTIPROCESS in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it unannotated.
        return generate_latest(registry), CONTENT_TYPE_LATEST
