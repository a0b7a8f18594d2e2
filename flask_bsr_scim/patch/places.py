"""Where an operation of PATCH works: paths, and the names of members in a value without path (RFC 7644 §3.5.2)."""

from dataclasses import dataclass

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidPath
from flask_bsr_scim.filter.ast import And, BoundFilter, Comparison, Filter, Operator, Or
from flask_bsr_scim.path import bind_path, parse_path
from flask_bsr_scim.schema import AttributePath, ResourceType


@dataclass(frozen=True, slots=True)
class Place:
    """A bound path. `filter` selects elements of the attribute; `written` is the same filter as it was sent."""

    target: AttributePath
    filter: BoundFilter | None = None
    written: Filter | None = None

    @property
    def whole(self) -> AttributePath:
        """The attribute without its sub-attribute."""
        return AttributePath(self.target.extension, self.target.attribute)

    @property
    def in_elements(self) -> bool:
        """Whether the place lies inside the elements of a multi-valued attribute."""
        attribute, sub = self.target.attribute, self.target.sub
        return self.filter is not None or (sub is not None and attribute is not None and attribute.multi_valued)

    @property
    def is_list(self) -> bool:
        """Whether the place is the whole of a multi-valued attribute, or of such a part."""
        selects = self.filter is not None and self.target.sub is None
        return self.target.attribute is not None and self.target.leaf.multi_valued and not selects


def bind_place(text: str, resource_type: ResourceType, *, removes: bool = False) -> Place:
    """Return what a path means; one that `removes` may have a filter for a single value.

    :raises InvalidPath: it breaks the grammar, or names no attribute of the type.
    :raises flask_bsr_scim.errors.InvalidFilter: its filter does not fit the attribute.
    """
    path = parse_path(text)
    bound = bind_path(path, resource_type)
    target = bound.target
    is_single = target.attribute is not None and not target.attribute.multi_valued
    is_one = removes and (bound.sub or target.sub) is None and named_ids(path.filter) is not None
    if bound.filter and is_single and not (is_one and tolerates(Tolerance.FILTER_ON_SINGLE_VALUE)):
        raise InvalidPath(f"{target} has a single value, so its path takes no filter.")
    return Place(AttributePath(target.extension, target.attribute, bound.sub or target.sub), bound.filter, path.filter)


def find_place(name: str, resource_type: ResourceType) -> Place | None:
    """Return what the name of a member in a value without path means, None when it is no attribute of the type.

    Entra's names are paths: with dots, with an URN, with a filter.
    """
    target = resource_type.resolve(name.partition("[")[0])
    if target is None:
        return None
    if "[" in name:
        return bind_place(name, resource_type) if tolerates(Tolerance.FILTER_KEY_IN_VALUE) else None
    return Place(target) if target.sub is None or tolerates(Tolerance.DOTTED_KEY_IN_VALUE) else None


def equal_terms(written: Filter | None) -> dict[str, Comparison] | None:
    """Return the terms of a filter like `type eq "work" and primary eq true` by lower-case name; no filter has none.

    None: the filter is of another kind.
    """
    operands = written.operands if isinstance(written, And) else (written,) if written else ()
    terms = {
        term.path.lower(): term
        for term in operands
        if isinstance(term, Comparison) and term.operator is Operator.EQ and term.value is not None
    }
    return terms if len(terms) == len(operands) else None


def named_ids(written: Filter | None) -> tuple[str, ...] | None:
    """Return the ids in a filter like `value eq "1" or value eq "2"`, None when it is of another kind."""
    match written:
        case Comparison(path, Operator.EQ, str(value)) if path.lower() == "value":
            return (value,)
        case Or(operands):
            each = [named_ids(operand) for operand in operands]
            return None if None in each else tuple(i for ids in each for i in ids or ())
        case _:
            return None
