"""Bad input: how long a body may be, how it may be compressed, and which JSON it may hold."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Request
from werkzeug.test import EnvironBuilder

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.body import may_be_large
from tests.client import TOKEN, Scim, assert_error, group, path_of, user


class Counted(io.RawIOBase):
    """A request body that counts how much of it is read."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)
        self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._content.readinto(buffer)
        self.read_bytes += size
        return size


def padded(body: Document, size: int) -> bytes:
    """Return a body as JSON of that many bytes."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


@pytest.fixture(scope="module")
def small() -> Scim:
    """A client of an application that takes bodies of up to 1,000 bytes."""
    app = Flask("small")
    BsrScim(app, backend="memory://", token=TOKEN, max_body_bytes=1000)
    return Scim(app)


def chunked(content: bytes) -> tuple[Counted, dict[str, Any]]:
    """Return a body without Content-Length, and the environment that brings it."""
    stream = Counted(content)
    return stream, {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}


SIZES = [
    pytest.param("/Users", user("u"), {}, 2_000_000, id="users, by default"),
    pytest.param("/Groups", group("g"), {}, 16_000_000, id="groups, by default"),
    pytest.param("/Users", user("u"), {"max_body_bytes": 999}, 999, id="users, as set"),
    pytest.param("/Groups", group("g"), {"max_body_bytes": 9, "max_group_body_bytes": 999}, 999, id="groups, as set"),
]


@pytest.mark.requirement("Z-10")
@pytest.mark.parametrize(("path", "body", "settings", "limit"), SIZES)
def test_a_body_of_the_limit_is_taken(
    path: str, body: Document, settings: dict[str, int], limit: int, make_scim: Callable[..., Scim]
) -> None:
    """One byte more is 413, and nothing is stored."""
    scim = make_scim(**settings)
    assert_error(scim.post(path, padded(body, limit + 1)), 413, None, str(limit))
    assert scim.get(path).json["totalResults"] == 0
    assert scim.post(path, padded(body, limit)).status_code == 201


@pytest.mark.requirement("Z-10")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_every_body_has_the_limit(method: str, make_scim: Callable[..., Scim]) -> None:
    """It holds for each method that takes a body, of users and of groups."""
    scim = make_scim(max_body_bytes=300, max_group_body_bytes=600)
    for resource, limit in ((scim.user(), 300), (scim.group(), 600)):
        path = path_of(resource) if method != "POST" else f"/{resource['meta']['resourceType']}s"
        assert_error(scim(method, path, b" " * (limit + 1)), 413, None, str(limit))
        assert_error(scim(method, path, b" " * limit), 400, "invalidSyntax")


@pytest.mark.requirement("Z-10")
@pytest.mark.parametrize("size", [999, 1000, 1001, 1002, 500_000])
def test_a_chunked_body_has_the_limit(size: int, small: Scim) -> None:
    """Without Content-Length it is not cut off in silence; of the rest, eight times the limit is thrown away."""
    stream, environ = chunked(padded(user(f"u{size}"), size))
    response = small.post("/Users", b"", environ=environ)
    assert response.status_code == (201 if size <= 1000 else 413)
    assert stream.read_bytes == min(size, 9001)


@pytest.mark.requirement("Z-10")
def test_a_long_body_is_refused_by_its_length(small: Scim) -> None:
    """A Content-Length beyond the limit is answered without reading."""
    stream = Counted(b" " * 5000)
    environ = {"wsgi.input": stream, "CONTENT_LENGTH": "99999999999999999999"}
    assert_error(small.post("/Users", b"", environ=environ), 413)
    assert stream.read_bytes == 0


def test_a_body_that_breaks_off_is_refused(reading: Scim) -> None:
    """Less than Content-Length says is no whole body, even when it happens to be JSON."""
    body = json.dumps(user("u")).encode()
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 1)}
    assert_error(reading.post("/Users", b"", environ=environ), 400, "invalidSyntax", "ends before")
    assert reading.names() == []


@pytest.mark.parametrize("length", ["-1", "abc", "1_0", "0x10", "1e3", " "])
def test_an_odd_content_length_means_no_body(length: str, reading: Scim) -> None:
    """What is not a number of bytes is not guessed at."""
    environ = {"wsgi.input": io.BytesIO(json.dumps(user("u")).encode()), "CONTENT_LENGTH": length}
    assert_error(reading.post("/Users", b"", environ=environ), 400, "invalidSyntax")


ENCODINGS = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.requirement("Z-10")
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("size", "status"), [(1000, 201), (1001, 413)])
def test_the_limit_counts_what_is_inflated(size: int, status: int, encoding: str, small: Scim) -> None:
    """A compressed body may be as long as an uncompressed one."""
    content = ENCODINGS[encoding](padded(user(encoding), size))
    response = small.post("/Users", content, headers={"Content-Encoding": encoding})
    assert response.status_code == status


@pytest.mark.parametrize(("encoding", "status"), [("", 201), (" ", 201), ("Identity", 201), ("br", 415), (",", 415)])
def test_only_what_is_compressed_is_inflated(encoding: str, status: int, small: Scim) -> None:
    """An empty header says nothing; of another compression the refusal names those that are read."""
    response = small.post("/Users", json.dumps(user(f"u{encoding}")).encode(), headers={"Content-Encoding": encoding})
    assert response.status_code == status, response.text
    assert status == 201 or "gzip or deflate" in response.json["detail"]


@pytest.mark.requirement("Z-10")
def test_a_bomb_is_not_inflated(reading: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the limit and one byte ever comes out of a compressed body."""
    inflated: list[int] = []
    make = zlib.decompressobj

    class Watched:
        def __init__(self, wbits: int) -> None:
            self._inner = make(wbits)

        def decompress(self, data: bytes, most: int) -> bytes:
            found = self._inner.decompress(data, most)
            inflated.append(len(found))
            return found

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < 100_000
    assert_error(reading.post("/Users", bomb, headers={"Content-Encoding": "gzip"}), 413)
    assert inflated == [2_000_001]


BROKEN_ENCODINGS = [
    pytest.param("gzip", gzip.compress(json.dumps(user("u")).encode())[:-1], 400, id="gzip cut off in its check sum"),
    pytest.param("gzip", gzip.compress(json.dumps(user("u")).encode())[:-9], 400, id="gzip cut off"),
    pytest.param("gzip", gzip.compress(json.dumps(user("u")).encode()) + b"{}", 400, id="something behind gzip"),
    pytest.param("gzip", gzip.compress(b"{}") + gzip.compress(b"{}"), 400, id="two pieces of gzip"),
    pytest.param("gzip", gzip.compress(b"{}")[:-8] + b"\0" * 8, 400, id="wrong check sum"),
    pytest.param("gzip", b"", 400, id="empty gzip"),
    pytest.param("gzip", json.dumps(user("u")).encode(), 400, id="no gzip at all"),
    pytest.param("deflate", b"\x78\x9c\xff", 400, id="no deflate"),
    pytest.param("br", b"{}", 415, id="brotli"),
    pytest.param("gzip, gzip", b"{}", 415, id="twice"),
    pytest.param("\xff", b"{}", 415, id="not ASCII"),
]


@pytest.mark.parametrize(("encoding", "content", "status"), BROKEN_ENCODINGS)
def test_a_broken_encoding_is_refused(encoding: str, content: bytes, status: int, reading: Scim) -> None:
    """A compressed body is taken whole or not at all."""
    response = reading.post("/Users", content, environ={"HTTP_CONTENT_ENCODING": encoding})
    assert_error(response, status, "invalidSyntax" if status == 400 else None)
    assert reading.names() == []


def nested(levels: int) -> bytes:
    """Return a user with an unknown attribute, nested so that the whole body has this many levels."""
    return json.dumps(user("u", x="?")).encode().replace(b'"?"', b"[" * (levels - 1) + b"]" * (levels - 1))


def with_x(text: str) -> bytes:
    """Return a user with an unknown attribute of this JSON text."""
    return json.dumps(user("u", x="?")).encode().replace(b'"?"', text.encode())


@pytest.mark.requirement("W-06")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(nested(64), id="64 levels"),
        pytest.param(with_x("9" * 400), id="400 digits"),
        pytest.param(with_x("1e-999"), id="a number that is almost nothing"),
        pytest.param(with_x('"\\ud83d\\ude00"'), id="a pair of surrogates"),
        pytest.param(with_x('"\\\\u0000 \\\\ud800"'), id="escaped backslashes"),
        pytest.param(with_x("[" + "1," * 50_000 + "1]"), id="a long list"),
        pytest.param(b"\r\n\t " + json.dumps(user("u")).encode() + b"\n", id="blanks around"),
        pytest.param(json.dumps(user("u", x="é€😀"), ensure_ascii=False).encode(), id="W-06 UTF-8"),
    ],
)
def test_json_up_to_the_limits_is_taken(content: bytes, scim: Scim) -> None:
    """What RFC 8259 allows, within the limits, is no reason to refuse."""
    assert scim.post("/Users", content).json["userName"] == "u"


BAD_JSON = [
    pytest.param(nested(65), "invalidSyntax", "64 levels", id="65 levels"),
    pytest.param(b"[" * 100_000, "invalidSyntax", "", id="100,000 open brackets"),
    pytest.param(b'{"a":' * 100_000, "invalidSyntax", "", id="100,000 open objects"),
    pytest.param(with_x("9" * 401), "invalidSyntax", "400 digits", id="401 digits"),
    pytest.param(with_x("-" + "9" * 100_000), "invalidSyntax", "400 digits", id="100,000 digits"),
    pytest.param(with_x("0." + "9" * 1_000), "invalidSyntax", "400 digits", id="a long fraction"),
    pytest.param(with_x("1e999"), "invalidSyntax", "too large", id="a float beyond all"),
    pytest.param(with_x("1e" + "9" * 500), "invalidSyntax", "", id="a long exponent"),
    pytest.param(with_x("NaN"), "invalidSyntax", "NaN", id="NaN"),
    pytest.param(with_x("Infinity"), "invalidSyntax", "Infinity", id="Infinity"),
    pytest.param(with_x("-Infinity"), "invalidSyntax", "-Infinity", id="-Infinity"),
    pytest.param(b'{"userName": "a", "userName": "b"}', "invalidSyntax", 'names "userName" twice', id="a member twice"),
    pytest.param(with_x('[{"a": 1, "a": 1}]'), "invalidSyntax", "twice", id="a member twice, deep inside"),
    pytest.param(with_x('{"a": 1, "\\u0061": 1}'), "invalidSyntax", "twice", id="a member twice, once escaped"),
    pytest.param(json.dumps(user("u", USERNAME="v")).encode(), "invalidSyntax", "twice", id="twice in other case"),
    pytest.param(with_x('"\\ud800"'), "invalidValue", "surrogate", id="half a pair of surrogates"),
    pytest.param(with_x('"\\udc00\\ud800"'), "invalidValue", "surrogate", id="surrogates in the wrong order"),
    pytest.param(with_x('{"\\uDFFF": 1}'), "invalidValue", "surrogate", id="half a pair in a name"),
    pytest.param(with_x('"\\u0000"'), "invalidValue", "NUL", id="NUL"),
    pytest.param(with_x('{"a\\u0000": 1}'), "invalidValue", "NUL", id="NUL in a name"),
    pytest.param(b'{"userName": "\0"}', "invalidSyntax", "", id="NUL that is not escaped"),
    pytest.param(b'{"userName": "\n"}', "invalidSyntax", "", id="a line end that is not escaped"),
    pytest.param(b'{"userName": "\xff"}', "invalidSyntax", "UTF-8", id="W-06 not UTF-8"),
    pytest.param(b'{"userName": "\xed\xa0\x80"}', "invalidSyntax", "UTF-8", id="surrogates in UTF-8"),
    pytest.param(b'{"userName": "\xc0\x80"}', "invalidSyntax", "UTF-8", id="overlong NUL"),
    pytest.param(json.dumps(user("u")).encode("utf-16"), "invalidSyntax", "UTF-8", id="UTF-16"),
    pytest.param(json.dumps(user("u")).encode("utf-32"), "invalidSyntax", "", id="UTF-32"),
    pytest.param(b"\xef\xbb\xbf" + json.dumps(user("u")).encode(), "invalidSyntax", "", id="a byte order mark"),
    pytest.param(b"", "invalidSyntax", "", id="C-24 nothing"),
    pytest.param(b" \n", "invalidSyntax", "", id="C-24 blanks"),
    pytest.param(b"{", "invalidSyntax", "", id="C-24 an open object"),
    pytest.param(b"{} {}", "invalidSyntax", "", id="C-24 two objects"),
    pytest.param(b"{'a': 1}", "invalidSyntax", "", id="C-24 wrong quotes"),
    pytest.param(b'{"a": 1,}', "invalidSyntax", "", id="C-24 a comma too many"),
    pytest.param(b'{"a": 01}', "invalidSyntax", "", id="C-24 a leading zero"),
    pytest.param(b'{"a": "\\x41"}', "invalidSyntax", "", id="C-24 an unknown escape"),
    pytest.param(b"// {}\n{}", "invalidSyntax", "", id="C-24 a comment"),
    pytest.param(b"[]", "invalidSyntax", "object", id="C-24 a list"),
    pytest.param(b"null", "invalidSyntax", "object", id="C-24 null"),
    pytest.param(b"1", "invalidSyntax", "object", id="C-24 a number"),
    pytest.param(b'"{}"', "invalidSyntax", "object", id="C-24 a string"),
    pytest.param(b"userName=u", "invalidSyntax", "", id="C-24 a form"),
]


@pytest.mark.requirement("C-24", "W-06", "W-08", "Z-10")
@pytest.mark.parametrize(("content", "scim_type", "detail"), BAD_JSON)
def test_bad_json_is_refused(content: bytes, scim_type: str, detail: str, reading: Scim) -> None:
    """What parsers disagree about, and what no store holds, is 400 with every method; nothing is stored."""
    assert_error(reading.post("/Users", content), 400, scim_type, detail)
    assert reading.names() == []


@pytest.mark.requirement("W-06", "W-08", "Z-10")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_bad_json_changes_nothing(method: str, scim: Scim) -> None:
    """A change is refused as a creation is."""
    bob = scim.user()
    for content in (b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 1}', b'{"a": "\xff"}', nested(65)):
        assert_error(scim(method, path_of(bob), content), 400, "invalidSyntax")
    assert scim.get(path_of(bob)).json == bob


def test_a_small_body_that_is_inflated_may_be_large() -> None:
    """Large requests take turns, and nobody knows the size of a compressed one."""
    plain, compressed = (
        EnvironBuilder(method="POST", data=b"0123456789", headers=headers)
        for headers in ({}, {"Content-Encoding": "gzip"})
    )
    assert not may_be_large(Request(plain.get_environ()))
    assert may_be_large(Request(compressed.get_environ()))
