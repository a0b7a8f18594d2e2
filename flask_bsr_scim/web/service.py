"""One instance of the service: settings, types, storage, provider and tokens, put together once."""

import hmac
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import DEFAULT_TENANT, Actor, Backend
from flask_bsr_scim.console.recorder import Recorder
from flask_bsr_scim.errors import ConfigurationError, Forbidden, ServiceUnavailable, StoreUnavailable
from flask_bsr_scim.exchange import Options
from flask_bsr_scim.provider import ServiceProvider
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.consequences import RegistryConsequences
from flask_bsr_scim.registry.needs import Needs
from flask_bsr_scim.registry.registry import Registry, RegistryOptions
from flask_bsr_scim.registry.sign_in import SignInOptions
from flask_bsr_scim.registry.signals import SignalSender
from flask_bsr_scim.registry.tokens import Kind, TokenStore
from flask_bsr_scim.schema import TypeRegistry, load_profile
from flask_bsr_scim.schema.documents import with_schemas
from flask_bsr_scim.web.config import Settings
from flask_bsr_scim.web.jwt_issuers import JwtIssuer
from flask_bsr_scim.web.principal import READ_SCOPE, SCIM_SCOPE, Me, Principal, Verifier

if TYPE_CHECKING:
    from flask_bsr_scim.web.metrics import Metrics

log = logging.getLogger(__name__)

_PATIENCE = 4
"""Seconds that a large request waits for its turn."""

_SCIM = frozenset({SCIM_SCOPE})
_READ = frozenset({READ_SCOPE})
_READ_PREFIX = f"bsr{Kind.SCIM_READ}_"
_ADMIN = frozenset({"admin"})


class Service:
    """What a blueprint serves; `me` tells for which user a credential stands.

    :raises ConfigurationError: a setting is wrong, or the store belongs to another schema profile.
    """

    def __init__(self, settings: Settings, me: Me = lambda _: None) -> None:
        self.settings = settings
        self.me = me
        self.backend = make_backend(settings)
        self.types = self.backend.types
        self.backend.observers.append(SignalSender(self.backend))
        consequences = RegistryConsequences(self.backend)
        self.provider = ServiceProvider(self.types, self.backend, _options(settings), consequences)
        self.tokens = TokenStore(self.backend)
        self.needs = Needs(self.backend)
        self.metrics = _metrics() if settings.metrics else None
        self.recorder = _recorder(self.backend, settings) if settings.console else None
        self.verifiers: list[Verifier] = [self._stored_token]
        if settings.token is not None:
            self.verifiers.append(_fixed_token(settings.token))
        if settings.jwt_issuers:
            self.verifiers.append(_jwts(settings.jwt_issuers))
        self.count = _counter(settings.rate_limit, settings.rate_limit_storage) if settings.rate_limit else None
        """Takes a principal and raises TooManyRequests when it made too many; None without a limit."""
        self._opened: set[str] = set()
        self._large_request = Lock()
        try:
            self.open(DEFAULT_TENANT)
        except StoreUnavailable as error:
            log.warning("the store does not answer yet: %s", error)

    def open(self, tenant: str) -> None:
        """See that a tenant is of this service's schema profile, once in a process.

        :raises ConfigurationError: it is of another.
        """
        if tenant not in self._opened:
            self.backend.open(tenant, self.settings.profile)
            self._opened.add(tenant)

    def registry(self, tenant: str = DEFAULT_TENANT, actor: Actor | None = None) -> Registry:
        """Return the registry of a tenant, where `actor` makes the changes."""
        return Registry(self.backend, tenant, _registry_options(self.settings), actor or Actor())

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Let one large request pass, so that a process never holds the bodies of many.

        :raises ServiceUnavailable: the ones before it take too long.
        """
        if not self._large_request.acquire(timeout=_PATIENCE):
            raise ServiceUnavailable("Other large requests are being worked on. Try again in a few seconds.")
        try:
            yield
        finally:
            self._large_request.release()

    def authenticate(self, credential: str) -> Principal | None:
        """Return whom a bearer credential stands for, None when nobody here knows it.

        :raises Forbidden: its tenant is not for this service.
        """
        for verify in self.verifiers:
            principal = verify(credential)
            if principal is not None:
                if principal.tenant not in self._opened:
                    self._check_tenant(principal.tenant)
                return principal
        return None

    def authenticate_admin(self, credential: str) -> Principal | None:
        """Return whom an API token stands for in the admin API, None when it is none; errors as above."""
        found = self.tokens.verify(credential, Kind.API)
        if found is None:
            return None
        self._check_tenant(found.tenant)
        return Principal(found.tenant, found.token_id, _ADMIN)

    def _check_tenant(self, tenant: str) -> None:
        try:
            self.open(tenant)
        except ConfigurationError as error:
            log.warning("%s", error)
            raise Forbidden("This token belongs to a tenant with another schema profile than this service's.") from None

    def _stored_token(self, credential: str) -> Principal | None:
        kind, scopes = (Kind.SCIM_READ, _READ) if credential.startswith(_READ_PREFIX) else (Kind.SCIM, _SCIM)
        found = self.tokens.verify(credential, kind)
        if found is None:
            return None
        return Principal(found.tenant, found.token_id, scopes, found.dialect)


def make_backend(settings: Settings) -> Backend:
    """Return the storage that the settings name, without looking into it yet.

    :raises ConfigurationError: there is no such kind of storage, or the host's schemas do not go together.
    """
    served = with_schemas(load_profile(settings.profile), settings.schemas or ())
    types = TypeRegistry((*served, *internal_types()))
    return open_backend(settings.backend, types, synchronous=settings.synchronous, log_days=settings.log_days)


def _fixed_token(expected: str) -> Verifier:
    """Return the verifier of SCIM_TOKEN, which is a credential of the default tenant."""

    def verify(credential: str) -> Principal | None:
        if not hmac.compare_digest(credential.encode(), expected.encode()):
            return None
        return Principal(DEFAULT_TENANT, "SCIM_TOKEN", _SCIM)

    return verify


def _jwts(issuers: Iterable[JwtIssuer]) -> Verifier:
    # Loaded by those who use it: the cryptography below takes time and memory that random tokens need not.
    from flask_bsr_scim.web.jwt_tokens import JwtVerifier

    return JwtVerifier(issuers)


def _recorder(backend: Backend, settings: Settings) -> Recorder:
    return Recorder(backend, settings.console_requests, settings.console_hours * 3600)


def _metrics() -> "Metrics":
    try:
        from flask_bsr_scim.web.metrics import Metrics
    except ImportError:
        raise ConfigurationError("SCIM_METRICS needs the extra `metrics`, which is not installed") from None
    return Metrics()


def _counter(limit: str, storage: str) -> Callable[[Principal], None]:
    from flask_bsr_scim.web.rate_limits import RateLimiter

    return RateLimiter(limit, storage)


def _options(settings: Settings) -> Options:
    return Options(settings.max_results, settings.default_count, settings.patch_body_members, settings.unknown_members)


def _registry_options(settings: Settings) -> RegistryOptions:
    return RegistryOptions(SignInOptions(settings.group_provisioning, settings.sign_in_groups))
