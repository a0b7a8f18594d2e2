"""Which attributes of a resource are in a response (RFC 7644 §3.9; RFC 7643 §7, `returned`)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema.attribute import Attribute, Document, Returned
from flask_bsr_scim.schema.resource_type import ResourceType

Plan = Mapping[str, Any]
"""The members of an object that are kept: each name with the plan of the object below, None for the whole value."""

_Chosen = Callable[[Attribute, str, bool], bool]
"""Whether a response holds an attribute: from its definition, its path, and whether the parent is chosen."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A choice of attributes."""

    plan: Plan
    is_default: bool
    """Whether :meth:`apply` returns every document as it is."""
    needs_links: bool
    """Whether members or groups are chosen."""

    def apply(self, document: Document) -> Document:
        """Return the chosen attributes of a document that :class:`~flask_bsr_scim.view.View` rendered."""
        return dict(_pruned(document, self.plan))


def make_projection(
    resource_type: ResourceType,
    attributes: Sequence[str],
    excluded: Sequence[str],
    written: frozenset[str] = frozenset(),
) -> Projection:
    """Return the choice that the parameters `attributes` and `excludedAttributes` make, one name an element.

    Blanks round a name and its letter case do not matter; a name that no schema of the type defines chooses nothing.

    :param written: the paths that a write named of what is returned on request; its answer shows them too.
    :raises InvalidValue: both parameters hold names, and they exclude each other.
    """
    wanted, unwanted = _stripped(attributes), _stripped(excluded)
    if wanted and unwanted:
        raise InvalidValue("attributes and excludedAttributes cannot be used together; send one of them.")
    if wanted:
        chosen = _only(_paths(resource_type, wanted) | written)
    else:
        chosen = _all_but(_paths(resource_type, unwanted), written)
    plan = _root_plan(resource_type, chosen, not wanted)
    return Projection(
        plan, not (wanted or unwanted) and _is_whole(resource_type, plan), _has_links(resource_type, plan)
    )


def _stripped(names: Sequence[str]) -> list[str]:
    return [stripped for name in names if (stripped := name.strip())]


def _paths(resource_type: ResourceType, names: Iterable[str]) -> frozenset[str]:
    return frozenset(str(path) for path in map(resource_type.resolve, names) if path is not None)


def _only(named: frozenset[str]) -> _Chosen:
    def chosen(attribute: Attribute, path: str, parent: bool) -> bool:
        match attribute.returned:
            case Returned.DEFAULT:
                return parent or path in named
            case Returned.REQUEST:
                return path in named
            case returned:
                return returned is Returned.ALWAYS

    return chosen


def _all_but(named: frozenset[str], written: frozenset[str]) -> _Chosen:
    added = frozenset(path for path in written if not any(_is_in(path, name) for name in named))

    def chosen(attribute: Attribute, path: str, parent: bool) -> bool:
        match attribute.returned:
            case Returned.DEFAULT:
                return path in added or (parent and path not in named)
            case Returned.REQUEST:
                return path in added
            case returned:
                return returned is Returned.ALWAYS

    return chosen


def _is_in(path: str, name: str) -> bool:
    """Tell whether a path is a name, or leads to something inside of what has it."""
    return path == name or path.startswith((f"{name}.", f"{name}:"))


def _root_plan(resource_type: ResourceType, chosen: _Chosen, everything: bool) -> Plan:
    plan = dict(_entries(resource_type.core.values(), "", chosen, everything))
    for urn, attributes in _extensions(resource_type):
        whole = chosen(Attribute(urn), urn, everything)
        if below := dict(_entries(attributes, f"{urn}:", chosen, whole)):
            plan[urn] = below
    return plan


def _entries(
    attributes: Iterable[Attribute], prefix: str, chosen: _Chosen, parent: bool
) -> Iterator[tuple[str, Plan | None]]:
    for attribute in filter(_is_stored, attributes):
        path = prefix + attribute.name
        kept = chosen(attribute, path, parent)
        if not attribute.sub_attributes:
            below = None
        else:
            below = dict(_entries(attribute.sub_attributes, f"{path}.", chosen, kept))
            kept = bool(below)
            if _holds_all(below, attribute.sub_attributes):
                below = None
        if kept:
            yield attribute.name, below


def _is_stored(attribute: Attribute) -> bool:
    return attribute.stored


def _holds_all(plan: Plan, attributes: Iterable[Attribute]) -> bool:
    return all(a.name in plan and plan[a.name] is None for a in filter(_is_stored, attributes))


def _is_whole(resource_type: ResourceType, plan: Plan) -> bool:
    return _holds_all(plan, resource_type.core.values()) and all(
        _holds_all(plan.get(urn, {}), attributes) for urn, attributes in _extensions(resource_type)
    )


def _has_links(resource_type: ResourceType, plan: Plan) -> bool:
    return any(a is not None and a.name in plan for a in (resource_type.members, resource_type.groups))


def _extensions(resource_type: ResourceType) -> Iterator[tuple[str, tuple[Attribute, ...]]]:
    return ((e.schema.id, e.schema.attributes) for e in resource_type.extensions if e.served)


def _pruned(members: Document, plan: Plan) -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if name not in plan:
            continue
        below = plan[name]
        if below is None:
            yield name, value
        elif kept := _pruned_value(value, below):
            yield name, kept


def _pruned_value(value: Any, plan: Plan) -> Any:
    if isinstance(value, list):
        return [kept for element in value if (kept := dict(_pruned(element, plan)))]
    return dict(_pruned(value, plan))
