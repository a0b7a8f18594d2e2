"""What a stored document must be for those who read it, whoever wrote it: values are of the types of their attributes.

It is less than a client is asked for. Lengths, characters and primary values follow rules that were others once, and
values that no schema knows any more stay.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from flask_bsr_scim.dialects import Dialect, Speech
from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema.attribute import JSON, Attribute, Document, Source, Type, Uniqueness
from flask_bsr_scim.schema.profile import PROFILES, load_profile
from flask_bsr_scim.schema.resource_type import Extension, ResourceType
from flask_bsr_scim.schema.scalars import make_scalar_reader, wrong

_LABEL = "displayName"
"""What members show of the group that they are in, whether its schema has it or not."""

_PLAIN = {Type.STRING: str, Type.REFERENCE: str, Type.BOOLEAN: bool}
"""Types of which each value of a Python type is one."""

_DEEPEST = 64
"""Levels of a value that no schema knows; how deep the others are, a schema says."""

_Check = Callable[[JSON], object]
"""Takes a value.

:raises InvalidValue: the attribute cannot have it.
"""


class _Part(NamedTuple):
    """What a value must be: something of a Python type; or what a check accepts, which is slower."""

    plain: type | None
    check: _Check


class Shape:
    """What the documents of a type must be."""

    def __init__(self, resource_type: ResourceType) -> None:
        core, name = resource_type.core.values(), resource_type.name
        parts = dict(_parts(core, "")) | dict(map(_extension, resource_type.extensions))
        if resource_type.members is not None:
            parts.setdefault(_LABEL, _make_part(Attribute(_LABEL), _LABEL))
        self._check = _make_object_check(parts, Attribute(name), name)
        self._names, self._urns = frozenset(parts), resource_type.by_urn.keys()
        self._computed = frozenset(a.name.lower() for a in core if a.source is not Source.DOCUMENT)
        self._demanded = frozenset(_demanded(resource_type))

    def fault(self, document: Document) -> str | None:
        """Return what is wrong with a document, None when nothing is."""
        try:
            self._check(document)
        except InvalidValue as error:
            return error.detail.removesuffix(".")
        names = document.keys()
        if not names >= self._demanded:
            return f"{min(self._demanded - names)} is missing"
        return None if names <= self._names else next(self._faults_beside(document), None)

    def _faults_beside(self, document: Document) -> Iterator[str]:
        """Yield what is wrong with members that no schema has, or not in this letter case."""
        for name in sorted(document.keys() - self._names):
            if name.lower() in self._computed:
                yield f"{name} is there, which the service itself says of each resource"
            if name.lower() in self._urns and not isinstance(document[name], dict):
                yield f"{name} must be an object"


def _extension(extension: Extension) -> tuple[str, _Part]:
    """Return what an extension must be: of one that the profile leaves out, an object of whatever values."""
    urn = extension.schema.id
    parts = dict(_parts(extension.schema.attributes, f"{urn}:")) if extension.served else {}
    return urn, _Part(None, _make_object_check(parts, Attribute(urn), urn))


def _parts(attributes: Iterable[Attribute], prefix: str) -> Iterator[tuple[str, _Part]]:
    for attribute in attributes:
        if attribute.stored and (attribute.source is Source.DOCUMENT or attribute.name == "id"):
            yield attribute.name, _make_part(attribute, prefix + attribute.name)


def _make_part(attribute: Attribute, path: str) -> _Part:
    one = _make_one(attribute, path)
    return _Part(None, _make_list_check(one, attribute, path)) if attribute.multi_valued else one


def _make_one(attribute: Attribute, path: str) -> _Part:
    if attribute.type is Type.COMPLEX:
        parts = dict(_parts(attribute.sub_attributes, f"{path}."))
        return _Part(None, _make_object_check(parts, attribute, path))
    read = make_scalar_reader(replace(attribute, max_length=None, required=False, uniqueness=Uniqueness.NONE), path)

    def check(raw: JSON) -> None:
        with Speech(Dialect.STRICT):
            read(raw)

    return _Part(_PLAIN.get(attribute.type), check)


def _make_list_check(one: _Part, attribute: Attribute, path: str) -> _Check:
    plain, check_one = one

    def check(raw: JSON) -> None:
        if type(raw) is not list:
            raise wrong(path, "a list", raw, attribute)
        for each in raw:
            if type(each) is not plain:
                check_one(each)

    return check


def _make_object_check(parts: Mapping[str, _Part], attribute: Attribute, path: str) -> _Check:
    def unknown(raw: JSON) -> None:
        if isinstance(raw, dict | list) and _is_deep(raw):
            raise InvalidValue(f"{path} holds something that is nested deeper than {_DEEPEST} levels.")

    find, other = parts.get, _Part(str, unknown)

    def check(raw: JSON) -> None:
        if type(raw) is not dict:
            raise wrong(path, "an object", raw, attribute)
        for name, value in raw.items():
            plain, check_value = find(name, other)
            if type(value) is not plain:
                check_value(value)

    return check


def _is_deep(raw: JSON, levels: int = _DEEPEST) -> bool:
    inner = [each for each in (raw.values() if isinstance(raw, dict) else raw) if isinstance(each, dict | list)]
    return not levels or any(_is_deep(each, levels - 1) for each in inner)


def _demanded(resource_type: ResourceType) -> Iterator[str]:
    """Yield what each document has had from the beginning; what a host demands later, older ones may lack."""
    if resource_type.endpoint:
        yield "schemas"
    if not resource_type.endpoint or resource_type.schema.id in _shipped():
        yield from (a.name for a in resource_type.schema.attributes if a.required and a.stored and a.exported)


@cache
def _shipped() -> frozenset[str]:
    return frozenset(t.schema.id for name in PROFILES for t in load_profile(name))
