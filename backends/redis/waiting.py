"""Very many memberships in one commit of the Redis store.

To write those of a hundred thousand members in one step would keep Redis from everything else for a second. So they
wait beside the tenant, in portions, and end by themselves should nobody go on. The script of the commit gives them to
the tenant all at once, which takes no time, and with that the commit is done: whoever looks at memberships from then
on brings them into the sets first, one short step a portion. Mostly that is the writer itself.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Final

from redis.exceptions import RedisClusterException, RedisError

from flask_bsr_scim.backends.redis.layout import GROUPS, MEMBERS
from flask_bsr_scim.backends.redis.pending import Memberships
from flask_bsr_scim.backends.redis.tenant import StoredTenant
from flask_bsr_scim.portions import portions

_AT_ONCE: Final = 500
"""Entries of one portion: Redis is at them for a few milliseconds."""

_SECONDS: Final = 600
"""After so long a time without another portion all of them end."""

_SEPARATOR: Final = "\0\0"
"""Stands in no entry: none of its parts is empty."""


class Waiting:
    """Memberships that wait for the script of a commit.

    :param token: tells whose commit it is.
    :param lock_seconds: a lock that the writer holds goes on for so long with each portion.
    """

    def __init__(self, tenant: StoredTenant, token: str, lock_seconds: int) -> None:
        self._tenant, self._token = tenant, token
        self._lasting = _SECONDS, token, lock_seconds * 1000

    def put(self, memberships: Memberships) -> int:
        """Write all of them beside the tenant; return the number of portions."""
        number = 0
        for number, text in enumerate(_texts(memberships), 1):
            self._tenant.run("stage", number, text, *self._lasting, beside=self._token)
        return number

    def take_away(self) -> None:
        """Remove them."""
        with suppress(RedisError):
            self._tenant.run("unstage", beside=self._token)

    def bring_in(self) -> None:
        """Bring them into the sets, now that the commit is done; what cannot be done now is done by who comes next."""
        with suppress(RedisError, RedisClusterException, OSError):
            self._tenant.settle()


def _texts(memberships: Memberships) -> Iterator[str]:
    """Yield the portions, as the script that brings them into the sets reads them."""
    for key in (MEMBERS, GROUPS):
        for comes in (False, True):
            for some in portions(memberships.all(key, present=comes), _AT_ONCE):
                yield _SEPARATOR.join(chain((str(key), str(int(comes))), some))
