"""Metrics for Prometheus: what is counted, under which labels, and how a host exposes it."""

import sys
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flask_bsr_scim import ConfigurationError, current_service
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.web.config import Settings
from flask_bsr_scim.web.metrics import Metrics
from flask_bsr_scim.web.server import create_app
from flask_bsr_scim.web.service import Service
from tests.client import TOKEN, Scim, user

Labels = tuple[str, ...]


@pytest.fixture
def counted(make_scim: Callable[..., Scim]) -> Scim:
    """A client of a service with metrics."""
    return make_scim(metrics=True)


def metrics_of(scim: Scim) -> Metrics:
    """Return the metrics of the service."""
    with scim.app.app_context():
        metrics = current_service().metrics
    assert metrics is not None
    return metrics


def samples(metrics: Metrics, name: str) -> dict[Labels, float]:
    """Return what a metric says, by its labels in the order of their names."""
    families = text_string_to_metric_families(metrics.text()[0].decode())
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in found}


def test_requests_are_counted_by_rule_method_and_class(counted: Scim) -> None:
    """Labels hold nothing that a client chooses: no id, no path, no invented method."""
    bob = counted.user("bob")
    for _ in range(2):
        counted.get(f"/Users/{bob['id']}")
    counted.get("/Users/x")
    counted.get("/nothing/like/that")
    counted("BREW", "/Users")
    counted.get("//Users")
    assert samples(metrics_of(counted), "scim_requests_total") == {
        ("/Users", "POST", "2xx"): 1,
        ("/Users/<resource_id>", "GET", "2xx"): 2,
        ("/Users/<resource_id>", "GET", "4xx"): 1,
        ("other", "GET", "4xx"): 1,
        ("/Users", "other", "4xx"): 1,
        ("/Users", "GET", "2xx"): 1,
    }


def test_refused_credentials_are_counted(counted: Scim) -> None:
    """A flood of 401 shows."""
    Scim(counted.app, token="x" * 20).get("/Users")
    assert samples(metrics_of(counted), "scim_requests_total") == {("/Users", "GET", "4xx"): 1}


def test_time_is_measured(counted: Scim) -> None:
    """Each request is in the histogram of its rule."""
    for _ in range(3):
        counted.get("/Users")
    assert samples(metrics_of(counted), "scim_request_seconds_count") == {("/Users", "GET"): 3}
    assert 0 < samples(metrics_of(counted), "scim_request_seconds_sum")["/Users", "GET"] < 60


def test_tolerances_are_counted_by_dialect(counted: Scim) -> None:
    """Which ones are needed shows without a look at the tokens."""
    counted.post("/Users", user("bob", active="True"))
    counted.post("/Users", user("ann", active="True"))
    with counted.app.app_context():
        text, _ = current_service().tokens.create("default", dialect=Dialect.STRICT)
    strict = Scim(counted.app, token=text)
    strict.post("/Users", user("eve", active="True"))
    strict.patch("/Users/x", {"op": "replace", "value": {"active": True}})
    assert samples(metrics_of(counted), "scim_tolerances_total") == {("default", "boolean-as-string"): 2}


def test_two_services_count_for_themselves(make_scim: Callable[..., Scim]) -> None:
    """Nothing is shared by way of the library's own registry."""
    one, other = make_scim(metrics=True), make_scim(metrics=True)
    one.get("/Users")
    assert samples(metrics_of(other), "scim_requests_total") == {}


def test_there_are_none_by_default(fresh: Scim) -> None:
    """Who does not ask for metrics does not pay for them."""
    with fresh.app.app_context():
        assert current_service().metrics is None


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service does not start without the metrics that it was asked for."""
    monkeypatch.delitem(sys.modules, "flask_bsr_scim.web.metrics")
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match="the extra `metrics`"):
        Service(Settings(backend="memory://", metrics=True))


@pytest.mark.parametrize(("setting", "status"), [("true", 200), ("false", 404)])
def test_the_standalone_server_shows_them(setting: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/metrics` is there when it was asked for, outside the prefix and without a token."""
    for key, value in {"BACKEND": "memory://", "TOKEN": TOKEN, "METRICS": setting}.items():
        monkeypatch.setenv(f"SCIM_{key}", value)
    app = create_app()
    Scim(app).get("/Users")
    answer = app.test_client().get("/metrics")
    assert answer.status_code == status
    if status == 200:
        assert answer.content_type.startswith("text/plain")
        assert b'scim_requests_total{endpoint="/Users",method="GET",status="2xx"} 1.0' in answer.data


def test_a_host_exposes_the_registry(counted: Scim) -> None:
    """The registry of the library, for hosts that have metrics of their own."""
    assert isinstance(counted.app.extensions["bsr_scim"], dict)
    counted.get("/Users")
    registry = metrics_of(counted).registry
    labels = {"endpoint": "/Users", "method": "GET", "status": "2xx"}
    assert registry.get_sample_value("scim_requests_total", labels) == 1
