"""RFC 7643 §2.4: multi-valued attributes, and the one e-mail that the registry keeps."""

from typing import Any

import pytest

from flask_bsr_scim.errors import InvalidValue, Mutability
from flask_bsr_scim.schema import Document, Validator, load_profile, make_resource_type
from tests.rfc7643.conftest import part

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
RFC = Validator(load_profile("rfc7643")[0])
BSR = Validator(load_profile("bsr")[0])


def emails(validator: Validator, sent: Any) -> Any:
    return validator.resource({"schemas": [USER], "userName": "u", "emails": sent}).get("emails", "absent")


@pytest.mark.requirement("T-08", "T-21", "L-01", "L-02", "L-09", "L-03", "L-04", "L-07")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param(
            [{"value": "a", "primary": True}, {"value": "b", "primary": True}],
            [{"value": "a", "primary": True}, {"value": "b", "primary": False}],
            id="L-01 the first primary stays",
        ),
        pytest.param([{"value": "a", "primary": False}], [{"value": "a", "primary": False}], id="L-09 false is kept"),
        pytest.param([{"value": "a"}], [{"value": "a"}], id="L-02 absent stays absent"),
        pytest.param(
            [{"value": "a", "type": "work"}, {"TYPE": "work", "VALUE": "a"}],
            [{"value": "a", "type": "work"}],
            id="L-03 an exact double",
        ),
        pytest.param(
            [{"value": "a", "primary": True}, {"value": "b", "primary": True}, {"value": "b", "primary": False}],
            [{"value": "a", "primary": True}, {"value": "b", "primary": False}],
            id="L-03 a double that a lost primary makes",
        ),
        pytest.param(
            [{"value": "a", "type": "work"}, {"value": "a", "type": "home"}],
            [{"value": "a", "type": "work"}, {"value": "a", "type": "home"}],
            id="L-04 one value under two types",
        ),
        pytest.param([{"type": "work"}], [{"type": "work"}], id="L-07 an element without value"),
        pytest.param({"value": "a"}, [{"value": "a"}], id="a single object"),
        pytest.param("a", [{"value": "a"}], id="a bare value"),
        pytest.param([{"value": "a", "type": "fun"}], [{"value": "a", "type": "fun"}], id="T-08 another type"),
        pytest.param([{"value": "no address"}], [{"value": "no address"}], id="T-21 no address"),
        pytest.param([{}], "absent", id="an empty element"),
    ],
)
def test_values_are_kept(sent: Any, stored: Any) -> None:
    """A multi-valued attribute keeps its values in order, without doubles, at most one of them primary."""
    assert emails(RFC, sent) == stored


@pytest.mark.requirement("L-09")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param([{"value": "a", "type": "work"}], ("a", True), id="an absent primary is true"),
        pytest.param([{"value": "a", "type": "work", "primary": False}], ("a", False), id="L-09 false is kept"),
        pytest.param([{"value": "a", "type": "WORK"}], ("a", True), id="the type in another letter case"),
        pytest.param(
            [{"value": "h", "type": "home", "primary": True}, {"value": "w", "type": "work"}], ("w", True), id="work"
        ),
        pytest.param([{"value": "h"}, {"value": "w", "type": "work"}], ("w", True), id="work before none"),
        pytest.param([{"value": "a", "type": "work"}, {"value": "b", "type": "work"}], ("a", True), id="the first"),
        pytest.param(
            [{"value": "a", "type": "work"}, {"value": "b", "type": "work", "primary": True}],
            ("b", True),
            id="the primary",
        ),
        pytest.param([{"value": "h", "type": "home"}, {"value": "n"}], ("n", True), id="the one without a type"),
        pytest.param([{"value": "n", "type": ""}], ("n", True), id="an empty type is none"),
        pytest.param([{"value": "n", "primary": False}], ("n", False), id="its primary is kept"),
        pytest.param("n", ("n", True), id="a bare address"),
        pytest.param(
            [{"value": "", "type": "work"}, {"value": "n"}], ("n", True), id="C9337 an empty address does not count"
        ),
        pytest.param(
            [{"value": " ", "type": "work"}, {"value": "n"}], ("n", True), id="C9337 a blank address does not count"
        ),
    ],
)
def test_registry_keeps_one_address(sent: Any, stored: tuple[str, bool]) -> None:
    """The registry keeps the address of type work, else the one without a type, as the primary work address."""
    value, primary = stored
    assert emails(BSR, sent) == [{"value": value, "type": "work", "primary": primary}]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([{"value": "h", "type": "home"}], id="only another type"),
        pytest.param([{"value": "", "type": "work"}], id="C9337 an empty address"),
        pytest.param([{"value": " ", "type": "work"}], id="C9337 a blank address"),
        pytest.param([{"type": "work", "primary": True}], id="no address"),
    ],
)
def test_registry_keeps_no_address(sent: Any) -> None:
    """Without a work address or one without a type, the registry keeps none."""
    assert emails(BSR, sent) == "absent"


def test_wrong_address_is_refused_though_dropped() -> None:
    """The values of a stored attribute are checked before one is chosen."""
    with pytest.raises(InvalidValue, match=r"^emails\.value must be a string"):
        emails(BSR, [{"value": 5, "type": "home"}])


def test_many_values_are_cheap() -> None:
    """Doubles and primaries among very many values are found without comparing all with all."""
    sent = [{"value": str(i % 20_000), "primary": True} for i in range(40_000)]
    stored = emails(RFC, sent)
    assert len(stored) == 20_000
    assert sum(element["primary"] for element in stored) == 1


BADGE = "urn:example:scim:Badge"
PARTS = [part("value"), part("type"), part("code", mutability="immutable"), part("note")]
HIDDEN = [part("value", returned="never"), part("code", mutability="immutable", returned="never")]
LISTS = [
    part("keys", type="complex", multiValued=True, subAttributes=PARTS),
    part("locks", type="complex", multiValued=True, subAttributes=HIDDEN),
]
BADGES = Validator(make_resource_type("Badge", "/Badges", {"id": BADGE, "name": "Badge", "attributes": LISTS}))


def key(value: str, code: str | None = None, type: str | None = None) -> Document:
    found = {"value": value, "type": type, "code": code}
    return {name: text for name, text in found.items() if text is not None}


@pytest.mark.requirement("T-12", "L-03", "L-04", "L-07", "U-06")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([key("a", "1")], [key("b", "2")], id="another value"),
        pytest.param([key("a", "1", "x")], [key("a", "2", "y")], id="L-04 another type"),
        pytest.param([key("a", "1", "x")], [key("a", "1")], id="its type left out"),
        pytest.param([key("a", "1", "x"), key("a", "2", "y")], [key("a", "2")], id="the type of one of two left out"),
        pytest.param([key("a", "1", "x")], [key("a", "1", "x"), key("a", "2")], id="one more without type"),
        pytest.param([key("a", "1"), key("a", "2")], [key("a", "1"), key("a", "2")], id="two of the same"),
        pytest.param([key("a")], [key("a", "1")], id="set later"),
        pytest.param([{"code": "1"}], [{"code": "2"}], id="L-07 without value"),
        pytest.param(["a"], [key("a", "1")], id="stored by another schema"),
        pytest.param("a", [key("a", "1")], id="stored as a single value"),
    ],
)
def test_elements_are_others(before: Any, after: Any) -> None:
    """Or they keep what is immutable."""
    assert BADGES.with_kept({"keys": after}, {"keys": before}) == {"keys": after}


@pytest.mark.requirement("T-12", "U-06")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([key("a", "1")], [key("a", "2")], id="another code"),
        pytest.param([key("a", "1")], [key("a")], id="no code"),
        pytest.param([key("a", "1", "x")], [key("A", "2", "X")], id="in another letter case"),
        pytest.param([key("a", "1", "x")], [key("a", "2")], id="its type left out"),
        pytest.param([key("a", "0"), key("a", "1")], [key("a", "3")], id="none of two"),
    ],
)
def test_elements_are_the_same(before: Any, after: Any) -> None:
    """By value and type, and then what is immutable cannot change."""
    with pytest.raises(Mutability, match=r'^keys\[value eq "a"\].code is immutable: it has the value "1", which'):
        BADGES.with_kept({"keys": after}, {"keys": before})


@pytest.mark.requirement("T-13")
def test_the_error_of_an_element_holds_no_secret() -> None:
    """Neither the value that names it, nor the one that it has."""
    before, after = ({"locks": [{"value": "secret", "code": code}]} for code in ("hidden", "other"))
    with pytest.raises(Mutability, match=r"^locks.code is immutable: it has a value, which cannot"):
        BADGES.with_kept(after, before)
