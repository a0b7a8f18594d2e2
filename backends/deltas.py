"""What an entry of the change log says of a change."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_bsr_scim.schema import Attribute, Document, ResourceType, Returned


def delta_of(attributes: Document, added: Sequence[str], removed: Sequence[str]) -> Document:
    """Return what was changed: attributes as of :func:`differences`, and the ids of members that came and went."""
    parts = {"attributes": attributes, "membersAdded": added, "membersRemoved": removed}
    return {name: value for name, value in parts.items() if value}


def differences(resource_type: ResourceType, old: Document, new: Document) -> Document:
    """Return how the attributes differ, by path; what is never returned is left out."""
    before, after = dict(_attributes(resource_type, old)), dict(_attributes(resource_type, new))
    changed = (path for path in before | after if before.get(path) != after.get(path))
    found = ((path, _told(resource_type, path, before), _told(resource_type, path, after)) for path in changed)
    return {
        path: {side: value for side, value in (("from", then), ("to", now)) if value is not None}
        for path, then, now in found
        if then != now
    }


def _told(resource_type: ResourceType, path: str, values: Document) -> object:
    """Return the value at a path without what is never returned, None when nothing is left."""
    target, value = resource_type.resolve(path), values.get(path)
    if target is None or value is None:
        return value
    return None if target.leaf.returned is Returned.NEVER else _without_secrets(target.leaf, value)


def _attributes(resource_type: ResourceType, document: Document) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if name.lower() in resource_type.by_urn:
            yield from ((f"{name}:{inner}", held) for inner, held in value.items())
        elif name != "id":
            yield name, value


def _without_secrets(attribute: Attribute, value: Any) -> Any:
    secrets = {sub.name for sub in attribute.sub_attributes if sub.returned is Returned.NEVER}
    if not secrets:
        return value
    if isinstance(value, list):
        return [_without_secrets(attribute, element) for element in value]
    return {name: held for name, held in value.items() if name not in secrets}
