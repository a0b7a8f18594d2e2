"""Names for ids that pages show."""

from collections.abc import Iterable
from typing import NamedTuple

from flask_bsr_scim.registry.tokens import TOKEN, Token, read_token
from flask_bsr_scim.web.console.page import Asked


class Called(NamedTuple):
    """What a token is called, and whether it is there: SCIM_TOKEN and JWTs never are."""

    name: str
    is_there: bool


def describe_token(asked: Asked, token_id: str) -> Called:
    """Return what a token is called; its id when it is gone."""
    resource = asked.store.get(TOKEN, token_id) if token_id else None
    return Called(token_id, False) if resource is None else Called(name_of(read_token(resource)), True)


def describe_tokens(asked: Asked, token_ids: Iterable[str | None]) -> dict[str, Called]:
    """Return what tokens are called, by id."""
    return {token_id: describe_token(asked, token_id) for token_id in set(token_ids) if token_id}


def name_of(token: Token) -> str:
    """Return what a token is called."""
    return token.description or f"{token.kind} token of {token.created[:10]}"
