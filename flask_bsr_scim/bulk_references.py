"""References in a bulk job to what its other operations create: `bulkId:qwerty` instead of an id (RFC 7644 §3.7.2)."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress

from flask_bsr_scim.bulk_messages import MARK
from flask_bsr_scim.schema import JSON, Attribute, Document, Mutability, ResourceType, Type

_IN_FILTER = re.compile(rf'(?<="){MARK}[^"\\]+(?=")')

Resolve = Callable[[str], str]
"""Takes a reference, and returns the id for which it stands.

:raises LeftOut: there is none yet, and the element of a list, or the attribute, goes without it.
"""


class LeftOut(Exception):
    """The value that holds the reference is left out for now."""


def referring(resource_type: ResourceType, types: Collection[str]) -> frozenset[str]:
    """Return the names, in lower case, of the attributes that can refer to resources of some types.

    They are those of type reference, and complex ones with a part of that type (RFC 7643 §2.3.7): members and manager
    for two. What looks like a reference elsewhere, in a displayName perhaps, is a text like any other.
    """
    return frozenset(a.name.lower() for a in _attributes(resource_type) if _refers(a, types))


def _attributes(resource_type: ResourceType) -> Iterator[Attribute]:
    yield from resource_type.core.values()
    for extension in resource_type.extensions:
        if extension.served:
            yield from extension.schema.attributes


def _refers(attribute: Attribute, types: Collection[str]) -> bool:
    if attribute.mutability is Mutability.READ_ONLY or not attribute.stored:
        return False
    definitions = (attribute, *attribute.sub_attributes)
    return any(d.type is Type.REFERENCE and not set(types).isdisjoint(d.reference_types) for d in definitions)


def resolved(data: JSON, names: Collection[str], resolve: Resolve) -> JSON:
    """Return the data of a POST or PUT with an id in the place of each reference.

    :param names: of the attributes that can refer, see :func:`referring`.
    """
    if not isinstance(data, dict):
        return data
    found = {}
    for name, value in data.items():
        if _attribute_name(name) in names:
            with suppress(LeftOut):
                found[name] = _resolved_value(value, resolve)
        else:
            found[name] = resolved(value, names, resolve) if ":" in name else value
    return found


def resolved_patch(data: JSON, names: Collection[str], resolve: Resolve) -> JSON:
    """Return a PatchOp with an id in the place of each reference, in the filters of paths too."""
    if isinstance(data, list):
        return [_resolved_operation(operation, names, resolve) for operation in data]
    if isinstance(data, dict):
        return {name: resolved_patch(value, names, resolve) for name, value in data.items()}
    return data


def _resolved_operation(operation: JSON, names: Collection[str], resolve: Resolve) -> JSON:
    if not isinstance(operation, dict):
        return operation
    path = _path(operation)
    if path is None or _attribute_name(path) not in names:
        return {name: resolved(value, names, resolve) for name, value in operation.items()}
    resolved_path = _IN_FILTER.sub(lambda found: resolve(found[0]), path)
    return {
        name: resolved_path if name.lower() == "path" else _resolved_value(value, resolve)
        for name, value in operation.items()
    }


def _path(operation: Document) -> str | None:
    return next((v for name, v in operation.items() if name.lower() == "path" and isinstance(v, str)), None)


def _resolved_value(value: JSON, resolve: Resolve) -> JSON:
    """Return a value of an attribute that holds references."""
    if isinstance(value, str):
        return resolve(value) if value.startswith(MARK) else value
    if isinstance(value, dict):
        return {name: _resolved_value(part, resolve) for name, part in value.items()}
    return list(_resolved_elements(value, resolve)) if isinstance(value, list) else value


def _resolved_elements(elements: list[JSON], resolve: Resolve) -> Iterator[JSON]:
    for element in elements:
        with suppress(LeftOut):
            yield _resolved_value(element, resolve)


def _attribute_name(path: str) -> str:
    """Return the name of the attribute that a name or path leads to, without URN, sub-attribute and filter."""
    return path.partition("[")[0].rpartition(":")[2].partition(".")[0].lower()
