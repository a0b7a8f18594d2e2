"""The public fuzzer Schemathesis finds no answer that contradicts the OpenAPI document.

For each operation it sends the examples, a case for each way to keep and to break each rule of the schemas, and random
cases. Every check that it has is made but two, which do not fit SCIM:

- `negative_data_rejection` wants each request that breaks the document to be refused. The document says what a client
  should send; a service provider is to take more (names in any letter case, RFC 7643 §2.1; values of readOnly
  attributes, RFC 7644 §3.3; a negative `count`, §3.4.2.4), and identity providers need more.
- `positive_data_acceptance` wants each request that keeps to the document to succeed. No JSON Schema can say what a
  filter, a path or the name of an attribute may be, and 400 is right for most that are made up.

501 is no failure of the server, but what RFC 7644 §3.12 has for what a server does not support, as `POST /Me`.
"""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema

from tests.client import PREFIX, TOKEN, USER, Scim, group, user
from tests.conformance.served import make_app

HEADERS = {"Authorization": f"Bearer {TOKEN}"}

IS_THOROUGH = settings().max_examples > 100

MANY = settings(max_examples=200, suppress_health_check=[*HealthCheck])
"""For the combination that is the default. The store goes from case to case, and is new for each operation."""

FEW = settings(MANY, max_examples=200 if IS_THOROUGH else 3)
"""For the others."""

WALKS = settings(MANY, max_examples=200 if IS_THOROUGH else 10, stateful_step_count=8)

CONFIG = {
    "auth": {"openapi": {"bearer": {"bearer": TOKEN}}},
    "checks": {
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "501"]},
        "negative_data_rejection": {"enabled": False},
        "positive_data_acceptance": {"enabled": False},
    },
    # Else it takes texts from the source code too, so that each change of it would make other cases.
    "analysis": {"constants": {"enabled": IS_THOROUGH}},
    "generation": {"with-security-parameters": False},
}

KNOWN = {
    "filter": ("id pr", 'meta.resourceType eq "User"', 'userName co "a" or displayName co "a"', "active eq true"),
    "sortBy": ("id", "meta.created", "userName", "displayName"),
    "path": ("externalId", "active", "displayName", "name", 'emails[type eq "work"].value', "members", "userName"),
    "attributes": ("id", "userName", "emails.value", "members", "meta.version", "groups.display", f"{USER}:name"),
    "excludedAttributes": ("id", "userName", "emails.value", "members", "meta.version", "name.givenName", "schemas"),
}
"""Texts that mean something, by the name of the member or parameter."""


def documented(profile: str, **phases: Any) -> BaseSchema:
    """Return the document of a profile as the fuzzer has it."""
    app = make_app("memory://", profile)
    document = app.test_client().get(f"{PREFIX}/openapi.json", headers=HEADERS).json
    config = SchemathesisConfig.from_dict({**CONFIG, "phases": phases})
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app  # Without one it would look for a server; each case is sent to another.
    return schema


COVERAGE = {"coverage": {"enabled": IS_THOROUGH}}


def application(backend_uri: str, profile: str) -> Flask:
    """Return an application with a new store, where `/Me` is a user who is there."""
    app = make_app(backend_uri, profile, me=lambda _: there(Scim(app), "/Users"))
    return app


def there(scim: Scim, endpoint: str) -> str:
    """Return the id of a resource of a type, which is made when there is none."""
    found = scim.get(endpoint, query={"count": 1, "attributes": "id"}).json["Resources"]
    body = user("bob@example.com") if endpoint == "/Users" else group("Engineering")
    resource = found[0] if found else scim.post(endpoint, body).json
    return str(resource["id"])


def aim(case: Case, scim: Scim) -> None:
    """Let half of the texts be such that mean something: what is made up is hardly ever the id of anything."""
    if len(case.path_parameters.get("id", "")) % 2:
        case.path_parameters["id"] = there(scim, case.path.removesuffix("/{id}"))
    case.query = aimed(case.query)
    case.body = aimed(case.body)


def aimed(value: Any, name: str = "") -> Any:
    """Return the value of a member or parameter with half of the texts in it made to mean something."""
    if isinstance(value, dict):
        return {key: aimed(below, key) for key, below in value.items()}
    if isinstance(value, list):
        return [aimed(element, name) for element in value]
    choices = KNOWN.get(name)
    return choices[len(value) // 2 % len(choices)] if choices and isinstance(value, str) and len(value) % 2 else value


def check(case: Case, app: Flask) -> None:
    """Send a case, and hold the answer to all checks.

    It has the token on public paths too, where the fuzzer would leave it out and want 405 for other methods: the guard
    comes before the methods, and tells strangers 401.
    """
    aim(case, Scim(app))
    case.call_and_validate(app=app, headers=HEADERS)


@pytest.fixture
def default_app(tmp_path: Any) -> Flask:
    """The application as it is without settings: the registry's profile, on SQLite."""
    return application(f"sqlite:///{tmp_path / 'scim.db'}", "bsr")


@documented("bsr").parametrize()
@MANY
def test_many_cases(case: Case, default_app: Flask) -> None:
    """Two hundred random cases for each operation, and those that the rules of the schemas give."""
    check(case, default_app)


@pytest.fixture
def small_app(backend_uri: str) -> Flask:
    """The registry's profile, on each backend."""
    return application(backend_uri, "bsr")


@documented("bsr", **COVERAGE).parametrize()
@FEW
def test_few_cases_of_the_registry(case: Case, small_app: Flask) -> None:
    """A few on every backend; as many in the thorough profile."""
    check(case, small_app)


@pytest.fixture
def large_app(backend_uri: str) -> Flask:
    """All attributes of RFC 7643, on each backend."""
    return application(backend_uri, "rfc7643")


@documented("rfc7643", **COVERAGE).parametrize()
@FEW
def test_few_cases_of_the_rfc(case: Case, large_app: Flask) -> None:
    """The same with every attribute that the RFC has."""
    check(case, large_app)


@pytest.mark.parametrize("profile", ["bsr", "rfc7643"])
def test_walks_along_the_links(profile: str) -> None:
    """What was created is there under its id until it is removed, and never after that."""

    class Walk(documented(profile).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.app = application("memory://", profile)

        def get_call_kwargs(self, _: Case) -> dict[str, Any]:
            return {"app": self.app}

    run_state_machine_as_test(Walk, settings=WALKS)
