"""What clients see of a resource: the stored document with `meta`, memberships and absolute references."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import orjson

from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import Document, TypeRegistry

SHOWS_GROUPS = "-g"
"""Ends the version of an answer that shows the groups of a user.

Memberships are not part of a user's version, so such an answer is never confirmed with 304; the mark also keeps the
tag of an answer with groups from being confirmed when the user has left them all.
"""

_REFERENCE = '"$ref":"/'
"""Quotes inside a JSON string are escaped, so this can only be a member `$ref` with a relative reference."""

_CHUNK = 1000
"""Members in one piece of a streamed group."""


@dataclass(frozen=True, slots=True)
class View:
    """Resources as they look from one base URL (without a slash at its end)."""

    types: TypeRegistry
    base_url: str

    def location(self, type_name: str, resource_id: str) -> str:
        """Return the URI of a resource, which is `meta.location` and `$ref` (RFC 7643 §3.1)."""
        return f"{self.base_url}{self.types.by_name[type_name].endpoint}/{resource_id}"

    def etag(self, resource: Resource) -> str:
        """Return the weak entity tag, which is `meta.version` too (RFC 7644 §3.14)."""
        return f'W/"{resource.version}{self._mark(resource)}"'

    def _mark(self, resource: Resource) -> str:
        return SHOWS_GROUPS if resource.links and self.types.by_name[resource.type].groups is not None else ""

    def document(self, resource: Resource) -> Document:
        """Return the whole resource as a new JSON object."""
        document: Document = orjson.loads(self.text(resource))
        return document

    def text(self, resource: Resource) -> str:
        """Return the whole resource as JSON text."""
        return "".join(self.chunks(resource))

    def texts(self, resources: Iterable[Resource]) -> list[str]:
        """Return the JSON texts of whole resources; a page has hundreds, so little is called for each of them."""
        prefixes = {name: self.location(name, "") for name in self.types.by_name}
        return [
            text[:-1] + _meta(type_name, resource_id, version, created, modified, prefixes[type_name])
            if not links and ("$" not in text or _REFERENCE not in text)
            else "".join(self.chunks(Resource(type_name, resource_id, version, created, modified, text, None, links)))
            for type_name, resource_id, version, created, modified, text, _, links in resources
        ]

    def chunks(self, resource: Resource) -> Iterator[str]:
        """Yield the JSON text of the whole resource in pieces, so that a large group is never rendered at once."""
        yield resource.text[:-1].replace(_REFERENCE, f'"$ref":"{self.base_url}/')
        if resource.links:
            yield from self._memberships(resource)
        version = f"{resource.version}{self._mark(resource)}"
        prefix = self.location(resource.type, "")
        yield _meta(resource.type, resource.id, version, resource.created, resource.modified, prefix)

    def _memberships(self, resource: Resource) -> Iterator[str]:
        resource_type = self.types.by_name[resource.type]
        attribute = resource_type.members or resource_type.groups
        if attribute is None:
            return
        render = self._member if resource_type.members else self._group
        yield f',"{attribute.name}":['
        for start in range(0, len(resource.links), _CHUNK):
            yield ("," if start else "") + ",".join(map(render, islice(resource.links, start, start + _CHUNK)))
        yield "]"

    def _member(self, link: Link) -> str:
        return f'{{"value":"{link.id}","$ref":"{self.location(link.type, link.id)}","type":"{link.type}"}}'

    def _group(self, link: Link) -> str:
        display = orjson.dumps(link.display).decode()
        return (
            f'{{"value":"{link.id}","$ref":"{self.location(link.type, link.id)}","display":{display},"type":"direct"}}'
        )


def _meta(type_name: str, resource_id: str, version: int | str, created: str, modified: str, prefix: str) -> str:
    return (
        f',"meta":{{"resourceType":"{type_name}","created":"{created}Z","lastModified":"{modified}Z",'
        f'"location":"{prefix}{resource_id}","version":"W/\\"{version}\\""}}}}'
    )
