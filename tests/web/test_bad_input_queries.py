"""Bad input: filters, paths, pages and names, each limit to the unit."""

import json
import time
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from flask_bsr_scim.schema import Document
from tests.client import PREFIX, Scim, assert_error, group, path_of, user


def of_length(length: int, name: str = "userName") -> str:
    """Return a filter of that many characters."""
    start = f'{name} eq "'
    return start + "u" * (length - len(start) - 1) + '"'


def of_depth(depth: int, name: str = "userName") -> str:
    """Return a filter of that many parentheses inside each other."""
    return "(" * depth + f"{name} pr" + ")" * depth


def of_terms(terms: int, name: str = "userName") -> str:
    """Return a filter of that many comparisons."""
    return " or ".join([f"{name} pr"] * terms)


def quickest(send: Callable[[], TestResponse]) -> tuple[TestResponse, float]:
    """Return an answer, and the seconds of work that the quickest of a few tries took."""
    times = []
    for _ in range(3):
        start = time.thread_time()
        response = send()
        times.append(time.thread_time() - start)
    return response, min(times)


def assert_refused_at_once(send: Callable[[], TestResponse], scim_type: str, detail: str = "") -> None:
    """Check that a request is 400 within 50 ms, and that the answer does not repeat what was sent."""
    response, seconds = quickest(send)
    assert_error(response, 400, scim_type, detail)
    assert seconds < 0.05
    assert len(response.text) < 400


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize(
    ("make", "limit"),
    [
        pytest.param(of_length, 8192, id="characters"),
        pytest.param(of_depth, 20, id="levels"),
        pytest.param(of_terms, 200, id="comparisons"),
    ],
)
def test_a_filter_has_limits(make: Callable[[int], str], limit: int, scim: Scim) -> None:
    """At the limit it works, beyond it is 400 at once and not repeated in the answer."""
    assert scim.get("/Users", query={"filter": make(limit)}).status_code == 200
    assert_refused_at_once(lambda: scim.get("/Users", query={"filter": make(limit + 1)}), "invalidFilter", f" {limit} ")


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize(
    ("make", "limit", "taken"),
    [
        pytest.param(of_length, 8192, 8192 - len("emails[]"), id="characters"),
        pytest.param(of_depth, 20, 20 - len("["), id="levels"),
        pytest.param(of_terms, 200, 200, id="comparisons"),
    ],
)
def test_a_path_has_limits(make: Callable[..., str], limit: int, taken: int, scim: Scim) -> None:
    """The same holds for a PATCH path, its brackets counted."""
    bob = path_of(scim.user())

    def send(size: int) -> TestResponse:
        return scim.patch(bob, {"op": "remove", "path": f"emails[{make(size, 'value')}]"})

    assert send(taken).status_code == 200
    assert_refused_at_once(lambda: send(taken + 1), "invalidPath", f" {limit} ")


HOSTILE = [
    pytest.param("(" * 8000, id="parentheses"),
    pytest.param("emails[" * 1000, id="brackets"),
    pytest.param("not (" * 1600, id="nots"),
    pytest.param('"' * 8000, id="quotes"),
    pytest.param('userName eq "' + "\\" * 8001, id="backslashes"),
    pytest.param('userName eq "' + '\\"' * 4000, id="escaped quotes"),
    pytest.param('userName eq "' + "a" * 8000, id="an open quote"),
    pytest.param("userName eq " + '"a" ' * 2000, id="many values"),
    pytest.param(" " * 8000, id="blanks"),
    pytest.param("userName " * 900, id="words"),
    pytest.param("userName eq " + "9" * 8000, id="digits"),
    pytest.param("userName eq " + "[" * 8000, id="JSON brackets"),
    pytest.param("userName eq 1" + "e" * 8000, id="exponents"),
    pytest.param("a." * 4000, id="dots"),
    pytest.param("urn:" * 2000 + " pr", id="colons"),
    pytest.param("A" * 8000 + " pr", id="a long name"),
    pytest.param("é" * 8000 + " pr", id="a long name that is not ASCII"),
    pytest.param("userName pr and " * 500, id="an open end"),
    pytest.param("x" * 200_000, id="far too long"),
]


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_filter_is_refused_at_once(text: str, reading: Scim) -> None:
    """No text takes more than its length, and none comes back whole."""
    assert_refused_at_once(lambda: reading.get("/Users", query={"filter": text}), "invalidFilter")


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_path_is_refused_at_once(text: str, scim: Scim) -> None:
    """As a PATCH path, too."""
    bob = path_of(scim.user())
    assert_refused_at_once(lambda: scim.patch(bob, {"op": "remove", "path": text}), "invalidPath")


@pytest.mark.requirement("S-08")
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_sort_is_refused_at_once(text: str, reading: Scim) -> None:
    """As the name to sort by, too."""
    assert_refused_at_once(lambda: reading.get("/Users", query={"sortBy": text}), "invalidPath")


@pytest.mark.requirement("A-11")
@pytest.mark.parametrize("name", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize("text", [*HOSTILE, pytest.param("," * 100_000, id="commas")])
def test_a_hostile_projection_chooses_nothing(text: str, name: str, reading: Scim) -> None:
    """Names that mean nothing are no error, however many they are."""
    response, seconds = quickest(lambda: reading.get("/Users", query={name: text}))
    assert response.status_code == 200
    assert seconds < 0.05


# Pages


@pytest.mark.requirement("P-02", "P-03", "P-04", "P-07", "P-11")
@pytest.mark.parametrize(
    ("count", "shown"),
    [
        pytest.param("0", 0, id="P-04 zero"),
        pytest.param("-0", 0, id="P-03 minus zero"),
        pytest.param("-1", 0, id="P-03 negative"),
        pytest.param("-99999999999999999999", 0, id="P-11 very negative"),
        pytest.param("1", 1, id="P-02 one"),
        pytest.param("002", 2, id="P-02 leading zeros"),
        pytest.param("3", 3, id="P-07 the cap"),
        pytest.param("4", 3, id="P-07 above the cap"),
        pytest.param("2147483648", 3, id="P-11 beyond 32 bits"),
        pytest.param("9223372036854775808", 3, id="P-11 beyond 64 bits"),
        pytest.param("9" * 100, 3, id="P-11 very large"),
    ],
)
def test_count_is_brought_into_its_bounds(count: str, shown: int, make_scim: Callable[..., Scim]) -> None:
    """Below zero is zero, above the page cap is the cap."""
    scim = make_scim(max_results=3)
    for number in range(5):
        scim.user(f"u{number}")
    answer = scim.get("/Users", query={"count": count}).json
    assert (answer["totalResults"], answer["itemsPerPage"], len(answer["Resources"])) == (5, shown, shown)


@pytest.mark.requirement("P-01", "P-05", "P-06", "P-11")
@pytest.mark.parametrize(
    ("start", "echoed", "shown"),
    [
        pytest.param("1", 1, 3, id="P-01 one"),
        pytest.param("0", 1, 3, id="P-01 zero"),
        pytest.param("-5", 1, 3, id="P-01 negative"),
        pytest.param("-99999999999999999999", 1, 3, id="P-11 very negative"),
        pytest.param("3", 3, 1, id="P-05 the last"),
        pytest.param("4", 4, 0, id="P-06 beyond the end"),
        pytest.param("1000", 1000, 0, id="P-06 far beyond the end"),
        pytest.param("2147483647", 2147483647, 0, id="P-11 32 bits"),
        pytest.param("9223372036854775808", 2147483647, 0, id="P-11 beyond 64 bits"),
        pytest.param("9" * 100, 2147483647, 0, id="P-11 very large"),
    ],
)
def test_start_index_is_brought_into_its_bounds(start: str, echoed: int, shown: int, scim: Scim) -> None:
    """Below one is one, beyond the end is an empty page that says where it was looked for."""
    for number in range(3):
        scim.user(f"u{number}")
    answer = scim.get("/Users", query={"startIndex": start}).json
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (3, echoed, shown)


@pytest.mark.requirement("P-10")
@pytest.mark.parametrize("name", ["count", "startIndex"])
@pytest.mark.parametrize(
    "value",
    [
        "", " ", "abc", "1.0", "1,0", "1_000", "+1", " 1", "1 ", "1\n", "0x10", "1e3", "½", "null", "true", "--1",
        pytest.param("\u0661", id="another script's digit"), pytest.param("9" * 5000, id="5,000 digits"),
    ],
)  # fmt: skip
def test_what_is_no_integer_is_refused(value: str, name: str, reading: Scim) -> None:
    """Only ASCII digits make one, for `startIndex` and `count`."""
    assert_error(reading.get("/Users", query={name: value}), 400, "invalidValue", name)


# Lengths and numbers


@pytest.mark.requirement("C-34")
@pytest.mark.parametrize("character", ["u", "é", "😀"])
def test_a_user_name_has_a_length(character: str, scim: Scim) -> None:
    """1,024 characters, however many bytes they take."""
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


@pytest.mark.requirement("C-34")
def test_a_group_name_has_a_length(scim: Scim) -> None:
    """4,096 characters."""
    longest = "g" * 4096
    made = scim.group(longest)
    assert made["displayName"] == longest
    for response in (
        scim.post("/Groups", group(longest + "x")),
        scim.put(path_of(made), group(longest + "x")),
        scim.patch(path_of(made), {"op": "replace", "path": "displayName", "value": longest + "x"}),
    ):
        assert_error(response, 400, "invalidValue", "4096")


@pytest.mark.parametrize(("settings", "limit"), [({}, 1000), ({"max_patch_operations": 3}, 3)], ids=["default", "set"])
def test_a_patch_has_a_number_of_operations(
    settings: dict[str, int], limit: int, make_scim: Callable[..., Scim]
) -> None:
    """As many as the limit work; one more is 400 before any is looked at."""
    scim = make_scim(**settings)
    bob = scim.user()
    operation: Document = {"op": "replace", "path": "externalId", "value": "1"}
    response = scim.patch(path_of(bob), *[operation] * limit, {"op": "nonsense"})
    assert_error(response, 400, "invalidValue", f"{limit + 1} operations")
    assert scim.get(path_of(bob)).json == bob
    assert scim.patch(path_of(bob), *[operation] * limit).json["externalId"] == "1"


# Names and values that mean something elsewhere

NAMES = [
    "document",
    "seq",
    "rowid",
    "tenant",
    "hash",
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
    "(userName",
    "userName|id",
    "x-indexed",
    "constructor",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "%s%n",
    "urn:ietf:params:scim:schemas:core:2.0:Group:displayName",
    "urn:bsr:scim:internal:Token:hash",
    "ｕｓｅｒＮａｍｅ",
    "user\u200bName",
    "userNa\u00adme",
]


@pytest.mark.parametrize("name", NAMES)
def test_only_names_of_the_schema_are_names(name: str, scim: Scim) -> None:
    """Attribute names reach the store through the schema alone, in bodies, filter, sortBy, path and attributes."""
    bob = scim.user(**{name: "x"})
    for expression in (f'{name} eq "x"', f"{name} pr", f'emails[{name} eq "x"]'):
        assert_error(scim.get("/Users", query={"filter": expression}), 400, "invalidFilter")
    assert_error(scim.get("/Users", query={"sortBy": name}), 400, "invalidPath")
    assert_error(scim.patch(path_of(bob), {"op": "remove", "path": name}), 400, "invalidPath")
    assert scim.get(path_of(bob), query={"attributes": f"nothing,{name}x"}).json.keys() == {"schemas", "id"}
    assert scim.get(path_of(bob)).json == bob
    assert name not in bob


VALUES = [
    "%", "_", "*", "?", "[a-z]", "\\", "'", '"', "' OR '1'='1", "'); DROP TABLE resource; --", "$1", ":x", "{x}",
    "(?:a+)+$", "^", "|", "NULL", "true", "1", "\u202e", "😀",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_values_are_only_values(value: str, scim: Scim) -> None:
    """No character has a meaning in a value: `%`, `_`, `*` and `[` match themselves."""
    scim.user("axb", externalId="axb")
    odd = scim.user(f"a{value}b", externalId=f"a{value}b")
    whole, part, start, end = (json.dumps(text) for text in (f"a{value}b", value, f"a{value}", f"{value}b"))
    for expression in (
        f"userName eq {whole}",
        f"userName co {part}",
        f"userName sw {start}",
        f"userName ew {end}",
        f"externalId eq {whole}",
        f"externalId co {part}",
        f"externalId sw {start} and externalId ew {end}",
        f'id eq "{odd["id"]}" and userName eq {whole}',
    ):
        assert scim.names(filter=expression) == [odd["userName"]], expression
    assert scim.names(filter=f"not (userName eq {whole})") == ["axb"]


@pytest.mark.parametrize("value", [value for value in VALUES if value != "?"])
def test_ids_are_only_ids(value: str, scim: Scim) -> None:
    """An id in the path is looked up as it is."""
    scim.user()
    path = f"{PREFIX}/Users/{value}".encode().decode("latin-1")
    assert_error(scim("DELETE", environ={"PATH_INFO": path}), 404)
    assert len(scim.names()) == 1
