"""A store in one SQLite file, for one host and any number of processes on it."""

import heapq
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

import orjson

from flask_bsr_scim.backends import sqlite_schema
from flask_bsr_scim.backends.base import LogEntry, Page, Query
from flask_bsr_scim.backends.sql import page_statements, register_functions
from flask_bsr_scim.backends.sqlite_connection import Connections, connect
from flask_bsr_scim.backends.sqlite_transaction import COLUMNS, SQLiteTransaction, json_text
from flask_bsr_scim.backends.transactional import Row, Transaction, TransactionalBackend
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import ResourceType, TypeRegistry

_SYNCHRONOUS = ("FULL", "NORMAL")


class SQLiteBackend(TransactionalBackend):
    """Keeps everything in one file (WAL).

    :param path: of the file; it is made when it is not there.
    :param synchronous: `FULL` keeps every acknowledged write over a power cut; `NORMAL` may lose the last ones then, and is faster.
    """

    SCHEMES = ("sqlite",)
    OPTIONS = ("synchronous",)
    UNAVAILABLE: ClassVar[tuple[type[Exception], ...]] = (sqlite3.OperationalError, OSError)

    def __init__(self, types: TypeRegistry, path: str, *, synchronous: str = "FULL", **shared: Any) -> None:
        super().__init__(types, **shared)
        if synchronous not in _SYNCHRONOUS:
            raise ConfigurationError(f"synchronous is {synchronous!r}; it must be one of {', '.join(_SYNCHRONOUS)}")
        self._path, self._synchronous = path, synchronous
        self._connections = Connections(self._connect)
        self._tenant_numbers: dict[str, int] = {}

    @classmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        """Read `sqlite:///relative.db` and `sqlite:////absolute.db`, and the option `synchronous`."""
        parts = urlsplit(uri)
        path = unquote(parts.path.removeprefix("/"))
        if parts.netloc or not path:
            raise ConfigurationError(
                f"{uri!r} names no SQLite file: write sqlite:///file.db, or sqlite:////folder/file.db with an absolute path"
            )
        return cls(types, path, synchronous=options.get("synchronous", "FULL"), **shared)
