"""What an operation needs to know, and what comes out of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from flask_bsr_scim.backends.base import NOBODY, Actor, Change, Insert, Removal, Swap
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.view import View


class UnknownMemberPolicy(StrEnum):
    """What happens to a member that does not exist."""

    REJECT = "reject"
    """The request fails with 400 and names the ids."""
    IGNORE = "ignore"
    """It is skipped, and logged."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the provider decides what RFC 7644 leaves open."""

    max_results: int = 1000
    """The largest page."""
    default_count: int = 100
    """The size of a page when the client does not say."""
    patch_body_members: int = 100
    """PATCH of a group with more members than this answers 204 without a body."""
    unknown_members: UnknownMemberPolicy = UnknownMemberPolicy.REJECT


class Context(NamedTuple):
    """On whose behalf, and as seen from where, an operation is done."""

    tenant: str
    view: View
    actor: Actor = NOBODY


class Consequences(Protocol):
    """What a change of a resource brings about elsewhere.

    Each method returns all that is to be committed at once: the change itself, or what takes its place, and what goes
    with it. It is asked again when somebody else's commit came first.
    """

    def insert(self, context: Context, change: Insert, *, again: bool) -> Sequence[Change]:
        """Return what goes with a new resource; a `Swap` in its place takes over one that is there.

        :param again: the store refused an earlier answer, so that nothing is to be taken for granted.
        """

    def beside(self, type_name: str, resource_id: str) -> tuple[str, str] | None:
        """Return type and id of what is to be read together with a resource that changes or ends; None for nothing."""

    def swap(self, context: Context, before: Document, beside: Resource | None, change: Swap) -> Sequence[Change]:
        """Return what goes with a change of a resource.

        :param before: its stored document.
        :param beside: what :meth:`beside` names, if it is there.
        """

    def remove(self, context: Context, before: Document, beside: Resource | None, change: Removal) -> Sequence[Change]:
        """Return what goes with a removal; parameters as in :meth:`swap`."""


class NoConsequences:
    """Nothing goes with any change."""

    def insert(self, context: Context, change: Insert, *, again: bool) -> Sequence[Change]:
        """Return the change alone."""
        return (change,)

    def beside(self, type_name: str, resource_id: str) -> None:
        """Return that nothing is to be read."""

    def swap(self, context: Context, before: Document, beside: Resource | None, change: Swap) -> Sequence[Change]:
        """Return the change alone."""
        return (change,)

    def remove(self, context: Context, before: Document, beside: Resource | None, change: Removal) -> Sequence[Change]:
        """Return the change alone."""
        return (change,)


class Response(NamedTuple):
    """The outcome of an operation. `body` are pieces of JSON text, or all of it encoded; None for no body."""

    status: int
    body: Iterator[str] | bytes | None = None
    etag: str | None = None
    location: str | None = None
