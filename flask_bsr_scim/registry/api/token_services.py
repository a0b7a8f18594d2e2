"""SCIM tokens, and the API tokens of the user who asks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectrpc.request import RequestContext
from protobuf.wkt import Timestamp

from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import scim_token_pb as scim_pb
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import token_pb as pb
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.scim_token_connect import SCIMTokenServiceSync
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.token_connect import TokenServiceSync
from flask_bsr_scim.registry.api.messages import scim_token_message, token_message
from flask_bsr_scim.registry.api.pages import Asked
from flask_bsr_scim.registry.errors import InvalidArgument, NotThere
from flask_bsr_scim.registry.tokens import TOKEN, Kind, Token, read_token
from flask_bsr_scim.schema.values import timestamp

_LONGEST_NOTE = 200

Context = RequestContext[Any, Any]


class ScimTokens(SCIMTokenServiceSync):
    """Tokens for the provisioning over SCIM."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._tokens = _Tokens(caller, Kind.SCIM)

    def create_scim_token(
        self, request: scim_pb.CreateSCIMTokenRequest, ctx: Context
    ) -> scim_pb.CreateSCIMTokenResponse:
        """Make a token."""
        return scim_pb.CreateSCIMTokenResponse(token=self._tokens.create(request.expire_time))

    def list_scim_tokens(self, request: scim_pb.ListSCIMTokensRequest, ctx: Context) -> scim_pb.ListSCIMTokensResponse:
        """List the tokens that have not expired."""
        page, token = Asked(self._caller.store, request, ctx).cut(self._tokens.live(), _made)
        return scim_pb.ListSCIMTokensResponse(tokens=list(map(scim_token_message, page)), next_page_token=token)

    def delete_scim_token(
        self, request: scim_pb.DeleteSCIMTokenRequest, ctx: Context
    ) -> scim_pb.DeleteSCIMTokenResponse:
        """Revoke a token."""
        self._tokens.delete(request.token_id)
        return scim_pb.DeleteSCIMTokenResponse()


class OwnTokens(TokenServiceSync):
    """The caller's API tokens; those of others are not there."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._tokens = _Tokens(caller, Kind.API, caller.user.id)

    def create_token(self, request: pb.CreateTokenRequest, ctx: Context) -> pb.CreateTokenResponse:
        """Make a token."""
        if len(request.note) > _LONGEST_NOTE:
            raise InvalidArgument(f"note is longer than {_LONGEST_NOTE} characters.")
        return pb.CreateTokenResponse(token=self._tokens.create(request.expire_time, request.note))

    def get_token(self, request: pb.GetTokenRequest, ctx: Context) -> pb.GetTokenResponse:
        """Return a token."""
        return pb.GetTokenResponse(token=token_message(self._tokens.get(request.token_id)))

    def list_tokens(self, request: pb.ListTokensRequest, ctx: Context) -> pb.ListTokensResponse:
        """List the tokens that have not expired."""
        page, token = Asked(self._caller.store, request, ctx).cut(self._tokens.live(), _made)
        return pb.ListTokensResponse(tokens=list(map(token_message, page)), next_page_token=token)

    def delete_token(self, request: pb.DeleteTokenRequest, ctx: Context) -> pb.DeleteTokenResponse:
        """Revoke a token."""
        self._tokens.delete(request.token_id)
        return pb.DeleteTokenResponse()


class _Tokens:
    """The tokens of one kind: of the tenant, or of one user."""

    def __init__(self, caller: Caller, kind: Kind, user_id: str | None = None) -> None:
        self._store, self._tokens = caller.store, caller.tokens
        self._kind, self._user_id = kind, user_id

    def create(self, expire_time: Timestamp | None, note: str = "") -> str:
        """Make a token and return its text.

        :raises InvalidArgument: it would have ended already.
        :raises FailedPrecondition: the caller was deactivated meanwhile.
        """
        text, _ = self._tokens.create(
            self._store.tenant,
            self._kind,
            expires=self._future(expire_time),
            user=self._user_id,
            description=note or None,
            actor=self._store.actor,
        )
        return text

    def live(self) -> Iterator[Token]:
        """Yield the tokens that have not expired."""
        now = timestamp(self._store.backend.clock())
        tokens = filter(self._is_one, self._tokens.list(self._store.tenant, self._user_id))
        return (token for token in tokens if token.expires is None or token.expires > now)

    def get(self, token_id: str) -> Token:
        """Return a token, expired or not.

        :raises NotThere: there is none of that id.
        """
        resource = self._store.get(TOKEN, token_id)
        token = None if resource is None else read_token(resource)
        if token is None or not self._is_one(token):
            raise NotThere("There is no such token.")
        return token

    def delete(self, token_id: str) -> None:
        """Revoke a token; errors as in :meth:`get`."""
        self._tokens.delete(self._store.tenant, self.get(token_id).id, self._store.actor)

    def _is_one(self, token: Token) -> bool:
        return token.kind is self._kind and token.user == self._user_id

    def _future(self, expire_time: Timestamp | None) -> datetime | None:
        if expire_time is None:
            return None
        try:
            moment = expire_time.to_datetime()
        except OverflowError:
            raise InvalidArgument("expire_time is out of range.") from None
        if moment <= self._store.backend.clock():
            raise InvalidArgument("expire_time is not in the future; leave it out for a token that never ends.")
        return moment


def _made(token: Token) -> str:
    return f"{token.created} {token.id}"
