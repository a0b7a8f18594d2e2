"""Which indexes of the Redis store lead to what a filter matches."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    INDEX,
    MEMBERS,
    Range,
    before,
    behind,
    by_time,
    digest,
    joined,
    of_key,
    of_type,
    under,
    up_to,
)
from flask_bsr_scim.filter import (
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
    Operator,
    equalities,
)
from flask_bsr_scim.schema import ResourceType

_MODIFIED = "meta.lastModified"


class Ordered(NamedTuple):
    """All matches are in this range, in the order of creation. `exact`: nothing else is."""

    range: Range
    exact: bool = False


class Loose(NamedTuple):
    """All matches are among these: by id, by unique key (a field of the hash), or in some ranges. `exact`: nothing else
    of the type is."""

    ids: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    exact: bool = False


Plan = Ordered | Loose


def make_plan(resource_type: ResourceType, wanted: BoundFilter | None) -> Plan:
    """Return where the matches of a filter are."""
    if wanted is None:
        return Ordered(of_type(resource_type.name), exact=True)
    match _plan(resource_type, wanted):
        case None:
            return Ordered(of_type(resource_type.name))
        case Ordered(part):
            return Ordered(part, exact=isinstance(wanted, BoundComparison))
        case plan:
            return plan if isinstance(wanted, BoundComparison) else plan._replace(exact=False)


def _plan(resource_type: ResourceType, wanted: BoundFilter) -> Plan | None:
    """Return what indexes tell of a filter; None: nothing."""
    match wanted:
        case BoundAnd(operands):
            return _narrowest(_plan(resource_type, operand) for operand in operands)
        case BoundOr(operands):
            return _union([_plan(resource_type, operand) for operand in operands])
        case BoundComparison(target, operator, key) if str(target) == _MODIFIED:
            return _at_time(resource_type, operator, key)
        case BoundComparison(target, Operator.EQ, key):
            return _equal(resource_type, str(target), key)
        case BoundComparison() | BoundNot():
            return None
        case BoundValuePath():
            return _narrowest(_equal(resource_type, path, key) for path, key in equalities(wanted))
        case BoundPresent(target):
            return _present(resource_type, str(target))


def _narrowest(plans: Iterable[Plan | None]) -> Plan | None:
    """Return the plan that leads to the fewest: single resources, holders of a key, or what is in several ranges."""
    return min((plan for plan in plans if plan is not None), key=_width, default=None)


def _width(plan: Plan) -> int:
    if isinstance(plan, Ordered):
        return 1
    return 2 if plan.ranges else 0


def _union(plans: Sequence[Plan | None]) -> Plan | None:
    """Return what leads to all that some plans lead to; None when one is missing."""
    union = Loose()
    for plan in plans:
        match plan:
            case None:
                return None
            case Ordered(part):
                union = union._replace(ranges=(*union.ranges, part))
            case Loose(ids, fields, ranges):
                union = Loose(union.ids + ids, union.fields + fields, union.ranges + ranges)
    return union


def _equal(resource_type: ResourceType, path: str, key: Any) -> Plan | None:
    if path == "id":
        return Loose(ids=(key,))
    for index in resource_type.indexed:
        if index.path == path and index.has(key):
            if index.unique:
                return Loose(fields=(joined(index.name, digest(key)),), exact=True)
            return Ordered(of_key(index.name, key))
    return _linked(resource_type, path, key)


def _linked(resource_type: ResourceType, path: str, key: Any) -> Plan | None:
    """Return what leads to the groups that hold a member, or to the members of a group."""
    for attribute, side in ((resource_type.members, GROUPS), (resource_type.groups, MEMBERS)):
        if attribute is not None and path == f"{attribute.name}.value":
            return Loose(ranges=(under(side, key),))
    return None


def _present(resource_type: ResourceType, path: str) -> Plan | None:
    for index in resource_type.indexed:
        if index.path == path and not index.unique and not index.only:
            return Loose(ranges=(under(INDEX, index.name),))
    return None


def _at_time(resource_type: ResourceType, operator: Operator, time: Any) -> Plan | None:
    if not resource_type.endpoint:
        return None
    name = by_time(resource_type.name)
    whole = under(INDEX, name)
    match operator:
        case Operator.GT:
            part = behind(whole, name, time)
        case Operator.GE:
            part = whole._replace(low=joined(name, time))
        case Operator.LT:
            part = before(whole, name, time)
        case Operator.LE:
            part = up_to(whole, name, time)
        case Operator.EQ:
            part = under(INDEX, name, time)
        case _:
            return None
    return Loose(ranges=(part,), exact=True)
