"""Keys by which attribute values are compared: one way for uniqueness, filters, sorting and PATCH alike."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_DATETIME = re.compile(
    r"(-?\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.IGNORECASE | re.ASCII
)

_FROM_BASE64URL = str.maketrans("-_", "+/")


def fold(text: str) -> str:
    """Return the key under which a caseExact=false string is compared: NFC, casefold, NFC (RFC 7644 §7.8)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def exact(value: Any) -> Any:
    """Return the value itself: the key of everything that is compared as it is."""
    return value


def datetime_key(text: str) -> str:
    """Return a key of an xsd:dateTime whose string order is the order in time (RFC 7643 §2.3.5).

    UTC, with at least six digits of fraction and no `Z`: `2026-11-24T16:27:59.120000`. A value without
    a zone counts as UTC.

    :raises ValueError: the text is no xsd:dateTime of the years 1 to 9999.
    """
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError("not a dateTime")
    *parts, fraction, zone = match.groups()
    digits = (fraction or "").rstrip("0").ljust(6, "0")
    offset = "+00:00" if zone is None or zone in "Zz" else zone
    moment = datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*parts) + offset)
    try:
        utc = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error
    return f"{utc.replace(tzinfo=None).isoformat()}.{digits}"


def binary_key(text: str) -> str:
    """Return the key of base64 text, which is the same in either alphabet and without padding (RFC 7643 §2.3.6)."""
    return text.rstrip("=").translate(_FROM_BASE64URL)


def timestamp(moment: datetime) -> str:
    """Return the key form of an aware moment, in microseconds; append `Z` for the wire."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")


KeyFunction = Callable[[Any], Any]
