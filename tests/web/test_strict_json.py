"""JSON of request bodies as a function: what it returns, and what it refuses (RFC 8259)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.errors import InvalidSyntax, InvalidValue, ScimError
from flask_bsr_scim.strict_json import MAX_DEPTH, MAX_DIGITS, read_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b"{}", {}, id="an empty object"),
        pytest.param(b" [1, -2.5e3, true, false, null] ", [1, -2500.0, True, False, None], id="each kind of value"),
        pytest.param(b'{"a": {"a": 1}}', {"a": {"a": 1}}, id="one name on two levels"),
        pytest.param(b'{"a": 1, "A": 2}', {"a": 1, "A": 2}, id="names that differ in case"),
        pytest.param(b'[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}], id="one name in two objects"),
        pytest.param('"é€😀"'.encode(), "é€😀", id="UTF-8"),
        pytest.param(b'"\\u00e9\\ud83d\\ude00"', "é😀", id="escapes"),
        pytest.param(b'"\\\\u0000\\\\ud800"', "\\u0000\\ud800", id="what only looks like an escape"),
        pytest.param(b'"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t', id="short escapes"),
        pytest.param(b'"\x7f"', "\x7f", id="DEL"),
        pytest.param(b"9" * MAX_DIGITS, int("9" * MAX_DIGITS), id="as many digits as may be"),
        pytest.param(b"-" + b"9" * MAX_DIGITS, -int("9" * MAX_DIGITS), id="a sign is no digit"),
        pytest.param(b"0." + b"0" * (MAX_DIGITS - 1), 0.0, id="a point is no digit"),
        pytest.param(b"-0", 0, id="minus zero"),
        pytest.param(b"0.1", 0.1, id="a fraction"),
        pytest.param(b"1E-400", 0.0, id="almost nothing"),
        pytest.param(b"1.7976931348623157e308", 1.7976931348623157e308, id="the largest float"),
        pytest.param(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None, id="as deep as may be"),
        pytest.param(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH, None, id="objects as deep as may be"),
    ],
)
def test_json_is_read(body: bytes, value: Any) -> None:
    """The value is what any parser would make of it."""
    found = read_json(body)
    assert value is None or found == value
    assert value is None or type(found) is type(value)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param(b"", "not JSON: line 1, column 1", id="nothing"),
        pytest.param(b"\n\n  x", "not JSON: line 3, column 3", id="a word"),
        pytest.param(b"nul", "not JSON", id="half a word"),
        pytest.param(b"True", "not JSON", id="a word of Python"),
        pytest.param(b"1 2", "not JSON", id="two values"),
        pytest.param(b"[1,]", "not JSON", id="a comma too many"),
        pytest.param(b"{1: 2}", "not JSON", id="a number for a name"),
        pytest.param(b'{"a" 1}', "not JSON", id="no colon"),
        pytest.param(b'"a', "not JSON", id="an open string"),
        pytest.param(b'"\t"', "not JSON", id="a tab that is not escaped"),
        pytest.param(b'"\\x41"', "not JSON", id="an escape that is none"),
        pytest.param(b'"\\u12"', "not JSON", id="half an escape"),
        pytest.param(b"01", "not JSON", id="a leading zero"),
        pytest.param(b"+1", "not JSON", id="a plus"),
        pytest.param(b".5", "not JSON", id="no digit before the point"),
        pytest.param(b"5.", "not JSON", id="no digit behind the point"),
        pytest.param(b"0x10", "not JSON", id="hexadecimal"),
        pytest.param("١".encode(), "not JSON", id="a digit of another script"),
        pytest.param(b"\xef\xbb\xbf{}", "not JSON", id="a byte order mark"),
        pytest.param("\u00a0{}".encode(), "not JSON", id="another blank"),
        pytest.param(b"\xff", "not UTF-8", id="no UTF-8"),
        pytest.param(b'"\xed\xa0\x80"', "not UTF-8", id="a surrogate in UTF-8"),
        pytest.param("{}".encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param(b"NaN", "NaN", id="NaN"),
        pytest.param(b"[Infinity]", "Infinity", id="Infinity"),
        pytest.param(b"-Infinity", "-Infinity", id="minus Infinity"),
        pytest.param(b"1e309", "too large", id="a float beyond all"),
        pytest.param(b"-1e309", "too large", id="a float below all"),
        pytest.param(b"9" * (MAX_DIGITS + 1), "digits", id="a digit too many"),
        pytest.param(b"0." + b"9" * MAX_DIGITS, "digits", id="a long fraction"),
        pytest.param(b"-" + b"9" * (MAX_DIGITS + 1), "digits", id="a digit too many, below zero"),
        pytest.param(b"9" * 1_000_000, "digits", id="a million digits"),
        pytest.param(b'{"a": 1, "a": 1}', "twice", id="a name twice"),
        pytest.param(b'[[{"b": {"a": 1, "\\u0061": 2}}]]', "twice", id="a name twice, deep inside"),
        pytest.param(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deeper", id="a level too many"),
        pytest.param(b'{"a":[' * 40 + b"]}" * 40, "deeper", id="too many levels of both kinds"),
        pytest.param(b"[" * 1_000_000, "deeper", id="a million levels"),
        pytest.param(b'{"a":' * 200_000, "deeper", id="a million levels of objects"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, detail: str) -> None:
    """The message says what is wrong and where, and repeats nothing."""
    with pytest.raises(InvalidSyntax) as error:
        read_json(body)
    assert detail in error.value.detail
    assert len(error.value.detail) < 100


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'"\\u0000"', id="NUL"),
        pytest.param(b'{"a\\u0000": 1}', id="NUL in a name"),
        pytest.param(b'[{"a": ["\\u0000"]}]', id="NUL, deep inside"),
        pytest.param(b'"\\ud800"', id="half a pair"),
        pytest.param(b'"\\uDFFF"', id="the other half"),
        pytest.param(b'"\\ude00\\ud83d"', id="the halves in the wrong order"),
        pytest.param(b'"\\ud83d\\ude00\\ud83d"', id="a pair and a half"),
        pytest.param(b'{"\\ud800": 1}', id="half a pair in a name"),
    ],
)
def test_what_cannot_be_stored_is_refused(body: bytes) -> None:
    """Strings that no database keeps are wrong values."""
    with pytest.raises(InvalidValue):
        read_json(body)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No body gives another exception, and what is read can be written as UTF-8."""
    try:
        value = read_json(body)
    except ScimError:
        return
    assert "\0" not in repr(value)
    repr(value).encode()
