"""A dump as lines of JSON: a header, for each tenant its records between a beginning and an end, and nothing behind.

The end of a tenant has the numbers of its records, and the digest of all bytes of the file before: what was cut or
changed does not fit it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson

from flask_bsr_scim.backends.changes import LogEntry
from flask_bsr_scim.backends.conventions import check_tenant
from flask_bsr_scim.backends.dump_records import read, written
from flask_bsr_scim.backends.dumping import DumpError, Members, Profile, Record, RecordError
from flask_bsr_scim.resource import Resource

FORMAT: Final = 1


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
            self._write(written(tenant, record))
            counts.add(record)
        self._write({"kind": "end", **counts.document(), "sha256": self._digest.hexdigest()})
        return counts

    def _write(self, line: dict[str, Any]) -> None:
        data = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self._digest.update(data)
        self._write_bytes(data)


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
        self.tenants = self._names(header.get("tenants"))

    def read_tenant(self, tenant: str, counts: Counts) -> Iterator[Record]:
        """Yield the records of the next tenant, and count them; raise in the end unless they are what was written."""
        yield self._profile(tenant)
        while (line := self._next()).get("kind") != "end":
            record = self._record(line)
            counts.add(record)
            yield record
        expected = {"kind": "end", **counts.document(), "sha256": self._digest.hexdigest()}
        for name, value in expected.items():
            if line.get(name) != value:
                raise self._wrong(f"the file was changed: {name} is {line.get(name)} here, and {value} of the lines")

    @contextmanager
    def numbering(self) -> Iterator[None]:
        """Give a record that is refused while its tenant is loaded the number of its line."""
        try:
            yield
        except RecordError as error:
            raise self._wrong(str(error)) from None

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

    def _profile(self, tenant: str) -> Profile:
        """Read the beginning of a tenant."""
        line = self._next()
        if (line.get("kind"), line.get("name")) != ("tenant", tenant):
            raise self._wrong(f"the tenant {tenant!r} should begin here")
        profile = line.get("profile")
        if not isinstance(profile, str | None):
            raise self._wrong("the profile must be a text, or null")
        return Profile(profile)

    def _record(self, line: dict[str, Any]) -> Record:
        try:
            return read(line)
        except ValueError as error:
            raise self._wrong(str(error)) from None

    def _names(self, names: object) -> list[str]:
        """Return the names of the tenants."""
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._wrong("the names of the tenants are missing")
        try:
            for name in names:
                check_tenant(name)
        except ValueError as error:
            raise self._wrong(str(error)) from None
        return names

    def _wrong(self, text: str) -> DumpError:
        return DumpError(f"line {self._number}: {text}")
