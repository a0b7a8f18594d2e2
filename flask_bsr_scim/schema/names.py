"""Names of the members of JSON objects: their letter case, and whether a schema has them."""

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidSyntax, shown
from flask_bsr_scim.schema.attribute import Attribute, Document


def folded(members: Document, path: str) -> Document:
    """Return an object with the names of its members in lower case.

    :raises InvalidSyntax: two names differ in letter case alone.
    """
    lowered = {name.lower(): value for name, value in members.items()}
    if len(lowered) != len(members):
        twice = repeated(name.lower() for name in members)
        raise InvalidSyntax(f"{path} names {shown(twice)} twice, in different letter case.")
    return lowered


def repeated(names: Iterable[str]) -> str:
    """Return the first of some names that comes more than once."""
    return next(name for name, count in Counter(names).items() if count > 1)


Check = Callable[[AbstractSet[str], Iterable[str]], None]
"""Takes the names of an object's members, in lower case and as they were sent, and notices those that no schema has.

:raises InvalidSyntax: the dialect does not tolerate one of them.
"""

_DEFAULT_SUB_ATTRIBUTES = frozenset({"type", "primary", "display", "value", "$ref"})
"""Of multi-valued attributes whose definition does not say otherwise (RFC 7643 §2.4)."""


def make_check(
    served: AbstractSet[str], left_out: AbstractSet[str], prefix: str, default: AbstractSet[str] = frozenset()
) -> Check:
    """Return the check of an object, from names in lower case.

    :param served: those of the schemas that are served.
    :param left_out: those of RFC 7643 that the profile leaves out.
    :param default: those that need no definition.
    """

    def check(names: AbstractSet[str], sent: Iterable[str]) -> None:
        if names <= served:
            return
        spelled = {name.lower(): name for name in sent}
        for name in sorted(names - served):
            _check_name(prefix + spelled.get(name, name), name in default, name in left_out)

    return check


def _check_name(path: str, is_default: bool, is_left_out: bool) -> None:
    if is_default:
        tolerance, fault = Tolerance.UNLISTED_SUB_ATTRIBUTE, "is not in the schema"
    elif is_left_out:
        tolerance, fault = Tolerance.ATTRIBUTE_NOT_STORED, "is not stored here"
    else:
        tolerance, fault = Tolerance.UNKNOWN_ATTRIBUTE, "is in no schema of the resource"
    if not tolerates(tolerance):
        raise InvalidSyntax(f"The attribute {shown(path)} {fault}; leave it out of the request.")


def make_sub_check(attribute: Attribute, path: str) -> Check:
    """Return the check of the sub-attributes of a complex attribute."""
    served, left_out = names_of(attribute.sub_attributes, served=True), names_of(attribute.sub_attributes, served=False)
    return make_check(served, left_out, f"{path}.", _DEFAULT_SUB_ATTRIBUTES if attribute.multi_valued else frozenset())


def names_of(attributes: Iterable[Attribute], *, served: bool) -> frozenset[str]:
    """Return the names, in lower case, of the attributes that are served, or of those that are not."""
    return frozenset(a.name.lower() for a in attributes if a.served is served)
