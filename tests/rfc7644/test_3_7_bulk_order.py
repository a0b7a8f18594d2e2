"""RFC 7644 §3.7.1: in which order the operations of a bulk job are done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.bulk_order import in_order_of_need


@pytest.mark.requirement("B-14", "B-15")
@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([[], [], []], [[0], [1], [2]], id="as they come"),
        pytest.param([[], [0], [1]], [[0], [1], [2]], id="already in order"),
        pytest.param([[2], [], []], [[2], [0], [1]], id="one is pulled ahead"),
        pytest.param([[1], [2], []], [[2], [1], [0]], id="a chain from its beginning"),
        pytest.param([[], [3, 2], [], []], [[0], [2], [3], [1]], id="several, in their order"),
        pytest.param([[1], [0]], [[0, 1]], id="a circle"),
        pytest.param([[0]], [[0]], id="by itself"),
        pytest.param([[1], [2], [0], []], [[0, 1, 2], [3]], id="a wide circle"),
        pytest.param([[1], [0, 2], [3], [2]], [[2, 3], [0, 1]], id="a circle that needs another"),
        pytest.param([[1, 3], [2], [0], [4], [3]], [[3, 4], [0, 1, 2]], id="a circle with a branch"),
        pytest.param([[1], [2], [1, 3], [0]], [[0, 1, 2, 3]], id="circles that share"),
    ],
)
def test_order(needs: list[list[int]], expected: list[list[int]]) -> None:
    """What is needed comes first, what needs each other together, all else stays in its place."""
    assert list(in_order_of_need(needs)) == expected


@given(st.lists(st.sets(st.integers(0, 11), max_size=3), min_size=12, max_size=12))
def test_any_order(needs: list[set[int]]) -> None:
    """Each comes once, behind what it needs; those that can be reached from each other are together, and no others."""
    parts = list(in_order_of_need(needs))
    assert sorted(number for part in parts for number in part) == list(range(12))
    place = {number: index for index, part in enumerate(parts) for number in part}
    assert all(place[needed] <= place[number] for number, some in enumerate(needs) for needed in some)
    reached = [_reached(needs, number) for number in range(12)]
    for one in range(12):
        for other in range(12):
            together = one == other or (other in reached[one] and one in reached[other])
            assert (place[one] == place[other]) is together


def _reached(needs: list[set[int]], start: int) -> set[int]:
    found: set[int] = set()
    ahead = [start]
    while ahead:
        fresh = needs[ahead.pop()] - found
        found |= fresh
        ahead += fresh
    return found
