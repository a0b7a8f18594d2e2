"""The services put together: for each request a WSGI application that acts for its caller."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from connectrpc.request import RequestContext
from connectrpc.server import ConnectWSGIApplication

from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.codecs import CODECS
from flask_bsr_scim.registry.api.failures import connect_error
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.organization_connect import (
    OrganizationServiceWSGIApplication,
)
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.repository_connect import (
    RepositoryServiceWSGIApplication,
)
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.scim_token_connect import (
    SCIMTokenServiceWSGIApplication,
)
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.token_connect import TokenServiceWSGIApplication
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.user_connect import UserServiceWSGIApplication
from flask_bsr_scim.registry.api.organization_service import OrganizationCalls
from flask_bsr_scim.registry.api.repository_service import RepositoryCalls
from flask_bsr_scim.registry.api.rules import RULES, Rule
from flask_bsr_scim.registry.api.token_services import OwnTokens, ScimTokens
from flask_bsr_scim.registry.api.user_service import UserCalls

PACKAGE = "buf.alpha.registry.v1alpha1"

Request = TypeVar("Request")
Response = TypeVar("Response")

_SERVICES: Mapping[str, tuple[Callable[..., ConnectWSGIApplication], Callable[[Caller], Any]]] = {
    "OrganizationService": (OrganizationServiceWSGIApplication, OrganizationCalls),
    "RepositoryService": (RepositoryServiceWSGIApplication, RepositoryCalls),
    "SCIMTokenService": (SCIMTokenServiceWSGIApplication, ScimTokens),
    "TokenService": (TokenServiceWSGIApplication, OwnTokens),
    "UserService": (UserServiceWSGIApplication, UserCalls),
}


_READING = ("Get", "List", "Count")
"""How the names of the methods begin that change nothing."""


class _Guard:
    """Lets a call pass whose rule does, and turns whatever goes wrong into a Connect error.

    Rule and change are one transaction: nobody gives a role, after the rule has looked, that the caller may not take.
    """

    def __init__(self, caller: Caller, rule: Rule) -> None:
        self._caller, self._rule = caller, rule

    def intercept_unary_sync(
        self, call_next: Callable[[Request, Any], Response], request: Request, ctx: RequestContext[Any, Any]
    ) -> Response:
        """Return what the method returns.

        :raises ConnectError: the rule, or the method, refuses; or something unexpected happened, of which the log has
            the details and the client hears nothing.
        """
        try:
            with self._transaction(ctx.method.name):
                self._rule(self._caller, request)
                return call_next(request, ctx)
        except Exception as error:
            raise connect_error(error, self._caller.store.actor.request_id) from None

    def _transaction(self, method: str) -> AbstractContextManager[None]:
        store = self._caller.store
        return nullcontext() if method.startswith(_READING) else store.backend.together(store.tenant)


def find_rule(service: str, method: str) -> Rule | None:
    """Return who may call a method, None when this API has none of that name."""
    return RULES.get(service, {}).get(method)


def make_application(service: str, caller: Caller, rule: Rule) -> ConnectWSGIApplication:
    """Return the WSGI application of a service for one call."""
    application, methods = _SERVICES[service]
    return application(methods(caller), interceptors=[_Guard(caller, rule)], codecs=CODECS, compressions=())
