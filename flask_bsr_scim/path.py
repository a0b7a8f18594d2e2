"""Paths of PATCH operations (RFC 7644 §3.5.2): as they are written, and bound to a resource type."""

from dataclasses import dataclass

from flask_bsr_scim.dialects import undefined
from flask_bsr_scim.errors import InvalidPath
from flask_bsr_scim.filter.ast import BoundFilter, Filter, ValuePath
from flask_bsr_scim.filter.binding import bind_value_path
from flask_bsr_scim.filter.parser import Parser
from flask_bsr_scim.schema import Attribute, AttributePath, ResourceType
from flask_bsr_scim.schema.scalars import shown


@dataclass(frozen=True, slots=True)
class Path:
    """A path as it is written: `name`, `name[filter]` or `name[filter].sub`.

    `name` may hold an URN and a sub-attribute; it may be a bare extension URN.
    """

    name: str
    filter: Filter | None = None
    sub: str | None = None


@dataclass(frozen=True, slots=True)
class BoundPath:
    """A path bound to definitions.

    `sub` is what stands behind the brackets; a sub-attribute without brackets is in `target`.
    """

    target: AttributePath
    filter: BoundFilter | None = None
    sub: Attribute | None = None


def parse_path(text: str) -> Path:
    """Return the parts of a path; names stay as they are written.

    :raises InvalidPath: the text, or the filter in it, breaks the grammar or exceeds a limit of filters.
    """
    return Path(*Parser(text, "path", InvalidPath).path())


def bind_path(path: Path, resource_type: ResourceType) -> BoundPath:
    """Return what a path means in a resource type; attributes that the profile does not store are bound too.

    :raises InvalidPath: no schema of the type defines the attribute or sub-attribute; InvalidSyntax in `interop`.
    :raises InvalidFilter: see :func:`flask_bsr_scim.filter.bind`.
    """
    target = resource_type.resolve(path.name)
    if target is None:
        raise undefined(resource_type.lacks(path.name))
    if path.filter is None:
        return BoundPath(target)
    bound = bind_value_path(ValuePath(path.name, path.filter), resource_type)
    return BoundPath(target, bound.filter, None if path.sub is None else _sub(target, path.sub))


def _sub(target: AttributePath, name: str) -> Attribute:
    sub = target.leaf.sub(name)
    if sub is None:
        raise undefined(f"{target} has no sub-attribute {shown(name)}.")
    return sub
