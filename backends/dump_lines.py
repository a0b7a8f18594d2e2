"""A dump as lines of JSON: a header, for each tenant its records between a beginning and an end, and nothing behind.

The end of a tenant has the numbers of its records, and the digest of all bytes of the file before: what was cut or
changed does not fit it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson

from flask_bsr_scim.backends.changes import LogEntry
from flask_bsr_scim.backends.dumping import DumpError, Members, Profile, Record
from flask_bsr_scim.resource import Resource

FORMAT: Final = 1

_NO_NUMBER: Final = 1 << 40
"""No version and no number of a change comes so far: SQLite keeps the tenant in the bits above it."""


@dataclass
class Counts:
    """What a dump holds."""

    resources: Counter[str] = field(default_factory=Counter)
    """By type."""
    members: int = 0
    changes: int = 0

    def add(self, record: Record) -> None:
        """Count a record."""
        match record:
            case Resource(type_name):
                self.resources[type_name] += 1
            case Members(_, ids):
                self.members += len(ids)
            case LogEntry():
                self.changes += 1

    def document(self) -> dict[str, Any]:
        """Return the counts as they stand in the end of a tenant."""
        return {"resources": dict(sorted(self.resources.items())), "members": self.members, "changes": self.changes}

    def __str__(self) -> str:
        each = [*sorted(self.resources.items()), ("members", self.members), ("changes", self.changes)]
        return ", ".join(f"{name} {number}" for name, number in each)


class LineWriter:
    """Writes a dump of several tenants.

    :param write: takes a line, with its end.
    """

    def __init__(self, write: Callable[[bytes], object], tenants: Sequence[str]) -> None:
        self._write_bytes, self._digest = write, sha256()
        self._write({"kind": "export", "format": FORMAT, "tenants": list(tenants)})

    def write_tenant(self, tenant: str, records: Iterable[Record]) -> Counts:
        """Write the next tenant; return what it holds."""
        counts = Counts()
        for record in records:
            self._write(_line(tenant, record))
            counts.add(record)
        self._write({"kind": "end", **counts.document(), "sha256": self._digest.hexdigest()})
        return counts

    def _write(self, line: dict[str, Any]) -> None:
        data = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self._digest.update(data)
        self._write_bytes(data)


def _line(tenant: str, record: Record) -> dict[str, Any]:
    match record:
        case Resource():
            *about, text, used, _ = record
            fields = dict(zip(Resource._fields, about, strict=False))
            return {"kind": "resource", **fields, "used": used, "document": orjson.Fragment(text)}
        case Members(group, ids):
            return {"kind": "members", "group": group, "ids": ids}
        case LogEntry():
            return {"kind": "change", **record._asdict()}
        case Profile(name):
            return {"kind": "tenant", "name": tenant, "profile": name}


class LineReader:
    """Reads a dump of several tenants, one after the other.

    :raises DumpError: the lines are not a dump, or not a whole one.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines, self._digest, self._last, self._number = iter(lines), sha256(), b"", 0
        header = self._next()
        if header.get("kind") != "export":
            raise self._wrong("this is no export of a store")
        if header.get("format") != FORMAT:
            raise self._wrong(f"the format is {header.get('format')!r}, and this release reads {FORMAT}")
        try:
            self.tenants = _texts(header.get("tenants"))
        except TypeError:
            raise self._wrong("the names of the tenants are missing") from None

    def read_tenant(self, tenant: str, counts: Counts) -> Iterator[Record]:
        """Yield the records of the next tenant, and count them; raise in the end unless they are what was written."""
        begin = self._next()
        if (begin.get("kind"), begin.get("name")) != ("tenant", tenant):
            raise self._wrong(f"the tenant {tenant!r} should begin here")
        yield Profile(begin.get("profile"))
        while (line := self._next()).get("kind") != "end":
            record = self._record(line)
            counts.add(record)
            yield record
        expected = {"kind": "end", **counts.document(), "sha256": self._digest.hexdigest()}
        for name, value in expected.items():
            if line.get(name) != value:
                raise self._wrong(f"the file was changed: {name} is {line.get(name)} here, and {value} of the lines")

    def finish(self) -> None:
        """See that nothing follows."""
        if next(self._lines, None) is not None:
            raise DumpError(f"something follows behind the last line, {self._number}")

    def _next(self) -> dict[str, Any]:
        """Return the next line; the digest is that of all before it."""
        self._digest.update(self._last)
        self._last = next(self._lines, b"")
        if not self._last.endswith(b"\n"):
            raise DumpError(f"the file is cut off behind line {self._number}: its end is missing")
        self._number += 1
        try:
            line = orjson.loads(self._last)
        except orjson.JSONDecodeError:
            raise self._wrong("this is no JSON") from None
        if not isinstance(line, dict):
            raise self._wrong("this is no JSON object")
        return line

    def _record(self, line: dict[str, Any]) -> Record:
        try:
            return _READERS[line.pop("kind", None)](line)
        except (KeyError, TypeError, ValueError) as error:
            raise self._wrong(f"this is no record of an export ({type(error).__name__}: {error})") from None

    def _wrong(self, text: str) -> DumpError:
        return DumpError(f"line {self._number}: {text}")


def _read_resource(line: dict[str, Any]) -> Resource:
    document = line.pop("document")
    resource = Resource(**line, text=orjson.dumps(document).decode())
    _texts([resource.type, resource.id, resource.created, resource.modified, *_there(resource.used)])
    _check_numbers(resource.version)
    if not isinstance(document, dict):
        raise TypeError("document")
    return resource


def _read_members(line: dict[str, Any]) -> Members:
    (group,) = _texts([line["group"]])
    return Members(group, _texts(line["ids"]))


def _read_change(line: dict[str, Any]) -> LogEntry:
    entry = LogEntry(**line)
    _texts([entry.at, entry.operation, entry.type, entry.id, *_there(entry.token_id, entry.request_id)])
    _check_numbers(entry.sequence, *_there(entry.before, entry.after))
    if not isinstance(entry.delta, dict):
        raise TypeError("delta")
    return entry


def _there(*values: object) -> list[object]:
    return [value for value in values if value is not None]


def _check_numbers(*values: object) -> None:
    if not all(type(value) is int and 0 < value < _NO_NUMBER for value in values):
        raise TypeError("numbers")


def _texts(values: object) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("texts")
    return values


_READERS: Final[dict[str | None, Callable[[dict[str, Any]], Record]]] = {
    "resource": _read_resource,
    "members": _read_members,
    "change": _read_change,
}
