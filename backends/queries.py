"""What a store is asked, and how it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_bsr_scim.filter import BoundFilter, Form
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import AttributePath
from flask_bsr_scim.view import SEPARATOR, View


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of resources (RFC 7644 §3.4.2.3); ties are in the order of creation."""

    target: AttributePath
    descending: bool = False


@dataclass(slots=True)
class Query:
    """Which resources of one type to return, and which page of them.

    `offset` is 0-based. Without `sort` the order is that of creation; `reverse` turns either round, ties too. `after`
    is a cursor of a page of the same query, in whichever direction, behind which this page begins. With `links` each
    resource comes with its memberships. `view` gives the locations that a filter may compare. With `texts` it is enough
    to know how the resources look. `form` is that of the filter, where it is known. `place` is the key of a note to be
    read along, should that take no further question.

    Nobody changes a query; it is not frozen because that makes one in a third of the time.
    """

    view: View
    filter: BoundFilter | None = None
    sort: Sort | None = None
    offset: int = 0
    count: int = 100
    links: bool = True
    after: str | None = None
    reverse: bool = False
    texts: bool = False
    form: Form | None = None
    place: str | None = None


class Note(NamedTuple):
    """What is kept under a key, and when that ends, in seconds of the Unix epoch."""

    text: str
    ends: float


class Page(NamedTuple):
    """`total` counts all matches, before paging. `more` tells whether there are some behind the page.

    `cursors` stand for the gaps beside the resources, in their order: one before each, and one behind the last. Without
    resources there is the query's `after` alone, or nothing. What is behind a gap when it is read is behind it for
    good, whatever is created or deleted meanwhile. `more` is false on a page that was to hold nothing.

    `texts` may be there instead of resources where a query asks for no more: the JSON texts of whole resources, as the
    query's view shows them, with `SEPARATOR` between them.

    `noted` may be the note under the query's `place`, also one whose time is over.
    """

    total: int
    resources: Sequence[Resource]
    cursors: Sequence[str] = ()
    more: bool = False
    texts: bytes | None = None
    noted: Note | None = None

    @property
    def size(self) -> int:
        """The number of the resources."""
        if self.texts is None:
            return len(self.resources)
        return len(self.cursors) - 1 if self.texts else 0

    def cut(self, size: int) -> "Page":
        """Return the page with the first resources alone."""
        separator = SEPARATOR.encode()
        texts = self.texts and separator.join(self.texts.split(separator)[:size])
        return self._replace(resources=self.resources[:size], cursors=self.cursors[: size + 1], texts=texts)

    @property
    def cursor(self) -> str | None:
        """The end of the page."""
        return self.cursors[-1] if self.cursors else None


class StoredKey(NamedTuple):
    """A :class:`~flask_bsr_scim.backends.changes.Key` as a backend keeps it.

    That is the name of the index, and the comparison key of the value.
    """

    name: str
    key: Any
    unique: bool


class MemberChoice(NamedTuple):
    """Which members to return: those that hold none of some keys, are of some types (empty: of any), or are missing."""

    without: Sequence[StoredKey] = ()
    types: Sequence[str] = ()
    missing: bool = False
