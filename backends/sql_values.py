"""Where the values of attributes lie in SQL: in the JSON document, in columns, or in membership rows.

Every name of an attribute and every value is a bound parameter; only this module's own text is SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask_bsr_scim.schema import Attribute, AttributePath, ResourceType, Source, Type, TypeRegistry
from flask_bsr_scim.view import MARKED, SHOWS_GROUPS, View

NOTHING = "NULL"

KEY_COLUMNS = ("r.id", "r.created", "r.modified")
"""Attributes that have a value in each row, which is its own comparison key."""


class Parameters(dict[str, Any]):
    """The values bound to a statement, by name."""

    def bind(self, value: Any) -> str:
        """Return the placeholder of a value."""
        name = f"p{len(self)}"
        self[name] = value
        return f":{name}"


@dataclass(frozen=True, slots=True)
class Values:
    """The values at a target: `raw` is one of them, NULL for none, and `json` its JSON text.

    With `rows` (what follows FROM) there are several, each in a row of its own, in the order of `order`.
    """

    raw: str
    json: str = NOTHING
    rows: str | None = None
    condition: str = "1"
    """Holds where there is a value."""
    order: str = "1"

    @property
    def is_column(self) -> bool:
        """Tell whether there is a value in each row, which is its own comparison key."""
        return self.raw in KEY_COLUMNS

    def exists(self, condition: str) -> str:
        """Return the condition that one of the values satisfies another one."""
        both = condition if self.condition == "1" else f"({self.condition} AND {condition})"
        return both if self.rows is None else f"EXISTS (SELECT 1 FROM {self.rows} WHERE {both})"


def exposed(types: TypeRegistry) -> str:
    """Return the list of the names of the types that SCIM shows."""
    return f"({', '.join(_literal(t.name) for t in types.exposed)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Place(Protocol):
    """Something that has attributes: a resource, or an element of a multi-valued attribute."""

    def values(self, target: AttributePath) -> Values:
        """Return the values of an attribute that is not complex."""

    def is_present(self, target: AttributePath) -> str:
        """Return the condition that there is a value which is not empty."""


@dataclass(frozen=True, slots=True)
class Object:
    """The JSON object at `path` in the SQL expression `json`, a JSON text.

    `references` tell how relative references begin as JSON, and how they begin for clients.
    """

    parameters: Parameters
    references: Mapping[str, str]
    json: str
    path: str = "$"

    def values(self, target: AttributePath) -> Values:
        attribute, sub = target.attribute, target.sub
        assert attribute is not None
        if sub is None:
            return self._values(attribute)
        if not attribute.multi_valued:
            return self._member(attribute.name)._values(sub)
        element = self.element()
        inner = element._values(sub)
        rows = self._each("e", attribute.name)
        order = "e.key" if inner.rows is None else f"e.key, {inner.order}"
        return replace(inner, rows=rows if inner.rows is None else f"{rows}, {inner.rows}", order=order)

    def is_present(self, target: AttributePath) -> str:
        leaf = target.leaf if target.attribute else None
        if leaf is not None and leaf.type is not Type.COMPLEX:
            values = self.values(target)
            return values.exists(f"{values.raw} <> ''")
        place = self if leaf is None else self._member(leaf.name)
        return f"EXISTS (SELECT 1 FROM json_tree({self.json}, {self._bound(place.path)}) t WHERE t.atom <> '')"

    def is_primary(self) -> str:
        """Return the condition that `primary` is true."""
        return f"json_type({self.json}, {self._bound(self._member('primary').path)}) IS 'true'"

    def inside(self, attribute: Attribute) -> tuple["Object", Values]:
        """Return a value of a complex attribute as a place, and the rows in which there is one."""
        if attribute.multi_valued:
            return self.element(), Values(NOTHING, rows=self._each("e", attribute.name))
        member = self._member(attribute.name)
        return member, Values(NOTHING, condition=f"json_type({self.json}, {self._bound(member.path)}) IS NOT NULL")

    def element(self) -> "Object":
        """Return the element in the row `e` as a place."""
        return Object(self.parameters, self.references, "CASE e.type WHEN 'object' THEN e.value END")

    def at(self, name: str | None) -> "Object":
        """Return the place under a name, as that of an extension; None: here."""
        return self if name is None else self._member(name)

    def _values(self, attribute: Attribute) -> Values:
        if attribute.multi_valued:
            rows = self._each("v", attribute.name)
            return Values("v.value", f"({self.json} -> v.fullkey)", rows, order="v.key")
        path = self._bound(self._member(attribute.name).path)
        raw, json = f"json_extract({self.json}, {path})", f"({self.json} -> {path})"
        return Values(self._completed(raw, json) if attribute.name == "$ref" else raw, json)

    def _completed(self, raw: str, json: str) -> str:
        """Return a reference as clients see it; see :class:`flask_bsr_scim.view.View`."""
        cases = [
            f"WHEN substr({json}, 1, {len(start)}) = {self._bound(start)} "
            f"THEN {self._bound(shown)} || substr({raw}, {len(start)})"
            for start, shown in self.references.items()
        ]
        return f"CASE {' '.join(cases)} ELSE {raw} END" if cases else raw

    def _each(self, alias: str, name: str) -> str:
        return f"json_each({self.json}, {self._bound(self._member(name).path)}) {alias}"

    def _member(self, name: str) -> "Object":
        return Object(self.parameters, self.references, self.json, f'{self.path}."{name}"')

    def _bound(self, value: str) -> str:
        return self.parameters.bind(value)


class Memberships:
    """The membership rows of a resource, seen from the side of `attribute`; a place is one of them."""

    def __init__(self, parameters: Parameters, view: View, attribute: Attribute) -> None:
        self._parameters, self._view = parameters, view
        if attribute.source is Source.MEMBERS:
            rows, condition = "member m", "m.tenant = :tenant AND m.group_seq = r.seq"
            self._id, self._type, kind, display = "m.member_id", "m.member_type", "m.member_type", NOTHING
        else:
            rows = f"member m CROSS JOIN resource g ON g.seq = m.group_seq AND g.type IN {exposed(view.types)}"
            condition = "m.tenant = :tenant AND m.member_seq = r.seq"
            self._id, self._type, kind, display = "g.id", "g.type", "'direct'", "g.label"
        self._raw = {"value": self._id, "type": kind, "display": display}
        self.all = Values(self._id, rows=rows, condition=condition, order=self._id)
        """All rows; the raw value is the id of the other end."""

    def values(self, target: AttributePath) -> Values:
        name = target.leaf.name
        return Values(self._reference() if name == "$ref" else self._raw.get(name, NOTHING))

    def is_present(self, target: AttributePath) -> str:
        return f"{self.values(target).raw} <> ''"

    def _reference(self) -> str:
        bind = self._parameters.bind
        cases = (f"WHEN {bind(t.name)} THEN {bind(self._view.location(t.name, ''))}" for t in self._view.types.exposed)
        return f"CASE {self._type} {' '.join(cases)} END || {self._id}"


class Stored:
    """A resource: the row `r` of table `resource`, with its document and its memberships."""

    def __init__(self, parameters: Parameters, view: View, resource_type: ResourceType) -> None:
        self._parameters, self._view, self._type = parameters, view, resource_type
        self.types = view.types
        self._document = Object(parameters, _references(view, resource_type), "r.document")

    def values(self, target: AttributePath) -> Values:
        attribute = target.attribute
        assert attribute is not None
        if attribute.source is Source.RESOURCE:
            return self._column(target.leaf.name)
        if attribute.source is Source.DOCUMENT:
            return self._document.at(target.extension).values(target)
        memberships = Memberships(self._parameters, self._view, attribute)
        return replace(memberships.all, raw=memberships.values(target).raw)

    def is_present(self, target: AttributePath) -> str:
        attribute = target.attribute
        if attribute is None or attribute.source is Source.DOCUMENT:
            return self._document.at(target.extension).is_present(target)
        if target.leaf.type is Type.COMPLEX:
            return "1" if attribute.source is Source.RESOURCE else self.inside(attribute)[1].exists("1")
        values = self.values(target)
        return values.exists(f"{values.raw} <> ''")

    def inside(self, attribute: Attribute, extension: str | None = None) -> tuple[Place, Values]:
        """Return an element of a complex attribute as a place, and the rows in which there is one."""
        match attribute.source:
            case Source.RESOURCE:
                return _Meta(self, attribute), Values(NOTHING)
            case Source.DOCUMENT:
                return self._document.at(extension).inside(attribute)
            case _:
                memberships = Memberships(self._parameters, self._view, attribute)
                return memberships, memberships.all

    def _column(self, name: str) -> Values:
        match name:
            case "id":
                return Values("r.id")
            case "created":
                return Values("r.created")
            case "lastModified":
                return Values("r.modified")
            case "resourceType":
                return Values(":type")
            case "location":
                return Values(f"{self._parameters.bind(self._view.location(self._type.name, ''))} || r.id")
            case "version":
                return Values(f"'W/\"' || r.version || {self._mark()} || '\"'")
            case _:
                return Values(NOTHING)

    def _mark(self) -> str:
        """Return what the version of an answer that shows groups ends with."""
        if self._type.groups is None:
            return "''"
        shows = Memberships(self._parameters, self._view, self._type.groups).all.exists("1")
        return f"CASE WHEN {shows} THEN {self._parameters.bind(SHOWS_GROUPS)} ELSE '' END"


def _references(view: View, resource_type: ResourceType) -> Mapping[str, str]:
    """Return how references to resources begin in what is kept, and how they begin for clients."""
    if resource_type.endpoint:
        return {MARKED: f"{view.base_url}/"}
    return {f'"{t.endpoint}/': view.location(t.name, "") for t in view.types.exposed}


@dataclass(frozen=True, slots=True)
class _Meta:
    """The attribute `meta` as a place."""

    resource: Stored
    attribute: Attribute

    def values(self, target: AttributePath) -> Values:
        return self.resource.values(AttributePath(None, self.attribute, target.attribute))

    def is_present(self, target: AttributePath) -> str:
        return self.resource.is_present(AttributePath(None, self.attribute, target.attribute))
