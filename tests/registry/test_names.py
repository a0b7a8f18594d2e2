"""Handles and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.registry.errors import InvalidArgument
from flask_bsr_scim.registry.names import check_name, check_repository_name, free_handle, handle, is_reserved


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("bob@example.com", "bob", id="plain"),
        pytest.param("bob.smith@example.com", "bob-smith", id="documented: a full stop"),
        pytest.param("julia-smith+demo@example.com", "julia-smith-demo", id="documented: a hyphen and a plus"),
        pytest.param("Bob.Smith@Example.COM", "bob-smith", id="capitals"),
        pytest.param("o'neil_jr@example.com", "o-neil-jr", id="an apostrophe and an underscore"),
        pytest.param("a..b--c@example.com", "a-b-c", id="several invalid characters in a row"),
        pytest.param(".bob-@example.com", "bob", id="at the ends"),
        pytest.param("7up@example.com", "u-7up", id="a leading digit"),
        pytest.param("x@example.com", "u-x", id="one letter"),
        pytest.param("7@example.com", "u-7", id="one digit"),
        pytest.param("@example.com", "user", id="nothing before the @"),
        pytest.param("+++@example.com", "user", id="nothing but invalid characters"),
        pytest.param("李雷@example.com", "user", id="nothing that has an ASCII form"),
        pytest.param("José.Müller@example.com", "jose-muller", id="accents"),
        pytest.param("e\u0301ric@example.com", "eric", id="an accent on its own"),
        pytest.param("ﬁona①@example.com", "fiona1", id="a ligature and a circled digit"),
        pytest.param("１２３@example.com", "u-123", id="wide digits"),
        pytest.param("søren@example.com", "s-ren", id="a letter without decomposition"),
        pytest.param("bob", "bob", id="a userName that is no address"),
        pytest.param("ACME\\bob", "acme-bob", id="a domain before it"),
        pytest.param('"b@b"@example.com', "b-b", id="an @ in quotes"),
        pytest.param("a" * 40 + "@example.com", "a" * 32, id="too long"),
        pytest.param("a" * 31 + ".b@example.com", "a" * 31, id="too long, a hyphen at the cut"),
        pytest.param("1" * 40 + "@example.com", "u-" + "1" * 30, id="too long, with a prefix"),
    ],
)
def test_the_handle_comes_from_the_left_part_of_the_address(address: str, expected: str) -> None:
    """Each invalid character becomes a hyphen, and the handle begins with a letter."""
    assert handle(address) == expected


@given(st.text() | st.emails(), st.integers(0, 2000))
def test_every_handle_is_well_formed(address: str, others: int) -> None:
    """Whatever the address and however many have its handle already, what is given is a name and free."""
    taken = numbers(handle(address), others)
    given_name = free_handle(handle(address), taken.__contains__)
    check_name(given_name)
    assert given_name not in taken


def numbers(base: str, count: int) -> set[str]:
    """Return the first names that are given for a base."""
    suffixes = ["", *(f"-{number}" for number in range(2, count + 1))][:count]
    return {base[: 32 - len(suffix)].rstrip("-") + suffix for suffix in suffixes}


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "bob"), (1, "bob-2"), (2, "bob-3"), (3, "bob-4"), (7, "bob-8"), (8, "bob-9"), (999, "bob-1000")],
)
def test_numbers_follow_on_each_other(count: int, expected: str) -> None:
    """The next user of a name gets the next number."""
    assert free_handle("bob", numbers("bob", count).__contains__) == expected


def test_the_next_number_is_found_without_trying_all() -> None:
    """For the thousandth Bob about twice the logarithm of questions are asked."""
    asked: list[str] = []
    taken = numbers("bob", 1000)

    def is_taken(name: str) -> bool:
        asked.append(name)
        return name in taken

    assert free_handle("bob", is_taken) == "bob-1001"
    assert len(asked) <= 22


def test_a_free_name_is_asked_for_once() -> None:
    """The ordinary user costs one question."""
    asked: list[str] = []
    assert free_handle("bob", lambda name: bool(asked.append(name))) == "bob"
    assert asked == ["bob"]


def test_a_gap_does_no_harm() -> None:
    """What is given is free, even if numbers in between are too."""
    taken = {"bob", "bob-2", "bob-4", "bob-8"}
    assert free_handle("bob", taken.__contains__) not in taken


def test_a_numbered_name_is_not_too_long() -> None:
    """The number is appended within 32 characters, and not to a hyphen."""
    base = "a" * 29 + "-bc"
    assert free_handle(base, {base}.__contains__) == "a" * 29 + "-2"


@pytest.mark.parametrize("name", ["admin", "scim", "API", "Teams", "buf"])
def test_a_reserved_word_is_nobodys_name(name: str) -> None:
    """A user whose address begins with a reserved word gets a number, though nobody has the name."""
    assert is_reserved(name)
    assert free_handle(name.lower(), lambda name: False) == f"{name.lower()}-2"


@pytest.mark.parametrize("name", ["ab", "acme", "acme-2", "a1-b2-c3", "a" * 32])
def test_a_good_name_is_accepted(name: str) -> None:
    """Letters, digits and single hyphens, from 2 to 32 characters."""
    check_name(name)
    check_repository_name(name)


@pytest.mark.parametrize("name", ["my_repo", "v1.proto", "a-b_c.d"])
def test_a_repository_may_also_have_underscores_and_full_stops(name: str) -> None:
    """Only the name of a repository may hold them."""
    check_repository_name(name)
    with pytest.raises(InvalidArgument):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "a", "a" * 33, "Acme", "1acme", "-acme", "acme-", "ac--me", "ac me", "acmé", "acme\n", "a/b", "a._b", "٣ab"],
)
def test_a_bad_name_is_refused(name: str) -> None:
    """The refusal shows the name on one line."""
    for check in (check_name, check_repository_name):
        with pytest.raises(InvalidArgument) as raised:
            check(name)
        assert str(raised.value).isprintable()


def test_a_reserved_name_is_refused_for_organizations_alone() -> None:
    """A repository's name stands below its organization's, where nothing is reserved."""
    check_repository_name("admin")
    with pytest.raises(InvalidArgument, match="reserved"):
        check_name("admin")
