"""RFC 7644 §3.4.2: lists over HTTP: filter, order, pages, projection."""

from collections.abc import Callable
from itertools import chain
from urllib.parse import quote

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, GROUP, LIST, USER, Scim, assert_error, path_of, user


@pytest.fixture
def people(either: Scim) -> Scim:
    """A client of a tenant with five users, of whom no two are alike."""
    work = {"type": "work"}
    either.user("ann", externalId="5", name={"familyName": "b"}, emails=[{"value": "ann@x.org", **work}])
    either.user("Bob", externalId="3", name={"familyName": "A", "givenName": "B"}, active=False)
    either.user("carl", externalId="A", emails=[{"value": "carl@Y.org", **work}])
    either.user("ÉMILE", name={"familyName": "C"})
    either.user("dora", externalId="a", name={"familyName": "c"}, emails=[{"value": "dora@x.org", **work}])
    return either


ALL = ["ann", "Bob", "carl", "ÉMILE", "dora"]


def numbered(scim: Scim, count: int) -> list[str]:
    """Create as many users; return their names."""
    names = [f"u{number:02}" for number in range(count)]
    for name in names:
        scim.user(name)
    return names


# The message


@pytest.mark.requirement("F-01", "F-02", "F-03", "F-04", "P-05")
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Users/", "//Users"])
def test_an_empty_list(path: str, either: Scim) -> None:
    """Every member is there, also when there is nothing to list."""
    response = either.get(path)
    assert response.status_code == 200
    assert response.json == {
        "schemas": [LIST],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }


@pytest.mark.requirement("F-02", "F-03", "V-12")
def test_a_list_holds_whole_resources(either: Scim) -> None:
    """As they are read one by one, versions and groups included."""
    bob = either.user()
    team = either.group("Team", bob["id"])
    assert either.get("/Users").json == {
        "schemas": [LIST],
        "totalResults": 1,
        "startIndex": 1,
        "itemsPerPage": 1,
        "Resources": [either.get(path_of(bob)).json],
    }
    assert either.get("/Groups").json["Resources"] == [team]


@pytest.mark.requirement("F-05")
def test_types_are_kept_apart(either: Scim) -> None:
    """An endpoint lists its own type."""
    either.user("u")
    either.group("g")
    assert [r["userName"] for r in either.get("/Users").json["Resources"]] == ["u"]
    assert [r["displayName"] for r in either.get("/Groups").json["Resources"]] == ["g"]


# Filters


@pytest.mark.requirement(
    "F-04", "F-05", "F-06", "F-07", "F-08", "F-09", "F-10", "F-14", "F-15", "F-16", "F-17", "F-18", "F-19", "F-20",
    "F-21", "F-22", "F-23", "F-24", "F-25", "F-27", "Z-09",
)  # fmt: skip
@pytest.mark.parametrize(
    ("expression", "names"),
    [
        pytest.param('userName eq "bob"', ["Bob"], id="F-17 not exact"),
        pytest.param('externalId eq "A"', ["carl"], id="F-17 exact"),
        pytest.param('userName eq "e\u0301mile"', ["ÉMILE"], id="Z-09 decomposed"),
        pytest.param('userName eq "nobody"', [], id="F-04 no match"),
        pytest.param('userName ne "ann"', ["Bob", "carl", "ÉMILE", "dora"], id="F-07 ne"),
        pytest.param('externalId ne "5"', ["Bob", "carl", "ÉMILE", "dora"], id="F-07 ne without a value"),
        pytest.param('userName co "A"', ["ann", "carl", "dora"], id="F-08 co"),
        pytest.param('userName sw "C"', ["carl"], id="F-08 sw"),
        pytest.param('userName ew "B"', ["Bob"], id="F-08 ew"),
        pytest.param("externalId pr", ["ann", "Bob", "carl", "dora"], id="F-09 pr"),
        pytest.param("name pr", ["ann", "Bob", "ÉMILE", "dora"], id="F-09 pr of an object"),
        pytest.param('userName gt "bob"', ["carl", "ÉMILE", "dora"], id="F-10 gt"),
        pytest.param('userName le "BOB"', ["ann", "Bob"], id="F-10 le"),
        pytest.param('meta.created ge "2020-01-01T00:00:00+05:00"', ALL, id="F-10 a moment"),
        pytest.param("active eq false", ["Bob"], id="F-06 a boolean"),
        pytest.param('active eq "False"', ["Bob"], id="F-06 a boolean as text"),
        pytest.param("externalId eq null", ["ÉMILE"], id="F-06 null"),
        pytest.param('name.familyName eq "c"', ["ÉMILE", "dora"], id="F-18 a part"),
        pytest.param('emails.value ew "@x.org"', ["ann", "dora"], id="F-19 one of several"),
        pytest.param('emails co "Y.ORG"', ["carl"], id="F-20 its value"),
        pytest.param('emails[type eq "work" and value co "@x"]', ["ann", "dora"], id="F-21 brackets"),
        pytest.param(
            'emails[not (value co "@x") and (type eq "a" or type eq "work")]', ["carl"], id="F-22 inside them"
        ),
        pytest.param('emails[type eq "work"].value eq "ann@X.org"', ["ann"], id="Entra's form"),
        pytest.param(f'{USER}:userName eq "ann"', ["ann"], id="F-23 an URN"),
        pytest.param(f'{USER.upper()}:NAME.familyname EQ "B"', ["ann"], id="F-16, F-23 in other letter case"),
        pytest.param(f'schemas eq "{USER}"', ALL, id="F-24 schemas"),
        pytest.param(f'schemas eq "{GROUP}"', [], id="F-24 other schemas"),
        pytest.param('meta.resourceType eq "User"', ALL, id="F-25 resourceType"),
        pytest.param('userName eq "ann" or userName eq "carl" and active eq false', ["ann"], id="F-15 and before or"),
        pytest.param('(userName eq "ann" or userName eq "carl") and active eq false', [], id="F-15 parentheses first"),
        pytest.param('not (userName eq "ann") and active eq true', ["carl", "ÉMILE", "dora"], id="F-15 not first"),
        pytest.param('displayName eq "x" or title pr', [], id="standard attributes without values"),
        pytest.param('USERNAME Eq "Ann" OR NOT (Active EQ TRUE)', ["ann", "Bob"], id="F-16, F-27 no letter case"),
    ],
)
def test_a_filter_selects(expression: str, names: list[str], people: Scim) -> None:
    """The matching resources alone, in the order of their creation, and their number."""
    assert people.names(filter=expression) == names
    assert people.get("/Users", query={"filter": expression, "count": 0}).json["totalResults"] == len(names)


@pytest.mark.requirement("F-11", "F-12", "F-13", "F-28", "F-34")
@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("", id="F-13 empty"),
        pytest.param(" ", id="F-13 blank"),
        pytest.param("userName", id="F-13 no operator"),
        pytest.param("userName eq", id="F-13 no value"),
        pytest.param("userName eq ann lee", id="F-13 no quotes"),
        pytest.param("userName eq 'ann'", id="F-13 other quotes"),
        pytest.param('userName eq "ann', id="F-13 an open quote"),
        pytest.param('(userName eq "ann"', id="F-13 an open parenthesis"),
        pytest.param('userName eq "ann")', id="F-13 a parenthesis too many"),
        pytest.param('emails[value eq "ann"', id="F-13 an open bracket"),
        pytest.param('userName eq "ann" and', id="F-13 no second part"),
        pytest.param('userName eq "ann" userName eq "ann"', id="F-13 no and"),
        pytest.param('not userName eq "ann"', id="F-13 not without parentheses"),
        pytest.param('userName is "ann"', id="F-12 an unknown operator"),
        pytest.param('userName = "ann"', id="F-12 a sign"),
        pytest.param('userName regex ".*"', id="F-12 a regular expression"),
        pytest.param("active gt true", id="F-11 a boolean has no order"),
        pytest.param('active co "t"', id="F-11 a boolean has no parts"),
        pytest.param('favouriteColour eq "blue"', id="F-28 an unknown attribute"),
        pytest.param('name.nothing eq "x"', id="F-28 an unknown part"),
        pytest.param('password eq "x"', id="F-34 password"),
        pytest.param("password pr", id="F-34 whether there is a password"),
        pytest.param('meta.created gt "yesterday"', id="no moment"),
        pytest.param("userName eq 5", id="a number for text"),
        pytest.param("userName eq {}", id="an object"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(expression: str, people: Scim) -> None:
    """400 `invalidFilter`, never an unfiltered list."""
    assert_error(people.get("/Users", query={"filter": expression}), 400, "invalidFilter")


@pytest.mark.requirement("F-26", "F-37")
@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ('a "b" c', r"userName%20eq%20%22a%20%5C%22b%5C%22%20c%22"),
        ("a b", "userName+eq+%22a+b%22"),
        ("a+b", "userName%20eq%20%22a%2Bb%22"),
        ("a%20b", "userName%20eq%20%22a%2520b%22"),
        ("a\\b", "userName%20eq%20%22a%5C%5Cb%22"),
        ("é", "userName%20eq%20%22%C3%A9%22"),
        ("é", r"userName%20eq%20%22%5Cu00e9%22"),
        ("a&b=c;d#e", quote('userName eq "a&b=c;d#e"')),
        ("(a) and [b] or not", quote('userName eq "(a) and [b] or not"')),
        ("plain", 'userName eq "plain"'),
    ],
)
def test_a_filter_is_decoded_once(name: str, encoded: str, either: Scim) -> None:
    """Percent encoding is of the URL, escapes are of the value; raw blanks and quotes work."""
    either.user(name)
    either.user("other")
    response = either.get("/Users", environ={"QUERY_STRING": f"filter={encoded}"})
    assert [resource["userName"] for resource in response.json["Resources"]] == [name]


@pytest.mark.requirement("F-25")
def test_what_the_server_adds_can_be_asked_for(either: Scim) -> None:
    """Id, location, times and version of a resource, and what it belongs to."""
    bob, ann = either.user("bob"), either.user("ann")
    team = either.group("Team", bob["id"])
    meta = ann["meta"]
    for expression in (
        f'id eq "{ann["id"]}"',
        f'meta.location eq "{meta["location"]}"',
        f'meta.created eq "{meta["created"]}" and userName eq "ann"',
        f'meta.lastModified ge "{meta["lastModified"]}"',
    ):
        assert either.names(filter=expression) == ["ann"], expression
    assert either.names(filter=f'groups.value eq "{team["id"]}"') == ["bob"]
    assert either.names(filter="groups pr") == ["bob"]
    for expression in (f'members.value eq "{bob["id"]}"', f'members eq "{bob["id"]}"', 'members[type eq "User"]'):
        found = either.get("/Groups", query={"filter": expression}).json["Resources"]
        assert [resource["id"] for resource in found] == [team["id"]], expression
    assert either.get("/Groups", query={"filter": f'members eq "{ann["id"]}"'}).json["totalResults"] == 0


@pytest.mark.requirement("F-35")
def test_the_value_that_was_returned_can_be_asked_for(either: Scim) -> None:
    """A filter sees the default that the answer showed."""
    either.user("bob")
    assert either.names(filter="active eq true") == ["bob"]


@pytest.mark.requirement("F-23", "F-24")
def test_an_extension_can_be_asked_for(full: Scim) -> None:
    """By its URN, and by the URN in schemas."""
    boss = full.user("boss")
    extension = {"department": "Research", "manager": {"value": boss["id"]}}
    full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: extension})
    for expression in (
        f'{ENTERPRISE}:department eq "research"',
        f'{ENTERPRISE}:manager.value eq "{boss["id"]}"',
        f'schemas eq "{ENTERPRISE}"',
    ):
        assert full.names(filter=expression) == ["bob"], expression


# Order


@pytest.mark.requirement("S-01", "S-02", "S-03", "S-04", "S-06", "S-07", "S-09")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param({}, ALL, id="by creation"),
        pytest.param({"sortBy": "userName"}, ["ann", "Bob", "carl", "dora", "ÉMILE"], id="S-01, S-02, S-04 not exact"),
        pytest.param(
            {"sortBy": "userName", "sortOrder": "descending"}, ["ÉMILE", "dora", "carl", "Bob", "ann"], id="S-03"
        ),
        pytest.param(
            {"sortBy": "USERNAME", "sortOrder": "ascending"}, ["ann", "Bob", "carl", "dora", "ÉMILE"], id="case"
        ),
        pytest.param({"sortBy": "externalId"}, ["Bob", "ann", "carl", "dora", "ÉMILE"], id="S-04 exact, S-06 last"),
        pytest.param(
            {"sortBy": "externalId", "sortOrder": "descending"},
            ["ÉMILE", "dora", "carl", "ann", "Bob"],
            id="S-06 first when descending",
        ),
        pytest.param(
            {"sortBy": "name.familyName"}, ["Bob", "ann", "ÉMILE", "dora", "carl"], id="S-07 a part, S-09 ties"
        ),
        pytest.param({"sortBy": f"{USER}:userName"}, ["ann", "Bob", "carl", "dora", "ÉMILE"], id="S-07 an URN"),
        pytest.param({"sortBy": "meta.created"}, ALL, id="S-04 moments"),
        pytest.param({"sortBy": "meta.created", "sortOrder": "descending"}, ALL[::-1], id="S-04 moments, descending"),
        pytest.param({"sortBy": "id"}, None, id="S-01 id"),
        pytest.param(
            {"sortBy": "emails.value"}, ["ann", "carl", "dora", "Bob", "ÉMILE"], id="a multi-valued attribute"
        ),
        pytest.param({"sortBy": "emails"}, ["ann", "carl", "dora", "Bob", "ÉMILE"], id="its value"),
        pytest.param({"sortOrder": "descending"}, ALL, id="sortOrder without sortBy"),
        pytest.param(
            {"sortBy": "userName", "filter": "externalId pr"}, ["ann", "Bob", "carl", "dora"], id="of a filter"
        ),
    ],
)
def test_a_list_is_sorted(query: dict[str, str], names: list[str] | None, people: Scim) -> None:
    """Order follows the type of the attribute; ties are in the order of creation."""
    found = people.get("/Users", query=query).json["Resources"]
    wanted = names or [r["userName"] for r in sorted(found, key=lambda r: r["id"])]
    assert [resource["userName"] for resource in found] == wanted


@pytest.mark.requirement("S-08")
@pytest.mark.parametrize("name", ["favouriteColour", "name.nothing", "", " ", USER, "userName,id", "userName desc"])
def test_an_unknown_name_to_sort_by_is_refused(name: str, people: Scim) -> None:
    """400 `invalidPath`."""
    assert_error(people.get("/Users", query={"sortBy": name}), 400, "invalidPath")


@pytest.mark.requirement("S-08")
@pytest.mark.parametrize("order", ["", "up", "DESCENDING", "desc", "1"])
def test_an_unknown_order_is_refused(order: str, people: Scim) -> None:
    """400 `invalidValue`."""
    query = {"sortBy": "userName", "sortOrder": order}
    assert_error(people.get("/Users", query=query), 400, "invalidValue", "sortOrder")


# Pages


@pytest.mark.requirement("P-02", "P-04", "P-05", "P-06", "P-08", "F-02", "F-03")
@pytest.mark.parametrize(
    ("query", "first", "size"),
    [
        pytest.param({}, 1, 12, id="P-08 all"),
        pytest.param({"count": 5}, 1, 5, id="P-02 the first"),
        pytest.param({"count": 5, "startIndex": 6}, 6, 5, id="P-05 the second"),
        pytest.param({"count": 5, "startIndex": 11}, 11, 2, id="P-05 the last"),
        pytest.param({"count": 5, "startIndex": 13}, 13, 0, id="P-06 beyond the end"),
        pytest.param({"count": 0}, 1, 0, id="P-04 none"),
        pytest.param({"startIndex": 12}, 12, 1, id="P-05 without count"),
    ],
)
def test_a_page_is_a_part_of_the_list(query: dict[str, int], first: int, size: int, either: Scim) -> None:
    """`totalResults` counts all, `itemsPerPage` what is there."""
    names = numbered(either, 12)
    answer = either.get("/Users", query=query).json
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (12, first, size)
    assert [resource["userName"] for resource in answer["Resources"]] == names[first - 1 : first - 1 + size]


@pytest.mark.requirement("P-07", "P-08")
@pytest.mark.parametrize("settings", [{"default_count": 3}, {"max_results": 3}, {"default_count": 9, "max_results": 3}])
def test_a_page_has_a_default_size(settings: dict[str, int], make_scim: Callable[..., Scim]) -> None:
    """Without count it is the default size, and never above the largest, which is announced."""
    scim = make_scim(**settings)
    names = numbered(scim, 5)
    assert scim.names() == names[:3]
    if "max_results" in settings:
        assert scim.names(count=5) == names[:3]
        assert scim.get("/ServiceProviderConfig").json["filter"]["maxResults"] == 3


@pytest.mark.requirement("S-09", "P-09")
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sortBy": "name.familyName"},
        {"sortBy": "name.familyName", "sortOrder": "descending"},
        {"sortBy": "externalId"},
        {"filter": 'name.familyName ne "x" or userName pr', "sortBy": "active"},
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_make_up_the_list(size: int, query: dict[str, str], either: Scim) -> None:
    """Each resource is on one page, with equal keys too."""
    for number in range(7):
        either.user(f"u{number}", name={"familyName": "x" if number % 2 else "y"})
    whole = either.names(**query)
    pages = (either.names(**query, count=size, startIndex=start) for start in range(1, 8, size))
    assert list(chain.from_iterable(pages)) == whole
    assert len(set(whole)) == 7


# Projection


@pytest.mark.requirement("A-01", "A-04", "A-06", "A-13")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param({"attributes": "userName"}, {"schemas", "id", "userName"}, id="A-01"),
        pytest.param({"attributes": "name.familyName"}, {"schemas", "id", "name"}, id="A-06"),
        pytest.param({"excludedAttributes": "meta,name,active"}, {"schemas", "id", "userName"}, id="A-04"),
        pytest.param({"attributes": "id", "filter": 'userName eq "bob"'}, {"schemas", "id"}, id="A-13 a filter"),
        pytest.param({"attributes": "id", "sortBy": "userName"}, {"schemas", "id"}, id="A-13 an order"),
    ],
)
def test_a_list_holds_what_was_asked_for(query: dict[str, str], shown: set[str], either: Scim) -> None:
    """Filter and order use what the projection leaves out."""
    either.user("bob", name={"familyName": "B"})
    (found,) = either.get("/Users", query=query).json["Resources"]
    assert found.keys() == shown


@pytest.mark.requirement("R-10", "A-02")
def test_a_list_of_users_shows_their_groups_when_asked(either: Scim) -> None:
    """`groups` is there by default, and alone when it is named."""
    bob, ann = either.user("bob"), either.user("ann")
    team = either.group("Team", bob["id"])
    found: list[Document] = either.get("/Users", query={"attributes": "groups.display"}).json["Resources"]
    assert found == [
        {"schemas": [USER], "id": bob["id"], "groups": [{"display": "Team"}]},
        {"schemas": [USER], "id": ann["id"]},
    ]
    assert either.get("/Users").json["Resources"][0]["groups"][0]["value"] == team["id"]


@pytest.mark.requirement("E-03")
def test_a_user_that_is_gone_is_in_no_list(either: Scim) -> None:
    """Nor does it count."""
    bob = either.user("bob")
    either.post("/Users", user("ann"))
    either.delete(path_of(bob))
    assert either.names() == ["ann"]
    assert either.get("/Users", query={"filter": 'userName eq "bob"'}).json["totalResults"] == 0


@pytest.mark.requirement("F-32")
def test_a_filter_that_takes_too_long_is_told_what_would_be_quick(fresh: Scim) -> None:
    """400 `tooMany`, though it may match nobody."""
    for number in range(100):
        fresh.user(f"u{number:03}", emails=[{"value": f"{number}@x.org", "type": "work"}])
    with fresh.app.app_context():
        current_service().backend.query_seconds = 0
    slow = " or ".join(f'emails[type eq "{number}"]' for number in range(100))
    answer = fresh.get("/Users", query={"filter": slow})
    assert_error(answer, 400, "tooMany", "Use fewer terms, and eq with an attribute that has an index")
