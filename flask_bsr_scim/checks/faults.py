"""What can be wrong with an answer, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: header names in lower case, and the seconds from the request to the end of the body."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Kind(StrEnum):
    """How an answer is wrong: identity providers show each kind differently."""

    UNREACHABLE = "unreachable"
    """There is no answer."""

    STATUS = "status"
    """It has a status that the identity provider takes as a failure."""

    BODY = "body"
    """It has no JSON object."""

    LIST = "list"
    """It has no list in `Resources`."""

    TYPES = "types"
    """Members of the message are missing, or have another JSON type."""

    CONTENT = "content"
    """It is well-formed, and not true: something is missing, stays as it was, or belongs to somebody else."""


class Fault(Exception):
    """An answer is not as the identity provider needs it.

    :param problem: what came, in one sentence.
    :param change: what to change on the server.
    :param rfc: the section that asks for it, as `RFC 7644 §3.3`; empty where none does.
    :param answer: what came; None where nothing did.
    """

    def __init__(self, kind: Kind, problem: str, change: str, rfc: str = "", answer: Answer | None = None) -> None:
        super().__init__(problem)
        self.kind, self.problem, self.change, self.rfc, self.answer = kind, problem, change, rfc, answer


@dataclass(frozen=True, slots=True)
class Shown:
    """What the identity provider's administrator sees of a fault: its words, or what is known without them.

    :param verbatim: these are its words, with the values of this check.
    """

    text: str
    verbatim: bool = True
