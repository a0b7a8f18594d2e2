"""Several processes change one SQLite file at once: two servers with two workers each."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from tests.server.running import USER, Answer, Client, Server, group, patch, together

Pair = tuple[Server, Server]

TIMES = 16


def answers(pair: Pair, method: str, path: str, body: Callable[[int], Any], **headers: str) -> list[Answer]:
    """Return the answers to requests sent at one moment over connections of their own, spread over both servers."""
    clients = [pair[number % 2].client() for number in range(TIMES)]
    try:
        return together([partial(client, method, path, body(n), **headers) for n, client in enumerate(clients)])
    finally:
        for client in clients:
            client.close()


def statuses(found: list[Answer]) -> dict[int, int]:
    """Return how often each status was answered."""
    return dict(Counter(answer.status for answer in found))


def version(answer: Answer) -> int:
    """Return the number in an ETag."""
    return int(answer.headers["etag"].removeprefix('W/"').removesuffix('"'))


def test_one_of_many_creates_of_a_name_succeeds(pair: Pair) -> None:
    """Of concurrent creates of one userName, in any letter case, one is 201 and the others are 409 uniqueness."""
    names = ["zoe.straße@example.com", "Zoe.Straße@example.com", "ZOE.STRASSE@EXAMPLE.COM", "zoe.strasse@example.com"]
    found = answers(pair, "POST", "/Users", lambda n: {"schemas": [USER], "userName": names[n % len(names)]})
    assert statuses(found) == {201: 1, 409: TIMES - 1}
    assert {answer.body["scimType"] for answer in found if answer.status == 409} == {"uniqueness"}
    (created,) = (answer.body["id"] for answer in found if answer.status == 201)
    with pair[0].client() as client:
        assert [[user["id"] for user in client.find(name)] for name in names] == [[created]] * len(names)


def test_many_adds_of_members_all_stay(pair: Pair) -> None:
    """Concurrent adds of one member each all stay, without If-Match, and each is a version of the group."""
    with pair[0].client() as client:
        users = [client.create_user(f"member-{number}@example.com") for number in range(TIMES)]
        path = f"/Groups/{client.create_group('Added to at once')}"
        before = version(client("GET", path))
        found = answers(pair, "PATCH", path, lambda n: patch(("add", "members", [{"value": users[n]}])))
        after = client("GET", path)
    assert statuses(found) == {200: TIMES}
    assert {member["value"] for member in after.body["members"]} == set(users)
    assert len(after.body["members"]) == TIMES
    assert version(after) == before + TIMES


def test_one_of_many_replaces_of_a_version_succeeds(pair: Pair) -> None:
    """Of concurrent PUTs with the same If-Match one is 200 and what is stored; the others are 412."""

    def named(number: int) -> Any:
        return {"schemas": [USER], "userName": "replaced@example.com", "displayName": f"Name {number}"}

    with pair[0].client() as client:
        path = f"/Users/{client.create_user('replaced@example.com')}"
        before = client("GET", path)
        found = answers(pair, "PUT", path, named, If_Match=before.headers["etag"])
        after = client("GET", path)
    assert statuses(found) == {200: 1, 412: TIMES - 1}
    (winner,) = (answer.body["displayName"] for answer in found if answer.status == 200)
    assert after.body["displayName"] == winner
    assert version(after) == version(before) + 1


def test_many_patches_of_a_user_are_all_applied(pair: Pair) -> None:
    """Concurrent PATCHes without If-Match are all applied: none is lost, and none is refused for another."""
    with pair[0].client() as client:
        path = f"/Users/{client.create_user('patched@example.com')}"
        before = version(client("GET", path))
        found = answers(pair, "PATCH", path, lambda n: patch(("add", "phoneNumbers", [{"value": f"+1-555-{n:04}"}])))
        after = client("GET", path)
    assert statuses(found) == {200: TIMES}
    assert {phone["value"] for phone in after.body["phoneNumbers"]} == {f"+1-555-{n:04}" for n in range(TIMES)}
    assert version(after) == before + TIMES


def put_group(client: Client, path: str, name: str, members: Sequence[str]) -> Answer:
    """Replace a group by PUT."""
    return client("PUT", path, group(name, members))


def patch_group(client: Client, path: str, name: str, members: Sequence[str]) -> Answer:
    """Replace all that a group has by PATCH."""
    values = [{"value": member} for member in members]
    return client("PATCH", path, patch(("replace", "displayName", name), ("replace", "members", values)))


@pytest.mark.parametrize("other", [put_group, patch_group])
def test_readers_see_whole_groups(pair: Pair, other: Callable[[Client, str, str, Sequence[str]], Answer]) -> None:
    """While two clients replace a group again and again, every read of it, alone or in a list, is one of its states."""
    suffix = f"of two by {other.__name__}"
    with pair[0].client() as client:
        users = [client.create_user(f"{suffix} {number}") for number in range(60)]
        states = {f"One {suffix}": frozenset(users[:40]), f"Two {suffix}": frozenset(users[20:])}
        path = f"/Groups/{client.create_group(f'One {suffix}', users[:40])}"

    def write(server: Server, replace: Callable[[Client, str, str, Sequence[str]], Answer]) -> set[Any]:
        with server.client() as client:
            for number in range(30):
                name = list(states)[number % 2]
                assert replace(client, path, name, sorted(states[name])).status == 200
        return set()

    def read(server: Server, target: str) -> set[Any]:
        with server.client() as client:
            bodies = [client("GET", target).body for _ in range(60)]
        found = [resource for body in bodies for resource in body.get("Resources", [body])]
        return {(each["displayName"], frozenset(member["value"] for member in each["members"])) for each in found}

    listed = "/Groups?filter=" + quote(f'displayName ew "{suffix}"')
    writes = [partial(write, pair[0], put_group), partial(write, pair[1], other)]
    reads = [partial(read, server, target) for server in pair for target in (path, listed)]
    assert set().union(*together([*writes, *reads])) <= set(states.items())
