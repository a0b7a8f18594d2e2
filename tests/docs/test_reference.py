"""The reference pages hold what the code has: nothing is missing, nothing is made up."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, ConfigurationError, errors
from flask_bsr_scim.errors import InvalidFilter
from flask_bsr_scim.filter import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, bind, parse_filter
from flask_bsr_scim.filter.ast import Comparison, Operator, Present
from flask_bsr_scim.schema import Attribute, Extension, ResourceType, Type, load_profile, make_resource_type
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import KEYS, Settings, read_settings
from flask_bsr_scim.web.routes import ROUTES
from tests.docs.pages import DOCS, blocks, rows, sections

TOKEN = "a-fixed-token-for-the-reference-0123456789"


def reference(name: str) -> Path:
    """Return a reference page."""
    return DOCS / "reference" / f"{name}.md"


def table(page: str, heading: str) -> list[list[str]]:
    """Return the rows of a reference page's table whose first column has the heading."""
    return rows(reference(page).read_text("utf-8"), heading)


# Settings


def written(value: object) -> str:
    """Return a default as the page writes it."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def test_settings_are_all_there_with_their_defaults() -> None:
    """The table of settings has each key, in the order of the code, with its default."""
    defaults = [written(getattr(Settings(), field.name)) for field in fields(Settings)]
    assert [row[:2] for row in table("settings", "Key")] == [list(pair) for pair in zip(KEYS, defaults, strict=True)]


@pytest.mark.parametrize("uri", [row[0] for row in table("settings", "URI")])
def test_uris_of_backends_open(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each URI that the page shows names a backend."""
    monkeypatch.chdir(tmp_path)
    app = Flask("settings")
    BsrScim(app, backend=uri.replace("/var/lib/bsr-scim", str(tmp_path)))
    assert app.extensions["bsr_scim"]


def test_an_unknown_key_is_an_error() -> None:
    """A key of the application that is no setting is refused, with the one that was meant."""
    with pytest.raises(ConfigurationError, match="SCIM_BASE_URL"):
        read_settings({"SCIM_BASEURL": "https://directory.example.com"})


# Commands


def commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands below a group with their full names."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


COMMANDS = dict(commands(scim_commands, "bsr-scim"))


def test_commands_are_all_there() -> None:
    """Each command has a heading, and no other has one."""
    assert list(sections(reference("commands")))[1:] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_a_command_are_all_there(name: str) -> None:
    """The table of a command has each of its options and arguments, with the default that the code has."""
    described = {row[0].split()[0]: row[1] for row in rows(sections(reference("commands"))[name], "Option")}
    parameters = {
        p.opts[0] if p.opts[0].startswith("-") else p.make_metavar(click.Context(COMMANDS[name])): p
        for p in COMMANDS[name].params
    }
    assert set(described) == set(parameters)
    shown = {option: str(p.default) for option, p in parameters.items() if getattr(p, "show_default", None) is True}
    assert {option: described[option] for option in shown} == shown


CHOICES = [
    (name, parameter.opts[0], str(choice))
    for name, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter.type, click.Choice)
    for choice in parameter.type.choices
]


@pytest.mark.parametrize(("name", "option", "choice"), CHOICES)
def test_choices_of_an_option_are_named_and_taken(name: str, option: str, choice: str) -> None:
    """What an option can be is in its row, and is taken when it is written so."""
    described = {row[0].split()[0]: row[2] for row in rows(sections(reference("commands"))[name], "Option")}
    assert re.search(rf"\b{choice}\b", described[option])
    arguments = ["x" for parameter in COMMANDS[name].params if isinstance(parameter, click.Argument)]
    COMMANDS[name].make_context(name, [option, choice, *arguments])


# Endpoints


RULES = Flask("endpoints")
BsrScim(RULES, url_prefix="", backend="memory://")


def matched(path: str) -> str:
    """Return the rule of the blueprint that takes a path of the page."""
    for placeholder in ("{id}", "{name}", "{urn}"):
        path = path.replace(placeholder, "x")
    endpoint, _ = RULES.url_map.bind("localhost").match(path)
    assert isinstance(endpoint, str)
    return re.sub("^/(Users|Groups)", "/<endpoint>", endpoint.removeprefix("bsr_scim.").replace("~", "."))


ENDPOINTS = [
    (path, methods.split(", "))
    for text in sections(reference("endpoints")).values()
    if "| Path |" in text
    for path, methods, _ in rows(text, "Path")
]


def test_endpoints_are_all_there() -> None:
    """Each rule of the blueprint has a row, but for the one that takes everything else."""
    assert {matched(path) for path, _ in ENDPOINTS} == {rule for rule, methods in ROUTES.items() if methods}


@pytest.mark.parametrize(("path", "methods"), ENDPOINTS, ids=[path for path, _ in ENDPOINTS])
def test_methods_of_an_endpoint_are_right(path: str, methods: list[str]) -> None:
    """A row has the methods that work there, in their order."""
    assert methods == list(ROUTES[matched(path)])


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (path, method)
        for path, methods, _ in rows(sections(reference("endpoints"))["Announced as unsupported"], "Path")
        for method in methods.split(", ")
    ],
)
def test_unsupported_endpoints_answer_501(path: str, method: str) -> None:
    """What the page says is unsupported is, with a SCIM error."""
    app = Flask("endpoints")
    BsrScim(app, backend="memory://", token=TOKEN)
    answer = app.test_client().open(
        f"/scim/v2{path}", method=method, headers={"Authorization": f"Bearer {TOKEN}"}, json={}
    )
    assert (answer.status_code, answer.content_type) == (501, "application/scim+json")


# Errors


def below(kind: type[Exception]) -> list[type[Exception]]:
    """Return a class and its children."""
    return [kind, *(child for direct in kind.__subclasses__() for child in below(direct))]


def test_errors_are_all_there() -> None:
    """Each answer to a client has a row with its status and scimType."""
    described = {name: (status, scim_type) for name, status, scim_type, _ in table("errors", "Class")}
    ours = [kind for kind in below(errors.ScimError) if kind.__module__.startswith(f"{errors.__name__}.")]
    assert described == {kind.__name__: (str(kind.status), kind.scim_type or "") for kind in ours}


def test_exceptions_are_all_there() -> None:
    """Each other exception of the package has a row."""
    described = {row[0] for row in rows(sections(reference("errors"))["Exceptions in Python"], "Class")}
    assert described == {kind.__name__ for kind in (ConfigurationError, *below(errors.StoreError))}


def test_there_is_advice_for_each_status() -> None:
    """Each status has a row that says what an administrator does."""
    described = {status for row in table("errors", "Status") for status in row[0].split(", ")}
    assert described == {str(kind.status) for kind in below(errors.ScimError)}


# Attributes


def rules(attribute: Attribute) -> str:
    """Return what the last column says of an attribute."""
    found = {
        "required": attribute.required,
        "read-only": attribute.mutability == "readOnly",
        "exact": attribute.case_exact,
        "unique": attribute.uniqueness != "none",
        "indexed": attribute.indexed,
        f"at most {attribute.max_length} characters": attribute.max_length is not None,
    }
    return ", ".join(name for name, holds in found.items() if holds)


def row(attribute: Attribute) -> list[str]:
    """Return the row of an attribute."""
    subs = ", ".join(sub.name for sub in attribute.sub_attributes if sub.stored)
    return [attribute.name, f"{attribute.type}{', several' if attribute.multi_valued else ''}", subs, rules(attribute)]


def stored_attributes() -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the rows of each section of the page: what a type, or an extension, stores."""
    for profile in ("bsr", "rfc7643"):
        for resource_type in load_profile(profile):
            yield f"Profile {profile}: {resource_type.name}", [row(a) for a in resource_type.core.values() if a.stored]
            for extension in filter(is_served, resource_type.extensions):
                yield f"Profile {profile}: {extension.schema.name}", [row(a) for a in extension.schema.attributes]


def is_served(extension: Extension) -> bool:
    """Tell whether the profile has the extension."""
    return extension.served


ATTRIBUTES = dict(stored_attributes())
SAME = "The same as in the profile `bsr`."


def test_types_are_all_there() -> None:
    """Each type and extension of each profile has a heading."""
    assert [heading for heading in sections(reference("attributes")) if ": " in heading] == list(ATTRIBUTES)


@pytest.mark.parametrize("heading", ATTRIBUTES)
def test_attributes_are_all_there(heading: str) -> None:
    """The table of a type has the attributes that it stores, with type, sub-attributes and rules."""
    text = sections(reference("attributes"))[heading]
    if SAME in text:
        heading = heading.replace("rfc7643", "bsr")
        text = sections(reference("attributes"))[heading]
    assert rows(text, "Attribute") == ATTRIBUTES[heading]


def test_the_group_is_the_same_in_both_profiles() -> None:
    """The one section that points to another is right to do so."""
    assert ATTRIBUTES["Profile bsr: Group"] == ATTRIBUTES["Profile rfc7643: Group"]


# Filters

BSR, RFC7643 = ({t.name: t for t in load_profile(profile)} for profile in ("bsr", "rfc7643"))
EXAMPLES = [
    (filter, types)
    for block, types in zip(
        blocks(reference("filters"), "filter"),
        ([BSR["User"], RFC7643["User"]], [BSR["Group"]], [RFC7643["User"]]),
        strict=True,
    )
    for filter in block.text.splitlines()
]


@pytest.mark.parametrize(("text", "types"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_example_filters_are_understood(text: str, types: list[ResourceType]) -> None:
    """Each example can be parsed and bound, and names what the type stores or knows."""
    assert all(bind(parse_filter(text), resource_type) for resource_type in types)


@pytest.mark.parametrize(("text", "detail"), table("filters", "Filter"))
def test_refused_filters_are_refused_so(text: str, detail: str) -> None:
    """Each filter of the last table is refused with the sentence beside it."""
    with pytest.raises(InvalidFilter) as refused:
        bind(parse_filter(text), BSR["User"])
    assert refused.value.detail == detail


VALUES = {
    Type.BOOLEAN: True,
    Type.INTEGER: 1,
    Type.DECIMAL: 1.5,
    Type.DATETIME: "2026-11-24T16:27:59Z",
}


def accepts(resource_type: ResourceType, operator: str, value: str | int | float) -> bool:
    """Tell whether the only attribute of a type can be compared so."""
    try:
        bind(Present("it") if operator == "pr" else Comparison("it", Operator(operator), value), resource_type)
    except InvalidFilter:
        return False
    return True


def test_types_of_attributes_are_all_there() -> None:
    """The table of operators has each type but the complex one."""
    assert {row[0] for row in table("filters", "Type of the attribute")} == {str(t) for t in Type if t != Type.COMPLEX}


@pytest.mark.parametrize(("kind", "operators"), table("filters", "Type of the attribute"))
def test_operators_of_a_type_are_right(kind: str, operators: str) -> None:
    """The table says of each operator whether it can compare an attribute of the type."""
    schema = {"id": "urn:example:Test", "name": "Test", "attributes": [{"name": "it", "type": kind}]}
    resource_type = make_resource_type("Test", "/Tests", schema)
    value = VALUES.get(Type(kind), "dGV4dA==")
    taken = [operator for operator in (*Operator, "pr") if accepts(resource_type, operator, value)]
    assert operators.split(", ") == taken


def test_limits_of_filters_are_right() -> None:
    """The page has the limits of the parser."""
    limits = sections(reference("filters"))["Limits"]
    assert f"{MAX_LENGTH} characters, {MAX_TERMS} comparisons, and {MAX_DEPTH} levels" in limits
