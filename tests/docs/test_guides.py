"""The requests of the guides are sent in their order, and answered as the pages show."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.registry.model import HeldRole, OrganizationRole, RepositoryRole, RoleSource
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.service import Service
from tests.client import GROUP
from tests.docs.pages import DOCS, Block, blocks
from tests.docs.running import BOB, TOKEN, ask, make_token, run

BASE_URL = "https://registry.example.com/scim/v2"
STATUS = re.compile(r"\s*`(\d{3})`")
NAME = re.compile(r"\{(\w+)\}")


class Exchange(NamedTuple):
    """A request of a page, and what the page says of its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None
    status: int
    answer: Any


def exchanges(page: Path) -> list[Exchange]:
    """Return the requests of a page with their answers: an `http` block, a status, and maybe a `json` block."""
    found = blocks(page, "http", "json")
    following = [*found[1:], Block("", "", "")]
    return [_exchange(*pair) for pair in zip(found, following, strict=True) if pair[0].language == "http"]


def _exchange(request: Block, following: Block) -> Exchange:
    head, _, body = request.text.partition("\n\n")
    first, *lines = head.splitlines()
    method, path = first.split()
    status = STATUS.match(request.after)
    assert status is not None, f"no status follows {first}"
    answer = json.loads(following.text) if following.language == "json" else None
    headers = dict(line.split(": ", 1) for line in lines)
    return Exchange(method, path, headers, body.strip() or None, int(status[1]), answer)


class Reader:
    """Follows a page: remembers the ids that answers give to the names in braces."""

    def __init__(self, app: Flask, api_token: str) -> None:
        self._http, self._api_token = app.test_client(), api_token
        self._names: dict[str, str] = {}

    def send(self, exchange: Exchange) -> list[str]:
        """Send a request; return where its answer is not as shown."""
        api = exchange.path.startswith("/buf.")
        usual = {
            "Authorization": f"Bearer {self._api_token if api else TOKEN}",
            "Content-Type": "application/json" if api else "application/scim+json; charset=utf-8",
        }
        answer = self._http.open(
            self._filled(exchange.path),
            method=exchange.method,
            headers=usual | exchange.headers,
            data=None if exchange.body is None else json.dumps(json.loads(self._filled(exchange.body))),
        )
        if answer.status_code != exchange.status:
            return [f"{answer.status_code} {answer.text}"]
        if exchange.answer is None:
            return [f"the body {answer.text}"] if answer.text else []
        return self._unlike(exchange.answer, answer.json)

    def _filled(self, text: str) -> str:
        return NAME.sub(lambda name: self._names.get(name[1], name[0]), text)

    def _unlike(self, shown: Any, answer: Any, where: str = "") -> list[str]:
        """Return where an answer is not as shown: members that are not shown may be there, `…` stands for any text."""
        match shown, answer:
            case dict(), dict():
                missing = [f"{where}.{name} is missing" for name in shown if name not in answer]
                pairs = ((shown[n], answer[n], f"{where}.{n}") for n in shown if n in answer)
                return missing + [fault for pair in pairs for fault in self._unlike(*pair)]
            case list(), list() if len(shown) == len(answer):
                pairs = ((s, a, f"{where}[{n}]") for n, (s, a) in enumerate(zip(shown, answer, strict=True)))
                return [fault for pair in pairs for fault in self._unlike(*pair)]
            case str(), str():
                if (name := NAME.fullmatch(shown)) and name[1] not in self._names:
                    self._names[name[1]] = answer
                expected = ".*".join(map(re.escape, self._filled(shown).split("…")))
                return [] if re.fullmatch(expected, answer) else [f"{where}: {shown!r} is shown, {answer!r} came"]
        return [] if (type(shown), shown) == (type(answer), answer) else [f"{where}: {shown!r}, not {answer!r}"]


def before_okta(registry: Registry) -> None:
    """Do what the Okta guide says was done before it begins."""
    registry.sign_in("julia-smith+demo@example.com")
    registry.users.create_admin("mallory@example.com")


def nothing(registry: Registry) -> None:
    """Begin with an empty directory."""


GUIDES: list[tuple[Path, Callable[[Registry], None]]] = [
    (DOCS / "how-to" / "okta.md", before_okta),
    (DOCS / "how-to" / "entra.md", nothing),
    (DOCS / "how-to" / "registry.md", nothing),
]


@pytest.fixture(params=GUIDES, ids=[page.stem for page, _ in GUIDES])
def guide(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[list[Exchange], Reader]]:
    """The exchanges of a guide, and a reader of it with an empty SQLite store."""
    page, prepare = request.param
    app = Flask("guide")
    BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}", token=TOKEN, base_url=BASE_URL)
    service: Service = app.extensions["bsr_scim"]["bsr_scim"].service
    prepare(service.registry())
    admin = service.registry().users.create_admin("admin@example.com")
    api_token, _ = service.tokens.create("default", Kind.API, user=admin.id)
    yield exchanges(page), Reader(app, api_token)
    service.backend.close()


def test_answers_are_as_shown(guide: tuple[list[Exchange], Reader]) -> None:
    """Each request of the page has the status and the answer that the page shows."""
    sent, reader = guide
    assert len(sent) > 5
    faults = {f"{number} {each.method} {each.path}": reader.send(each) for number, each in enumerate(sent, 1)}
    assert {request: fault for request, fault in faults.items() if fault} == {}


@pytest.mark.parametrize(
    ("shown", "answer"),
    [({"a": 1}, {}), ({"a": "…@x"}, {"a": "b@y"}), ([], [1]), (True, 1), (["{a}", "{a}"], ["1", "2"])],
    ids=["missing", "other text", "longer list", "other type", "two ids of one name"],
)
def test_the_comparison_sees_a_difference(shown: Any, answer: Any) -> None:
    """An answer that is not as shown is found out."""
    assert Reader(Flask("compared"), "")._unlike(shown, answer)


def test_the_python_of_the_registry_page(empty_folder: Path) -> None:
    """The calls of the page work as its comments say, and the receivers hear of what happens."""
    names = run(DOCS / "how-to" / "registry.md")
    assert names["refusal"] == 'The name "acme" is taken by a user or an organization.'
    assert names["mapped"] == ["engineers"]
    assert names["role"] == HeldRole(OrganizationRole.MEMBER, RoleSource.IDP_GROUP, "engineers")
    assert [held.role for held in names["everything"]] == [RepositoryRole.WRITE]
    assert ([member.user_id for member in names["members"]], names["after"]) == ([names["ana"].id], None)
    assert (names["number"], names["places"]) == (1, ["acme"])
    token = make_token(names["app"])
    assert ask(names["app"], "/scim/v2/Users", "POST", BOB, token).status_code == 201
    assert names["welcomed"] == ["bob@example.com"]
    ask(names["app"], f"/scim/v2/Users/{names['ana'].id}", "DELETE", token=token)
    assert len(names["revoked"]) == 2


def test_the_plan_of_the_registry_page(empty_folder: Path) -> None:
    """The commands print the lines of the page."""
    (shown,) = (
        block.text for block in blocks(DOCS / "how-to" / "registry.md", "console") if "bsr-scim plan" in block.text
    )
    invoke = CliRunner().invoke
    invoke(scim_commands, ["sign-in", "ana@example.com"])
    app = Flask("plan")
    BsrScim(app, token=TOKEN)
    registry: Registry = app.extensions["bsr_scim"]["bsr_scim"].service.registry()
    ana = registry.users.by_name("ana").id
    registry.organizations.create("acme")
    registry.mappings.add(registry.repositories.create("acme/protos").id, "engineers", RepositoryRole.WRITE)
    ask(app, "/scim/v2/Groups", "POST", {"schemas": [GROUP], "displayName": "engineers", "members": [{"value": ana}]})
    printed = ""
    for line in shown.splitlines():
        if line.startswith("$ bsr-scim "):
            printed += f"{line}\n" + invoke(scim_commands, line.removeprefix("$ bsr-scim ").split()).output
    assert printed == shown
