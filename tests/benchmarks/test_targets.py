"""Targets are reached or missed as the figures say."""

from dataclasses import replace

import pytest

from benchmarks.book import Book
from benchmarks.load.rounds import Chunk, figures
from benchmarks.load.services import BARE, REDIS, SQLITE
from benchmarks.page.targets import TARGETS, Target
from benchmarks.results import Key, Results
from tests.benchmarks.figures import new_book, rate

CASES = [(target, store) for target in TARGETS for store in target.bounds]


def case_id(value: Target | str) -> str:
    """Return how a target or a store is named in test results."""
    return value if isinstance(value, str) else f"{value.name} {value.what[:20]}"


@pytest.mark.parametrize(("target", "store"), CASES, ids=case_id)
def test_a_target_is_reached_by_good_figures_and_missed_by_bad_ones(target: Target, store: str) -> None:
    """Whatever a target looks at, it is measured, and costs make the difference."""
    good, bad = target.worst(new_book(), store), target.worst(new_book(ours=0.02, growth=3), store)
    assert good is not None
    assert bad is not None
    assert target.is_kept(store, good.ratio)
    assert not target.is_kept(store, bad.ratio)


def test_there_are_fifteen() -> None:
    """They are named P1 to P15."""
    assert list(dict.fromkeys(target.name for target in TARGETS)) == [f"P{number}" for number in range(1, 16)]


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("P1", 1), ("P3", 2), ("P5", 1), ("P7", 2), ("P8", 2), ("P12", 5), ("P13", 4), ("P14", 2), ("P15", 60)],
)
def test_ratios(name: str, ratio: float) -> None:
    """Each is what it is said to be: of the bare route, of another size, of Bulk and POST, of a parser, of a peer."""
    target = next(target for target in TARGETS if target.name == name)
    measured = target.worst(new_book(growth=2), next(iter(target.bounds)))
    assert measured is not None
    assert measured.ratio == pytest.approx(ratio)


def test_the_worst_workload_counts() -> None:
    """One filter that is too slow misses the target of all, and is named."""
    book = new_book()
    book.results("compare").figures[Key(10_000, "d.emails_value")][REDIS] = rate(100)
    target = next(target for target in TARGETS if target.name == "P4")
    assert target.worst(book, REDIS) == (pytest.approx(0.1), "d.emails_value")
    assert target.worst(book, SQLITE) == (1, "d.emails_complex")


@pytest.mark.parametrize(("target", "store"), CASES, ids=case_id)
def test_what_was_not_measured_is_neither(target: Target, store: str) -> None:
    """Without a part there is no ratio."""
    assert target.worst(Book(), store) is None


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    """A round in which the machine was slow for one of two does not decide."""
    results = Results()
    slower = replace(rate(100), rates=(50.0, 1.0, 50.0))
    results.add(Key(1, "b.get"), {SQLITE: slower, BARE: rate(100)})
    assert results.ratio(Key(1, "b.get"), SQLITE, BARE) == 0.5


def test_a_stall_within_a_round_does_not_decide() -> None:
    """One request after the other is compared by the median of the round; several at once by what was done."""
    chunks = [Chunk([0.01, 0.01, 0.98], 1.0, 1)] * 3
    others = [Chunk([0.02, 0.02, 0.02], 0.06, 1)] * 3
    assert figures(chunks).ratio(figures(others)) == 2
    assert figures([replace(each, connections=4) for each in chunks]).ratio(figures(others)) == pytest.approx(0.06)
