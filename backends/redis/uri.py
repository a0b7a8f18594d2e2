"""The URIs of the Redis store: what they say, and the client that connects to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from redis import Redis, RedisCluster
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from flask_bsr_scim.errors import ConfigurationError

_FORMS: Final = {
    "redis": "redis://host:6379/0",
    "redis+sentinel": "redis+sentinel://host:26379,host2:26379/service/0",
    "redis+cluster": "redis+cluster://host:6379,host2:6379",
}
"""The forms of URIs; `rediss` in the place of `redis` means TLS."""

SCHEMES: Final = (*_FORMS, *(form.replace("redis", "rediss", 1) for form in _FORMS))

_PORTS: Final = {"redis+sentinel": 26379}
_PORT: Final = 6379

_CONNECTIONS: Final = 1000
"""In the pools of a Cluster: as many threads as can be served at once, since each takes one."""

_RETRIES: Final = 2


class Place(NamedTuple):
    """What a URI says. `kind` is the scheme but for TLS, `service` what the Sentinels watch."""

    kind: str
    tls: bool
    username: str | None
    password: str | None
    hosts: Sequence[tuple[str, int]]
    service: str
    database: int


def read_place(uri: str) -> Place:
    """Read a URI without its query.

    :raises ConfigurationError: it has not the form that its scheme asks for.
    """
    parts = urlsplit(uri)
    kind = parts.scheme.replace("rediss", "redis")
    try:
        return _place(kind, parts)
    except ValueError:
        scheme, _, rest = uri.partition("://")
        shown = f"{scheme}://{rest.rpartition('@')[2]}"
        raise ConfigurationError(f"{shown!r} names no Redis: write {_FORMS[kind]}") from None


def _place(kind: str, parts: SplitResult) -> Place:
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    addresses = [_address(text, _PORTS.get(kind, _PORT)) for text in hosts.split(",")]
    if kind == "redis" and len(addresses) > 1:
        raise ValueError
    service, database = _path(kind, [unquote(part) for part in parts.path.split("/") if part])
    return Place(
        kind, parts.scheme != kind, unquote(username) or None, unquote(password) or None, addresses, service, database
    )


def _path(kind: str, parts: list[str]) -> tuple[str, int]:
    """Return the service and the database."""
    service = parts.pop(0) if kind == "redis+sentinel" and parts else ""
    database = int(parts.pop(0)) if kind != "redis+cluster" and parts else 0
    if parts or database < 0 or (kind == "redis+sentinel" and not service):
        raise ValueError
    return service, database


def _address(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError
    return parts.hostname, parts.port or port


class Options(NamedTuple):
    """What the query of a URI can set.

    `prefix` begins all keys, so that several services can share a database. A command without an answer is given up
    after `timeout` seconds. `eviction` is `refused`, or `allowed` to open a Redis that throws resources away when its
    memory is full.
    """

    prefix: str = "bsrscim"
    timeout: str = "1.5"
    eviction: str = "refused"
    sentinel_password: str | None = None


_VALUES: Final = {
    "prefix": (re.compile(r"[A-Za-z0-9_.:-]{1,64}"), "up to 64 letters, digits and _ . : -"),
    "timeout": (re.compile(r"(?!0+(?:\.0*)?$)\d{1,2}(?:\.\d+)?"), "a number of seconds"),
    "eviction": (re.compile("refused|allowed"), "refused or allowed"),
}
"""What an option may be."""


def read_options(options: Mapping[str, Any]) -> Options:
    """Read the options of this backend; those of others are passed over.

    :raises ConfigurationError: one is wrong.
    """
    chosen = Options(**{name: options[name] for name in Options._fields if name in options})
    for name, (pattern, meaning) in _VALUES.items():
        value = getattr(chosen, name)
        if not pattern.fullmatch(str(value)):
            raise ConfigurationError(f"{name} is {value!r} in the URI of the Redis; it must be {meaning}")
    return chosen


class _Cluster(RedisCluster):
    """A Cluster; what is given up after a time is not tried again, for these times would add up."""

    ERRORS_ALLOW_RETRY: Any = tuple(error for error in RedisCluster.ERRORS_ALLOW_RETRY if error is not TimeoutError)


def client_maker(place: Place, options: Options) -> Callable[[], Any]:
    """Return what makes a client."""
    seconds = float(options.timeout)
    retry = Retry(ExponentialWithJitterBackoff(cap=0.2, base=0.05), _RETRIES, (ConnectionError,))
    settings: dict[str, Any] = {
        "username": place.username,
        "password": place.password,
        "ssl": place.tls,
        "decode_responses": True,
        "protocol": 2,
        "max_connections": _CONNECTIONS,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": retry,
    }
    # redis-py annotates neither ClusterNode nor Sentinel, hence the `type: ignore`.
    match place.kind:
        case "redis+cluster":
            nodes = [ClusterNode(*address) for address in place.hosts]  # type: ignore[no-untyped-call]
            return lambda: _Cluster(startup_nodes=nodes, **settings)
        case "redis+sentinel":
            watcher: dict[str, Any] = {
                "password": options.sentinel_password,
                "ssl": place.tls,
                "protocol": 2,
                "retry": None,
            }
            watcher |= {"socket_timeout": seconds / 4, "socket_connect_timeout": seconds / 4}
            sentinel = Sentinel(place.hosts, sentinel_kwargs=watcher)  # type: ignore[no-untyped-call]
            settings |= {"db": place.database}
            return lambda: sentinel.master_for(place.service, **settings)  # type: ignore[no-untyped-call]
        case _:
            ((host, port),) = place.hosts
            return lambda: Redis(host=host, port=port, db=place.database, **settings)
