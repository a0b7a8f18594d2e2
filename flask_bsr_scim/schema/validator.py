"""From what clients send to what is stored: a plain walk, compiled once from a resource type (RFC 7643 §2 and §7)."""

from collections.abc import Collection, Iterator, Mapping

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import ConfigurationError, InvalidSyntax, InvalidValue, shown
from flask_bsr_scim.schema.attribute import JSON, Document, Mutability
from flask_bsr_scim.schema.compiled import element_readers, is_sent, is_stored, path_readers, resource_members
from flask_bsr_scim.schema.kept import FixedParts, fixed_parts, kept_by_put
from flask_bsr_scim.schema.mutability import already_set, held, paths_of
from flask_bsr_scim.schema.names import folded, make_check, names_of
from flask_bsr_scim.schema.paths import AttributePath
from flask_bsr_scim.schema.readers import (
    Rules,
    missing,
    read_members,
)
from flask_bsr_scim.schema.required import lacks, required_paths, without_demands
from flask_bsr_scim.schema.resource_type import ResourceType
from flask_bsr_scim.schema.scalars import wrong


class Validator:
    """Reads the resources of one type. Compiling takes some time: make one for each type and keep it.

    :param endpoints: the endpoints of the service by resource type name, to which references can point (`manager`).
    :raises ConfigurationError: a default is none of the values that its attribute can have, or belongs to one that
        clients cannot write.
    """

    def __init__(self, resource_type: ResourceType, endpoints: Mapping[str, str] | None = None) -> None:
        self.resource_type = resource_type
        self._base = resource_type.schema.id
        endpoints = {resource_type.name: resource_type.endpoint, **(endpoints or {})}
        sent, stored = Rules(is_sent, endpoints, checks_names=True), Rules(is_stored, endpoints)
        self._sent = tuple(resource_members(resource_type, sent))
        self._stored = tuple(resource_members(resource_type, stored))
        self._optional = {m.name: m for m in resource_members(without_demands(resource_type), stored)}
        self._required = tuple(required_paths(resource_type))
        self._readers = dict(path_readers(resource_type, sent))
        self._elements = dict(element_readers(resource_type, sent))
        self._immutable = tuple(paths_of(Mutability.IMMUTABLE, resource_type))
        self._kept = tuple(kept_by_put(resource_type))
        self._fixed_parts = {str(parts.target): parts for parts in fixed_parts(resource_type)}
        self._defaults = tuple(self._read_defaults())
        extensions = {served: _urns(resource_type, served=served) for served in (True, False)}
        self._urns = {self._base.lower(), *extensions[True]}
        self._check_names = make_check(
            names_of(resource_type.core.values(), served=True) | extensions[True],
            names_of(resource_type.core.values(), served=False) | extensions[False],
            "",
        )
        self._beside = ("id", *(a.name for a in (resource_type.members,) if a))
        self._order = {name: place for place, name in enumerate(("schemas", *self._beside, *self._optional))}

    def resource(self, body: JSON, *, is_new: bool = False) -> Document:
        """Return the document of a POST or PUT body: what is stored, in the letter case and order of the schemas.

        `schemas` comes first; `id`, `meta` and other readOnly attributes are left out. A group's members are a
        tuple of ids, empty when the body has null or [], absent when it has none.

        :param is_new: gives attributes without a value their default.

        :raises InvalidSyntax: the body is no object, `schemas` lacks the type's schema, a name comes twice, or one is
            unknown and the dialect does not tolerate it.
        :raises InvalidValue: a value is missing or wrong.
        """
        if not isinstance(body, dict):
            raise InvalidSyntax("The request body must be a JSON object.")
        values = self._flattened(folded(body, "The request body"))
        self._check_names(values.keys(), body)
        declared = self._declared(values.get("schemas"))
        for urn in self.resource_type.by_urn:
            if urn not in declared:
                values.pop(urn, None)
        if is_new:
            self._give_defaults(values)
        return {**self._assembled(read_members(self._sent, values)), **self._membership(values)}

    def finish(self, document: Document) -> Document:
        """Return a changed document as it is stored: what is empty is dropped, and `schemas` computed anew.

        `id` and members stay as they are.

        :raises InvalidValue: a required value is missing, or one is wrong.
        """
        found = self._assembled(read_members(self._stored, folded(document, "The resource")))
        beside = {name: document[name] for name in self._beside if name in document}
        return {"schemas": found.pop("schemas"), **beside, **found}

    def finish_changes(self, document: Document, before: Document, names: Collection[str]) -> Document:
        """Return what :meth:`finish` does for a stored document in which certain members alone were changed.

        All others stay as they are stored, also where the schema has changed since. What `before` lacks, as an older
        one lacks what is required since, may be lacking on: whoever deactivates a user does not know of it.

        :param names: of attributes, and the URNs of extensions.
        :raises InvalidValue: a required value is missing, or one is wrong.
        """
        found = dict(document)
        for name in sorted(names, key=self._order.__getitem__):
            member = self._optional[name]
            if value := read_members((member,), {member.key: found.get(name)}):
                found |= value
            else:
                found.pop(name, None)
        if [*found] != [*before]:
            found = self._arranged(found)
        for target in self._required:
            if lacks(found, target) and not lacks(before, target):
                raise missing(str(target))
        return found

    def with_kept(self, document: Document, before: Document) -> Document:
        """Return the document of a PUT with the readOnly values of the stored one, which are the service's own, and
        with the immutable ones that the client cannot know, as no answer shows them.

        ReadOnly ones inside of values that are several are not kept, as those values can change.

        :raises flask_bsr_scim.errors.Mutability: an immutable part of a value that is one of several would change.
        """
        kept = document
        for target, keep in self._kept:
            value = held(before, target)
            if value is not None:
                kept = keep(kept, target, value)
        return kept

    def check_schemas(self, raw: JSON) -> None:
        """Check the URNs of `schemas`, as far as it holds any.

        :raises InvalidSyntax: one is that of no schema or extension of the type, and the dialect does not tolerate it.
        """
        for urn in raw if isinstance(raw, list) else ():
            if isinstance(urn, str) and urn.lower() not in self._urns and not tolerates(Tolerance.UNKNOWN_SCHEMA):
                name = self.resource_type.name
                raise InvalidSyntax(f"schemas holds {shown(urn)}, which is no schema of a {name} here; leave it out.")

    def reads(self, target: AttributePath) -> bool:
        """Return whether values of an attribute are taken from clients, not left out by the profile or computed."""
        return str(target) in self._readers

    def value(self, target: AttributePath, raw: JSON) -> JSON:
        """Return the value to store for one attribute, None when there is none; for a multi-valued one it is a list,
        for a group's members a tuple of their ids.

        :raises InvalidValue: the value is wrong.
        """
        return None if raw is None or raw == [] else self._readers[str(target)](raw)

    def element(self, target: AttributePath, raw: JSON) -> Document:
        """Return one element of a complex multi-valued attribute as it is stored, {} when nothing of it is.

        :raises InvalidValue: a value is wrong.
        """
        return self._elements[str(target)](raw) or {}

    def check_immutable(self, before: Document, after: Document) -> None:
        """Check that immutable attributes that have a value keep it (RFC 7644 §3.5.1), parts of lists excepted.

        :raises flask_bsr_scim.errors.Mutability: one would change.
        """
        for target in self._immutable:
            present = held(before, target)
            if present is not None and present != held(after, target):
                raise already_set(target, present)

    def fixed_parts(self, target: AttributePath) -> FixedParts | None:
        """Return what is immutable in the elements of a list, None for other attributes and when nothing is."""
        return self._fixed_parts.get(str(target)) if self._fixed_parts else None

    def _read_defaults(self) -> Iterator[tuple[AttributePath, JSON]]:
        for target in self.resource_type.paths():
            if is_stored(target.leaf) and target.leaf.default is not None:
                where = f"{self.resource_type.name}, x-default"
                if not self.reads(target):
                    raise ConfigurationError(f"{where}: {target} is readOnly, so no POST stores a value; leave it out.")
                try:
                    yield target, self.value(target, target.leaf.default)
                except InvalidValue as error:
                    raise ConfigurationError(f"{where}: {error.detail}") from None

    def _give_defaults(self, values: Document) -> None:
        """Add the defaults of what a body leaves out; those of an extension only where it is given."""
        for target, default in self._defaults:
            holder = values
            if target.extension is not None:
                given = values.get(target.extension.lower())
                if not isinstance(given, dict) or not given:
                    continue
                holder = values[target.extension.lower()] = folded(given, target.extension)
            if holder.get(target.leaf.name.lower()) in (None, []):
                holder[target.leaf.name.lower()] = default

    def _flattened(self, values: Document) -> Document:
        """Return the members with those under the core schema's URN among them (RFC 7644 §3.10)."""
        core = values.pop(self._base.lower(), None)
        if core is None:
            return values
        if not isinstance(core, dict):
            raise wrong(self._base, "an object", core)
        core = folded(core, self._base)
        if twice := core.keys() & values.keys():
            known = self.resource_type.core.get(min(twice))
            name = known.name if known else min(twice)
            raise InvalidSyntax(f"{shown(name)} is given twice, under {self._base} and outside.")
        return {**values, **core}

    def _declared(self, schemas: JSON) -> set[str]:
        if not isinstance(schemas, list) or not {str}.issuperset(map(type, schemas)):
            raise InvalidSyntax(f"schemas must be a list of URNs that holds {self._base}.")
        declared = {urn.lower() for urn in schemas}
        if self._base.lower() not in declared:
            raise InvalidSyntax(f"schemas must hold {self._base}.")
        if not declared <= self._urns:
            self.check_schemas(schemas)
        return declared

    def _arranged(self, document: Document) -> Document:
        """Return a document in the order of the schemas, behind which comes what none of them has any more."""
        last = len(self._order)
        found = dict(sorted(document.items(), key=lambda member: self._order.get(member[0], last)))
        # No name of an attribute has a colon (RFC 7643 §2.1).
        return {**found, "schemas": [self._base, *(name for name in found if ":" in name)]}

    def _assembled(self, found: Document) -> Document:
        urns = [e.schema.id for e in self.resource_type.extensions if e.schema.id in found]
        return {"schemas": [self._base, *urns], **found}

    def _membership(self, values: Document) -> Document:
        members = self.resource_type.members
        if members is None or members.name.lower() not in values:
            return {}
        return {members.name: self._readers[members.name](values[members.name.lower()])}


def _urns(resource_type: ResourceType, *, served: bool) -> frozenset[str]:
    return frozenset(urn for urn, extension in resource_type.by_urn.items() if extension.served is served)
