"""The ids of a group's members, which are read all at once where they are ordinary (RFC 7643 §4.2)."""

from typing import Any

import pytest

from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema import load_profile
from flask_bsr_scim.schema.lists import make_member_id_reader

(MEMBERS,) = (t.members for t in load_profile("rfc7643") if t.members is not None)
READ = make_member_id_reader(MEMBERS)


@pytest.mark.parametrize("odd", ["ä", "a b", "ß" * 40])
def test_odd_ids(odd: str) -> None:
    """An id that is not ordinary is read as it is, and each id once, in the order in which they came."""
    assert READ([{"value": "b"}, {"value": odd}, {"value": "a"}, {"value": "b"}]) == ("b", odd, "a")


@pytest.mark.parametrize("wrong", ["", " ", "\0", "\ud800", 7, True, None, ["a"], {}])
def test_what_is_no_id(wrong: Any) -> None:
    """What cannot be an id is refused, however ordinary the others are."""
    with pytest.raises(InvalidValue, match=r"members\.value"):
        READ([{"value": "b"}, {"value": wrong}])
