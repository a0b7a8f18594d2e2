"""Filters that were seen before, but for the texts that they compare with."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from flask_bsr_scim.dialects import Tolerance, tolerates, with_needs
from flask_bsr_scim.filter.ast import (
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
)
from flask_bsr_scim.filter.binding import bind
from flask_bsr_scim.filter.parser import MAX_LENGTH, parse_filter
from flask_bsr_scim.schema import ResourceType, Type

_TEXT = re.compile(r'"[^"\\\x00-\x1f]*"')
_TEXTUAL = (Type.STRING, Type.REFERENCE, Type.DATETIME)
_MOST = 256
"""Templates that are kept; clients choose their filters."""


class _Template(NamedTuple):
    """A filter that was read, and the tolerances that it needed: whoever reads it again needs them too."""

    bound: BoundFilter
    needed: frozenset[Tolerance]


class FilterReader:
    """Parses and binds filters. A client asks the same over and over with other values, which then are filled in."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, str], _Template] = {}

    def read(self, text: str, resource_type: ResourceType) -> BoundFilter:
        """Return a filter bound to a resource type.

        :raises InvalidFilter: see :func:`parse_filter` and :func:`bind`.
        """
        if "\\" in text or len(text) > MAX_LENGTH:
            return bind(parse_filter(text), resource_type)
        shape = resource_type.name, _TEXT.sub('""', text)
        texts = [quoted[1:-1] for quoted in _TEXT.findall(text)]
        template = self._templates.get(shape)
        if template is not None and all(map(tolerates, template.needed)):
            with suppress(ValueError):  # The text is no time: binding says so.
                return _filled(template.bound, iter(texts))
        bound, needed = with_needs(lambda: bind(parse_filter(text), resource_type))
        if _compares_texts_alone(bound, texts):
            if len(self._templates) >= _MOST:
                self._templates.clear()
            self._templates[shape] = _Template(bound, needed)
        return bound


def _compares_texts_alone(bound: BoundFilter, texts: list[str]) -> bool:
    """Tell whether the comparisons of a filter are with its texts, one with each: then others can take their place."""
    comparisons = list(_comparisons(bound))
    return len(comparisons) == len(texts) and all(
        c.target.leaf.type in _TEXTUAL and c.key == c.target.leaf.key(text)
        for c, text in zip(comparisons, texts, strict=True)
    )


def _comparisons(bound: BoundFilter) -> Iterator[BoundComparison]:
    match bound:
        case BoundComparison():
            yield bound
        case BoundAnd(operands) | BoundOr(operands):
            for operand in operands:
                yield from _comparisons(operand)
        case BoundNot(inner) | BoundValuePath(_, inner):
            yield from _comparisons(inner)


def _filled(template: BoundFilter, texts: Iterator[str]) -> BoundFilter:
    """Return a copy of the template whose comparisons are, in their order, with these texts."""
    match template:
        case BoundComparison(target, operator, _):
            return BoundComparison(target, operator, target.leaf.key(next(texts)))
        case BoundValuePath(target, inner):
            return BoundValuePath(target, _filled(inner, texts))
        case BoundAnd(operands):
            return BoundAnd(tuple(_filled(operand, texts) for operand in operands))
        case BoundOr(operands):
            return BoundOr(tuple(_filled(operand, texts) for operand in operands))
        case BoundNot(operand):
            return BoundNot(_filled(operand, texts))
        case BoundPresent():
            return template
