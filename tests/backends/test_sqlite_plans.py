"""What clients ask most is answered from indexes, however many resources there are."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Backend, Insert, Key, Query, Sort, Swap
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.backends.sqlite import backend as sqlite_module
from flask_bsr_scim.filter import bind, parse_filter
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import TypeRegistry, load_profile
from flask_bsr_scim.view import View

TYPES = TypeRegistry(load_profile("rfc7643"))
VIEW = View(TYPES, "https://scim.example.com")
TENANT = "default"


def search(
    type_name: str, filter: str | None = None, sort_by: str | None = None, **rest: Any
) -> Callable[[Backend], object]:
    """Return a query to be asked."""
    resource_type = TYPES.by_name[type_name]
    target = None if sort_by is None else resource_type.resolve(sort_by)
    query = Query(
        VIEW,
        None if filter is None else bind(parse_filter(filter), resource_type),
        None if target is None else Sort(target),
        **rest,
    )
    return lambda backend: backend.query(TENANT, type_name, query)


HOT: dict[str, Callable[[Backend], object]] = {
    "get": lambda backend: backend.get(TENANT, "User", "u", links=True),
    "get a group": lambda backend: backend.get(TENANT, "Group", "g"),
    "find": lambda backend: backend.find(TENANT, "User", "userName", "u"),
    "userName": search("User", 'userName eq "u"'),
    "userName and more": search("User", 'userName eq "u" and active eq true'),
    "userName begins": search("User", 'userName sw "u"'),
    "externalId": search("User", 'externalId eq "x"'),
    "id": search("User", 'id eq "u"'),
    "emails.value": search("User", 'emails.value eq "u@example.com"'),
    "emails[]": search("User", 'emails[type eq "work" and value eq "u@example.com"]'),
    "displayName of a group": search("Group", 'displayName eq "g"'),
    "members": search("Group", 'members.value eq "u"'),
    "id and members": search("Group", 'id eq "g" and members[value eq "u"]'),
    "groups": search("User", 'groups.value eq "g"'),
    "modified since": search("User", 'meta.lastModified gt "2026-01-01T00:00:00Z"', "meta.lastModified"),
    "first page": search("User"),
    "page of texts": search("User", texts=True, place="k", after="7"),
    "later page": search("User", offset=1),
    "by creation": search("User", sort_by="meta.created"),
    "members of groups": lambda backend: backend.members(TENANT, ["g", "h"], after="a"),
    "count of members": lambda backend: backend.count_members(TENANT, ["g"]),
    "members but for some": lambda backend: backend.members(
        TENANT, ["g", "h"], without=[Key("User", "active", False)], types=["User"]
    ),
    "count of members but for some": lambda backend: backend.count_members(
        TENANT, ["g"], without=[Key("User", "active", False)], types=["User"]
    ),
    "groups of members": lambda backend: backend.groups_of(TENANT, ["u", "v"]),
    "page behind a cursor": search("User", after="7"),
    "page before a cursor": search("User", after="7", reverse=True),
    "page by creation behind a cursor": search("User", sort_by="meta.created", after='7 "2026-01-01T00:00:00"'),
    "page by creation before a cursor": search(
        "User", sort_by="meta.created", after='7 "2026-01-01T00:00:00"', reverse=True
    ),
    "recall": lambda backend: backend.recall(TENANT, "k"),
    "remember": lambda backend: backend.remember(TENANT, "k", "text", 60),
    "log": lambda backend: backend.log(TENANT, after=1),
    "add a member": lambda backend: backend.commit(TENANT, [Swap("Group", "g", members=MemberChanges(add=("v",)))]),
    "remove a member": lambda backend: backend.commit(
        TENANT, [Swap("Group", "g", members=MemberChanges(remove=("u",)))]
    ),
}


PAGES = (
    "page of texts",
    "first page",
    "later page",
    "by creation",
    "page behind a cursor",
    "page before a cursor",
    "page by creation behind a cursor",
    "page by creation before a cursor",
)
"""Go through an index in its order, and end when the page is full."""


@pytest.mark.parametrize("name", HOT)
def test_uses_indexes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement goes through all resources, or through all of a type."""
    statements: list[str] = []
    connect = sqlite_module.connect
    made = []

    def tracing(path: str, synchronous: str) -> object:
        made.append(connect(path, synchronous))
        return made[0]

    monkeypatch.setattr(sqlite_module, "connect", tracing)
    backend = SQLiteBackend(TYPES, str(tmp_path / "store.db"))
    users = [Insert("User", i, {"id": i, "userName": i}) for i in ("u", "v")]
    backend.commit(TENANT, [*users, Insert("Group", "g", {"id": "g", "displayName": "g"}, MemberChanges(add=("u",)))])
    made[0].set_trace_callback(statements.append)
    HOT[name](backend)
    made[0].set_trace_callback(None)
    explained = [s for s in statements if s.split()[0] in ("SELECT", "UPDATE", "DELETE")]
    plans = [detail for s in explained for *_, detail in made[0].execute(f"EXPLAIN QUERY PLAN {s}")]
    assert plans
    walks = [
        step for step in plans if re.search(r"^SCAN(?! \(subquery|.*VIRTUAL TABLE)|\(tenant=\?( AND type=\?)?\)$", step)
    ]
    if name in PAGES:
        assert len(walks) == 1
        assert "USE TEMP B-TREE FOR ORDER BY" not in plans
    else:
        assert walks == []
    backend.close()
