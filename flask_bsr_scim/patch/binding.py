"""From operations to steps; every check that needs no document is made here (RFC 7644 §3.5.2)."""

from collections.abc import Iterator

from flask_bsr_scim.dialects import Tolerance, tolerates, undefined
from flask_bsr_scim.errors import InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, shown
from flask_bsr_scim.patch.members import AddMembers, MemberStep, RemoveMatching, RemoveMembers, ReplaceMembers
from flask_bsr_scim.patch.operation import Op, Operation
from flask_bsr_scim.patch.places import Place, bind_place, equal_terms, find_place, named_ids
from flask_bsr_scim.patch.steps import (
    Append,
    Assign,
    ChangeElements,
    KeepId,
    RemoveElements,
    RemoveIf,
    RemoveValues,
    ReplaceElements,
    Step,
)
from flask_bsr_scim.patch.values import listed, opened, opened_elements
from flask_bsr_scim.schema import JSON, Attribute, AttributePath, Document, ResourceType, Source, Type, Validator
from flask_bsr_scim.schema import Mutability as Characteristic
from flask_bsr_scim.schema.names import folded
from flask_bsr_scim.schema.readers import object_of, only_one
from flask_bsr_scim.schema.scalars import wrong

Steps = Iterator[Step | MemberStep]


class Binder:
    """Turns operations on resources of one type into steps."""

    def __init__(self, resource_type: ResourceType, validator: Validator) -> None:
        self._type = resource_type
        self._validator = validator

    def steps(self, operation: Operation) -> Steps:
        """Yield the steps of an operation; nothing for values that the profile does not store.

        :raises InvalidSyntax: `op` is unknown, or the dialect does not allow what the operation needs.
        :raises InvalidPath: the path breaks the grammar, or names no attribute.
        :raises InvalidValue: the value is missing, or one that the attribute cannot have.
        :raises Mutability: the attribute cannot be changed.
        :raises NoTarget: a remove operation has no path.
        """
        op = operation.kind
        if operation.path is None and not tolerates(Tolerance.OPERATION_WITHOUT_PATH):
            raise InvalidSyntax("An operation has no path: send one operation, with its path, for each attribute.")
        if op is Op.REMOVE:
            return self._remove(operation)
        if not operation.has_value:
            raise InvalidValue(f"The operation {op} needs a value.")
        if operation.path is None:
            return self._set_all(op, operation.value)
        return self._set(op, bind_place(operation.path, self._type), operation.value)

    def _set_all(self, op: Op, raw: JSON, urn: str | None = None) -> Steps:
        """Yield the steps for the members of an object: of the whole resource, or of the schema that `urn` names."""
        where = urn or "value"
        if urn is None and not isinstance(raw, dict):
            raw = self._only_one(opened(raw))
        if not isinstance(raw, dict):
            raise wrong(where, "an object of attributes" + (", as there is no path" if urn is None else ""), raw)
        folded(raw, where)  # refuses a name that is given twice
        for name, value in raw.items():
            if name.lower() == self._type.schema.id.lower():
                yield from self._set_all(op, value, self._type.schema.id)
            elif place := find_place(f"{urn}:{name}" if urn else name, self._type):
                yield from self._set(op, place, value)
            else:
                _check_unknown(
                    f"{where} has the key {shown(name)}", "send attributes by their names, objects for parts"
                )

    def _only_one(self, raw: JSON) -> JSON:
        """Return the object in a list of one, if there is an attribute in it: a member, for one, is none."""
        if isinstance(raw, list) and len(raw) == 1 and isinstance(raw[0], dict):
            return only_one(raw) if any(find_place(name, self._type) for name in raw[0]) else raw
        return raw

    def _set(self, op: Op, place: Place, raw: JSON) -> Steps:
        attribute = place.target.attribute
        if attribute is None:
            return self._set_extension(op, place.target, raw)
        if attribute.name == "id" and tolerates(Tolerance.ID_IN_PATCH):
            return iter([KeepId(raw)])
        if attribute.name == "schemas":
            self._validator.check_schemas(raw)
            return iter(())
        _check_writable(place.target)
        if attribute.type is Type.COMPLEX and place.target.sub is None:
            raw = opened_elements(raw)
        if attribute.source is Source.MEMBERS:
            return self._set_members(op, place, raw)
        if not self._reads(place.target):
            return iter(())
        if place.in_elements:
            return self._set_in_elements(op, place, raw)
        is_whole = attribute.type is Type.COMPLEX and not attribute.multi_valued and place.target.sub is None
        if is_whole and (op is Op.ADD or tolerates(Tolerance.MERGING_REPLACE)):
            return self._merge(op, place.target, attribute, raw)
        return self._assign(op, place.target, raw)

    def _set_extension(self, op: Op, target: AttributePath, raw: JSON) -> Steps:
        if not self._reads(target):
            return iter(())
        return self._assign(op, target, None) if raw is None else self._set_all(op, raw, str(target))

    def _reads(self, target: AttributePath) -> bool:
        """Return whether values of an attribute are taken.

        :raises InvalidPath: the profile leaves it out, and the dialect does not allow to name it.
        """
        if self._validator.reads(target):
            return True
        if not self._type.serves(target) and not tolerates(Tolerance.ATTRIBUTE_NOT_STORED):
            raise undefined(f"{target} is not stored here; leave it out of the request.")
        return False

    def _merge(self, op: Op, target: AttributePath, attribute: Attribute, raw: JSON) -> Steps:
        if raw is None or raw == []:
            yield from self._assign(op, target, None)
            return
        path = str(target)
        for name, value in folded(object_of(only_one(raw), path, attribute), path).items():
            sub = attribute.by_name.get(name)
            if sub is None:
                _check_unknown(f"{path} has no sub-attribute {shown(name)}", "leave it out")
            elif self._reads(below := AttributePath(target.extension, attribute, sub)):
                yield from self._assign(op, below, value)

    def _assign(self, op: Op, target: AttributePath, raw: JSON) -> Steps:
        value = self._validator.value(target, listed(target, raw))
        if not isinstance(value, list):
            if op is Op.REPLACE or value is not None:
                yield Assign(target, value)
        elif op is Op.ADD:
            yield Append(target, value)
        elif fixed := self._validator.fixed_parts(target):
            yield ReplaceElements(target, value, fixed)
        else:
            yield Assign(target, value)

    def _set_in_elements(self, op: Op, place: Place, raw: JSON) -> Steps:
        template = self._template(place)
        if place.target.sub is None and not tolerates(Tolerance.PATH_TO_WHOLE_ELEMENT):
            raise InvalidPath(f"The path ends with the filter of {place.target}: name a sub-attribute behind it.")
        if raw is None or raw == []:
            if op is Op.REPLACE:
                yield from self._remove_in_elements(place, None, op)
        elif place.target.sub is not None:
            changes = {place.target.sub.name: self._validator.value(place.target, listed(place.target, raw))}
            yield ChangeElements(place.whole, place.filter, op, changes, template)
        else:
            changes = {**(template or {}), **self._validator.element(place.whole, only_one(raw))}
            fixed = self._validator.fixed_parts(place.whole)
            yield ChangeElements(place.whole, place.filter, op, changes, template, op is Op.REPLACE, fixed)

    def _template(self, place: Place) -> Document | None:
        """Return the element that a filter describes, None when it says more than which value equals what.

        Entra replaces `emails[type eq "work"].value` where there is no such e-mail, and means it to be made.
        """
        template = {}
        terms = equal_terms(place.written)
        for name, term in (terms or {}).items():
            attribute = place.target.attribute
            target = AttributePath(place.target.extension, attribute, attribute and attribute.sub(name))
            if not self._validator.reads(target):
                return None
            template[target.leaf.name] = self._validator.value(target, term.value)
        return None if terms is None else template

    def _set_members(self, op: Op, place: Place, raw: JSON) -> Steps:
        if place.target.sub is not None:
            raise _immutable_member(place.target)
        ids = self._ids(place.target, raw)
        if place.filter is None:
            yield AddMembers(ids) if op is Op.ADD else ReplaceMembers(ids)
        elif raw is None and op is Op.REPLACE:
            yield from self._remove_members(place, None)
        elif set(ids) <= set(named_ids(place.written) or ()) and tolerates(Tolerance.ELEMENT_MADE_FROM_FILTER):
            yield AddMembers(ids)
        else:
            raise _immutable_member(place.target)

    def _remove(self, operation: Operation) -> Steps:
        if operation.path is None:
            raise NoTarget("A remove operation needs a path.")
        if operation.value is not None and not tolerates(Tolerance.REMOVE_WITH_VALUE):
            raise InvalidSyntax('A remove operation takes no value: select in its path, as members[value eq "…"].')
        place = bind_place(operation.path, self._type, removes=True)
        self._check_removable(place, operation.value)
        attribute, raw = place.target.attribute, opened_elements(operation.value)
        if attribute is not None and attribute.source is Source.MEMBERS:
            return self._remove_members(place, raw)
        if not self._reads(place.target):
            return iter(())
        values = None
        if raw is not None and place.is_list:
            values = self._validator.value(place.target, listed(place.target, raw)) or []
        if place.in_elements:
            return self._remove_in_elements(place, values)
        return iter([Assign(place.target, None) if values is None else RemoveValues(place.target, values)])

    def _check_removable(self, place: Place, raw: JSON) -> None:
        target = place.target
        if target.attribute is None:
            required = self._type.by_urn[str(target).lower()].required
        else:
            _check_writable(target)
            leaves_some = raw is not None and place.is_list
            required = target.leaf.required and not leaves_some and (place.filter is None or target.sub is not None)
        if required:
            raise Mutability(f"{target} is required and cannot be removed.")

    def _remove_in_elements(self, place: Place, values: JSON, op: Op = Op.REMOVE) -> Steps:
        if place.target.sub is not None:
            yield ChangeElements(place.whole, place.filter, op, {place.target.sub.name: values})
        elif place.filter is not None:
            remove = RemoveElements if place.target.leaf.multi_valued else RemoveIf
            yield remove(place.whole, place.filter)

    def _remove_members(self, place: Place, raw: JSON) -> Steps:
        if place.target.sub is not None:
            raise _immutable_member(place.target)
        if place.filter is None:
            yield ReplaceMembers(()) if raw is None else RemoveMembers(self._ids(place.target, raw))
        elif (ids := named_ids(place.written)) is not None:
            yield RemoveMembers(ids)
        else:
            yield RemoveMatching(place.filter)

    def _ids(self, target: AttributePath, raw: JSON) -> tuple[str, ...]:
        return self._validator.value(target, listed(target, raw)) or ()


def _check_unknown(found: str, advice: str) -> None:
    """Refuse what no schema defines, unless it is to be ignored."""
    if not tolerates(Tolerance.UNKNOWN_ATTRIBUTE):
        raise InvalidSyntax(f"{found}, which no schema defines; {advice}.")


def _check_writable(target: AttributePath) -> None:
    for part in (target.attribute, target.sub):
        if part is not None and part.mutability is Characteristic.READ_ONLY:
            raise Mutability(f"{target} is readOnly and cannot be changed; leave it out of the request.")


def _immutable_member(target: AttributePath) -> Mutability:
    return Mutability(f"{target} is immutable: add or remove members, they cannot be edited.")
