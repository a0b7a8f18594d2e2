"""RFC 7644 §3.9: large groups in pieces, with the attributes that were asked for."""

import json

import pytest

from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import TypeRegistry, load_profile, make_projection
from flask_bsr_scim.streams import stream, stream_all
from flask_bsr_scim.view import View

TYPES = TypeRegistry(load_profile("bsr"))
VIEW = View(TYPES, "https://scim.example.com")
NOW = "2026-01-01T00:00:00.000000"

SELECTIONS = [
    pytest.param((), (), id="everything"),
    pytest.param(("members",), (), id="members alone"),
    pytest.param(("displayName", "members.value"), (), id="a part of members"),
    pytest.param((), ("displayName",), id="all but the name"),
    pytest.param((), ("members",), id="no members"),
]

SIZES = [0, 1, 1000, 1001, 2500]


def group(size: int) -> Resource:
    """Return a stored group with so many members."""
    text = json.dumps({"schemas": [TYPES.by_name["Group"].schema.id], "id": f"g{size}", "displayName": "{G}"})
    links = [Link(f"{number:05}", "User") for number in range(size)]
    return Resource("Group", f"g{size}", 1, NOW, NOW, text, None, links)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("attributes", "excluded"), SELECTIONS)
def test_pieces_make_the_whole(size: int, attributes: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    """The pieces together are what is chosen of the resource, however large it is."""
    projection = make_projection(TYPES.by_name["Group"], attributes, excluded)
    resource = group(size)
    pieces = list(stream(VIEW, projection, resource))
    assert json.loads("".join(pieces)) == projection.apply(VIEW.document(resource))
    assert max(map(len, pieces)) < 200_000


@pytest.mark.parametrize(("attributes", "excluded"), SELECTIONS)
def test_pieces_make_the_whole_list(attributes: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    """Large and small resources of a list come in their order, with commas between them."""
    projection = make_projection(TYPES.by_name["Group"], attributes, excluded)
    resources = [group(size) for size in (*SIZES, *[2] * 150, 2500, 3)]
    expected = [projection.apply(VIEW.document(resource)) for resource in resources]
    assert json.loads(f"[{''.join(stream_all(VIEW, projection, resources))}]") == expected
    assert list(stream_all(VIEW, projection, [])) == []
