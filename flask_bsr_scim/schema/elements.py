"""Values of a multi-valued attribute: which is the same as which (RFC 7643 §2.4)."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from flask_bsr_scim.schema.attribute import JSON, Attribute, Document


def identities(attribute: Attribute, element: JSON) -> list[Hashable]:
    """Return the keys under which an element is known, the most exact one first.

    `value` and `type` make the identity (§2.4), `value` alone where a client leaves `type` out; without a `value`
    all but `primary` does.
    """
    if not isinstance(element, dict):
        return [attribute.key(element)]
    if "value" not in element:
        return [orjson.dumps({n: v for n, v in element.items() if n != "primary"}, option=orjson.OPT_SORT_KEYS)]
    value = key_of(attribute, element, "value")
    return [(value, key_of(attribute, element, "type")), (value,)] if "type" in element else [(value,)]


def key_of(attribute: Attribute, element: Document, name: str) -> Any:
    """Return the comparison key of a part of an element: of a list, the tuple of its values."""
    sub, value = attribute.sub(name), element.get(name)
    if sub is None or value is None or isinstance(value, list):
        return value if not isinstance(value, list) else tuple(value)
    return sub.key(value)


def counterparts(
    attribute: Attribute, before: Iterable[Document], after: Sequence[Document], unseen: Collection[str]
) -> Iterator[tuple[Document, list[Document]]]:
    """Yield each element of a new list, with those of the old one that it can be.

    One that leaves `type` out can be each of its `value`, those excepted that are in the new list themselves.

    :param unseen: parts that a client may not know, by which no element is told from another.
    """

    def identities_of(element: Document) -> list[Hashable]:
        return identities(attribute, {n: v for n, v in element.items() if n == "type" or n not in unseen})

    stay = {identities_of(element)[0] for element in after}
    known: dict[Hashable, list[Document]] = {}
    for element in before:
        exact, *others = identities_of(element)
        for identity in (exact,) if exact in stay else (exact, *others):
            known.setdefault(identity, []).append(element)
    for element in after:
        yield element, known.get(identities_of(element)[0], [])
