"""The Redis behind a URI: one server, a set under Sentinel, or a Cluster. Valkey is the same in all of this."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, NamedTuple

from redis import Redis
from redis.exceptions import MasterDownError, NoScriptError, ReadOnlyError, RedisError, ResponseError, TimeoutError

from flask_bsr_scim.backends.redis.connections import Connections

_CLIENT = "client"


class _Script(NamedTuple):
    """A Lua script, and the name under which the server keeps it."""

    sha: str
    text: str


@cache
def _script(name: str) -> _Script:
    text = files("flask_bsr_scim.backends.redis").joinpath(f"{name}.lua").read_text("utf-8")
    return _Script(sha1(text.encode(), usedforsecurity=False).hexdigest(), text)


class Server:
    """Sends commands. Connections are made when they are needed, shared by threads, and not inherited by a fork.

    The client sends a command again when its connection broke: nothing that is sent here does a thing twice.

    :param make_client: makes the client of redis-py.
    """

    def __init__(self, make_client: Callable[[], Any]) -> None:
        self._make_client = make_client
        self._made: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connections that nobody uses; the next use makes others."""
        client = self._made.get(_CLIENT)
        if isinstance(client, Connections):
            client.close()
        for node in self._nodes():
            node.connection_pool.disconnect(inuse_connections=False)

    def call(self, command: str, *arguments: Any) -> Any:
        """Return what a command answers."""
        try:
            return self._connected().execute_command(command, *arguments)
        except RedisError as error:
            if _leads_astray(error):
                self.close()
            raise

    def run(self, name: str, keys: Sequence[str], arguments: Sequence[Any] = ()) -> Any:
        """Return what a script answers; a server that does not have it yet gets it."""
        script = _script(name)
        try:
            return self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return self.call("EVAL", script.text, len(keys), *keys, *arguments)

    def settings(self, *names: str) -> Mapping[str, str] | None:
        """Return how the servers are set up, those that differ joined by `/`; None when they do not tell, as some
        hosts want it."""
        self._connected()
        try:
            found = [(name, node.config_get(name)) for node in self._nodes() for name in names]
        except ResponseError:
            return None
        return {name: "/".join(sorted({str(each[name]) for asked, each in found if asked == name})) for name in names}

    def _connected(self) -> Any:
        return self._made.get(_CLIENT) or self._make()

    def _make(self) -> Any:
        client = self._make_client()
        made = Connections(client) if isinstance(client, Redis) else client
        # Of several threads that come at once, the first one's stays; that of a Cluster has connected already.
        stays = self._made.setdefault(_CLIENT, made)
        if stays is not made:
            made.close()
        return stays

    def _nodes(self) -> list[Redis]:
        """Return the clients of the servers that take writes."""
        client = self._made.get(_CLIENT)
        if client is None:
            return []
        if isinstance(client, Connections):
            return [client.client]
        return [client.get_redis_connection(node) for node in client.get_primaries()]


def _leads_astray(error: RedisError) -> bool:
    """Tell whether the server is not the master any more, or out of reach: new connections may find the one that is."""
    # A script of Redis 6.2 has the code of its error in the text.
    return isinstance(error, TimeoutError | ReadOnlyError | MasterDownError) or "-READONLY " in str(error)
