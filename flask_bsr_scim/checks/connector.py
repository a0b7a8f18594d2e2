"""What the connectors of identity providers share: how they send, and what they have made."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, ClassVar
from urllib.parse import quote

from flask_bsr_scim.checks.faults import Answer
from flask_bsr_scim.checks.pages import Page, read_list
from flask_bsr_scim.checks.transport import Request, Transport

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

SLOW = 5.0
"""Seconds after which an answer is worth a warning."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer."""

    request: Request
    answer: Answer


@dataclass(frozen=True, slots=True)
class Names:
    """What the check calls what it makes: unmistakable, and different each time."""

    user: str
    second: str
    group: str
    renamed: str

    @classmethod
    def random(cls, provider: str, domain: str) -> "Names":
        """Return names that nobody has: `okta-check-3f9a0c17de@example.com`."""
        tag = f"{provider}-check-{token_hex(5)}"
        return cls(f"{tag}@{domain}", f"{tag}-second@{domain}", tag, f"{tag}-renamed")


@dataclass(slots=True)
class Made:
    """A resource that may be on the server now: its endpoint, the attribute and values that name it, its known ids.

    :ivar answered: its POST was answered; without an answer it may still be made later.
    """

    endpoint: str
    attribute: str
    names: tuple[str, ...]
    ids: list[str] = field(default_factory=list)
    answered: bool = False


class Connector(ABC):
    """Sends what an identity provider sends, and remembers what came and what was made.

    :param transport: how requests are sent: over HTTP, or into an application.
    :param observe: is told of each exchange.
    """

    headers: ClassVar[Mapping[str, str]]
    """What every request carries beside the token."""

    body_headers: ClassVar[Mapping[str, str]]
    """What a request with a body carries too."""

    def __init__(
        self, transport: Transport, token: str, names: Names, observe: Callable[[Exchange], None] = lambda _: None
    ) -> None:
        self._transport, self._token, self._observe = transport, token, observe
        self.names = names
        self.exchanges: list[Exchange] = []
        self.warnings: list[str] = []
        self.ids: dict[str, str] = {}
        self.made: list[Made] = []

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request with what this identity provider sends with it.

        :raises Fault: there is no answer.
        """
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        more = self.body_headers if data else {}
        headers = {"Authorization": f"Bearer {self._token}", **self.headers, **more}
        request = Request(method, path, headers, data)
        answer = self._transport(request)
        exchange = Exchange(request, answer)
        self.exchanges.append(exchange)
        self._observe(exchange)
        if answer.seconds > SLOW:
            self.warnings.append(f"{method} {path} took {answer.seconds:.1f} s; after 60 s the request has failed.")
        return answer

    def create(self, made: Made, body: Any) -> Answer:
        """Send a POST, and remember that it may have made something, even if no answer comes."""
        if made not in self.made:
            self.made.append(made)
        answer = self.send("POST", made.endpoint, body)
        made.answered = True
        if 400 <= answer.status < 500 and not made.ids:
            self.made.remove(made)
        return answer

    def find_user(self, user_name: str) -> Answer:
        """Ask whether a user is there."""
        return self.send("GET", self.query("/Users", "userName", user_name))

    def find_group(self, name: str) -> Answer:
        """Ask whether a group is there."""
        return self.send("GET", self.query("/Groups", "displayName", name))

    def found(self, answer: Answer) -> Page:
        """Return what a look-up found.

        :raises Fault: it is no list as this identity provider reads it.
        """
        return read_list(answer, count=100)

    def create_user(self, made: Made, user_name: str) -> Answer:
        """Create a user."""
        return self.create(made, self.new_user(user_name))

    @abstractmethod
    def query(self, endpoint: str, attribute: str, value: str) -> str:
        """Return the path of a look-up by the value of an attribute, as this identity provider writes it."""

    @abstractmethod
    def new_user(self, user_name: str) -> dict[str, Any]:
        """Return the body of the POST for a user."""


def path_of(endpoint: str, identifier: str) -> str:
    """Return the path of a resource."""
    return f"{endpoint}/{quote(identifier, safe='')}"


def patch_op(*operations: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a PATCH (RFC 7644 §3.5.2)."""
    return {"schemas": [PATCH_OP], "Operations": [*operations]}
