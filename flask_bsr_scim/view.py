"""What clients see of a resource: the stored document with `meta`, memberships and absolute references."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from flask_bsr_scim.portions import portions
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import Document, TypeRegistry

SHOWS_GROUPS = "-g"
"""Ends the version of an answer that shows the groups of a user.

Memberships are not part of a user's version, so such an answer is never confirmed with 304; the mark also keeps the tag
of an answer with groups from being confirmed when the user has left them all.
"""

_REFERENCE = '"$ref":"'
"""Quotes inside a JSON string are escaped, so this can only be a member `$ref`."""

MARK = "\x7f"
"""The base URL of texts that are kept. JSON allows this character as it is; a single one is found at once in a page."""

_MARK = MARK.encode()

RELATIVE = '"/'
"""How a relative reference begins in a document."""

MARKED = f'"{MARK}/'
"""How it begins in a text that is kept."""

_TAIL = b'\\""}}'
"""How each text without memberships ends: behind the version, which is the last member of `meta`."""

SEPARATOR = ",\n"
"""Between the texts of the resources of a list; no text has a line end."""

CHUNK = 1000
"""Members in one piece of a streamed group."""


@dataclass(frozen=True, slots=True)
class View:
    """Resources as they look from one base URL (without a slash at its end)."""

    types: TypeRegistry
    base_url: str
    _base: bytes = field(init=False, repr=False, compare=False)
    _prefixes: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """What precedes the id in a resource's URI, by resource type name."""
    _references: Sequence[tuple[str, str]] = field(init=False, repr=False, compare=False)
    """How references to resources begin in a document, and how they begin here."""

    def __post_init__(self) -> None:
        prefixes = {name: f"{self.base_url}{t.endpoint}/" for name, t in self.types.by_name.items()}
        references = [(f"{_REFERENCE}{t.endpoint}/", _REFERENCE + prefixes[t.name]) for t in self.types.exposed]
        object.__setattr__(self, "_prefixes", prefixes)
        object.__setattr__(self, "_references", references)
        object.__setattr__(self, "_base", self.base_url.encode())

    def location(self, type_name: str, resource_id: str) -> str:
        """Return the URI of a resource, which is `meta.location` and `$ref` (RFC 7643 §3.1)."""
        return self._prefixes[type_name] + resource_id

    def etag(self, resource: Resource) -> str:
        """Return the weak entity tag, which is `meta.version` too (RFC 7644 §3.14)."""
        return f'W/"{resource.version}{self._mark(resource.type) if resource.links else ""}"'

    def document(self, resource: Resource) -> Document:
        """Return the whole resource as a new JSON object."""
        document: Document = orjson.loads(self.text(resource))
        return document

    def text(self, resource: Resource) -> str:
        """Return the whole resource as JSON text."""
        return self.texts((resource,))[0]

    def texts(self, resources: Iterable[Resource]) -> list[str]:
        """Return the JSON texts of whole resources; a page has hundreds, so little is called for each of them."""
        prefixes, linked = self._prefixes, self._linked
        return [
            f"{self._stored(text) if '$' in text else text[:-1]},"
            f'"meta":{{"resourceType":"{type_name}","created":"{created}Z","lastModified":"{modified}Z",'
            f'"location":"{prefixes[type_name]}{resource_id}",'
            f'"version":"W/\\"{version}{self._mark(type_name) if links else ""}\\""}}'
            f"{linked(type_name, links) if links else ''}}}"
            for type_name, resource_id, version, created, modified, text, _, links in resources
        ]

    def kept(self, texts: bytes) -> bytes:
        """Return texts that are kept as they look from here."""
        return texts.replace(_MARK, self._base)

    def with_groups(self, text: bytes, type_name: str, groups: Sequence[Link]) -> bytes:
        """Return the text of a resource without groups as it is with them."""
        return ended(text, self.ending(type_name, groups)) if groups else text

    def ending(self, type_name: str, groups: Sequence[Link]) -> bytes:
        """Return how the text of a resource ends that is in these groups."""
        if not groups:
            return _TAIL
        return SHOWS_GROUPS.encode() + _TAIL[:-1] + self._linked(type_name, groups).encode() + _TAIL[-1:]

    def chunks(self, resource: Resource) -> Iterator[str]:
        """Yield the JSON text of the whole resource in pieces, so that a large group is never rendered at once."""
        links = resource.links
        members = self.types.by_name[resource.type].members
        if len(links) <= CHUNK or members is None:
            yield self.text(resource)
            return
        yield f'{self.text(resource._replace(links=()))[:-1]},"{members.name}":['
        separator = ""
        for some in portions(links, CHUNK):
            yield separator + self._rendered(some)
            separator = ","
        yield "]}"

    def _mark(self, type_name: str) -> str:
        return "" if self.types.by_name[type_name].groups is None else SHOWS_GROUPS

    def _linked(self, type_name: str, links: Sequence[Link]) -> str:
        resource_type = self.types.by_name[type_name]
        if resource_type.members is not None:
            return f',"{resource_type.members.name}":[{self._rendered(links)}]'
        if resource_type.groups is None:
            return ""
        prefixes = self._prefixes
        return f',"{resource_type.groups.name}":[{",".join([_group(prefixes[link.type], link) for link in links])}]'

    def _stored(self, text: str) -> str:
        text = text[:-1]
        for relative, absolute in self._references:
            text = text.replace(relative, absolute)
        return text

    def _rendered(self, members: Iterable[Link]) -> str:
        prefixes = self._prefixes
        return ",".join([f'{{"value":"{i}","$ref":"{prefixes[kind]}{i}","type":"{kind}"}}' for i, kind, _ in members])


def unmarked(text: str) -> str:
    """Return a JSON text without `MARK`, which it writes in another way."""
    return text.replace(MARK, "\\u007f")


def ended(text: bytes, ending: bytes) -> bytes:
    """Return the text of a resource without memberships with another :meth:`View.ending`."""
    return text[: -len(_TAIL)] + ending


@lru_cache(1024)
def _group(prefix: str, link: Link) -> str:
    """Return a group as its members show it; those of a page are mostly in the same groups."""
    display = orjson.dumps(link.display).decode()
    return f'{{"value":"{link.id}","$ref":"{prefix}{link.id}","display":{display},"type":"direct"}}'
