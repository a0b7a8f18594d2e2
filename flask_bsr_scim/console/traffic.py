"""A request and its answer: as they are at hand when the answer goes out, and as the journal keeps them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import orjson


class Exchange(NamedTuple):
    """A request and its answer; nothing of it is masked yet."""

    at: float
    """Seconds since 1970."""
    seconds: float
    """From the first look at the request to its answer."""
    tenant: str
    """Empty when no credential was accepted."""
    token_id: str
    request_id: str
    method: str
    path: str
    """Below the prefix."""
    query: str
    """As it was sent."""
    agent: str
    content_type: str
    body: bytes | None
    """None when there is none, or it is not kept."""
    size: int
    """Bytes of the body, as announced."""
    status: int
    answer: bytes | None
    """None when there is none, or it is not kept."""
    tolerances: Collection[str]
    dialect: str
    credential: str = ""
    """What came instead of a good credential; see :func:`flask_bsr_scim.console.credentials.form_of`."""
    claimed: str = ""
    """The tenant that a refused credential names."""


@dataclass(frozen=True, slots=True)
class Record:
    """A request and its answer, masked."""

    at: float
    milliseconds: float
    client: str
    """Who seems to have sent it, as `Okta`."""
    meaning: str
    """What it does, in a sentence that begins with the client."""
    method: str
    target: str
    """Path and query, readable."""
    status: int
    token_id: str = ""
    request_id: str = ""
    agent: str = ""
    content_type: str = ""
    dialect: str = ""
    tolerances: Sequence[str] = ()
    credential: str = ""
    body: str = ""
    """JSON, or what came instead of it."""
    body_note: str = ""
    """Why there is no body, or less of it."""
    answer: str = ""
    answer_note: str = ""
    scim_type: str = ""
    detail: str = ""

    @property
    def refused(self) -> bool:
        """Whether the answer is an error."""
        return self.status >= 400

    def text(self) -> str:
        """Return the record as the journal keeps it."""
        return orjson.dumps(self).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the record that the journal keeps as a text."""
        return cls(**orjson.loads(text))

    def says(self, words: str) -> bool:
        """Tell whether words, in lower case, are somewhere in it."""
        texts = (self.meaning, self.target, self.detail, self.client, self.agent, self.request_id, self.body)
        return any(words in text.lower() for text in texts)
