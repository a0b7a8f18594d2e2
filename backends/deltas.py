"""What an entry of the change log says of a change."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask_bsr_scim.schema import Document, ResourceType, Returned


def delta_of(attributes: Document, added: Sequence[str], removed: Sequence[str]) -> Document:
    """Return what was changed: attributes as of :func:`differences`, and the ids of members that came and went."""
    delta: Document = {"attributes": attributes} if attributes else {}
    if added:
        delta["membersAdded"] = added
    if removed:
        delta["membersRemoved"] = removed
    return delta


def changed_names(old: Document, new: Document) -> list[str]:
    """Return the names of the members of a document that differ: of attributes, and the URNs of extensions."""
    return [name for name in old | new if name not in old or name not in new or old[name] != new[name]]


def differences(resource_type: ResourceType, old: Document, new: Document, names: Iterable[str]) -> Document:
    """Return how the attributes differ, by path; what is never returned is left out.

    :param names: those of :func:`changed_names`.
    """
    return {path: sides for name in names for path, sides in _differences(resource_type, name, old, new) if sides}


def _differences(
    resource_type: ResourceType, name: str, old: Document, new: Document
) -> Iterator[tuple[str, Document]]:
    then, now = old.get(name), new.get(name)
    if name.lower() in resource_type.by_urn:
        then, now = then or {}, now or {}
        for inner in changed_names(then, now):
            yield f"{name}:{inner}", _sides(resource_type, f"{name}:{inner}", then.get(inner), now.get(inner))
    elif name != "id":
        yield name, _sides(resource_type, name, then, now)


def _sides(resource_type: ResourceType, path: str, then: Any, now: Any) -> Document:
    """Return both values at a path without what is never returned; nothing when no difference is left."""
    target = resource_type.resolve(path)
    if target is not None:
        attribute = target.leaf
        if attribute.returned is Returned.NEVER:
            return {}
        if secrets := {sub.name for sub in attribute.sub_attributes if sub.returned is Returned.NEVER}:
            then, now = _without(secrets, then), _without(secrets, now)
    if then == now:
        return {}
    return {side: value for side, value in (("from", then), ("to", now)) if value is not None}


def _without(secrets: set[str], value: Any) -> Any:
    if isinstance(value, list):
        return [_without(secrets, element) for element in value]
    return value and {name: held for name, held in value.items() if name not in secrets}
