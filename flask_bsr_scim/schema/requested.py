"""What a write names of the attributes that are returned on request (RFC 7643 §7): its answer shows them."""

from collections.abc import Iterable, Iterator

from flask_bsr_scim.schema.attribute import JSON, Returned
from flask_bsr_scim.schema.paths import AttributePath
from flask_bsr_scim.schema.resource_type import ResourceType


class Requested:
    """The attributes of a type that are returned on request, and how bodies and paths name them.

    :ivar paths: of them, and of the parts of those that are complex, by each name in lower case.
    """

    def __init__(self, resource_type: ResourceType) -> None:
        self.paths: dict[str, str] = {}
        self._holders: dict[str, str] = {}
        """What has such attributes inside, by name: what stands between it and their names."""
        for target in _targets(resource_type):
            for name in _names(target, resource_type):
                self.paths[name] = str(target)
                self._holders |= _holders(target, name)

    def named(self, bodies: Iterable[JSON]) -> frozenset[str]:
        """Return the paths that objects name, whose keys are names or paths in any letter case."""
        return frozenset(path for body in bodies for path in self._named(body, ""))

    def _named(self, body: JSON, prefix: str) -> Iterator[str]:
        if not isinstance(body, dict):
            return
        for key, value in body.items():
            name = prefix + _without_filter(key.lower())
            if name in self.paths:
                yield self.paths[name]
            if name in self._holders:
                for element in value if isinstance(value, list) else (value,):
                    yield from self._named(element, name + self._holders[name])


def _targets(resource_type: ResourceType) -> Iterator[AttributePath]:
    for whole in resource_type.paths():
        parts = (AttributePath(whole.extension, whole.attribute, sub) for sub in whole.leaf.sub_attributes)
        of_whole = whole.leaf.returned is Returned.REQUEST
        yield from (t for t in (whole, *parts) if t.stored and (of_whole or t.leaf.returned is Returned.REQUEST))


def _names(target: AttributePath, resource_type: ResourceType) -> Iterator[str]:
    """Yield the names of an attribute: with its URN, and without where no other one is meant."""
    bare = str(AttributePath(None, target.attribute, target.sub))
    yield f"{target.extension or resource_type.schema.id}:{bare}".lower()
    if resource_type.resolve(bare) == target:
        yield bare.lower()


def _holders(target: AttributePath, name: str) -> Iterator[tuple[str, str]]:
    whole = name
    if target.sub is not None:
        whole = name.removesuffix(f".{target.sub.name.lower()}")
        yield whole, "."
    urn, colon, _ = whole.rpartition(":")
    if colon:
        yield urn, colon


def _without_filter(path: str) -> str:
    head, bracket, rest = path.partition("[")
    return head + rest.rpartition("]")[2] if bracket else head
