"""The admin API as its users call it: the commands of the registry's documentation, with another host alone.

They are run by a shell, in this order, against a real server; the variables are those that the documentation tells to
export.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.server.conftest import servers
from tests.server.running import HOST, PATIENCE, Server, patch, run

HEADERS = """\
    -H "Authorization: Bearer ${BUF_TOKEN}" \\
    -H "Content-Type: application/json" \\
"""
SERVICE = "https://${PRIVATE_BSR_HOSTNAME}/buf.alpha.registry.v1alpha1."

ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
SCIM_TOKEN = r"bsrscim_default_[A-Za-z0-9_-]{43}"

ORGANIZATION = f'{{"organization":{{"id":"{ID}","createTime":"{TIME}","updateTime":"{TIME}","name":"acme"}}}}'
REPOSITORY = (
    f'{{"repository":{{"id":"{ID}","createTime":"{TIME}","updateTime":"{TIME}","name":"weather",'
    f'"organizationId":"{ID}","visibility":"VISIBILITY_PRIVATE","ownerName":"acme"}}}}'
)
USER = (
    f'{{"user":{{"id":"{ID}","createTime":"{TIME}","updateTime":"{TIME}","username":"bob-smith",'
    '"userType":"USER_TYPE_PERSONAL"}}'
)


@dataclass(frozen=True)
class Step:
    """A command, and the answer that is expected as a regular expression; `export` names what comes of it."""

    name: str
    command: str
    answer: str = "{}"
    export: tuple[str, str] | None = None


def call(method: str, data: str) -> str:
    """Return a command of the documentation: `data` is written for a double-quoted word of the shell."""
    quoted = data.replace('"', '\\"')
    return f'curl \\\n{HEADERS}    -d "{quoted}" \\\n    "{SERVICE}{method}"'


GROUP_OF_ORGANIZATION = '"organization_id":"${ORGANIZATION_ID}", "group_name":"${GROUP_NAME}"'
GROUP_OF_REPOSITORY = '"repository_id":"${REPOSITORY_ID}", "group_name":"${GROUP_NAME}"'

STEPS = [
    Step(
        "create a SCIM token",
        f"""curl \\\n{HEADERS}    -d '{{ "expire_time": "2099-03-03T15:56:12+00:00" }}' \\
    "{SERVICE}SCIMTokenService/CreateSCIMToken\"""",
        f'{{"token":"{SCIM_TOKEN}"}}',
        ("SCIM_TOKEN", "token"),
    ),
    Step(
        "create a SCIM token that never expires",
        f"curl \\\n{HEADERS}    -d '{{ }}' \\\n    \"{SERVICE}SCIMTokenService/CreateSCIMToken\"",
        f'{{"token":"{SCIM_TOKEN}"}}',
    ),
    Step(
        "list SCIM tokens",
        call("SCIMTokenService/ListSCIMTokens", '{"page_size":10, "reverse":true}'),
        f'{{"tokens":\\[{{"id":"{ID}","createTime":"{TIME}"}},'
        f'{{"id":"{ID}","createTime":"{TIME}","expireTime":"2099-03-03T15:56:12Z"}}\\]}}',
        ("TOKEN_ID", "tokens.0.id"),
    ),
    Step("delete a SCIM token", call("SCIMTokenService/DeleteSCIMToken", '{"token_id":"${TOKEN_ID}"}')),
    Step(
        "provision a user",
        """curl \\
    -H "Authorization: Bearer ${SCIM_TOKEN}" \\
    -H "Content-Type: application/json" \\
    -d '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob.smith@example.com"}' \\
    "https://${PRIVATE_BSR_HOSTNAME}/scim/v2/Users\"""",
        f'.*"id":"{ID}".*',
    ),
    Step(
        "create an organization",
        call("OrganizationService/CreateOrganization", '{"name":"${ORGANIZATION_NAME}"}'),
        ORGANIZATION,
    ),
    Step(
        "get an organization by name",
        call("OrganizationService/GetOrganizationByName", '{"name":"${ORGANIZATION_NAME}"}'),
        ORGANIZATION,
        ("ORGANIZATION_ID", "organization.id"),
    ),
    Step(
        "add an organization group",
        call("OrganizationService/AddOrganizationGroup", f"{{{GROUP_OF_ORGANIZATION}}}"),
    ),
    Step(
        "add an organization group with an override",
        call(
            "OrganizationService/AddOrganizationGroup",
            f'{{{GROUP_OF_ORGANIZATION}, "role_override":"ORGANIZATION_ROLE_ADMIN"}}',
        ),
    ),
    Step(
        "set the override of an organization group",
        call(
            "OrganizationService/UpdateOrganizationGroup",
            f'{{{GROUP_OF_ORGANIZATION}, "role_override":"ORGANIZATION_ROLE_MACHINE"}}',
        ),
    ),
    Step(
        "clear the override of an organization group",
        call(
            "OrganizationService/UpdateOrganizationGroup",
            f'{{{GROUP_OF_ORGANIZATION}, "role_override":"ORGANIZATION_ROLE_UNSPECIFIED"}}',
        ),
    ),
    Step(
        "get the settings of an organization",
        call("OrganizationService/GetOrganizationSettings", '{"organization_id":"${ORGANIZATION_ID}"}'),
        '{"membersCount":1,"idpGroups":\\["Engineering"\\]}',
    ),
    Step(
        "remove an organization group",
        call("OrganizationService/RemoveOrganizationGroup", f"{{{GROUP_OF_ORGANIZATION}}}"),
    ),
    Step(
        "create a repository",
        call(
            "RepositoryService/CreateRepositoryByFullName",
            '{"full_name":"${ORGANIZATION_NAME}/${REPOSITORY_NAME}", "visibility":"VISIBILITY_PRIVATE"}',
        ),
        REPOSITORY,
    ),
    Step(
        "get a repository by full name",
        call("RepositoryService/GetRepositoryByFullName", '{"fullName":"${ORGANIZATION_NAME}/${REPOSITORY_NAME}"}'),
        REPOSITORY,
        ("REPOSITORY_ID", "repository.id"),
    ),
    Step("add a repository group", call("RepositoryService/AddRepositoryGroup", f"{{{GROUP_OF_REPOSITORY}}}")),
    Step(
        "add a repository group with an override",
        call(
            "RepositoryService/AddRepositoryGroup",
            f'{{{GROUP_OF_REPOSITORY}, "role_override":"REPOSITORY_ROLE_WRITE"}}',
        ),
    ),
    Step(
        "set the override of a repository group",
        call(
            "RepositoryService/UpdateRepositoryGroup",
            f'{{{GROUP_OF_REPOSITORY}, "role_override":"REPOSITORY_ROLE_WRITE"}}',
        ),
    ),
    Step(
        "clear the override of a repository group",
        call(
            "RepositoryService/UpdateRepositoryGroup",
            f'{{{GROUP_OF_REPOSITORY}, "role_override":"REPOSITORY_ROLE_UNSPECIFIED"}}',
        ),
    ),
    Step("remove a repository group", call("RepositoryService/RemoveRepositoryGroup", f"{{{GROUP_OF_REPOSITORY}}}")),
    Step(
        "get a user by name",
        call("UserService/GetUserByUsername", '{"username":"${USERNAME_TO_DEACTIVATE}"}'),
        USER,
        ("USER_ID", "user.id"),
    ),
    Step("deactivate a user", call("UserService/DeactivateUser", '{"id":"${USER_ID}"}')),
    Step(
        "get the user again",
        call("UserService/GetUser", '{"id":"${USER_ID}"}'),
        USER.replace(',"userType"', ',"deactivated":true,"userType"'),
    ),
    Step(
        "get an organization that is not there",
        call("OrganizationService/GetOrganizationByName", '{"name":"nowhere"}'),
        '{"code": ?"not_found", ?"message": ?"There is no organization named .*"}',
    ),
    Step(
        "map without a right to",
        call("OrganizationService/AddOrganizationGroup", "{}").replace("BUF_TOKEN", "SCIM_TOKEN"),
        '{"code": ?"unauthenticated", ?"message": ?"The API token is missing, .*"}',
    ),
]

EXPORTED = {
    "ORGANIZATION_NAME": "acme",
    "REPOSITORY_NAME": "weather",
    "GROUP_NAME": "Engineering",
    "USERNAME_TO_DEACTIVATE": "bob-smith",
}


def shell(command: str, variables: dict[str, str]) -> str:
    """Run a command, with the scheme that the server has; return what it prints."""
    done = subprocess.run(
        ["sh", "-c", command.replace("https://", "http://")],
        env=variables | {"PATH": os.environ["PATH"], "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def member(document: Any, path: str) -> str:
    """Return what a path of names and numbers leads to."""
    for name in path.split("."):
        document = document[int(name) if name.isdigit() else name]
    return str(document)


def administrator(server: Server, email: str = "ada@example.com") -> str:
    """Make an administrator as an operator does, and return the API token."""
    done = run("admin", "create", email, "--backend", server.backend)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each command printed, by the step's name."""
    with servers() as start:
        server = start(f"sqlite:///{tmp_path_factory.mktemp('admin') / 'scim.db'}", SCIM_TOKEN="x" * 32).wait()
        variables = EXPORTED | {
            "PRIVATE_BSR_HOSTNAME": f"{HOST}:{server.port}",
            "BUF_TOKEN": administrator(server),
        }
        printed = {}
        for step in STEPS:
            printed[step.name] = shell(step.command, variables)
            if step.export:
                name, path = step.export
                variables[name] = member(json.loads(printed[step.name]), path)
        yield printed


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_command_gives_the_documented_answer(answers: dict[str, str], step: Step) -> None:
    """The answer is JSON with lowerCamelCase names and without default values."""
    assert re.fullmatch(step.answer, answers[step.name]), answers[step.name]


def test_deactivation_over_scim_ends_the_token_everywhere(pair: tuple[Server, Server]) -> None:
    """Whichever process deactivates a user, the user's API token is refused by every other one's next answer."""
    first, second = pair
    with first.client() as client:
        user_id = client.create_user("erin@example.com")
    arguments = ("--kind", "api", "--user", "erin@example.com", "--backend", first.backend)
    made = run("token", "create", *arguments, SCIM_PROFILE="rfc7643")
    assert made.returncode == 0, made.stderr
    command = call("UserService/GetUser", '{"id":"${USER_ID}"}')
    variables = {"BUF_TOKEN": made.stdout.strip(), "USER_ID": user_id}

    def answers() -> list[str]:
        hosts = [{"PRIVATE_BSR_HOSTNAME": f"{HOST}:{server.port}"} for server in pair]
        return [shell(command, variables | host) for host in hosts]

    assert all(user_id in answer for answer in answers())
    with first.client() as client:
        assert client("PATCH", f"/Users/{user_id}", patch(("replace", "active", False))).status == 200
    assert all('"unauthenticated"' in answer for answer in answers())
    with second.client() as client:
        assert client("PATCH", f"/Users/{user_id}", patch(("replace", "active", True))).status == 200
    assert all('"unauthenticated"' in answer for answer in answers())
