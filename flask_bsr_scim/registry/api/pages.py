"""Pages of lists: how many, from where, and the opaque tokens that stand for the place where the next one begins."""

from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self, TypeVar

from connectrpc.request import RequestContext

from flask_bsr_scim.registry.errors import InvalidArgument
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.seals import Seals

DEFAULT_SIZE = 100
LARGEST_SIZE = 250

T = TypeVar("T")


class PagedRequest(Protocol):
    """A request for a page of a list."""

    page_size: int
    page_token: str
    reverse: bool

    def to_binary(self) -> bytes:
        """Return the message in binary."""

    def __replace__(self, **fields: Any) -> Self:
        """Return a copy with other values in some fields."""


class Asked:
    """Which page a request asks for.

    :raises InvalidArgument: its page token is none of this server's, or of another list.
    """

    def __init__(self, store: TenantStore, request: PagedRequest, ctx: RequestContext[Any, Any]) -> None:
        self._seals, self._tenant = Seals(store.backend), store.tenant
        self._list = _list_of(request, ctx)
        self.count = min(request.page_size or DEFAULT_SIZE, LARGEST_SIZE)
        self.reverse = request.reverse
        self.after = self._read(request.page_token) if request.page_token else None

    def token(self, cursor: str | None) -> str:
        """Return the token for the page that begins behind a cursor; empty when there is none."""
        if cursor is None:
            return ""
        return self._seals.seal(self._tenant, self._list, cursor)

    def cut(self, items: Iterable[T], key: Callable[[T], str]) -> tuple[list[T], str]:
        """Return the page of a list that is at hand, in the order of keys, and the token for the next one."""
        ordered = sorted(items, key=key, reverse=self.reverse)
        rest = [item for item in ordered if self._is_behind(key(item))]
        page = rest[: self.count]
        return page, self.token(key(page[-1]) if len(page) < len(rest) else None)

    def _is_behind(self, key: str) -> bool:
        if self.after is None:
            return True
        return key < self.after if self.reverse else key > self.after

    def _read(self, token: str) -> str:
        cursor = self._seals.open(self._tenant, self._list, token)
        if cursor is None:
            raise InvalidArgument(
                "The page_token is not one that this list gave: begin again without it, or leave the request unchanged."
            )
        return str(cursor)


def _list_of(request: PagedRequest, ctx: RequestContext[Any, Any]) -> str:
    """Return what tells one list from another: the method, and all of the request but the page."""
    rest = request.__replace__(page_size=0, page_token="").to_binary()
    return f"{ctx.method.service_name}/{ctx.method.name} {b64encode(rest).decode()}"
