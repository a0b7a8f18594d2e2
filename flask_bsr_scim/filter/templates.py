"""Filters that were seen before, but for the texts that they compare with."""

import re
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from flask_bsr_scim.dialects import Tolerance, tolerates, with_needs
from flask_bsr_scim.filter.ast import BoundComparison, BoundFilter
from flask_bsr_scim.filter.binding import bind
from flask_bsr_scim.filter.forms import Form, filled, form_of, shape_of, slotted
from flask_bsr_scim.filter.parser import MAX_LENGTH, parse_filter
from flask_bsr_scim.schema import ResourceType, Type
from flask_bsr_scim.schema.values import KeyFunction

_TEXT = re.compile(r'"([^"\\\x00-\x1f]*)"')
_TEXTUAL = (Type.STRING, Type.REFERENCE, Type.DATETIME)
_MOST = 256
"""Templates that are kept; clients choose their filters."""


class _Template(NamedTuple):
    """A filter that was read, with slots for its texts, each of which a function makes a key."""

    bound: BoundFilter
    shape: Hashable
    keys: Sequence[KeyFunction]
    needed: frozenset[Tolerance]
    """What whoever reads it again needs too."""


class FilterReader:
    """Parses and binds filters. A client asks the same over and over with other values, which then are filled in."""

    def __init__(self) -> None:
        self._templates: dict[Hashable, _Template] = {}

    def read(self, text: str, resource_type: ResourceType) -> tuple[BoundFilter, Form]:
        """Return a filter bound to a resource type, and its form.

        :raises InvalidFilter: see :func:`parse_filter` and :func:`bind`.
        """
        pieces = _TEXT.split(text)
        between, texts = (resource_type.name, *pieces[::2]), pieces[1::2]
        template = self._templates.get(between)
        if template is not None and len(text) <= MAX_LENGTH and all(map(tolerates, template.needed)):
            keys = _keys(template, texts)
            if keys is not None:
                return filled(template.bound, keys), (template.shape, keys)
        bound, needed = with_needs(lambda: bind(parse_filter(text), resource_type))
        comparisons: list[BoundComparison] = []
        shape = shape_of(bound, comparisons)
        if "\\" not in text and _are_with(comparisons, texts):
            if len(self._templates) >= _MOST:
                self._templates.clear()
            functions = [comparison.target.leaf.key for comparison in comparisons]
            self._templates[between] = _Template(slotted(bound), shape, functions, needed)
        return bound, form_of(bound)


def _keys(template: _Template, texts: Sequence[str]) -> list[Any] | None:
    """Return the keys of texts; None when one is no time, which binding says."""
    try:
        return [key(text) for key, text in zip(template.keys, texts, strict=True)]
    except ValueError:
        return None


def _are_with(comparisons: Sequence[BoundComparison], texts: Sequence[str]) -> bool:
    """Tell whether the comparisons are with these texts, one with each: then others can take their place."""
    return len(comparisons) == len(texts) and all(
        c.target.leaf.type in _TEXTUAL and c.key == c.target.leaf.key(text)
        for c, text in zip(comparisons, texts, strict=True)
    )
