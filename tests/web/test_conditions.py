"""Conditions of requests as functions (RFC 7644 §3.14, RFC 9110 §13)."""

import pytest

from flask_bsr_scim.conditions import NO_CONDITIONS, Conditions
from flask_bsr_scim.errors import PreconditionFailed
from flask_bsr_scim.resource import Resource

THIRD = Resource("User", "1", 3, "", "", "{}")


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("*", None, id="any"),
        pytest.param(" * ", None, id="any, with blanks"),
        pytest.param('W/"3"', 3, id="weak"),
        pytest.param('w/"3"', 3, id="weak, lower case"),
        pytest.param('"3"', 3, id="strong"),
        pytest.param('W/"3-g"', 3, id="of an answer with groups"),
        pytest.param('W/"1", W/"3"', 3, id="in a list"),
        pytest.param('"x","y" , "3"', 3, id="at the end of a list"),
    ],
)
def test_a_write_must_find_the_version(if_match: str | None, expected: int | None) -> None:
    """With a tag the write holds for that version alone; without one, and with `*`, for any."""
    assert Conditions(if_match).check(THIRD) == expected


@pytest.mark.requirement("V-07", "V-11")
@pytest.mark.parametrize(
    "if_match",
    [
        "",
        " ",
        'W/"2"',
        'W/"30"',
        '"03"',
        'W/"3-x"',
        'W/"-g"',
        'W/"1", W/"2"',
        "garbage",
        '"',
        'W/"3',
        "*, x",
        '"*"',
        "3.0",
    ],
)
def test_other_versions_do_not_match(if_match: str) -> None:
    """What does not name the version is 412."""
    with pytest.raises(PreconditionFailed):
        Conditions(if_match).check(THIRD)


@pytest.mark.requirement("V-14")
@pytest.mark.parametrize(
    ("if_none_match", "fails"),
    [
        (None, False),
        ("*", True),
        ('W/"3"', True),
        ('"3"', True),
        ('W/"3-g"', True),
        ('W/"2", W/"3"', True),
        ('W/"2"', False),
        ("garbage", False),
        ("", False),
    ],
)
def test_a_write_can_exclude_versions(if_none_match: str | None, fails: bool) -> None:
    """If-None-Match that names the present version is 412."""
    conditions = Conditions(None, if_none_match)
    if not fails:
        assert conditions.check(THIRD) is None
        return
    with pytest.raises(PreconditionFailed, match="If-None-Match"):
        conditions.check(THIRD)


def test_both_conditions_hold() -> None:
    """A write has to satisfy both."""
    assert Conditions('W/"3"', 'W/"2"').check(THIRD) == 3
    with pytest.raises(PreconditionFailed):
        Conditions('W/"3"', 'W/"3"').check(THIRD)


@pytest.mark.requirement("V-05", "V-06")
@pytest.mark.parametrize(
    ("if_none_match", "etag", "known"),
    [
        (None, 'W/"3"', False),
        ('W/"3"', 'W/"3"', True),
        ('"3"', 'W/"3"', True),
        ("*", 'W/"3"', True),
        ('W/"2", W/"3"', 'W/"3"', True),
        ('W/"2"', 'W/"3"', False),
        ('W/"3-g"', 'W/"3"', False),
        ('W/"3-g"', 'W/"3-g"', False),
        ("*", 'W/"3-g"', False),
        ('W/"3"', 'W/"3-g"', False),
        ("garbage", 'W/"3"', False),
        ("", 'W/"3"', False),
    ],
)
def test_a_read_may_be_known(if_none_match: str | None, etag: str, known: bool) -> None:
    """The tag of exactly this answer, and never that of one which shows groups."""
    assert Conditions(None, if_none_match).not_modified(etag) is known


def test_no_conditions() -> None:
    """Without headers a write holds for any version, and a read is answered."""
    assert NO_CONDITIONS.check(THIRD) is None
    assert NO_CONDITIONS.not_modified('W/"3"') is False
