"""The URIs of the store in Redis."""

import pytest
from redis import Redis
from redis.sentinel import SentinelConnectionPool

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.redis import RedisBackend
from flask_bsr_scim.backends.redis.uri import SCHEMES, Options, Place, client_maker, read_place
from flask_bsr_scim.backends.testing.data import TYPES
from flask_bsr_scim.errors import ConfigurationError


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("redis://host", Place("redis", False, None, None, [("host", 6379)], "", 0)),
        ("redis://host:7000/3", Place("redis", False, None, None, [("host", 7000)], "", 3)),
        ("rediss://:p%40ss@host/", Place("redis", True, None, "p@ss", [("host", 6379)], "", 0)),
        ("redis://me:pass@[::1]:7000", Place("redis", False, "me", "pass", [("::1", 7000)], "", 0)),
        (
            "redis+sentinel://me:pass@a,b:7000/master/2",
            Place("redis+sentinel", False, "me", "pass", [("a", 26379), ("b", 7000)], "master", 2),
        ),
        ("rediss+sentinel://a/my%2Fset", Place("redis+sentinel", True, None, None, [("a", 26379)], "my/set", 0)),
        (
            "redis+cluster://:pass@a:7000,b,c:7002",
            Place("redis+cluster", False, None, "pass", [("a", 7000), ("b", 6379), ("c", 7002)], "", 0),
        ),
        ("rediss+cluster://a/", Place("redis+cluster", True, None, None, [("a", 6379)], "", 0)),
    ],
)
def test_places(uri: str, place: Place) -> None:
    """Hosts have the port that is usual for them, and escapes are decoded."""
    assert read_place(uri) == place
    assert isinstance(open_backend(uri, TYPES), RedisBackend)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("redis://", "write redis://host:6379/0"),
        ("redis://host/name", "write redis://host:6379/0"),
        ("redis://host/0/1", "write redis://host:6379/0"),
        ("redis://a,b/0", "write redis://host:6379/0"),
        ("redis://host:port", "write redis://host:6379/0"),
        ("redis://host:99999", "write redis://host:6379/0"),
        ("redis://:secret@host/x", "'redis://host/x' names"),
        ("redis+sentinel://host", "write redis\\+sentinel://"),
        ("redis+sentinel://host/service/x", "write redis\\+sentinel://"),
        ("redis+cluster://host/0", "write redis\\+cluster://"),
        ("redis+cluster://a,,b", "write redis\\+cluster://"),
        ("redis://host?db=1", "unknown option 'db'"),
        ("redis://host?prefix={x}", "prefix is '{x}'"),
        ("redis://host?timeout=soon", "timeout is 'soon'"),
        ("redis://host?timeout=0", "timeout is '0'"),
        ("redis://host?eviction=yes", "eviction is 'yes'.*refused or allowed"),
    ],
)
def test_wrong_uris(uri: str, message: str) -> None:
    """A URI that means no Redis is refused at once, with what would be right and without its password."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        open_backend(uri, TYPES)
    assert "secret" not in str(caught.value)


def test_schemes() -> None:
    """Each scheme opens the backend."""
    assert RedisBackend.SCHEMES == SCHEMES
    for scheme in SCHEMES:
        path = "/service" if scheme.endswith("sentinel") else ""
        assert isinstance(open_backend(f"{scheme}://host{path}", TYPES), RedisBackend)


@pytest.mark.parametrize(("scheme", "has_tls"), [("redis", False), ("rediss", True)])
def test_tls(scheme: str, has_tls: bool) -> None:
    """With `rediss` all connections are encrypted, and the certificate is checked."""
    single: Redis = client_maker(read_place(f"{scheme}://host"), Options())()
    settings = single.connection_pool.make_connection().__class__.__name__, single.get_connection_kwargs()
    assert settings[0] == ("SSLConnection" if has_tls else "Connection")
    watched: Redis = client_maker(
        read_place(f"{scheme}+sentinel://host/service"), Options(sentinel_password="watcher")
    )()
    pool = watched.connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.connection_class.__name__ == (
        "SentinelManagedSSLConnection" if has_tls else "SentinelManagedConnection"
    )
    (sentinel,) = pool.sentinel_manager.sentinels
    assert sentinel.get_connection_kwargs()["password"] == "watcher"
    assert ("ssl" in str(sentinel.connection_pool.connection_class).lower()) is has_tls
