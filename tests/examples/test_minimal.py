"""The minimal example."""

from collections.abc import Callable
from types import ModuleType

from tests.docs.running import BOB, ask, make_token


def test_it_knows_whom_the_identity_provider_has_sent(load: Callable[[str], ModuleType]) -> None:
    """Who was provisioned is there, in any letter case, and nobody else."""
    app = load("minimal").app
    assert ask(app, "/scim/v2/Users", "POST", BOB, make_token(app)).status_code == 201
    answers = [app.test_client().get(f"/who/{name}@example.com").text[:8] for name in ("BOB", "ann")]
    assert answers == ["here sin", "not here"]


def test_nobody_gets_in_without_a_token(load: Callable[[str], ModuleType]) -> None:
    """SCIM is closed to strangers."""
    assert ask(load("minimal").app, "/scim/v2/Users").status_code == 401
