"""Resources as JSON text in pieces: a large group is never rendered at once."""

from collections.abc import Iterable, Iterator
from operator import attrgetter

import orjson

from flask_bsr_scim.portions import portions
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.projection import Projection
from flask_bsr_scim.view import CHUNK, SEPARATOR, View

_AT_ONCE = 100
"""Resources in one piece of a list."""

_links = attrgetter("links")


def stream(view: View, projection: Projection, resource: Resource) -> Iterator[str]:
    """Yield the JSON text of what is chosen of a resource."""
    if projection.is_default:
        return view.chunks(resource)
    return _chosen(view, projection, resource)


def stream_all(view: View, projection: Projection, resources: Iterable[Resource]) -> Iterator[str]:
    """Yield the JSON texts of what is chosen of several resources, with `SEPARATOR` between them."""
    separator = ""
    for some in portions(resources, _AT_ONCE):
        if projection.is_default and max(map(len, map(_links, some))) <= CHUNK:
            yield separator + SEPARATOR.join(view.texts(some))
            separator = SEPARATOR
            continue
        for resource in some:
            yield separator
            yield from stream(view, projection, resource)
            separator = SEPARATOR


def _chosen(view: View, projection: Projection, resource: Resource) -> Iterator[str]:
    members = view.types.by_name[resource.type].members
    if members is None or len(resource.links) <= CHUNK:
        yield _dumped(projection.apply(view.document(resource)))
        return
    yield _dumped(projection.apply(view.document(resource._replace(links=()))))[:-1]
    separator = f',"{members.name}":['
    for links in portions(resource.links, CHUNK):
        if some := projection.apply(view.document(resource._replace(links=links))).get(members.name):
            yield separator + _dumped(some)[1:-1]
            separator = ","
    yield "]}" if separator == "," else "}"


def _dumped(document: Document) -> str:
    return orjson.dumps(document).decode()
