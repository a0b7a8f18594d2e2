"""Why a request was refused, and what to change in the identity provider: looked up in a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from flask_bsr_scim.console.traffic import Record

_RFC = re.compile(r"RFC (\d+) §([\d.]+)")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row: when it fits, and what it says. What is left out fits everything."""

    title: str
    rule: str
    rfc: str
    """The section that asks for it, as `RFC 7644 §3.3`; empty where none does."""
    okta: Sequence[str]
    """What to do in Okta, step by step."""
    entra: str = ""
    status: Sequence[int] = ()
    scim_type: str = ""
    type: str = ""
    """The endpoint, as `Groups`."""
    method: str = ""
    credential: str = ""
    detail: str = ""
    """A pattern of the answer's `detail`."""

    @property
    def link(self) -> str:
        """Where the section can be read, empty where there is none."""
        found = _RFC.fullmatch(self.rfc)
        return f"https://www.rfc-editor.org/rfc/rfc{found[1]}#section-{found[2]}" if found else ""

    def fits(self, record: Record) -> bool:
        """Tell whether the row is about such a request."""
        endpoint = re.match(r"/*([A-Za-z]*)", record.target)
        return (
            (not self.status or record.status in self.status)
            and self.scim_type in ("", record.scim_type)
            and self.method in ("", record.method)
            and self.credential in ("", record.credential)
            and (not self.type or (endpoint is not None and endpoint[1].lower() == self.type.lower()))
            and re.search(self.detail, record.detail, re.IGNORECASE) is not None
        )


def explain(record: Record) -> Explanation | None:
    """Return why a request was refused, None when it was not."""
    return next((row for row in table() if row.fits(record)), None) if record.refused else None


@cache
def table() -> tuple[Explanation, ...]:
    """Return all rows; the first one that fits counts."""
    data = files("flask_bsr_scim.console").joinpath("data/explanations.json").read_bytes()
    return tuple(Explanation(**{_field(name): value for name, value in row.items()}) for row in _rows(data))


def _rows(data: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = orjson.loads(data)
    return rows


def _field(name: str) -> str:
    return "scim_type" if name == "scimType" else name
