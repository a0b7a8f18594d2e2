"""How the parameters of a URL are read."""

from typing import Any
from urllib.parse import unquote_plus

from flask import Request
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.web.call import Call

TEXTS = st.lists(st.sampled_from(["%22", '"', "%", "%c3", "%C3%A4", "%e2%82", "+", "%2B", "%25", "a", "ä", "=", "2"]))


def parameters(query: str) -> dict[str, str]:
    """Return the parameters of a query string, which WSGI gives as characters of Latin-1."""
    nothing: Any = None
    environ = {"QUERY_STRING": query.encode().decode("latin-1")}
    return Call(nothing, nothing, Request(environ)).parameters


@given(TEXTS.map("".join))
def test_values_are_decoded(text: str) -> None:
    """A value is what the URL encodes, whatever is not rightly encoded included."""
    assert parameters(f"filter={text}") == {"filter": unquote_plus(text, errors="replace")}


def test_the_first_of_several_counts() -> None:
    """Of several parameters with one name the first counts."""
    assert parameters("a=1&b=2&a=3&c") == {"a": "1", "b": "2", "c": ""}
