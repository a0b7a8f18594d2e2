"""The connections to a server, or to the master of a set."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

pack_command: Callable[[tuple[Any, ...]], bytes] | None = None
with suppress(ImportError):
    from hiredis import pack_command


class Connections:
    """Sends commands as a client of redis-py does, and does less around each.

    A connection serves one thread at a time. Those that nobody uses are kept in a list, which threads share without a
    lock. None is asked before its use whether it is still good: what is sent over one that broke is sent again.

    :param client: says how to connect, how often to try, and how to read answers.
    """

    def __init__(self, client: Redis) -> None:
        self.client: Any = client
        self._retry: Any = client.get_retry()
        self._settings = client.get_connection_kwargs() | {"retry": None}
        self._readers = dict(client.response_callbacks)
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._idle: list[Any] = []

    def execute_command(self, *command: Any) -> Any:
        """Return what a command answers."""
        return self._retry.call_with_retry(partial(self._exchange, command), self._forget)

    def _exchange(self, command: tuple[Any, ...]) -> Any:
        if self._pid != os.getpid():
            # After a fork, the connections are the parent's.
            self._begin()
        idle = self._idle
        connection = self._taken(idle)
        try:
            if not connection.is_connected:
                connection.connect()
            connection.send_packed_command(_packed(connection, command), check_health=False)
            answer = connection.read_response()
        except BaseException as error:
            if not isinstance(error, ResponseError):
                connection.disconnect()
            raise
        finally:
            idle.append(connection)
        read = self._readers.get(command[0])
        return answer if read is None else read(answer)

    def _taken(self, idle: list[Any]) -> Any:
        try:
            return idle.pop()
        except IndexError:
            return self.client.connection_pool.connection_class(**self._settings)

    def close(self) -> None:
        """Close the connections that nobody uses; those in use are not used again."""
        idle, self._idle = self._idle, []
        while idle:
            self._taken(idle).disconnect()

    def _forget(self, _: Exception) -> None:
        # They lead to the same server, which may be away, or not be the master any more.
        self.close()


def _packed(connection: Any, command: tuple[Any, ...]) -> Sequence[bytes]:
    """Return a command as it is sent: redis-py looks at each argument before it lets hiredis do the same."""
    packed: Sequence[bytes] = connection.pack_command(*command) if pack_command is None else (pack_command(command),)
    return packed
