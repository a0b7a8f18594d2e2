"""SCIMTokenService, and TokenService."""

from datetime import timedelta

import pytest

from flask_bsr_scim.registry.tokens import Kind
from tests.client import Scim
from tests.registry.api.calling import World, flat

SCIM, OWN = "SCIMTokenService", "TokenService"
LATER = "2099-12-31T23:59:59Z"


def test_a_scim_token_opens_scim(world: World) -> None:
    """The text is shown once, and is a credential for provisioning in the administrator's tenant."""
    answer = world(f"{SCIM}/CreateSCIMToken")
    assert set(answer) == {"token"}
    user = world.user("bob")
    assert Scim(world.app, token=answer["token"]).get(f"/Users/{user}").status_code == 200


def test_scim_tokens_are_listed_without_their_text(world: World) -> None:
    """A token has an id and a time of creation, and when it ends if it does; API tokens are not in the list."""
    world(f"{SCIM}/CreateSCIMToken", expire_time=LATER)
    first, second = world(f"{SCIM}/ListSCIMTokens")["tokens"]
    assert set(first) == {"id", "createTime"}
    assert set(second) == {"id", "createTime", "expireTime"}
    assert second["expireTime"] == LATER


def test_a_scim_token_is_deleted(world: World) -> None:
    """A deleted token opens nothing, and is not there a second time."""
    token = world(f"{SCIM}/CreateSCIMToken")["token"]
    token_id = world(f"{SCIM}/ListSCIMTokens", reverse=True)["tokens"][0]["id"]
    assert world(f"{SCIM}/DeleteSCIMToken", token_id=token_id) == {}
    assert Scim(world.app, token=token).get("/Users").status_code == 401
    assert world.code(f"{SCIM}/DeleteSCIMToken", token_id=token_id) == "not_found"


@pytest.mark.parametrize("service", ["SCIMTokenService/CreateSCIMToken", "TokenService/CreateToken"])
@pytest.mark.parametrize(
    "moment",
    ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "tomorrow", "2099-12-31", 5],
)
def test_a_token_must_end_in_the_future(world: World, service: str, moment: object) -> None:
    """A time that is past, or none, is refused; the list stays as it was."""
    before = len(list(world.service.tokens.list(world.tenant)))
    assert world.code(service, expire_time=moment) == "invalid_argument"
    assert len(list(world.service.tokens.list(world.tenant))) == before


@pytest.mark.parametrize("kind", [Kind.SCIM, Kind.API])
def test_expired_tokens_are_not_listed(world: World, kind: Kind) -> None:
    """A list shows the tokens that open something."""
    user = world.administrator.id if kind is Kind.API else None
    past = world.service.backend.clock() - timedelta(seconds=1)
    world.service.tokens.create(world.tenant, kind, expires=past, user=user)
    method = f"{SCIM}/ListSCIMTokens" if kind is Kind.SCIM else f"{OWN}/ListTokens"
    assert len(world(method)["tokens"]) == 1


def test_own_tokens_are_made_read_listed_and_deleted(world: World) -> None:
    """Every user looks after the own API tokens."""
    world.user("bob")
    token = world(f"{OWN}/CreateToken", "bob", note="laptop", expireTime=LATER)["token"]
    assert token.startswith(f"bsrapi_{world.tenant}_")
    first, second = world(f"{OWN}/ListTokens", "bob")["tokens"]
    assert set(first) == {"id", "createTime"}
    assert (second["note"], second["expireTime"]) == ("laptop", LATER)
    assert world(f"{OWN}/GetToken", "bob", token_id=second["id"])["token"] == second
    assert world.post("UserService/GetUserByUsername", b'{"username": "bob"}', token).status_code == 200
    assert world(f"{OWN}/DeleteToken", "bob", token_id=second["id"]) == {}
    assert world.post("UserService/GetUserByUsername", b'{"username": "bob"}', token).status_code == 401
    assert world.code(f"{OWN}/GetToken", "bob", token_id=second["id"]) == "not_found"


@pytest.mark.parametrize("method", ["GetToken", "DeleteToken"])
def test_tokens_of_others_are_not_there(world: World, method: str) -> None:
    """Not even an administrator reaches another user's token, nor a SCIM token this way."""
    world.user("bob")
    theirs = world(f"{OWN}/ListTokens", "bob")["tokens"][0]["id"]
    scim = world(f"{SCIM}/ListSCIMTokens")["tokens"][0]["id"]
    assert world.code(f"{OWN}/{method}", token_id=theirs) == "not_found"
    assert world.code(f"{OWN}/{method}", token_id=scim) == "not_found"
    assert world.code(f"{SCIM}/DeleteSCIMToken", token_id=theirs) == "not_found"


def test_a_note_has_an_end(world: World) -> None:
    """A note is what people call a token, no place to store things."""
    assert world.code(f"{OWN}/CreateToken", note="x" * 200) == "ok"
    assert world.code(f"{OWN}/CreateToken", note="x" * 201) == "invalid_argument"


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("create", "list_"),
    [(f"{SCIM}/CreateSCIMToken", f"{SCIM}/ListSCIMTokens"), (f"{OWN}/CreateToken", f"{OWN}/ListTokens")],
)
def test_tokens_are_listed_in_pages(world: World, create: str, list_: str, reverse: bool) -> None:
    """The pages have no gap, the reverse is exact, and no page is empty."""
    for _ in range(3):
        world(create)
    ids = [token["id"] for token in world(list_)["tokens"]]
    pages = world.pages(list_, "tokens", lambda token: token["id"], page_size=2, reverse=reverse)
    assert [len(page) for page in pages] == [2, 2]
    assert flat(pages) == (ids[::-1] if reverse else ids)
