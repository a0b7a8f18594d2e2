"""The commands about the registry: administrators, API tokens, sign-ins, users, organizations, log, plans."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup

from flask_bsr_scim import BsrScim, ConfigurationError
from flask_bsr_scim.backends.base import Removal
from flask_bsr_scim.registry.model import OrganizationRole, RegistryUser, RepositoryRole
from flask_bsr_scim.registry.owners import owner_id
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import environment_settings, read_settings
from flask_bsr_scim.web.service import Service
from tests.client import TOKEN, Scim

API_TOKEN = re.compile(r"bsrapi_[a-z0-9-]+_[A-Za-z0-9_-]{43}\n")

pytestmark = pytest.mark.usefixtures("clean_environment")

Run = Callable[..., Result]


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
    tenant, token_id, _ = found
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
    for_nobody = ("token", "create", "--kind", "api", "--user", "bob@example.com")
    assert_failed(run(*for_nobody), "nobody has used the storage")
    run("token", "create")
    assert_failed(run(*for_nobody), 'There is no user with the e-mail address "bob@example.com".')


@pytest.mark.parametrize(
    "command",
    ["token create --kind api --user bob@example.com", "admin create bob", "sign-in bob", "user list"],
)
def test_a_command_that_fails_makes_no_tenant(command: str, run: Run, service: Service) -> None:
    """A mistake in an address is no reason for one."""
    assert_failed(run(*command.split(), "--tenant", "acme"), "")
    assert service.backend.tenants() == ["default"]


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


# user list, activate, deactivate


def test_users_are_listed(run: Run, registry: Registry, scim: Scim) -> None:
    """Handle, id, state, address, and who is an administrator; of both kinds, over all pages."""
    ana = registry.users.create_admin("ana@example.com").id
    bob = scim.user("bob", active=False)["id"]
    result = run("user", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"bob  {bob}  inactive  -\nana  {ana}  active  ana@example.com  administrator\n"
    assert run("user", "list", "--inactive").stdout == f"bob  {bob}  inactive  -\n"
    for number in range(101):
        registry.sign_in(f"u{number}@example.com")
    assert len(run("user", "list").stdout.splitlines()) == 103


def test_a_list_keeps_its_lines(run: Run, scim: Scim) -> None:
    """What an identity provider sent moves no cursor and begins no line."""
    scim.user("x", emails=[{"value": "x\u202e@example.com", "type": "work"}])
    assert run("user", "list").stdout.endswith("  active  x?@example.com\n")


def test_a_user_is_locked_out_and_let_in_again(run: Run, service: Service, registry: Registry) -> None:
    """By handle or address; the API tokens are gone for good."""
    text = run("admin", "create", "ana@example.com").stdout.strip()
    ana = registry.users.by_name("ana")
    out = run("user", "deactivate", "Ana")
    assert (out.exit_code, out.stdout, out.stderr) == (0, f"ana  {ana.id}\n", "")
    assert not registry.users.get(ana.id).active
    back = run("user", "activate", "ANA@example.com")
    assert (back.exit_code, back.stdout, back.stderr) == (0, f"ana  {ana.id}\n", "")
    assert registry.users.get(ana.id).active
    assert service.tokens.verify(text, Kind.API) is None


def test_a_locked_out_administrator_has_a_way_back(run: Run, scim: Scim, service: Service, uri: str) -> None:
    """The refusal names the command that ends it, which can be typed as it stands."""
    ana = scim.user("ana@example.com", emails=[{"value": "ana@example.com", "type": "work"}])["id"]
    run("admin", "create", "ana@example.com")
    scim.patch(f"/Users/{ana}", {"op": "replace", "path": "active", "value": False})
    for command in (
        ["admin", "create", "ana@example.com"],
        ["token", "create", "--kind", "api", "--user", "ana@example.com"],
        ["organization", "create", "acme", "--owner", "ana@example.com"],
    ):
        refused = run(*command)
        assert_failed(refused, f"deactivated. To let the user in again: bsr-scim user activate ana --backend {uri}\n")
    assert run(*refused.stderr.split("bsr-scim ")[1].split()[:3]).exit_code == 0
    assert owner(service, run("admin", "create", "ana@example.com").stdout).id == ana


def test_the_way_back_is_in_the_same_tenant(run: Run, service: Service) -> None:
    """A tenant other than the default one is named."""
    run("admin", "create", "ana@example.com", "--tenant", "acme")
    run("user", "deactivate", "ana", "--tenant", "acme")
    refused = run("admin", "create", "ana@example.com", "--tenant", "acme")
    assert refused.stderr.rstrip().endswith(" --tenant acme")
    assert service.registry().users.count() == 0


def test_the_way_back_in_an_application(app: Flask, registry: Registry) -> None:
    """Is the command of the application."""
    registry.users.set_active(registry.users.create_admin("ana@example.com").id, False)
    flask = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    refused = CliRunner().invoke(flask, ["scim", "admin", "create", "ana@example.com"])
    assert refused.stderr.endswith(": flask scim user activate ana\n")


@pytest.mark.parametrize("file", ["named_by_option.py", "named_by_variable.py"])
def test_a_hint_names_the_application(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a command needs --app, so does the one that it advises."""
    (tmp_path / file).write_text(
        f"import flask, flask_bsr_scim\napp = flask.Flask('shop')\n"
        f"flask_bsr_scim.BsrScim(app, backend='sqlite:///{tmp_path / 'shop.db'}')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    is_option = file == "named_by_option.py"
    named, environment = (["--app", file], {}) if is_option else ([], {"FLASK_APP": file})
    run = partial(CliRunner().invoke, FlaskGroup(load_dotenv=False), env=environment)
    assert run([*named, "scim", "admin", "create", "ana@example.com"]).exit_code == 0
    run([*named, "scim", "user", "deactivate", "ana"])
    refused = run([*named, "scim", "admin", "create", "ana@example.com"])
    program = f"flask --app {file} scim" if is_option else "flask scim"
    assert refused.stderr.endswith(f": {program} user activate ana\n")


@pytest.mark.parametrize("command", ["activate", "deactivate"])
def test_only_who_is_there_is_let_in_or_locked_out(command: str, run: Run, scim: Scim) -> None:
    """Neither an unknown handle or address, nor a user in no tenant."""
    assert_failed(run("user", command, "eve"), 'There is no user with the name "eve".')
    assert_failed(run("user", command, "eve@x.org"), 'There is no user with the e-mail address "eve@x.org".')
    assert_failed(run("user", command, "eve", "--tenant", "acme"), 'There is no tenant "acme".')


def test_a_deleted_user_is_not_let_in(run: Run, scim: Scim) -> None:
    """Nobody could sign in as that user; the message says what to do instead."""
    scim.delete(f"/Users/{scim.user('bob@example.com')['id']}")
    assert_failed(run("user", "activate", "bob"), "Restore it with one instead.")


# organization create, list, map, unmap


def test_an_organization_is_made(run: Run, registry: Registry) -> None:
    """Name and id are printed; the owner can do everything in it."""
    ana = registry.sign_in("ana@example.com").user.id
    result = run("organization", "create", "acme", "--owner", "ana@example.com")
    acme = registry.organizations.by_name("acme")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"acme  {acme.id}\n", "")
    held = registry.access.role(ana, acme)
    assert held is not None
    assert held.role is OrganizationRole.OWNER


def test_organizations_are_listed(run: Run, registry: Registry) -> None:
    """Name and id, in the order of making, over all pages."""
    assert run("organization", "list").stdout == ""
    made = [registry.organizations.create(f"acme-{number}") for number in range(101)]
    assert run("organization", "list").stdout == "".join(f"{each.name}  {each.id}\n" for each in made)


def test_a_group_is_mapped_and_unmapped(run: Run, bob: str, registry: Registry) -> None:
    """Its members have a role from then on, in an organization or a repository, and then have none."""
    acme, protos = registry.organizations.by_name("acme"), registry.repositories.by_full_name("acme/protos")
    for arguments in (["acme", "Eng"], ["acme/protos", "Eng", "--role", "write"]):
        result = run("organization", "map", *arguments)
        assert (result.exit_code, result.output) == (0, "")
    assert [registry.access.role(bob, place) for place in (acme, protos)] == [
        (OrganizationRole.MEMBER, "IDP_GROUP", "Eng"),
        (RepositoryRole.WRITE, "IDP_GROUP", "Eng"),
    ]
    for place in (acme, protos):
        name = "acme" if place is acme else "acme/protos"
        result = run("organization", "unmap", name, "Eng")
        assert (result.exit_code, result.output) == (0, "")
        assert registry.access.role(bob, place) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "acme", "--owner", "bob@example.com"], 'The name "acme" is taken'),
        (["create", "A b", "--owner", "bob@example.com"], '"A b"'),
        (["create", "new", "--owner", "eve@example.com"], "There is no user with the e-mail address"),
        (["create", "new", "--owner", "bob@example.com", "--tenant", "nowhere"], 'There is no tenant "nowhere".'),
        (["map", "nowhere", "Eng"], 'There is no organization named "nowhere".'),
        (["map", "acme", "Eng", "--role", "READ"], "--role READ is not one of MEMBER, MACHINE, ADMIN, OWNER."),
        (["map", "acme/protos", "Eng", "--role", "OWNER"], "A group cannot own a repository"),
        (["unmap", "acme", "Eng"], 'The group "Eng" is not mapped here.'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_organization_that_cannot_be(arguments: list[str], message: str, run: Run, bob: str) -> None:
    """What is not there, or cannot be, is said in one line."""
    assert_failed(run("organization", *arguments), message)


# log


@pytest.fixture
def logged(service: Service, scim: Scim) -> str:
    """Three changes of one user in a tenant that has no others."""
    user: str = scim.user("bob\u202e")["id"]
    scim.patch(f"/Users/{user}", {"op": "replace", "path": "active", "value": False})
    scim.group("Eng", user)
    return user


def test_the_log_is_readable(run: Run, logged: str) -> None:
    """A line each: number, time, token, operation, type, id, and what changed from what to what."""
    result = run("log")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    start = r"\d+  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  SCIM_TOKEN  "
    assert any(re.fullmatch(f"{start}create  User  {logged}", line) for line in lines)
    assert any(re.fullmatch(f"{start}update  User  {logged}  active: true -> false", line) for line in lines)
    assert re.fullmatch(rf"{start}create  Group  \S+  members: \+1", lines[-1])


def test_the_log_shows_both_sides_of_a_change(run: Run, scim: Scim, logged: str) -> None:
    """Values that were not there, long ones, those of other forms; nothing that moves a cursor; members that left."""
    changes = [
        {"op": "replace", "path": "userName", "value": "x" * 100},
        {"op": "add", "path": "emails", "value": [{"value": "b@example.com", "type": "work"}]},
    ]
    scim.patch(f"/Users/{logged}", *changes)
    lines = run("log").stdout.splitlines()
    (line,) = (line for line in lines if "userName" in line)
    assert f'userName: "bob?" -> "{"x" * 40}…"' in line
    assert "; emails: none -> [{" in line
    scim.delete(f"/Users/{logged}")
    assert any("members: -1" in line for line in run("log").stdout.splitlines())


def test_the_log_is_the_last_of_it(run: Run, service: Service, logged: str) -> None:
    """At most --count, and from --after on when that is given."""
    numbers = [entry.sequence for entry in service.backend.log("default")]

    def shown(*options: str) -> list[int]:
        return [int(line.split()[0]) for line in run("log", *options).stdout.splitlines()]

    assert shown("--count", "2") == numbers[-2:]
    assert shown("--after", "0", "--count", "2") == numbers[:2]
    assert shown("--after", "2") == numbers[2:]
    assert shown("--after", str(numbers[-1])) == []
    assert shown("--count", "100000") == numbers


def test_a_long_log_is_read_in_pages(run: Run, registry: Registry) -> None:
    """As many entries as are asked for, each once."""
    for number in range(300):
        registry.organizations.create(f"o-{number}")
    lines = run("log", "--count", "10000", "--after", "0").stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert len(lines) >= 600


def test_the_log_for_programs(run: Run, service: Service, logged: str) -> None:
    """`--json` gives one entry a line, whole."""
    lines = run("log", "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [entry._asdict() for entry in service.backend.log("default")]


@pytest.mark.parametrize("options", [["--count", "0"], ["--after", "-1"], ["--after", str(2**64)]], ids=" ".join)
def test_a_log_of_nothing(options: list[str], run: Run, logged: str) -> None:
    """What makes no sense is refused by the command line."""
    assert_failed(run("log", *options), options[0], 2)


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
    service.backend.commit("default", [Removal("Owner", owner_id(bob))])
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


@pytest.mark.usefixtures("service")
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
    for command in (["organization", "create", "acme", "--owner", "ana@example.com"], ["user", "list"], ["log"]):
        done = CliRunner().invoke(flask, ["scim", *command])
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout


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
