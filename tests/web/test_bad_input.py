"""Bad input: each limit to the unit, and never more than a SCIM Error (RFC 7644 §3.12 and §7)."""

import gzip
import io
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_bsr_scim.schema import Document
from tests.client import GROUP, LIST, PATCH, PREFIX, USER, Scim, assert_error, group, path_of, user

BOB = "bob@example.com"


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


def chunked(content: bytes) -> tuple[Counted, dict[str, Any]]:
    """Return a body without Content-Length, and the environment that brings it."""
    stream = Counted(content)
    return stream, {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}


# Sizes

SIZES = [
    pytest.param("/Users", user("u"), {}, 2_000_000, id="users, by default"),
    pytest.param("/Groups", group("g"), {}, 16_000_000, id="groups, by default"),
    pytest.param("/Users", user("u"), {"max_body_bytes": 999}, 999, id="users, as set"),
    pytest.param("/Groups", group("g"), {"max_body_bytes": 9, "max_group_body_bytes": 999}, 999, id="groups, as set"),
]


@pytest.mark.parametrize(("path", "body", "settings", "limit"), SIZES)
def test_a_body_of_the_limit_is_taken(
    path: str, body: Document, settings: dict[str, int], limit: int, make_scim: Callable[..., Scim]
) -> None:
    """Z-10: one byte more is 413, and nothing is stored."""
    scim = make_scim(**settings)
    assert_error(scim.post(path, padded(body, limit + 1)), 413, None, str(limit))
    assert scim.get(path).json["totalResults"] == 0
    assert scim.post(path, padded(body, limit)).status_code == 201


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_every_body_has_the_limit(method: str, make_scim: Callable[..., Scim]) -> None:
    """Z-10: it holds for each method that takes a body, of users and of groups."""
    scim = make_scim(max_body_bytes=300, max_group_body_bytes=600)
    for resource, limit in ((scim.user(), 300), (scim.group(), 600)):
        path = path_of(resource) if method != "POST" else f"/{resource['meta']['resourceType']}s"
        assert_error(scim(method, path, b" " * (limit + 1)), 413, None, str(limit))
        assert_error(scim(method, path, b" " * limit), 400, "invalidSyntax")


@pytest.mark.parametrize("size", [999, 1000, 1001, 1002, 500_000])
def test_a_chunked_body_has_the_limit(size: int, make_scim: Callable[..., Scim]) -> None:
    """Z-10: without Content-Length no more is read than shows that the body is too long; it is not cut off either."""
    scim = make_scim(max_body_bytes=1000)
    stream, environ = chunked(padded(user("u"), size))
    response = scim.post("/Users", b"", environ=environ)
    assert response.status_code == (201 if size <= 1000 else 413)
    assert stream.read_bytes == min(size, 1001)


def test_a_long_body_is_refused_by_its_length(make_scim: Callable[..., Scim]) -> None:
    """Z-10: a Content-Length beyond the limit is answered without reading."""
    scim = make_scim(max_body_bytes=1000)
    stream = Counted(b" " * 5000)
    environ = {"wsgi.input": stream, "CONTENT_LENGTH": "99999999999999999999"}
    assert_error(scim.post("/Users", b"", environ=environ), 413)
    assert stream.read_bytes == 0


def test_a_body_that_breaks_off_is_refused(scim: Scim) -> None:
    """Less than Content-Length says is no whole body, even when it happens to be JSON."""
    body = json.dumps(user("u")).encode()
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 1)}
    assert_error(scim.post("/Users", b"", environ=environ), 400, "invalidSyntax", "ends before")
    assert scim.names() == []


@pytest.mark.parametrize("length", ["-1", "abc", "1_0", "0x10", "1e3", " "])
def test_an_odd_content_length_means_no_body(length: str, scim: Scim) -> None:
    """What is not a number of bytes is not guessed at."""
    environ = {"wsgi.input": io.BytesIO(json.dumps(user("u")).encode()), "CONTENT_LENGTH": length}
    assert_error(scim.post("/Users", b"", environ=environ), 400, "invalidSyntax")


ENCODINGS = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("size", "status"), [(1000, 201), (1001, 413)])
def test_the_limit_counts_what_is_inflated(
    size: int, status: int, encoding: str, make_scim: Callable[..., Scim]
) -> None:
    """Z-10: a compressed body may be as long as an uncompressed one."""
    content = ENCODINGS[encoding](padded(user("u"), size))
    response = make_scim(max_body_bytes=1000).post("/Users", content, headers={"Content-Encoding": encoding})
    assert response.status_code == status


def test_a_bomb_is_not_inflated(make_scim: Callable[..., Scim], monkeypatch: pytest.MonkeyPatch) -> None:
    """Z-10: no more than the limit and one byte ever comes out of a compressed body."""
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
    scim = make_scim(max_body_bytes=100_000)
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    assert_error(scim.post("/Users", bomb, headers={"Content-Encoding": "gzip"}), 413)
    assert inflated == [100_001]


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
def test_a_broken_encoding_is_refused(encoding: str, content: bytes, status: int, scim: Scim) -> None:
    """A compressed body is taken whole or not at all."""
    response = scim.post("/Users", content, environ={"HTTP_CONTENT_ENCODING": encoding})
    assert_error(response, status, "invalidSyntax" if status == 400 else None)
    assert scim.names() == []


# JSON


def nested(levels: int) -> bytes:
    """Return a user with an unknown attribute, nested so that the whole body has this many levels."""
    return json.dumps(user("u", x="?")).encode().replace(b'"?"', b"[" * (levels - 1) + b"]" * (levels - 1))


def with_x(text: str) -> bytes:
    """Return a user with an unknown attribute of this JSON text."""
    return json.dumps(user("u", x="?")).encode().replace(b'"?"', text.encode())


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
    assert scim.post("/Users", content).status_code == 201


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
    pytest.param(b'{"userName": "a", "userName": "b"}', "invalidSyntax", "twice", id="a member twice"),
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


@pytest.mark.parametrize(("content", "scim_type", "detail"), BAD_JSON)
def test_bad_json_is_refused(content: bytes, scim_type: str, detail: str, scim: Scim) -> None:
    """W-08: what parsers disagree about, and what no store holds, is 400 with every method; nothing is stored."""
    assert_error(scim.post("/Users", content), 400, scim_type, detail)
    assert scim.names() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("content", "scim_type", "detail"), BAD_JSON[::4])
def test_bad_json_changes_nothing(content: bytes, scim_type: str, detail: str, method: str, scim: Scim) -> None:
    """W-08: a change is refused as a creation is."""
    bob = scim.user()
    assert scim(method, path_of(bob), content).status_code == 400
    assert scim.get(path_of(bob)).json == bob


# Filters and paths

TERM = 'userName eq "u"'

LIMITS = [
    pytest.param(lambda n: TERM.replace("u", "u" * (n - len(TERM) + 1), 1)[: n - 5] + ' pr  '[:5], 8192, id="characters"),
]


def of_length(length: int) -> str:
    """Return a filter of that many characters."""
    return f'userName eq "{"u" * (length - len(TERM) + 1)}"'


def of_depth(depth: int) -> str:
    """Return a filter of that many parentheses inside each other."""
    return "(" * depth + TERM + ")" * depth


def of_terms(terms: int) -> str:
    """Return a filter of that many comparisons."""
    return " or ".join(["id pr"] * terms)


LIMITS = [
    pytest.param(of_length, 8192, id="characters"),
    pytest.param(of_depth, 20, id="levels"),
    pytest.param(of_terms, 200, id="comparisons"),
]


def quickest(send: Callable[[], TestResponse]) -> tuple[TestResponse, float]:
    """Return an answer, and the seconds that the quickest of a few tries took."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        response = send()
        times.append(time.perf_counter() - start)
    return response, min(times)


@pytest.mark.parametrize(("make", "limit"), LIMITS)
def test_a_filter_has_limits(make: Callable[[int], str], limit: int, scim: Scim) -> None:
    """F-36: at the limit it works, beyond it is 400 at once and not repeated in the answer."""
    scim.user()
    assert scim.get("/Users", query={"filter": make(limit)}).status_code == 200
    response, seconds = quickest(lambda: scim.get("/Users", query={"filter": make(limit + 1)}))
    assert_error(response, 400, "invalidFilter", str(limit))
    assert seconds < 0.05
    assert len(response.text) < 300


@pytest.mark.parametrize(("make", "limit"), LIMITS)
def test_a_path_has_limits(make: Callable[[int], str], limit: int, scim: Scim) -> None:
    """F-36: the same holds for the filter in a PATCH path, brackets and all."""
    bob = scim.user()

    def send(size: int) -> TestResponse:
        inside = make(size).replace("userName", "value").replace("id", "type")
        return scim.patch(path_of(bob), {"op": "remove", "path": f"emails[{inside}]"})

    start = {"characters": limit - len("emails[]") + len("userName") - len("value")}.get(make.__name__, limit)
    if make is of_length:
        start = limit - len("emails[]") + 3
    if make is of_depth:
        start = limit - 1
    assert send(start).status_code == 200
    response, seconds = quickest(lambda: send(start + 1))
    assert_error(response, 400, "invalidPath", str(limit))
    assert seconds < 0.05
    assert len(response.text) < 300


HOSTILE_FILTERS = [
    pytest.param("(" * 100_000, id="parentheses"),
    pytest.param("emails[" * 1000, id="brackets"),
    pytest.param("not (" * 1600, id="nots"),
    pytest.param('"' * 8000, id="quotes"),
    pytest.param('userName eq "' + "\\" * 8000, id="backslashes"),
    pytest.param('userName eq "' + '\\"' * 4000, id="escaped quotes"),
    pytest.param('userName eq "' + "a" * 8000, id="an open quote"),
    pytest.param(" " * 8000, id="blanks"),
    pytest.param("userName " * 900, id="words"),
    pytest.param("userName eq " + "9" * 8000, id="digits"),
    pytest.param("userName eq " + "[" * 8000, id="JSON brackets"),
    pytest.param("userName eq 1" + "e" * 8000, id="exponents"),
    pytest.param("a." * 4000, id="dots"),
    pytest.param("urn:" * 2000 + " pr", id="colons"),
    pytest.param("A" * 8000 + " pr", id="a long name"),
    pytest.param("é" * 8000 + " pr", id="a long name, not ASCII"),
    pytest.param("userName pr and " * 500, id="an open end"),
    pytest.param("x" * 1_000_000, id="a million"),
    pytest.param("\0" * 8000, id="NULs"),
]


@pytest.mark.parametrize("text", HOSTILE_FILTERS)
def test_a_hostile_filter_is_refused_at_once(text: str, scim: Scim) -> None:
    """F-36: no text takes more than its length, and none comes back whole."""
    response, seconds = quickest(lambda: scim.get("/Users", environ={"QUERY_STRING": encoded("filter", text)}))
    assert_error(response, 400, "invalidFilter")
    assert seconds < 0.05 + len(text) / 1_000_000
    assert len(response.text) < 400


def encoded(name: str, text: str) -> str:
    """Return a query string, quickly."""
    return f"{name}=" + "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.mark.parametrize("text", HOSTILE_FILTERS)
def test_a_hostile_path_is_refused_at_once(text: str, scim: Scim) -> None:
    """F-36: as a PATCH path, too."""
    path = path_of(scim.user())
    response, seconds = quickest(lambda: scim.patch(path, {"op": "remove", "path": text}))
    assert_error(response, 400, "invalidPath")
    assert seconds < 0.05
    assert len(response.text) < 400


@pytest.mark.parametrize("text", ["x" * 8000, "A" * 8000 + ".b", "urn:x:" + "y" * 8000, "\0", "'" * 8000])
def test_a_hostile_sort_is_refused(text: str, scim: Scim) -> None:
    """S-08: a name that no schema has is 400, and not repeated whole."""
    response = scim.get("/Users", query={"sortBy": text})
    assert_error(response, 400, "invalidPath")
    assert len(response.text) < 400


@pytest.mark.parametrize("name", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize(
    "text", ["x" * 100_000, "," * 100_000, "userName," * 10_000, "\0", "a.b.c.d", "urn:" * 5_000, "[" * 5_000]
)
def test_a_hostile_projection_is_harmless(text: str, name: str, scim: Scim) -> None:
    """A-11: names that mean nothing choose nothing, however many they are."""
    bob = scim.user()
    assert scim.get(path_of(bob), environ={"QUERY_STRING": encoded(name, text)}).json["id"] == bob["id"]


# Pages


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        ("0", 0),
        ("-0", 0),
        ("-1", 0),
        ("-99999999999999999999", 0),
        ("1", 1),
        ("002", 2),
        ("3", 3),
        ("4", 3),
        ("5", 3),
        ("2147483648", 3),
        ("9223372036854775808", 3),
        ("9" * 100, 3),
    ],
)
def test_count_is_brought_into_its_bounds(count: str, shown: int, make_scim: Callable[..., Scim]) -> None:
    """P-02, P-03, P-07, P-11: below zero is zero, above the page cap is the cap."""
    scim = make_scim(max_results=3)
    for number in range(5):
        scim.user(f"u{number}")
    answer = scim.get("/Users", query={"count": count}).json
    assert (answer["totalResults"], answer["itemsPerPage"], len(answer["Resources"])) == (5, shown, shown)


@pytest.mark.parametrize(
    ("start", "echoed", "shown"),
    [
        ("1", 1, 3),
        ("0", 1, 3),
        ("-5", 1, 3),
        ("-99999999999999999999", 1, 3),
        ("3", 3, 1),
        ("4", 4, 0),
        ("1000", 1000, 0),
        ("2147483647", 2147483647, 0),
        ("9223372036854775808", 2147483647, 0),
        ("9" * 100, 2147483647, 0),
    ],
)
def test_start_index_is_brought_into_its_bounds(start: str, echoed: int, shown: int, scim: Scim) -> None:
    """P-01, P-06, P-11: below one is one, beyond the end is an empty page."""
    for number in range(3):
        scim.user(f"u{number}")
    answer = scim.get("/Users", query={"startIndex": start}).json
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (3, echoed, shown)


@pytest.mark.parametrize("name", ["count", "startIndex"])
@pytest.mark.parametrize(
    "value",
    ["", " ", "abc", "1.0", "1,0", "1_000", "+1", " 1", "1 ", "0x10", "1e3", "\u0661", "½", "null", "true", "--1", "9" * 5000],
)
def test_what_is_no_integer_is_refused(value: str, name: str, scim: Scim) -> None:
    """P-10: startIndex and count are integers in ASCII digits."""
    assert_error(scim.get("/Users", query={name: value}), 400, "invalidValue", name)


# Lengths and numbers


@pytest.mark.parametrize("character", ["u", "é", "😀"])
def test_user_name_has_a_length(character: str, scim: Scim) -> None:
    """C-34: 1,024 characters, however many bytes they take."""
    longest = character * 1024
    bob = scim.user(longest)
    assert bob["userName"] == longest
    for response in (
        scim.post("/Users", user(longest + "x")),
        scim.put(path_of(bob), user(longest + "x")),
        scim.patch(path_of(bob), {"op": "replace", "path": "userName", "value": longest + "x"}),
    ):
        assert_error(response, 400, "invalidValue", "1024")
        assert len(response.text) < 400


def test_a_group_name_has_a_length(scim: Scim) -> None:
    """C-34: 4,096 characters."""
    longest = "g" * 4096
    made = scim.group(longest)
    assert made["displayName"] == longest
    for response in (
        scim.post("/Groups", group(longest + "x")),
        scim.put(path_of(made), group(longest + "x")),
        scim.patch(path_of(made), {"op": "replace", "path": "displayName", "value": longest + "x"}),
    ):
        assert_error(response, 400, "invalidValue", "4096")


@pytest.mark.parametrize(("settings", "limit"), [({}, 1000), ({"max_patch_operations": 3}, 3)])
def test_a_patch_has_a_number_of_operations(
    settings: dict[str, int], limit: int, make_scim: Callable[..., Scim]
) -> None:
    """As many as the limit work; one more is 400, before any is looked at."""
    scim = make_scim(**settings)
    bob = scim.user()
    operation = {"op": "replace", "path": "externalId", "value": "1"}
    assert_error(scim.patch(path_of(bob), *[operation] * limit, 5), 400, "invalidValue", str(limit))
    assert scim.get(path_of(bob)).json == bob
    assert scim.patch(path_of(bob), *[operation] * limit).json["externalId"] == "1"


# Names and values that mean something elsewhere

NAMES = [
    "document",
    "seq",
    "rowid",
    "tenant",
    "__class__",
    "userName.__class__",
    "name.__dict__",
    "$.userName",
    "emails[0].value",
    "*",
    "userName--",
    "userName;",
    "'userName'",
    '"userName"',
    "`userName`",
    "userName' OR '1'='1",
    "userName) FROM resource --",
    "json_extract(document, '$.x')",
    "userName COLLATE NOCASE",
    "(userName)",
    "userName,id",
    "userName\0",
    "userName\n",
    "x-indexed",
    "constructor",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "%s%n",
    "urn:ietf:params:scim:schemas:core:2.0:Group:displayName",
    "urn:bsr:scim:internal:Token:hash",
    "hash",
    "ｕｓｅｒＮａｍｅ",
    "user\u200bName",
]


@pytest.mark.parametrize("name", NAMES)
def test_only_names_of_the_schema_are_names(name: str, scim: Scim) -> None:
    """Attribute names reach the store through the schema alone, in filter, sortBy, path, attributes and bodies."""
    bob = scim.user(BOB, **{name: "x"})
    before = scim.get(path_of(bob)).json
    assert_error(scim.get("/Users", query={"filter": f'{name} eq "x"'}), 400, "invalidFilter")
    assert_error(scim.get("/Users", query={"filter": f"{name} pr"}), 400, "invalidFilter")
    assert_error(scim.get("/Users", query={"sortBy": name}), 400, "invalidPath")
    assert_error(scim.patch(path_of(bob), {"op": "remove", "path": name}), 400, "invalidPath")
    assert scim.get(path_of(bob), query={"excludedAttributes": name}).json["id"] == bob["id"]
    assert scim.get(path_of(bob), query={"attributes": name}).status_code == 200
    assert scim.get(path_of(bob)).json == before == bob


VALUES = [
    "%",
    "_",
    "*",
    "?",
    "[a-z]",
    "\\",
    "'",
    "' OR '1'='1",
    "'); DROP TABLE resource; --",
    "$1",
    ":x",
    "{x}",
    "(?:a+)+$",
    "^",
    "|",
    "NULL",
    "true",
    "1",
    "\u202e",
    "😀",
]


@pytest.mark.parametrize("value", VALUES)
def test_values_are_only_values(value: str, scim: Scim) -> None:
    """No character has a meaning in a value: `%`, `_`, `*` and `[` match themselves."""
    decoy = scim.user("axb", externalId="axb")
    odd = scim.user(f"a{value}b", externalId=f"a{value}b")
    text = json.dumps(f"a{value}b")
    for expression in (
        f"userName eq {text}",
        f"userName co {json.dumps(value)}",
        f"userName sw {json.dumps('a' + value)}",
        f"userName ew {json.dumps(value + 'b')}",
        f"externalId eq {text}",
        f"externalId co {json.dumps(value)}",
        f'id eq "{odd["id"]}" and userName eq {text}',
    ):
        assert scim.names(filter=expression) == [odd["userName"]], expression
    assert scim.names(filter=f"not (userName eq {text})") == ["axb"]
    assert scim.get(f"/Users/{decoy['id']}").json == decoy


@pytest.mark.parametrize("value", [v for v in VALUES if v not in ("?", "\\")])
def test_ids_are_only_ids(value: str, scim: Scim) -> None:
    """An id in the path is looked up as it is."""
    scim.user()
    assert_error(scim.get(environ={"PATH_INFO": f"{PREFIX}/Users/{value}".encode().decode("latin-1")}), 404)


# Paths, methods, headers


@pytest.mark.parametrize(
    "path",
    [
        "/Users/\0",
        "/Users/ ",
        "/Users/%00",
        "/Users/..",
        "/Users/../Groups",
        "/Users/./x",
        "/Users//x",
        "/Users/x/y",
        "/Users/x/",
        "/Users\0",
        "/Users;x",
        "/Users\n",
        "/Users/a\nb",
        "/Users/\xff\xfe",
        "/Users/" + "x" * 100_000,
        "/" + "x/" * 5_000,
        "/" + "/" * 5_000,
        "/users",
        "/Userss",
        "/.well-known",
        "/%2e%2e",
        "/~",
        "/Schemas/",
        "/Schemas/x",
        "/ResourceTypes/user",
        "/Token",
        "/<endpoint>",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_odd_path_leads_nowhere(method: str, path: str, scim: Scim) -> None:
    """D-29: whatever is no endpoint or resource is a SCIM Error, or the list that it plainly means."""
    bob = scim.user()
    response = scim(method, environ={"PATH_INFO": PREFIX + path})
    assert response.status_code in ({404, 405, 501} if path != "/Schemas/" else {200, 405})
    assert scim.get(path_of(bob)).json == bob


def test_two_slashes_are_one(scim: Scim) -> None:
    """A base URL that was entered with a slash at its end works."""
    bob = scim.user()
    assert scim.get("//Users").json["totalResults"] == 1
    assert scim.get(f"//Users/{bob['id']}").json == bob


@pytest.mark.parametrize(
    "method", ["OPTIONS", "TRACE", "CONNECT", "PURGE", "PROPFIND", "X", "G\xc9T", "X" * 8000, "GET POST", "*"]
)
@pytest.mark.parametrize("path", ["/Users", "/Users/x", "/Schemas", "/ServiceProviderConfig", "/Me"])
def test_other_methods_are_not_allowed(path: str, method: str, scim: Scim) -> None:
    """N-07: 405 says which ones are, to whatever method."""
    response = scim("GET", path, environ={"REQUEST_METHOD": method})
    assert_error(response, 405)
    assert "GET" in response.headers["Allow"]
    assert len(response.text) < 600


HEADERS = {
    "Accept": "x" * 100_000,
    "Accept-Charset": "\xff",
    "Accept-Encoding": "gzip, br, *;q=0",
    "Accept-Language": "," * 10_000,
    "Connection": "Upgrade",
    "Cookie": "a=b; " * 10_000,
    "Date": "never",
    "Expect": "100-continue",
    "Forwarded": 'for="_x";host=evil',
    "If-Modified-Since": "\0",
    "If-None-Match": '"' * 10_000,
    "If-Range": "x",
    "Max-Forwards": "-1",
    "Origin": "null",
    "Range": "bytes=5-1",
    "Referer": "javascript:alert(1)",
    "Te": "trailers",
    "Transfer-Encoding": "identity, chunked",
    "Upgrade": "h2c",
    "User-Agent": "\xff" * 10_000,
    "X-Http-Method-Override": "DELETE",
    "X-Original-Url": "/admin",
    "X-Request-Id": "x" * 100_000,
}


@pytest.mark.parametrize("name", HEADERS)
def test_an_odd_header_changes_nothing(name: str, scim: Scim) -> None:
    """Headers that mean nothing here are not looked at, whatever they hold."""
    bob = scim.user()
    response = scim.get(path_of(bob), environ={f"HTTP_{name.upper().replace('-', '_')}": HEADERS[name]})
    assert response.status_code == 200
    assert response.json == bob


@pytest.mark.parametrize(
    "tag",
    ["", " ", "garbage", '"', "W/", 'W/"', 'W/"1', '"1', ",", ", ,", "\xff", "\0", '"' * 16_000, "W/" * 8_000,
     '"a", ' * 3_000, '"a"' + " " * 16_000 + "x", "*, *", '"*"', "1.0", "-1", 'w/"999"'],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_odd_if_match_matches_nothing(method: str, tag: str, scim: Scim) -> None:
    """V-11: 412 in good time, and nothing is changed."""
    bob = scim.user()
    body = {**user("new"), "schemas": [USER, PATCH], "Operations": [{"op": "remove", "path": "name"}]}
    response, seconds = quickest(lambda: scim(method, path_of(bob), body, environ={"HTTP_IF_MATCH": tag}))
    assert_error(response, 412)
    assert seconds < 0.05
    assert scim.get(path_of(bob)).json == bob


@pytest.mark.parametrize("path", ["/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes/User"])
def test_head_is_get_without_its_body(path: str, scim: Scim) -> None:
    """R-17: HEAD has the headers of GET."""
    scim.user()
    get, head = scim.get(path), scim("HEAD", path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_a_get_with_a_body_is_answered(scim: Scim) -> None:
    """A body where none belongs is not read."""
    stream = Counted(b"{" * 1000)
    environ = {"wsgi.input": stream, "CONTENT_LENGTH": "1000", "CONTENT_TYPE": "text/plain"}
    assert scim.get("/Users", environ=environ).json["schemas"] == [LIST]
    assert stream.read_bytes == 0


# Bodies of the right syntax that mean nothing

WRONG_USERS = [
    pytest.param({"userName": 5}, id="a number for a string"),
    pytest.param({"userName": True}, id="a boolean for a string"),
    pytest.param({"userName": ["u"]}, id="a list for a string"),
    pytest.param({"userName": {"value": "u"}}, id="an object for a string"),
    pytest.param({"userName": " "}, id="C-17 blank"),
    pytest.param({"userName": "\t\u3000"}, id="C-17 other blanks"),
    pytest.param({"userName": ""}, id="C-17 empty"),
    pytest.param({"userName": None}, id="C-16 null"),
    pytest.param({"userName": "a\nb"}, id="a line end"),
    pytest.param({"userName": "a\x7fb"}, id="a control character"),
    pytest.param({"externalId": 5}, id="a number for externalId"),
    pytest.param({"active": 1}, id="a number for a boolean"),
    pytest.param({"active": "yes"}, id="another word for a boolean"),
    pytest.param({"active": []}, id="a list for a boolean"),
    pytest.param({"name": "Bob"}, id="a string for an object"),
    pytest.param({"name": ["Bob"]}, id="a list for an object"),
    pytest.param({"name": {"givenName": 5}}, id="a number inside an object"),
    pytest.param({"name": {"givenName": {"value": "x"}}}, id="an object too deep"),
    pytest.param({"name": {"givenName": 10**300}}, id="a huge number"),
    pytest.param({"emails": 5}, id="a number for a list"),
    pytest.param({"emails": [[]]}, id="a list in a list"),
    pytest.param({"emails": [{"value": 5}]}, id="a number in an element"),
    pytest.param({"emails": [{"value": "a@b", "primary": "perhaps"}]}, id="another word in an element"),
]


@pytest.mark.parametrize("wrong", WRONG_USERS)
def test_wrong_values_are_refused(wrong: Document, scim: Scim) -> None:
    """C-25: 400 `invalidValue` that names the attribute, for POST and PUT; nothing is stored."""
    bob = scim.user()
    attribute = next(iter(wrong))
    for response in (scim.post("/Users", {**user("u"), **wrong}), scim.put(path_of(bob), {**user("u"), **wrong})):
        if wrong == {"active": []}:
            continue
        assert_error(response, 400, "invalidValue", attribute)
    assert scim.names() in ([BOB], [BOB, "u"], ["u", "u"], ["u"])


WRONG_PATCHES = [
    pytest.param({}, id="X-02 empty"),
    pytest.param([], id="a list"),
    pytest.param({"schemas": [PATCH]}, id="X-03 no operations"),
    pytest.param({"schemas": [PATCH], "Operations": []}, id="X-03 an empty list"),
    pytest.param({"schemas": [PATCH], "Operations": {}}, id="X-03 an object"),
    pytest.param({"schemas": [PATCH], "Operations": "add"}, id="X-03 a string"),
    pytest.param({"schemas": [PATCH], "Operations": None}, id="X-03 null"),
    pytest.param({"schemas": [PATCH], "Operations": [None]}, id="null for an operation"),
    pytest.param({"schemas": [PATCH], "Operations": [5]}, id="a number for an operation"),
    pytest.param({"schemas": [PATCH], "Operations": [[]]}, id="a list for an operation"),
    pytest.param({"schemas": [PATCH], "Operations": [{}]}, id="X-04 no op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": None}]}, id="X-04 null for op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": 5}]}, id="X-04 a number for op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "move", "path": "name"}]}, id="X-05 another op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "x" * 9999, "path": "name"}]}, id="X-05 a long op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "add", "path": 5, "value": 5}]}, id="a number for path"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "add", "path": [], "value": 5}]}, id="a list for path"),
    pytest.param({"schemas": [USER], "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 another URN"),
    pytest.param({"schemas": PATCH, "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 a string"),
    pytest.param({"schemas": [[PATCH]], "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 a list in a list"),
    pytest.param({"schemas": [None, 5, {}], "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 no strings"),
]


@pytest.mark.parametrize("body", WRONG_PATCHES)
def test_what_is_no_patch_is_refused(body: Any, scim: Scim) -> None:
    """X-02 to X-05: 400 `invalidSyntax`, and nothing is changed."""
    bob = scim.user()
    response = scim("PATCH", path_of(bob), body)
    assert_error(response, 400, "invalidSyntax")
    assert len(response.text) < 500
    assert scim.get(path_of(bob)).json == bob


WRONG_MEMBERS = [
    pytest.param(["nobody"], "nobody", id="an unknown id"),
    pytest.param([{"value": "nobody"}], "nobody", id="an unknown id in an element"),
    pytest.param([{"value": f"nobody-{n}"} for n in range(10_000)], "more", id="many unknown ids"),
    pytest.param([{"value": 5}], "members.value", id="a number"),
    pytest.param([{"value": ""}], "members.value", id="empty"),
    pytest.param([{"value": None}], "members.value", id="null"),
    pytest.param([{"display": "x"}], "members.value", id="no value"),
    pytest.param([[]], "members", id="a list in a list"),
    pytest.param(5, "members", id="a number for the list"),
    pytest.param([{"value": "x" * 100_000}], "members", id="a long id"),
    pytest.param([{"value": "\x1b[2J"}], "members", id="a control character"),
]


@pytest.mark.parametrize(("members", "detail"), WRONG_MEMBERS)
def test_wrong_members_are_refused(members: Any, detail: str, scim: Scim) -> None:
    """XA-10: 400 `invalidValue` with a few of the ids, for POST, PUT and PATCH; nothing is changed."""
    bob = scim.user()
    team = scim.group("Team", bob["id"])
    add = {"op": "add", "path": "members", "value": members}
    replace = {"op": "replace", "path": "members", "value": members}
    for response in (
        scim.post("/Groups", {"schemas": [GROUP], "displayName": "Other", "members": members}),
        scim.put(path_of(team), {"schemas": [GROUP], "displayName": "Team", "members": members}),
        scim.patch(path_of(team), add),
        scim.patch(path_of(team), replace),
    ):
        assert_error(response, 400, "invalidValue", detail)
        assert len(response.text) < 700
    assert scim.get(path_of(team)).json == team
    assert scim.get("/Groups").json["totalResults"] == 1
