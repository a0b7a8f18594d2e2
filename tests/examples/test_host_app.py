"""The host application: its accounts and Okta's users are the same people."""

from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.docs.running import BOB, ask, make_token

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def with_address(address: str) -> dict[str, Any]:
    """Return what Okta sends of Bob when he has an address."""
    return BOB | {"emails": [{"value": address, "type": "work", "primary": True}]}


class Host:
    """The application, a browser, and Okta."""

    def __init__(self, module: ModuleType) -> None:
        self.app: Flask = module.create_app(TESTING=True, SECRET_KEY="of the test")
        self.accounts = __import__("accounts")
        self.browser = self.app.test_client()
        self.token = make_token(self.app)
        with self.app.app_context():
            registry = module.scim.registry
            registry.mappings.add(registry.organizations.create("acme").id, "engineers")

    def close(self) -> None:
        """Close the connections to the accounts."""
        with self.app.app_context():
            self.accounts.database.engine.dispose()

    def okta(self, path: str, method: str, body: Any = None) -> TestResponse:
        """Send a SCIM request."""
        response = ask(self.app, f"/scim/v2{path}", method, body, self.token)
        assert response.status_code < 300, response.text
        return response

    def provision(self, address: str = "bob@example.com") -> str:
        """Provision Bob; return his id."""
        user_id: str = self.okta("/Users", "POST", with_address(address)).json["id"]
        return user_id

    def provision_inactive(self, address: str = "bob@example.com") -> None:
        """Provision Bob, who is locked out at once."""
        self.okta("/Users", "POST", with_address(address) | {"active": False})

    def set_active(self, user_id: str, active: bool) -> None:
        """Lock a user out, or let one in."""
        operation = {"op": "replace", "value": {"active": active}}
        self.okta(f"/Users/{user_id}", "PATCH", {"schemas": [PATCH], "Operations": [operation]})

    def push(self, *members: str) -> str:
        """Push the group of the engineers; return its id."""
        body = {"schemas": [GROUP], "displayName": "engineers", "members": [{"value": member} for member in members]}
        group_id: str = self.okta("/Groups", "POST", body).json["id"]
        return group_id

    def sign_in(self, **more: Any) -> TestResponse:
        """Sign Bob in."""
        return self.browser.post("/signed-in", data={"email": "bob@example.com"} | more)

    def rows(self) -> list[SimpleNamespace]:
        """Return the accounts as they are stored."""
        with self.app.app_context():
            found = self.accounts.database.session.query(self.accounts.Account).order_by("id")
            return [
                SimpleNamespace(id=a.id, email=a.email, user_id=a.user_id, is_closed=a.closed is not None)
                for a in found
            ]

    def had(self, email: str | None) -> None:
        """Make an account as it was before SCIM came."""
        with self.app.app_context():
            self.accounts.database.session.add(self.accounts.Account(email=email))
            self.accounts.database.session.commit()


@pytest.fixture
def host(load: Callable[[str], ModuleType]) -> Iterator[Host]:
    """The application with an organization to which the engineers are mapped."""
    host = Host(load("host_app"))
    yield host
    host.close()


def test_a_provisioned_user_signs_in(host: Host) -> None:
    """Okta's user has an account at once, and it is that with which the user signs in."""
    bob = host.provision()
    assert host.browser.get("/").status_code == 401
    assert host.sign_in().status_code == 302
    assert host.browser.get("/").json == {"account": 1, "email": "bob@example.com", "organizations": {}}
    assert [row.user_id for row in host.rows()] == [bob]


def test_deactivation_ends_the_session(host: Host) -> None:
    """The next request is refused, a new sign-in too, and the account notes it; the way back needs a new sign-in."""
    bob = host.provision()
    host.sign_in()
    host.set_active(bob, False)
    assert host.browser.get("/").status_code == 401
    assert host.sign_in().status_code == 403
    assert host.rows()[0].is_closed
    host.set_active(bob, True)
    assert not host.rows()[0].is_closed
    assert host.browser.get("/").status_code == 401
    assert host.sign_in().status_code == 302
    assert host.browser.get("/").status_code == 200


def test_a_pushed_group_opens_a_page_and_closes_it(host: Host) -> None:
    """Who is in the group sees the page as long as that is so, in the session that is there."""
    bob = host.provision()
    host.sign_in()
    assert host.browser.get("/reports").status_code == 403
    group = host.push(bob)
    assert host.browser.get("/reports").json == {"reports": ["revenue"]}
    assert host.browser.get("/").json["organizations"] == {"acme": "MEMBER"}
    host.okta(f"/Groups/{group}", "PUT", {"schemas": [GROUP], "displayName": "engineers", "members": []})
    assert host.browser.get("/reports").status_code == 403


def test_a_group_of_the_assertion_opens_it_too(host: Host) -> None:
    """A mapping counts groups of sign-ins and pushed ones."""
    host.sign_in(group="engineers")
    assert host.browser.get("/reports").status_code == 200


def test_strangers_see_no_page(host: Host) -> None:
    """Without a session there is 401, whatever groups there are."""
    assert [host.browser.get(path).status_code for path in ("/", "/reports")] == [401, 401]


def test_signing_out(host: Host) -> None:
    """The session ends."""
    host.sign_in()
    host.browser.post("/signed-out")
    assert host.browser.get("/").status_code == 401


def test_who_had_an_account_is_found_by_okta(host: Host) -> None:
    """`bring-users` makes the accounts known, and Okta's user is the same person in any letter case."""
    host.had("Bob@Example.com")
    host.app.test_cli_runner().invoke(args=["bring-users"], catch_exceptions=False)
    (found,) = host.okta('/Users?filter=userName eq "bob@example.com"', "GET").json["Resources"]
    host.sign_in()
    assert [(row.id, row.user_id) for row in host.rows()] == [(1, found["id"])]
    assert host.browser.get("/").json["account"] == 1


def test_an_account_without_an_address_is_left_out(host: Host) -> None:
    """It is named, and keeps nobody else from being brought."""
    host.had(None)
    host.had("bob@example.com")
    result = host.app.test_cli_runner().invoke(args=["bring-users"], catch_exceptions=False)
    assert 'account 1 was left out: "" is no e-mail address' in result.stderr
    assert [row.user_id is None for row in host.rows()] == [True, False]


@pytest.mark.parametrize("was_there", [False, True])
def test_who_is_provisioned_inactive_has_a_closed_account(host: Host, was_there: bool) -> None:
    """A new account, one from before, and that of a user who is adopted."""
    if was_there:
        host.had("bob@example.com")
        host.app.test_cli_runner().invoke(args=["bring-users"], catch_exceptions=False)
    host.provision_inactive()
    assert [row.is_closed for row in host.rows()] == [True]


def test_an_account_that_was_not_brought_is_linked_at_the_first_provisioning(host: Host) -> None:
    """By its address, whose letter case does not matter."""
    host.had("Bob@Example.com")
    bob = host.provision()
    assert [(row.id, row.user_id) for row in host.rows()] == [(1, bob)]


def test_an_address_that_is_given_to_another_opens_no_old_account(host: Host) -> None:
    """Whoever gets the address of a deleted user has an account of their own."""
    first = host.provision()
    host.okta(f"/Users/{first}", "PUT", with_address("rob@example.com"))
    host.okta(f"/Users/{first}", "DELETE")
    second = host.provision("rob@example.com")
    assert [(row.user_id, row.email, row.is_closed) for row in host.rows()] == [
        (first, "rob@example.com", True),
        (second, "rob@example.com", False),
    ]


def test_it_believes_nobody_in_production(host: Host) -> None:
    """Without a SAML or OIDC library in the marked place nobody can sign in."""
    host.app.testing = False
    assert host.sign_in().status_code == 501
