"""The operations of a PATCH request (RFC 7644 §3.5.2)."""

from dataclasses import dataclass
from enum import StrEnum

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidSyntax
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.schema.scalars import shown


class Op(StrEnum):
    """What an operation does."""

    ADD = "add"
    """§3.5.2.1"""
    REMOVE = "remove"
    """§3.5.2.2"""
    REPLACE = "replace"
    """§3.5.2.3"""


_OPS = {str(op): op for op in Op}


def name_of(number: int, count: int) -> str:
    """Return how an error about an operation begins: with its number from 1, where there are several."""
    return f"Operation {number} of {count}: " if count > 1 else ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it was sent. `has_value` tells a null value from none at all."""

    op: str
    path: str | None = None
    value: JSON = None
    has_value: bool = False

    @property
    def kind(self) -> Op:
        """What it does. Entra sends it in capitals.

        :raises InvalidSyntax: it is none of the three.
        """
        name = self.op.lower()
        if name in _OPS and (name == self.op or tolerates(Tolerance.OPERATION_IN_CAPITALS)):
            return _OPS[name]
        raise InvalidSyntax(f"op must be add, remove or replace, not {shown(self.op)}.")
