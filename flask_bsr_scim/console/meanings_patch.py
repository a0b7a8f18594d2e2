"""What a PATCH means, in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask_bsr_scim.console.masking import shown_text
from flask_bsr_scim.console.words import brief, counted, items, listed, member, read

_MEMBER = re.compile(r"members\s*\[", re.IGNORECASE)
_URN = re.compile(r"^urn:[\w:.-]+:(?=\w+$)")


def phrase(body: Any, kind: str, what: str) -> str:
    """Return what the operations of a PATCH do, as the rest of a sentence.

    :param what: what people call the resource.
    """
    operations = [each for each in items(member(body, "Operations")) if isinstance(each, Mapping)]
    if kind == "group":
        done = list(_to_group(operations))
        return f"pushes {what}: {listed(done, 5)}" if done else f"pushes {what}"
    changed = dict(_values(operations))
    actives = {
        str(each).lower() for name, value in changed.items() if name.lower() == "active" for each in items(value)
    }
    if actives & {"true", "false"}:
        verb = "activates" if "true" in actives else "deactivates"
        others = [name for name in changed if name.lower() != "active"]
        return f"{verb} {what}{f' and changes {listed(others)}' if others else ''}"
    return f"changes {listed(list(changed))} of {what}" if changed else f"changes {what}"


def _to_group(operations: list[Mapping[str, Any]]) -> Iterator[str]:
    added = removed = 0
    for operation in operations:
        op, path = str(member(operation, "op")).lower(), str(member(operation, "path") or "")
        value = _meant(operation)
        if path.lower() == "members" or path.lower().endswith(":members"):
            number = len(items(value))
            if op == "add":
                added += number
            elif op == "remove" and value is not None:
                removed += number
            else:
                yield "removes all members" if op == "remove" else f"sets its {counted(number, 'member')}"
        elif _MEMBER.search(path):
            removed += op == "remove"
        elif name := _name(operation, path):
            yield f"names it {brief(name)}"
        if not path and member(value, "members") is not None:
            number = len(items(member(value, "members")))
            yield f"{'adds' if op == 'add' else 'sets its'} {counted(number, 'member')}"
    if added:
        yield f"adds {counted(added, 'member')}"
    if removed:
        yield f"removes {counted(removed, 'member')}"


def _name(operation: Mapping[str, Any], path: str) -> str:
    if path.lower() == "displayname":
        return shown_text(operation, "value")
    return shown_text(_meant(operation), "displayName")


def _meant(operation: Mapping[str, Any]) -> Any:
    """Return the value of an operation, read where it is JSON in a string."""
    value = member(operation, "value")
    said = read(value) if isinstance(value, str) and value[:1] in ("{", "[") else None
    return value if said is None else said


def _values(operations: list[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that operations change, with what they become."""
    for operation in operations:
        path, value = shown_text(operation, "path"), _meant(operation)
        if path:
            yield brief(_URN.sub("", path)), value
        elif isinstance(value, Mapping):
            yield from ((brief(_URN.sub("", str(name))), each) for name, each in value.items())
