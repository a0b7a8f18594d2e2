"""The .proto files: what clients of the public package rely on, and the code that is made of them.

The tables are the part of the public `buf.alpha.registry.v1alpha1` that this API serves: names and numbers of fields.
Fields that are this project's own are marked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from protobuf import DescFile, ScalarType

import flask_bsr_scim.registry.api as api
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import (
    organization_pb,
    repository_pb,
    role_pb,
    scim_token_pb,
    token_pb,
    user_pb,
)
from tests.registry.api.calling import PACKAGE

PROTO = Path(str(api.__file__)).parent / "proto"
BUF = Path(sys.executable).with_name("buf")

FILES = {
    "organization": organization_pb,
    "repository": repository_pb,
    "role": role_pb,
    "scim_token": scim_token_pb,
    "token": token_pb,
    "user": user_pb,
}

MESSAGES = {
    "SCIMToken": "id=1 create_time=2 expire_time=3",
    "CreateSCIMTokenRequest": "expire_time=1",
    "CreateSCIMTokenResponse": "token=1",
    "ListSCIMTokensRequest": "page_size=1 page_token=2 reverse=3",
    "ListSCIMTokensResponse": "tokens=1 next_page_token=2",
    "DeleteSCIMTokenRequest": "token_id=1",
    "Token": "id=1 create_time=2 expire_time=3 note=4",
    "CreateTokenRequest": "note=1 expire_time=2",
    "CreateTokenResponse": "token=1",
    "GetTokenRequest": "token_id=1",
    "GetTokenResponse": "token=1",
    "ListTokensRequest": "page_size=1 page_token=2 reverse=3",
    "ListTokensResponse": "tokens=1 next_page_token=2",
    "DeleteTokenRequest": "token_id=1",
    "User": "id=1 create_time=2 update_time=3 username=4 deactivated=5 user_type=9",
    "OrganizationUser": "user=1 organization_id=2 organization_role=3 organization_role_source=4",
    "GetUserRequest": "id=1",
    "GetUserResponse": "user=1",
    "GetUserByUsernameRequest": "username=1",
    "GetUserByUsernameResponse": "user=1",
    "ListUsersRequest": "page_size=1 page_token=2 reverse=3 user_state_filter=4 user_type_filters=5",
    "ListUsersResponse": "users=1 next_page_token=2",
    "ListOrganizationUsersRequest": "organization_id=1 page_size=2 page_token=3 reverse=4",
    "ListOrganizationUsersResponse": "users=1 next_page_token=2",
    "DeactivateUserRequest": "id=1",
    "UpdateUserServerRoleRequest": "user_id=1 server_role=2",
    "CountUsersRequest": "user_state_filter=1",
    "CountUsersResponse": "total_count=1",
    "Organization": "id=1 create_time=2 update_time=3 name=4",
    "OrganizationMembership": "organization=1 organization_role=2",
    "GetOrganizationRequest": "id=1",
    "GetOrganizationResponse": "organization=1",
    "GetOrganizationByNameRequest": "name=1",
    "GetOrganizationByNameResponse": "organization=1",
    "ListOrganizationsRequest": "page_size=1 page_token=2 reverse=3",
    "ListOrganizationsResponse": "organizations=1 next_page_token=2",
    "ListUserOrganizationsRequest": "user_id=1 page_size=2 page_token=3 reverse=4",
    "ListUserOrganizationsResponse": "organizations=1 next_page_token=2",
    "GetUserOrganizationRequest": "user_id=1 organization_id=2",
    "GetUserOrganizationResponse": "organization_membership=1",
    "CreateOrganizationRequest": "name=1",
    "CreateOrganizationResponse": "organization=1",
    "DeleteOrganizationRequest": "id=1",
    "DeleteOrganizationByNameRequest": "name=1",
    "AddOrganizationMemberRequest": "organization_id=1 user_id=2 organization_role=3",
    "UpdateOrganizationMemberRequest": "organization_id=1 user_id=2 organization_role=3",
    "RemoveOrganizationMemberRequest": "organization_id=1 user_id=2",
    "SetOrganizationMemberRequest": "organization_id=1 user_id=2 organization_role=3",
    "GetOrganizationSettingsRequest": "organization_id=1",
    "GetOrganizationSettingsResponse": "repository_base_role=1 members_count=4 idp_groups=5",
    "UpdateOrganizationSettingsRequest": "organization_id=1 repository_base_role=2",
    "AddOrganizationGroupRequest": "organization_id=1 group_name=2 role_override=3",  # role_override: our own
    "UpdateOrganizationGroupRequest": "organization_id=1 group_name=2 role_override=3",  # our own
    "RemoveOrganizationGroupRequest": "organization_id=1 group_name=2",
    "Repository": "id=1 create_time=2 update_time=3 name=4 organization_id=6 visibility=7 owner_name=10",
    "RepositoryContributor": "user=1 repository_id=2 explicit_role=3 implicit_role=4",
    "GetRepositoryRequest": "id=1",
    "GetRepositoryResponse": "repository=1",
    "GetRepositoryByFullNameRequest": "full_name=1",
    "GetRepositoryByFullNameResponse": "repository=1",
    "CreateRepositoryByFullNameRequest": "full_name=1 visibility=2",
    "CreateRepositoryByFullNameResponse": "repository=1",
    "DeleteRepositoryRequest": "id=1",
    "DeleteRepositoryByFullNameRequest": "full_name=1",
    "SetRepositoryContributorRequest": "repository_id=1 user_id=2 repository_role=3",
    "ListRepositoryContributorsRequest": "repository_id=1 page_size=2 page_token=3 reverse=4",
    "ListRepositoryContributorsResponse": "users=1 next_page_token=2",
    "GetRepositoryContributorRequest": "repository_id=1 user_id=2",
    "GetRepositoryContributorResponse": "user=1",
    "AddRepositoryGroupRequest": "repository_id=1 group_name=2 role_override=3",  # our own
    "UpdateRepositoryGroupRequest": "repository_id=1 group_name=2 role_override=3",  # our own
    "RemoveRepositoryGroupRequest": "repository_id=1 group_name=2",  # our own
}

EMPTY = {
    "DeleteSCIMTokenResponse",
    "DeleteTokenResponse",
    "DeactivateUserResponse",
    "UpdateUserServerRoleResponse",
    "DeleteOrganizationResponse",
    "DeleteOrganizationByNameResponse",
    "DeleteRepositoryResponse",
    "DeleteRepositoryByFullNameResponse",
    "SetRepositoryContributorResponse",
    "UpdateOrganizationSettingsResponse",
    *(f"{verb}OrganizationMemberResponse" for verb in ("Add", "Update", "Remove", "Set")),
    *(f"{verb}{kind}GroupResponse" for verb in ("Add", "Update", "Remove") for kind in ("Organization", "Repository")),
}

ENUMS = {
    "ServerRole": "SERVER_ROLE_UNSPECIFIED=0 SERVER_ROLE_ADMIN=1 SERVER_ROLE_MEMBER=2",
    "OrganizationRole": "ORGANIZATION_ROLE_UNSPECIFIED=0 ORGANIZATION_ROLE_OWNER=1 ORGANIZATION_ROLE_ADMIN=2 "
    "ORGANIZATION_ROLE_MEMBER=3 ORGANIZATION_ROLE_MACHINE=4",
    "OrganizationRoleSource": "ORGANIZATION_ROLE_SOURCE_UNSPECIFIED=0 ORGANIZATION_ROLE_SOURCE_DIRECT=1 "
    "ORGANIZATION_ROLE_SOURCE_JIT=2 ORGANIZATION_ROLE_SOURCE_IDP_GROUP=3",
    "RepositoryRole": "REPOSITORY_ROLE_UNSPECIFIED=0 REPOSITORY_ROLE_OWNER=1 REPOSITORY_ROLE_ADMIN=2 "
    "REPOSITORY_ROLE_WRITE=3 REPOSITORY_ROLE_READ=4 REPOSITORY_ROLE_LIMITED_WRITE=5",
    "UserState": "USER_STATE_UNSPECIFIED=0 USER_STATE_ACTIVE=1 USER_STATE_DEACTIVATED=2",
    "UserType": "USER_TYPE_UNSPECIFIED=0 USER_TYPE_PERSONAL=1 USER_TYPE_MACHINE=2 USER_TYPE_SYSTEM=3",
    "Visibility": "VISIBILITY_UNSPECIFIED=0 VISIBILITY_PUBLIC=1 VISIBILITY_PRIVATE=2",
}


def files() -> list[DescFile]:
    """Return the descriptors of all files."""
    return [module.desc() for module in FILES.values()]


def test_messages_have_the_public_names_and_numbers() -> None:
    """Each field of each message is where clients expect it."""
    found = {
        message.name: " ".join(f"{field.name}={field.number}" for field in message.fields)
        for file in files()
        for message in file.messages
    }
    assert found == MESSAGES | dict.fromkeys(EMPTY, "")


def test_enums_have_the_public_names_and_numbers() -> None:
    """Each value of each enum is where clients expect it."""
    found = {
        enum.name: " ".join(f"{value.name}={value.number}" for value in enum.values)
        for file in files()
        for enum in file.enums
    }
    assert found == ENUMS


def test_methods_take_the_messages_of_their_names() -> None:
    """A method's request and response are called as it is."""
    for file in files():
        for service in file.services:
            assert service.type_name == f"{PACKAGE}.{service.name}"
            for method in service.methods:
                assert method.input.type_name == f"{PACKAGE}.{method.name}Request"
                assert method.output.type_name == f"{PACKAGE}.{method.name}Response"


def buf(*arguments: str) -> str:
    """Run the client of the .proto files; return what it prints."""
    done = subprocess.run([BUF, *arguments], cwd=PROTO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """The files as `buf build` reads them, by name."""
    image = json.loads(buf("build", "-o", "-#format=json", "--exclude-imports", "--exclude-source-info"))
    return {Path(file["name"]).stem: file for file in image["file"]}


def outline(message: dict[str, Any]) -> list[tuple[str, int, str]]:
    """Return name, number and type of each field of a message as `buf build` reads it."""
    return [(f["name"], f["number"], f.get("typeName", f["type"]).lstrip(".")) for f in message.get("field", ())]


def type_of(field: Any) -> str:
    """Return the type that a generated field holds, in the words of `buf build`."""
    value = field.value
    for name in ("scalar", "message", "enum", "element"):
        if (inner := getattr(value, name, None)) is not None:
            return f"TYPE_{inner.name}" if isinstance(inner, ScalarType) else str(inner.type_name)
    raise AssertionError(field)


def test_the_generated_code_is_that_of_the_files(built: dict[str, Any]) -> None:
    """Whoever changes a .proto file runs `make proto`."""
    assert set(built) == set(FILES)
    for name, module in FILES.items():
        desc, file = module.desc(), built[name]
        generated = {m.name: [(f.name, f.number, type_of(f)) for f in m.fields] for m in desc.messages}
        assert generated == {m["name"]: outline(m) for m in file.get("messageType", ())}
        methods = {s.name: [m.name for m in s.methods] for s in desc.services}
        assert methods == {s["name"]: [m["name"] for m in s["method"]] for s in file.get("service", ())}
        enums = {e.name: [(v.name, v.number) for v in e.values] for e in desc.enums}
        assert enums == {
            e["name"]: [(v["name"], v.get("number", 0)) for v in e["value"]] for e in file.get("enumType", ())
        }


def test_the_files_are_formatted_and_linted() -> None:
    """`buf format` and `buf lint` find nothing to say."""
    assert buf("format", "--diff", "--exit-code") == ""
    assert buf("lint") == ""
