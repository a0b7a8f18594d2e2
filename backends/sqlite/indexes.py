"""Keeps the indexes of the SQLite store those of the schemas, when a schema comes to index what it did not before."""

import sqlite3
from collections.abc import Iterator

import orjson

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema import IndexedAttribute, ResourceType, TypeRegistry

Wanted = tuple[ResourceType, IndexedAttribute]


def missing(connection: sqlite3.Connection, tenant: str, types: TypeRegistry) -> list[Wanted]:
    """Return the indexes of the schemas that a tenant does not have; it may have those of other types besides."""
    sql = "SELECT name, form FROM indexed WHERE tenant = (SELECT number FROM tenant WHERE name = ?)"
    there = dict(connection.execute(sql, (tenant,)).fetchall())
    return [(t, i) for t, i in _wanted(types) if there.get(i.name) != i.form]


def _wanted(types: TypeRegistry) -> Iterator[Wanted]:
    return ((resource_type, index) for resource_type in types for index in resource_type.indexed)


def build(connection: sqlite3.Connection, tenant: int, resource_type: ResourceType, index: IndexedAttribute) -> None:
    """Make an index anew from the documents.

    :raises ConfigurationError: the attribute is to be unique, and is not.
    """
    name, table = index.name, "unique_key" if index.unique else "attribute_key"
    for old in ("unique_key", "attribute_key"):
        connection.execute(f"DELETE FROM {old} WHERE tenant = ? AND name = ?", (tenant, name))
    sql = "SELECT seq, id, document FROM resource WHERE tenant = ? AND type = ?"
    for seq, resource_id, text in connection.execute(sql, (tenant, resource_type.name)):
        for key in index.keys(orjson.loads(text)):
            entry = (tenant, name, key, seq)
            if not connection.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?)", entry).rowcount:
                raise ConfigurationError(
                    f"the schema says that {name} is unique, but the {resource_type.name} {resource_id} has the same "
                    "as another one: change one of them before the schema"
                )
    connection.execute("INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)", (tenant, name, index.form))
