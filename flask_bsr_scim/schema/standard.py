"""What RFC 7643 has beyond a profile: it is known, and not stored."""

from collections.abc import Iterable
from dataclasses import replace

from flask_bsr_scim.schema.attribute import Attribute, Uniqueness, with_subs


def unstored(attribute: Attribute) -> Attribute:
    """Return a copy that is known and not stored, sub-attributes included."""
    return with_subs(
        replace(
            attribute,
            stored=False,
            served=False,
            required=False,
            uniqueness=Uniqueness.NONE,
            indexed=False,
            default=None,
        ),
        map(unstored, attribute.sub_attributes),
    )


def merge_standard(own: Iterable[Attribute], standard: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Return `own` with whatever `standard` has beyond it, marked as not stored."""
    mine = {attribute.name.lower(): attribute for attribute in own}
    merged = dict(mine)
    for attribute in standard:
        known = mine.get(attribute.name.lower())
        if known is None:
            merged[attribute.name.lower()] = unstored(attribute)
        elif attribute.sub_attributes:
            merged[attribute.name.lower()] = with_subs(
                known, merge_standard(known.sub_attributes, attribute.sub_attributes)
            )
    return tuple(merged.values())
