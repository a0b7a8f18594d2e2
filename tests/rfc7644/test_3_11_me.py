"""RFC 7644 §3.11: `/Me`, the user for whom a credential stands."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, create_blueprint, current_service
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.principal import Principal
from tests.client import PATCH, TOKEN, Scim, assert_error, path_of, user

METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE")


@pytest.fixture
def subjects() -> dict[str, str]:
    """SCIM user ids by token id, as a host application may know them."""
    return {}


@pytest.fixture
def me(make_scim: Callable[..., Scim], subjects: dict[str, str]) -> Scim:
    """A client of an application that looks subjects up."""
    return make_scim(me=lambda principal: subjects.get(principal.token_id))


@pytest.fixture
def bob(me: Scim, subjects: dict[str, str]) -> Document:
    """The user for whom the client's token stands."""
    bob = me.user("bob", name={"givenName": "Bob"})
    subjects["SCIM_TOKEN"] = bob["id"]
    return bob


def body_of(method: str) -> dict[str, Any]:
    """Return a body that would be accepted."""
    if method == "PATCH":
        return {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "name.givenName", "value": "Rob"}]}
    return user("bob", name={"givenName": "Rob"})


@pytest.mark.requirement("M-02", "M-03")
def test_a_subject_is_read(me: Scim, bob: Document) -> None:
    """As at its own address, which `Location`, `Content-Location` and `meta.location` name."""
    answer, itself = me.get("/Me"), me.get(path_of(bob))
    assert answer.status_code == 200
    assert answer.json == itself.json == bob
    assert answer.headers["Location"] == answer.headers["Content-Location"] == bob["meta"]["location"]
    assert answer.headers["ETag"] == itself.headers["ETag"]
    assert "Location" not in itself.headers
    head = me("HEAD", "/Me")
    assert (head.status_code, head.data, head.headers["Location"]) == (200, b"", bob["meta"]["location"])


@pytest.mark.requirement("M-02", "M-03")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_subject_changes_itself(method: str, me: Scim, bob: Document) -> None:
    """It is the user itself that changes."""
    answer = me(method, "/Me", body_of(method))
    assert answer.status_code == 200
    assert answer.json["name"] == {"givenName": "Rob"}
    assert answer.headers["Location"] == answer.json["meta"]["location"] == bob["meta"]["location"]
    assert me.get(path_of(bob)).json == answer.json


@pytest.mark.requirement("M-02")
def test_a_subject_removes_itself(me: Scim, bob: Document) -> None:
    """204, and then 404 here and there."""
    answer = me.delete("/Me")
    assert (answer.status_code, answer.headers["Location"]) == (204, bob["meta"]["location"])
    assert_error(me.get(path_of(bob)), 404)
    assert_error(me.get("/Me"), 404)


@pytest.mark.requirement("A-01", "A-12")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_attributes_are_chosen(method: str, me: Scim, bob: Document) -> None:
    """With every method that shows the user."""
    body = {} if method == "GET" else {"body": body_of(method)}
    answer = me(method, "/Me", query={"attributes": "userName"}, **body)
    assert answer.json == {"schemas": bob["schemas"], "id": bob["id"], "userName": "bob"}


@pytest.mark.requirement("V-05", "V-07")
def test_conditions_hold(me: Scim, bob: Document) -> None:
    """As at its own address."""
    version = bob["meta"]["version"]
    unchanged = me.get("/Me", headers={"If-None-Match": version})
    assert (unchanged.status_code, unchanged.headers["Location"]) == (304, bob["meta"]["location"])
    assert_error(me("PUT", "/Me", body_of("PUT"), headers={"If-Match": 'W/"9"'}), 412)


@pytest.mark.requirement("F-33")
def test_a_filter_is_refused(me: Scim, bob: Document) -> None:
    """One resource is no list."""
    assert_error(me.get("/Me", query={"filter": 'userName eq "ann"'}), 400, "invalidFilter")


@pytest.mark.requirement("M-01", "M-05")
@pytest.mark.parametrize("method", METHODS)
def test_a_token_without_a_subject_has_no_me(method: str, me: Scim, bob: Document, subjects: dict[str, str]) -> None:
    """501, and nobody else's user."""
    subjects.clear()
    answer = me(method, "/Me", body_of(method))
    assert answer.status_code == 501
    assert me.get(path_of(bob)).json == bob


@pytest.mark.requirement("M-05", "Z-13")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("whose", ["nobody", "a group", "a token", "another tenant"])
def test_an_id_that_is_no_user_of_the_tenant_is_404(
    whose: str, method: str, me: Scim, bob: Document, subjects: dict[str, str]
) -> None:
    """Whatever the host says, it is looked up among the users of the token's tenant."""
    with me.app.app_context():
        tokens, backend = current_service().tokens, current_service().backend
    backend.open("other", "bsr")
    text, token = tokens.create("other")
    stranger = Scim(me.app, token=text)
    subjects["SCIM_TOKEN"] = {
        "nobody": "x\r\ny: z",
        "a group": me.group("Team")["id"],
        "a token": tokens.create("default")[1].id,
        "another tenant": stranger.user("eve")["id"],
    }[whose]
    answer = me(method, "/Me", body_of(method))
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert stranger.get("/Me").status_code == 501
    subjects[token.id] = bob["id"]
    assert stranger.get("/Me").status_code == 404


@pytest.mark.requirement("M-01")
def test_nobody_is_made_by_way_of_it(me: Scim, bob: Document) -> None:
    """POST is 501 with a subject, too."""
    assert_error(me.post("/Me", user("carl")), 501)
    assert me.names() == ["bob"]


@pytest.mark.requirement("N-07")
@pytest.mark.parametrize("method", ["OPTIONS", "PURGE"])
def test_other_methods_are_not_allowed(method: str, me: Scim, bob: Document) -> None:
    """405 with `Allow`."""
    answer = me(method, "/Me")
    assert_error(answer, 405)
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PATCH, POST, PUT"


def test_the_host_is_told_who_asks(subjects: dict[str, str]) -> None:
    """The hook gets tenant, token and scopes; a blueprint takes it as well as the extension."""
    asked: list[Principal] = []
    app = Flask("hook")
    blueprint = create_blueprint(me=lambda principal: asked.append(principal), backend="memory://", token=TOKEN)
    app.register_blueprint(blueprint, url_prefix="/scim/v2")
    assert_error(Scim(app).get("/Me"), 501, None, "This token stands for no user.")
    assert asked == [Principal("default", "SCIM_TOKEN", frozenset({"scim"}))]


@pytest.mark.requirement("Z-03")
def test_an_api_token_is_no_way_in(me: Scim, bob: Document) -> None:
    """A person's token for the admin API opens nothing of SCIM, not even the person."""
    with me.app.app_context():
        text, _ = current_service().tokens.create("default", Kind.API, user=bob["id"])
    assert_error(Scim(me.app, token=text).get("/Me"), 401)


@pytest.mark.requirement("M-01")
def test_an_application_without_a_hook_has_no_me(make_scim: Callable[..., Scim]) -> None:
    """501 is the answer of a service that does not offer it."""
    scim = make_scim()
    for method in ("GET", "PUT", "PATCH", "DELETE", "POST"):
        assert_error(scim(method, "/Me", body_of(method)), 501)


def test_the_extension_keeps_the_hook_for_its_applications() -> None:
    """One object may serve several applications, each with its own users."""
    extension = BsrScim(me=lambda _: "x", backend="memory://", token=TOKEN)
    for name in ("one", "two"):
        app = Flask(name)
        extension.init_app(app)
        assert_error(Scim(app).get("/Me"), 404)
