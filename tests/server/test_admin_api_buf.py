"""The admin API as the client of the .proto files calls it: `buf curl`, in binary, some calls of each service."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import flask_bsr_scim.registry.api as api
from tests.server.conftest import servers
from tests.server.running import HOST, PATIENCE, TOKEN, run

BUF = Path(sys.executable).with_name("buf")
PROTO = Path(str(api.__file__)).parent / "proto"

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """Give a function that calls a method with fields; it returns the answer, or the error that buf tells."""
    with servers() as start:
        server = start(f"sqlite:///{tmp_path_factory.mktemp('admin') / 'scim.db'}", SCIM_TOKEN=TOKEN).wait()
        made = run("admin", "create", "ada@example.com", "--backend", server.backend)
        assert made.returncode == 0, made.stderr
        own = made.stdout.strip()

        def buf_curl(method: str, token: str = own, **fields: Any) -> Any:
            done = subprocess.run(
                [
                    *(BUF, "curl", "--verbose", "--schema", PROTO),
                    *("--header", f"Authorization: Bearer {token}"),
                    *("--data", json.dumps(fields)),
                    f"http://{HOST}:{server.port}/buf.alpha.registry.v1alpha1.{method}",
                ],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            if done.returncode == 0:
                # The answer has the form of the request, whose headers buf does not always get to tell.
                assert "HTTP/1.1 200 OK" in done.stderr, done.stderr
                assert re.search(r"< .*Content-Type: application/proto\n", done.stderr), done.stderr
                return json.loads(done.stdout)
            return json.loads(done.stderr[done.stderr.index("\n{\n") :])

        yield buf_curl


def test_scim_tokens(call: Call) -> None:
    """SCIMTokenService makes, lists and deletes tokens."""
    assert call("SCIMTokenService/CreateSCIMToken", expire_time="2099-01-01T00:00:00Z")["token"].startswith("bsrscim_")
    (token,) = call("SCIMTokenService/ListSCIMTokens")["tokens"]
    assert token["expireTime"] == "2099-01-01T00:00:00Z"
    assert call("SCIMTokenService/DeleteSCIMToken", token_id=token["id"]) == {}
    assert call("SCIMTokenService/DeleteSCIMToken", token_id=token["id"])["code"] == "not_found"


def test_own_tokens(call: Call) -> None:
    """TokenService makes a token that works, and revokes it."""
    token = call("TokenService/CreateToken", note="laptop")["token"]
    (listed,) = (each for each in call("TokenService/ListTokens")["tokens"] if each.get("note") == "laptop")
    assert call("TokenService/GetToken", token_id=listed["id"])["token"] == listed
    assert call("TokenService/DeleteToken", token, token_id=listed["id"]) == {}
    assert call("TokenService/ListTokens", token)["code"] == "unauthenticated"


def test_users(call: Call) -> None:
    """UserService finds, counts and lists users."""
    ada = call("UserService/GetUserByUsername", username="ada")["user"]
    assert call("UserService/GetUser", id=ada["id"])["user"] == ada
    assert call("UserService/ListUsers", user_state_filter="USER_STATE_ACTIVE")["users"] == [ada]
    assert call("UserService/CountUsers") == {"totalCount": 1}
    assert call("UserService/DeactivateUser", id="nobody")["code"] == "not_found"


def test_organizations(call: Call) -> None:
    """OrganizationService makes an organization and maps a group with a role."""
    acme = call("OrganizationService/CreateOrganization", name="acme")["organization"]
    group = {"organization_id": acme["id"], "group_name": "Engineering"}
    role = {"role_override": "ORGANIZATION_ROLE_MACHINE"}
    assert call("OrganizationService/AddOrganizationGroup", **group, **role) == {}
    assert call("OrganizationService/UpdateOrganizationGroup", **group) == {}
    settings = call("OrganizationService/GetOrganizationSettings", organization_id=acme["id"])
    assert settings == {"membersCount": 1, "idpGroups": ["Engineering"]}
    assert call("OrganizationService/CreateOrganization", name="acme")["code"] == "already_exists"


def test_repositories(call: Call) -> None:
    """RepositoryService makes a repository and tells who contributes."""
    call("OrganizationService/CreateOrganization", name="initech")
    made = call("RepositoryService/CreateRepositoryByFullName", full_name="initech/tps", visibility="VISIBILITY_PUBLIC")
    repository = made["repository"]
    assert call("RepositoryService/GetRepositoryByFullName", full_name="initech/tps") == {"repository": repository}
    (contributor,) = call("RepositoryService/ListRepositoryContributors", repository_id=repository["id"])["users"]
    assert contributor["explicitRole"] == "REPOSITORY_ROLE_OWNER"
    assert call("RepositoryService/DeleteRepository", id=repository["id"]) == {}


@pytest.mark.parametrize("token", [TOKEN, "x"], ids=["SCIM", "none"])
def test_other_tokens_are_refused(call: Call, token: str) -> None:
    """The client understands the refusal, which is JSON as all errors are."""
    assert call("UserService/CountUsers", token)["code"] == "unauthenticated"
