"""RFC 7644 §3.5.2: the paths of PATCH operations."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.errors import InvalidFilter, InvalidPath
from flask_bsr_scim.filter import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    BoundValuePath,
    Comparison,
    Operator,
    Present,
    bind,
    parse_filter,
)
from flask_bsr_scim.path import BoundPath, Path, bind_path, parse_path
from flask_bsr_scim.schema import load_profile

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER, GROUP = load_profile("rfc7643")
BSR_USER = load_profile("bsr")[0]

WORK = Comparison("type", Operator.EQ, "work")


@pytest.mark.requirement("X-15")
@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("userName", Path("userName"), id="X-15 an attribute"),
        pytest.param("name.familyName", Path("name.familyName"), id="X-15 a sub-attribute"),
        pytest.param('emails[type eq "work"]', Path("emails", WORK), id="X-15 a filter"),
        pytest.param('emails[type eq "work"].value', Path("emails", WORK, "value"), id="X-15 behind a filter"),
        pytest.param(
            "members[value pr].$ref", Path("members", Present("value"), "$ref"), id="X-15 $ref behind a filter"
        ),
        pytest.param(f"{CORE}:name.familyName", Path(f"{CORE}:name.familyName"), id="X-15 an URN"),
        pytest.param(f"{ENTERPRISE}:manager", Path(f"{ENTERPRISE}:manager"), id="X-15 an extension's attribute"),
        pytest.param(ENTERPRISE, Path(ENTERPRISE), id="X-15 a bare extension URN"),
        pytest.param("URN:x:2.0", Path("URN:x:2.0"), id="X-15 an URN that ends in digits"),
        pytest.param(
            f'{CORE}:emails[type eq "work"].value', Path(f"{CORE}:emails", WORK, "value"), id="X-15 all of it together"
        ),
        pytest.param(
            'emails[type eq "work" and (value pr)]',
            Path("emails", And((WORK, Present("value")))),
            id="X-15 a long filter",
        ),
        pytest.param('members[value eq "a].b\\"[("]', None, id="X-15 brackets in a value"),
        pytest.param(' emails[ type eq "work" ] ', Path("emails", WORK), id="blanks"),
    ],
)
def test_reads_the_grammar(text: str, path: Path | None) -> None:
    """Each form of a path is taken apart; names stay as they are written."""
    found = parse_path(text)
    assert found == (path or Path("members", Comparison("value", Operator.EQ, 'a].b"[(')))


MALFORMED = {
    "empty": "",
    "blank": " ",
    "two names": "name familyName",
    "a dot alone": ".",
    "a dot at the start": ".familyName",
    "a dot at the end": "name.",
    "two dots": "name..familyName",
    "three parts": "a.b.c",
    "a slash": "/name/familyName",
    "a comparison": 'userName eq "x"',
    "a bracket that stays open": 'emails[type eq "work"',
    "a bracket that was not open": "emails]",
    "empty brackets": "emails[]",
    "an index": "emails[0]",
    "a broken filter": 'emails[type eq "work]',
    "an unknown operator": 'emails[type like "work"]',
    "a name in quotes": '"emails"',
    "brackets in brackets": "emails[a[b pr]]",
    "two brackets": "emails[type pr][value pr]",
    "nothing behind the dot": "emails[type pr].",
    "two names behind the brackets": "emails[type pr].a.b",
    "no dot behind the brackets": "emails[type pr]value",
    "an operator behind the brackets": 'emails[type pr].value eq "x"',
    "a name alone in brackets": "emails[value]",
    "a wildcard": "emails[*]",
    "a quote in an URN": 'urn:x"y"',
    "NUL": "emails\0",
    "a lone surrogate": "urn:\ud800",
    "another script": "имя",
    "too long": f'emails[value eq "{"x" * MAX_LENGTH}"]',
    "too deep": "emails[" + "(" * MAX_DEPTH + "a pr" + ")" * MAX_DEPTH + "]",
    "nothing but depth": "e[" + "(" * (MAX_LENGTH - 2),
    "too many terms": f"emails[{' or '.join(['a pr'] * (MAX_TERMS + 1))}]",
    "quotes without end": 'e["' + '\\"' * (MAX_LENGTH // 2 - 3),
}


@pytest.mark.requirement("X-12", "X-14")
@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_what_is_not_in_the_grammar(text: str) -> None:
    """`invalidPath` in less than 50 ms, said in one short line."""
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        with pytest.raises(InvalidPath) as error:
            parse_path(text)
        seconds.append(time.thread_time() - begin)
    assert min(seconds) < 0.05
    assert error.value.detail.startswith("The path ")
    assert error.value.detail.isprintable()
    assert len(error.value.detail) < 200


@given(st.text(st.sampled_from('ab.$1-"\\[]() eqpr:urn')) | st.text())
def test_any_text_is_a_path_or_an_invalid_path(text: str) -> None:
    """No text makes the parser fail in another way; a path with brackets holds a filter that is one by itself."""
    try:
        path = parse_path(text)
    except InvalidPath:
        return
    if path.filter is not None:
        assert parse_filter(text[text.index("[") + 1 : text.rindex("]")]) == path.filter


@pytest.mark.requirement("X-15", "X-16")
@pytest.mark.parametrize(
    ("text", "target", "sub"),
    [
        pytest.param("USERNAME", "userName", None, id="X-16 an attribute in any letter case"),
        pytest.param("Name.FamilyName", "name.familyName", None, id="X-16 a sub-attribute in any letter case"),
        pytest.param(f"{CORE}:userName", "userName", None, id="X-15 an URN"),
        pytest.param(f"{CORE.upper()}:name.givenName", "name.givenName", None, id="X-15 an URN and a sub-attribute"),
        pytest.param(ENTERPRISE, ENTERPRISE, None, id="X-15 a bare extension URN"),
        pytest.param(f"{ENTERPRISE}:Manager", f"{ENTERPRISE}:manager", None, id="X-15 an extension's attribute"),
        pytest.param(
            f"{ENTERPRISE}:manager.value", f"{ENTERPRISE}:manager.value", None, id="X-15 and its sub-attribute"
        ),
        pytest.param('emails[type eq "work"].VALUE', "emails", "value", id="X-15 behind a filter"),
        pytest.param(f'{CORE}:emails[type eq "work"]', "emails", None, id="X-15 URN and filter"),
        pytest.param("manager", f"{ENTERPRISE}:manager", None, id="Entra's extension attribute without the URN"),
        pytest.param("password", "password", None, id="a password can be set"),
    ],
)
def test_binds(text: str, target: str, sub: str | None) -> None:
    """A path leads to the definition of what it names."""
    bound = bind_path(parse_path(text), USER)
    assert (str(bound.target), bound.sub and bound.sub.name) == (target, sub)
    assert (bound.filter is None) is ("[" not in text)


def test_the_filter_is_bound_to_the_attribute() -> None:
    """The filter of a path is the one that a filter holds in the same brackets, for the elements alone."""
    whole = bind(parse_filter('members[value eq "1A"]'), GROUP)
    assert isinstance(whole, BoundValuePath)
    assert bind_path(parse_path('members[value eq "1A"]'), GROUP) == BoundPath(whole.target, whole.filter)


@pytest.mark.requirement("X-13")
@pytest.mark.parametrize(
    ("text", "stored"),
    [
        pytest.param("displayName", False, id="an attribute"),
        pytest.param("name.formatted", False, id="a sub-attribute"),
        pytest.param('addresses[type eq "work"].country', False, id="behind a filter"),
        pytest.param("password", False, id="the password"),
        pytest.param("name.familyName", True, id="what is stored"),
    ],
)
def test_binds_what_the_profile_does_not_store(text: str, stored: bool) -> None:
    """A standard attribute that the profile leaves out can be named; its path tells that it is not stored."""
    assert bind_path(parse_path(text), BSR_USER).target.stored is stored


@pytest.mark.requirement("X-13")
@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param("favouriteColour", 'User has no attribute "favouriteColour".', id="an attribute"),
        pytest.param("name.nick", 'User has no attribute "name.nick".', id="a sub-attribute"),
        pytest.param("userName.value", 'User has no attribute "userName.value".', id="a part of a string"),
        pytest.param("urn:example:2.0:Ext:x", 'User has no attribute "urn:example:2.0:Ext:x".', id="another schema"),
        pytest.param("members", 'User has no attribute "members".', id="of another type"),
        pytest.param(CORE, f'User has no attribute "{CORE}".', id="the core schema by itself"),
        pytest.param('emails[type eq "work"].x', 'emails has no sub-attribute "x".', id="behind a filter"),
    ],
)
def test_refuses_unknown_attributes(text: str, detail: str) -> None:
    """What no schema of the type defines is `invalidPath`."""
    with pytest.raises(InvalidPath) as error:
        bind_path(parse_path(text), USER)
    assert error.value.detail == detail


@pytest.mark.requirement("X-14")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("emails[x pr]", id="an unknown sub-attribute"),
        pytest.param("emails[type eq 5]", id="a value of another type"),
        pytest.param('emails[primary gt "x"]', id="an operator that does not suit"),
        pytest.param('userName[value eq "x"]', id="an attribute without sub-attributes"),
        pytest.param("emails.value[type pr]", id="a sub-attribute"),
        pytest.param(f"{ENTERPRISE}[department pr]", id="an extension"),
    ],
)
def test_refuses_filters_without_meaning(text: str) -> None:
    """A filter that does not suit the attribute is `invalidFilter`."""
    with pytest.raises(InvalidFilter):
        bind_path(parse_path(text), USER)
