"""Keeps the indexes of the Redis store those of the schemas, when a schema comes to index what it did not before."""

from collections.abc import Iterator, Mapping

import orjson

from flask_bsr_scim.backends.redis.layout import INDEX, META, UNIQUE, beyond, joined, of_type, under
from flask_bsr_scim.backends.redis.space import Stretch
from flask_bsr_scim.backends.redis.tenant import StoredTenant
from flask_bsr_scim.backends.redis.transaction import RedisTransaction
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema import IndexedAttribute, ResourceType, TypeRegistry

_AT_ONCE = 500


def forms_of(types: TypeRegistry) -> str:
    """Return the forms of the indexes of the schemas, by name, as they are kept."""
    return orjson.dumps({index.name: index.form for t in types for index in t.indexed}).decode()


def are_present(forms: str | None, types: TypeRegistry) -> bool:
    """Tell whether a tenant has all indexes of the schemas; it may have those of other types besides."""
    return not _missing(_read(forms), types)


def build(tenant: StoredTenant, transaction: RedisTransaction, types: TypeRegistry) -> None:
    """Make those that are missing anew from the documents.

    :raises ConfigurationError: an attribute is to be unique, and is not.
    """
    (text,) = tenant.values(META, ["indexes"])
    forms = _read(text)
    for resource_type, index in _missing(forms, types):
        for key, entry in _old_entries(tenant, index):
            if key == UNIQUE:
                transaction.overlay.put(key, entry, None)
            else:
                transaction.overlay.remove(entry)
        for row in _rows(tenant, resource_type):
            _enter(transaction, index, row)
        forms[index.name] = index.form
    transaction.overlay.put(META, "indexes", orjson.dumps(forms).decode())


def _read(text: str | None) -> dict[str, str]:
    forms: dict[str, str] = orjson.loads(text or "{}")
    return forms


def _missing(forms: Mapping[str, str], types: TypeRegistry) -> list[tuple[ResourceType, IndexedAttribute]]:
    return [(t, index) for t in types for index in t.indexed if forms.get(index.name) != index.form]


def _old_entries(tenant: StoredTenant, index: IndexedAttribute) -> Iterator[tuple[int, str]]:
    """Yield what is left of an index, with the number of the key that holds it."""
    (entries,) = tenant.entries([under(INDEX, index.name)])
    yield from ((INDEX, entry) for entry in entries)
    cursor = 0
    while True:
        cursor, found = tenant.call(("HSCAN", UNIQUE, cursor, "COUNT", 1000))
        fields = found if isinstance(found, dict) else found[::2]
        yield from ((UNIQUE, field) for field in fields if field.startswith(joined(index.name, "")))
        cursor = int(cursor)
        if cursor == 0:
            return


def _rows(tenant: StoredTenant, resource_type: ResourceType) -> Iterator[Row]:
    whole = rest = of_type(resource_type.name)
    while True:
        found = tenant.fetch(Stretch(whole, rest._replace(limit=_AT_ONCE)))
        yield from (Row(record.seq, *record.resource[:7], None) for record in found.records)
        if found.size <= _AT_ONCE:
            return
        rest = beyond(whole, found.records[-1].seq, reverse=False)


def _enter(transaction: RedisTransaction, index: IndexedAttribute, row: Row) -> None:
    for key in index.keys(orjson.loads(row.text)):
        if not index.unique:
            transaction.add_key(index.name, key, row)
        elif transaction.claim(index.name, key, row) is not None:
            raise ConfigurationError(
                f"the schema says that {index.name} is unique, but the {row.type} {row.id} has the same as another "
                "one: change one of them before the schema"
            )
