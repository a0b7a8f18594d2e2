"""A schema comes to index an attribute: opening a tenant enters what a lasting store holds already."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Insert, Query, Removal
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, commit
from flask_bsr_scim.errors import ConfigurationError, UniquenessConflict
from flask_bsr_scim.filter import bind, parse_filter
from flask_bsr_scim.schema import Document, TypeRegistry, make_resource_type
from flask_bsr_scim.view import View
from tests.stores import new_store

INDEXED: Document = {"x-indexed": True}
UNIQUE: Document = {"uniqueness": "server"}

Open = Callable[[Document], Backend]
"""Opens the store with notes whose text has some characteristics."""


def note_types(**characteristics: object) -> TypeRegistry:
    """Return the type of notes whose text has some characteristics."""
    text = {"name": "text", "type": "string", **characteristics}
    schema = {"id": "urn:example:Note", "name": "Note", "attributes": [text]}
    return TypeRegistry([make_resource_type("Note", "", schema)])


@pytest.fixture(params=["sqlite", "redis"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens one and the same new store, as often as it is asked to."""
    uri = new_store(request.param, tmp_path)
    with ExitStack() as stack:
        yield lambda text: stack.enter_context(closing(open_backend(uri, note_types(**text))))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [({}, INDEXED), ({}, UNIQUE), (INDEXED, UNIQUE), (UNIQUE, INDEXED)],
    ids=["indexed", "unique", "unique after indexed", "indexed after unique"],
)
def test_an_attribute_becomes_indexed(open_store: Open, earlier: Document, later: Document) -> None:
    """What was stored before is found by the index, and a unique value is taken."""
    before, after = open_store(earlier), open_store(later)
    for tenant in (TENANT, OTHER):
        before.open(tenant, "bsr")
        commit(before, Insert("Note", "a", {"id": "a", "text": "A"}), tenant=tenant)
        after.open(tenant, "bsr")
    wanted = bind(parse_filter('text eq "a"'), after.types.by_name["Note"])
    page = after.query(TENANT, "Note", Query(View(after.types, ""), wanted))
    assert [resource.id for resource in page.resources] == ["a"]
    again = Insert("Note", "b", {"id": "b", "text": "a"})
    if "uniqueness" in later:
        with pytest.raises(UniquenessConflict):
            commit(after, again)
    else:
        commit(after, again, Removal("Note", "a"))


def test_an_attribute_cannot_become_unique(open_store: Open) -> None:
    """A schema that says unique of what is not is refused, and nothing is changed."""
    before, after = open_store({}), open_store(UNIQUE)
    before.open(TENANT, "bsr")
    commit(before, *(Insert("Note", i, {"id": i, "text": "A"}) for i in "ab"))
    with pytest.raises(ConfigurationError, match=r"Note\.text is unique, but the Note b"):
        after.open(TENANT, "bsr")
    before.open(TENANT, "bsr")
    commit(before, Insert("Note", "c", {"id": "c", "text": "a"}), Removal("Note", "b"), Removal("Note", "c"))
    after.open(TENANT, "bsr")
