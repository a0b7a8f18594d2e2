"""Tokens: made, shown once, rotated and revoked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from markupsafe import escape

from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.tokens import TOKEN, Kind, Token, read_token
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema.values import timestamp
from flask_bsr_scim.web.console.lists import quoted, resources
from flask_bsr_scim.web.console.lookups import name_of
from flask_bsr_scim.web.console.page import Asked, Gone, Refused, Shown

_KINDS = {"scim": 'kind sw "scim"', "api": 'kind eq "api"'}
_LONGEST_NOTE = 200
_DAYS = ("", "30", "90", "180", "365")
"""After how many days a token may end; empty: never."""


def answer(asked: Asked) -> Shown:
    """Return the tokens, or one of them."""
    if not asked.tail:
        return _list(asked)
    return Shown("token.html", {"token": _shown(asked, _find(asked)), "made": None})


def change(asked: Asked) -> Shown:
    """Do what a form asks for: make a token, rotate or revoke one."""
    token_id, _, verb = asked.tail.partition("/")
    match verb:
        case "" if not token_id:
            return _create(asked)
        case "rotate":
            return _rotate(asked, _find(asked, token_id))
        case "revoke":
            return _revoke(asked, _find(asked, token_id))
    raise Gone()


def _list(asked: Asked, *, made: Mapping[str, Any] | None = None, notice: str = "") -> Shown:
    words, kind = asked.argument("q"), asked.argument("kind") or "scim"
    terms = [_KINDS[kind]] if kind in _KINDS else []
    if words:
        terms.append(f"description co {quoted(words)}")
    listed = resources(
        asked, TOKEN, " and ".join(terms), lambda each: _shown(asked, read_token(each)), q=words, kind=kind
    )
    return Shown(
        "tokens.html",
        {
            "listed": listed,
            "words": words,
            "kind": kind,
            "made": made,
            "notice": notice,
            "days": _DAYS,
            "dialects": list(Dialect),
            "has_fixed": bool(asked.service.settings.token) and asked.guest.tenant == "default",
        },
    )


def _create(asked: Asked) -> Shown:
    form = asked.request.form
    note, days, dialect = (form.get(name, "").strip() for name in ("description", "days", "dialect"))
    if len(note) > _LONGEST_NOTE:
        raise Refused(f"The description is longer than {_LONGEST_NOTE} characters.")
    if days not in _DAYS or dialect not in ("", *Dialect):
        raise Refused("This form is not one of the console's.")
    text, token = asked.service.tokens.create(
        asked.guest.tenant,
        Kind.SCIM_READ if form.get("scope") == "read" else Kind.SCIM,
        expires=_now(asked) + timedelta(days=int(days)) if days else None,
        description=note or None,
        dialect=Dialect(dialect) if dialect else None,
        actor=asked.store.actor,
    )
    return _list(asked, made={"text": escape(text), "name": name_of(token), "id": token.id, "old": None})


def _rotate(asked: Asked, token: Token) -> Shown:
    """Make a token as one that is there; that one stays until it is revoked, so that nothing stops meanwhile."""
    if token.kind is Kind.API:
        raise Refused("API tokens are made by the people for whom they stand.")
    text, made = asked.service.tokens.create(
        asked.guest.tenant,
        token.kind,
        expires=_renewed(asked, token),
        description=token.description,
        dialect=token.dialect,
        actor=asked.store.actor,
    )
    shown = {"text": escape(text), "name": name_of(made), "id": made.id, "old": token}
    return Shown("token.html", {"token": _shown(asked, token), "made": shown})


def _revoke(asked: Asked, token: Token) -> Shown:
    asked.service.tokens.delete(asked.guest.tenant, token.id, asked.store.actor)
    return _list(asked, notice=f"{name_of(token)} is revoked: it is refused from now on.")


def _renewed(asked: Asked, token: Token) -> datetime | None:
    """Return when the successor of a token ends: it lasts as long as that one was to."""
    if token.expires is None:
        return None
    return _now(asked) + (datetime.fromisoformat(token.expires) - datetime.fromisoformat(token.created))


def _now(asked: Asked) -> datetime:
    return asked.store.backend.clock()


def _find(asked: Asked, token_id: str | None = None) -> Token:
    resource: Resource | None = asked.store.get(TOKEN, asked.tail if token_id is None else token_id)
    if resource is None:
        raise Gone("There is no such token. It may have been revoked.")
    return read_token(resource)


def _shown(asked: Asked, token: Token) -> Mapping[str, Any]:
    return {
        "id": token.id,
        "name": name_of(token),
        "kind": {Kind.SCIM: "SCIM", Kind.SCIM_READ: "SCIM, reads only", Kind.API: "API"}[token.kind],
        "is_api": token.kind is Kind.API,
        "user": _user(asked, token),
        "created": token.created,
        "expires": token.expires,
        "is_over": token.expires is not None and token.expires <= timestamp(_now(asked)),
        "last_used": token.last_used,
        "dialect": str(token.dialect or ""),
        "tolerances": sorted(token.tolerances.items()),
        "is_own": token.id == asked.guest.session.token_id,
    }


def _user(asked: Asked, token: Token) -> str:
    if token.user is None:
        return ""
    try:
        return asked.registry.users.get(token.user).username
    except NotThere:
        return token.user
