"""The commands about the registry: administrators, API tokens, sign-ins, plans, restored users, readiness."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup

from flask_bsr_scim import BsrScim, ConfigurationError
from flask_bsr_scim.backends.base import Removal
from flask_bsr_scim.registry.model import OrganizationRole, RegistryUser, RepositoryRole
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import environment_settings, read_settings
from flask_bsr_scim.web.service import Service
from tests.client import TOKEN, Scim

API_TOKEN = re.compile(r"bsrapi_[a-z0-9-]+_[A-Za-z0-9_-]{43}\n")

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder, with no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for key in environment_settings():
        monkeypatch.delenv(key)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """The URI of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'scim.db'}"


@pytest.fixture
def run(uri: str) -> Run:
    """Run a command on that file."""
    return lambda *args, **env: CliRunner().invoke(scim_commands, [*args, "--backend", uri], env=env)


@pytest.fixture
def app(uri: str) -> Flask:
    """An application that serves that file."""
    app = Flask("served")
    BsrScim(app, backend=uri, token=TOKEN)
    return app


@pytest.fixture
def scim(app: Flask) -> Scim:
    """A client of the application."""
    return Scim(app)


@pytest.fixture
def service(app: Flask) -> Service:
    """What the application serves."""
    service: Service = app.extensions["bsr_scim"]["bsr_scim"].service
    return service


@pytest.fixture
def registry(service: Service) -> Registry:
    """The registry of the application's default tenant."""
    return service.registry()


def owner(service: Service, text: str) -> RegistryUser:
    """Return the user for whom an API token stands."""
    found = service.tokens.verify(text.strip(), Kind.API)
    assert found is not None
    tenant, token_id = found
    (token,) = (token for token in service.tokens.list(tenant) if token.id == token_id)
    assert token.user is not None
    return service.registry(tenant).users.get(token.user)


def assert_failed(result: Result, message: str, code: int = 1) -> None:
    """Check that a command ends with one readable message on standard error, and nothing else."""
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert isinstance(result.exception, SystemExit)


# admin create, token create


def test_the_token_of_an_administrator_is_printed_alone(run: Run, service: Service) -> None:
    """Standard output holds the API token and nothing else; it stands for an administrator of the registry."""
    result = run("admin", "create", "ana@example.com")
    assert (result.exit_code, result.stderr) == (0, "")
    assert API_TOKEN.fullmatch(result.stdout)
    ana = owner(service, result.stdout)
    assert (ana.username, ana.email, ana.server_role) == ("ana", "ana@example.com", "ADMIN")


def test_an_administrator_who_is_there_gets_another_token(run: Run, service: Service, scim: Scim) -> None:
    """Whoever has the address is made one."""
    ana = scim.user("ana@example.com", emails=[{"value": "ana@example.com", "type": "work"}])
    tokens = [run("admin", "create", "Ana@Example.com").stdout for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert {(owner(service, text).id, owner(service, text).server_role) for text in tokens} == {(ana["id"], "ADMIN")}


def test_an_administrator_of_another_tenant(run: Run, service: Service) -> None:
    """The tenant is there when its first administrator is made."""
    text = run("admin", "create", "ana@example.com", "--tenant", "acme").stdout
    assert text.startswith("bsrapi_acme_")
    assert owner(service, text).username == "ana"
    assert service.registry().users.by_email("ana@example.com") is None


@pytest.mark.parametrize("email", ["ana", "", "a b@example.com"])
def test_an_administrator_needs_an_address(email: str, run: Run) -> None:
    """The message says what one looks like."""
    assert_failed(run("admin", "create", email), "is no e-mail address")


def test_an_api_token_for_a_user(run: Run, service: Service, registry: Registry) -> None:
    """It stands for whoever has the address."""
    bob = registry.sign_in("bob@example.com").user
    result = run("token", "create", "--kind", "api", "--user", "bob@example.com", "--expires", "1d")
    assert (result.exit_code, result.stderr) == (0, "")
    assert API_TOKEN.fullmatch(result.stdout)
    assert owner(service, result.stdout) == bob


def test_an_api_token_needs_a_user(run: Run) -> None:
    """One who is there."""
    assert_failed(run("token", "create", "--kind", "api"), "--kind api and --user EMAIL go together", 2)
    assert_failed(run("token", "create", "--user", "bob@example.com"), "--kind api and --user EMAIL go together", 2)
    result = run("token", "create", "--kind", "api", "--user", "bob@example.com")
    assert_failed(result, 'There is no user with the e-mail address "bob@example.com".')


def test_a_deactivated_user_gets_no_token(run: Run, service: Service, registry: Registry) -> None:
    """A token would open nothing."""
    bob = registry.sign_in("bob@example.com").user
    registry.users.set_active(bob.id, False)
    for command in (["admin", "create", "bob@example.com"], ["token", "create", "--kind", "api", "--user", bob.email]):
        assert_failed(run(*command), 'The user "bob@example.com" is deactivated.')
    assert list(service.tokens.list("default")) == []


# sign-in


def groups(service: Service, result: Result) -> list[str]:
    """Return the groups in which the user is whom a command printed."""
    user_id = result.stdout.split()[1]
    links = service.backend.groups_of("default", [user_id]).get(user_id, [])
    return sorted(str(link.display) for link in links)


def test_a_sign_in_makes_a_user(run: Run, scim: Scim) -> None:
    """Handle and id are printed; SCIM shows the user."""
    result = run("sign-in", "bob.smith@example.com")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(r"bob-smith  [0-9a-f-]{36}\n", result.stdout)
    assert scim.names() == ["bob.smith@example.com"]
    assert run("sign-in", "bob.smith@example.com").stdout == result.stdout


def test_a_sign_in_has_groups(run: Run, service: Service) -> None:
    """Those that are named, or those of before, or none."""
    assert groups(service, run("sign-in", "bob@example.com", "--group", "Eng", "--group", "Ops")) == ["Eng", "Ops"]
    assert groups(service, run("sign-in", "bob@example.com")) == ["Eng", "Ops"]
    assert groups(service, run("sign-in", "bob@example.com", "--group", "Eng")) == ["Eng"]
    assert groups(service, run("sign-in", "bob@example.com", "--no-groups")) == []
    run("sign-in", "bob@example.com", "--group", "Eng")
    assert groups(service, run("sign-in", "bob@example.com", "--protocol", "oidc")) == []


def test_a_sign_in_knows_the_settings(run: Run, scim: Scim, service: Service) -> None:
    """Missing groups are refused where they are configured; pushed groups end where they are not provisioned."""
    assert_failed(run("sign-in", "bob@example.com", BSR_SIGN_IN_GROUPS="true"), "The SAML assertion holds no groups")
    result = run("sign-in", "bob@example.com")
    scim.group("Eng", result.stdout.split()[1])
    assert groups(service, run("sign-in", "bob@example.com")) == ["Eng"]
    assert groups(service, run("sign-in", "bob@example.com", BSR_GROUP_PROVISIONING="false")) == []


def test_groups_and_no_groups_exclude_each_other(run: Run) -> None:
    """One of them is meant."""
    assert_failed(run("sign-in", "bob@example.com", "--group", "Eng", "--no-groups"), "exclude each other", 2)


# user restore


def test_a_deleted_user_is_restored(run: Run, scim: Scim, registry: Registry) -> None:
    """With handle, id and direct roles; the address is said anew."""
    bob = scim.user("bob@example.com")["id"]
    acme = registry.organizations.create("acme")
    registry.organizations.add_member(acme.id, bob, OrganizationRole.ADMIN)
    scim.delete(f"/Users/{bob}")
    result = run("user", "restore", "bob", "--email", "robert@example.com")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"bob  {bob}\n", "")
    held = registry.access.role(bob, acme)
    assert held is not None
    assert held.role is OrganizationRole.ADMIN


def test_only_who_was_deleted_is_restored(run: Run, registry: Registry) -> None:
    """Neither an unknown handle nor a user who is there."""
    registry.sign_in("bob@example.com")
    assert_failed(run("user", "restore", "eve", "--email", "e@example.com"), 'no user with the name "eve"')
    assert_failed(run("user", "restore", "bob", "--email", "b@example.com"), "was not deleted")
    assert_failed(run("user", "restore", "bob"), "--email", 2)


# plan


@pytest.fixture
def bob(scim: Scim, registry: Registry) -> str:
    """Bob, who is in the pushed group Eng; there is the organization acme with the repository protos."""
    bob: str = scim.user("bob@example.com")["id"]
    scim.group("Eng", bob)
    registry.organizations.create("acme")
    registry.repositories.create("acme/protos")
    return bob


def test_a_mapping_is_planned(run: Run, bob: str, registry: Registry) -> None:
    """Who would gain what; nothing is done."""
    result = run("plan", "map", "acme", "Eng")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "+ bob  acme  none -> MEMBER (IDP_GROUP Eng)\n"
    assert run("plan", "map", "acme", "Eng", "--role", "admin").stdout.endswith("-> ADMIN (IDP_GROUP Eng)\n")
    assert registry.access.role(bob, registry.organizations.by_name("acme")) is None


def test_a_mapping_to_a_repository_is_planned(run: Run, bob: str) -> None:
    """A name with a slash is that of a repository."""
    assert run("plan", "map", "acme/protos", "Eng").stdout == "+ bob  acme/protos  none -> READ (IDP_GROUP Eng)\n"
    assert "-> WRITE" in run("plan", "map", "acme/protos", "Eng", "--role", "WRITE").stdout


def test_the_end_of_a_mapping_is_planned(run: Run, bob: str, registry: Registry) -> None:
    """Who would lose what, and what would be left."""
    acme = registry.organizations.by_name("acme")
    registry.mappings.add(acme.id, "Eng", OrganizationRole.ADMIN)
    assert run("plan", "unmap", "acme", "Eng").stdout == "- bob  acme  ADMIN (IDP_GROUP Eng) -> none\n"
    registry.organizations.add_member(acme.id, bob, OrganizationRole.MEMBER)
    assert run("plan", "unmap", "acme", "Eng").stdout == "- bob  acme  ADMIN (IDP_GROUP Eng) -> MEMBER (DIRECT)\n"


def test_the_end_of_a_group_is_planned(run: Run, bob: str, registry: Registry) -> None:
    """In each place to which it is mapped."""
    acme, protos = registry.organizations.by_name("acme"), registry.repositories.by_full_name("acme/protos")
    registry.mappings.add(acme.id, "Eng")
    registry.mappings.add(protos.id, "Eng", RepositoryRole.WRITE)
    assert set(run("plan", "delete-group", "Eng").stdout.splitlines()) == {
        "- bob  acme  MEMBER (IDP_GROUP Eng) -> none",
        "- bob  acme/protos  WRITE (IDP_GROUP Eng) -> none",
    }


def test_a_plan_that_changes_nothing(run: Run, bob: str) -> None:
    """That is said on standard error."""
    result = run("plan", "map", "acme", "Ops")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nobody's access would change\n")


def test_a_user_from_before_the_registry_is_shown_by_the_id(run: Run, bob: str, service: Service) -> None:
    """Without a handle there is nothing else."""
    service.backend.commit("default", [Removal("Owner", f"owner-{bob}")])
    assert run("plan", "map", "acme", "Eng").stdout.startswith(f"+ {bob}  acme")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["map", "nowhere", "Eng"], 'There is no organization named "nowhere".'),
        (["map", "acme/nowhere", "Eng"], "There is no repository"),
        (["map", "acme", "Eng", "--role", "READ"], "--role READ is not one of MEMBER, MACHINE, ADMIN, OWNER."),
        (["map", "acme/protos", "Eng", "--role", "OWNER"], "A group cannot own a repository"),
        (["unmap", "acme", "Eng"], 'The group "Eng" is not mapped here.'),
        (["delete-group", "Ops"], 'No group named "Ops" was pushed.'),
        (["map", "acme", "Eng", "--tenant", "nowhere"], 'There is no tenant "nowhere".'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_plan_of_nothing(arguments: list[str], message: str, run: Run, bob: str) -> None:
    """What is not there, or cannot be, is said in one line."""
    assert_failed(run("plan", *arguments), message)


# readiness


def test_a_store_that_is_ready(run: Run) -> None:
    """One word, and success."""
    result = run("readiness")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "ready\n", "")


def test_a_store_that_is_not_ready(run: Run, scim: Scim) -> None:
    """Each warning with its resources, and a status that a script sees."""
    ana = scim.user("ana@example.com")["id"]
    result = run("readiness")
    assert (result.exit_code, result.stderr) == (1, "")
    first, second = result.stdout.splitlines()
    assert first.startswith("noEmail: Users without an e-mail address: 1. ")
    assert second == f"  User {ana}  ana@example.com"


def test_readiness_for_programs(run: Run, scim: Scim) -> None:
    """`--json` is the answer of the endpoint."""
    scim.user("ana")
    result = run("readiness", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == scim.get("/readiness").json


# In an application, and in general


def test_the_same_commands_in_an_application(app: Flask, registry: Registry) -> None:
    """`flask scim …` works on the application's store, with its settings."""
    flask = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    made = CliRunner().invoke(flask, ["scim", "admin", "create", "ana@example.com"])
    assert API_TOKEN.fullmatch(made.output)
    signed = CliRunner().invoke(flask, ["scim", "sign-in", "bob@example.com"])
    assert signed.output.startswith("bob  ")
    assert CliRunner().invoke(flask, ["scim", "readiness"]).output == "ready\n"
    assert registry.users.count() == 2


@pytest.mark.parametrize(
    "command",
    [["admin", "create", "a@example.com"], ["sign-in", "a@example.com"], ["readiness"], ["plan", "map", "acme", "x"]],
    ids=" ".join,
)
def test_memory_is_no_place_for_commands(command: list[str]) -> None:
    """It would be gone with the command."""
    result = CliRunner().invoke(scim_commands, [*command, "--backend", "memory://"])
    assert_failed(result, "memory:// ends with this command", 2)


# Settings


@pytest.mark.parametrize("value", ["false", "0", "no", False])
def test_settings_of_the_registry_are_read(value: Any) -> None:
    """From a configuration and from the environment, under their own prefix."""
    assert read_settings({}).group_provisioning
    assert not read_settings({}).sign_in_groups
    assert not read_settings({"BSR_GROUP_PROVISIONING": value}).group_provisioning
    assert environment_settings({"BSR_SIGN_IN_GROUPS": "1"}) == {"BSR_SIGN_IN_GROUPS": "1"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"BSR_GROUP_PROVISION": True}, "BSR_GROUP_PROVISION is no setting; did you mean BSR_GROUP_PROVISIONING?"),
        ({"SCIM_SIGN_IN_GROUPS": True}, "did you mean BSR_SIGN_IN_GROUPS?"),
        ({"BSR_SIGN_IN_GROUPS": "perhaps"}, "BSR_SIGN_IN_GROUPS: Not a valid boolean."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_of_the_registry_is_explained(config: dict[str, Any], message: str) -> None:
    """A slip of the pen, the other prefix, a wrong value."""
    with pytest.raises(ConfigurationError) as refused:
        read_settings(config)
    assert message in str(refused.value)


def test_keys_of_a_host_are_left_alone() -> None:
    """A host application may have settings of its own for the registry it talks to."""
    assert read_settings({"BSR_HOST": "buf.example.com", "BSR_TOKEN": "x"}) == read_settings({})
    assert environment_settings({"BSR_TOKEN": "x"}) == {}
    with pytest.raises(ConfigurationError, match="BSR_SIGN_IN_GROUPS"):
        environment_settings({"BSR_SIGN_IN_GROUP": "1"})
