"""Measures what roles cost behind a small and a large group: `python -m benchmarks.roles`."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import click

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import DEFAULT_TENANT, Backend, Insert
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.model import Organization
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import TypeRegistry, load_profile

SMALL, MOST_GROWTH = 10, 1.3

_AT_ONCE = 2000
_CALLS = 200

Question = Callable[[Registry, Organization, str], object]

CONSTANT: dict[str, Question] = {
    "role of a user": lambda registry, organization, user: registry.access.role(user, organization),
    "role of a stranger": lambda registry, organization, _: registry.access.role("stranger", organization),
    "organizations of a user": lambda registry, _, user: registry.access.organizations_of(user),
    "page of 10 members": lambda registry, organization, _: registry.access.members(organization, None, 9),
}
"""What may not cost more behind a large group."""


@click.command()
@click.option("--members", default=100_000, show_default=True, help="Of the large group.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1))
@click.option("--backend", metavar="URI", help="An empty store; by default an SQLite file that is removed afterwards.")
def main(members: int, rounds: int, backend: str | None) -> None:
    """Compare an organization of 10 with one of many members in one store; exit with 1 when a cost grows too much."""
    with tempfile.TemporaryDirectory() as folder:
        uri = backend or f"sqlite:///{Path(folder) / 'roles.db'}"
        store = open_backend(uri, TypeRegistry((*load_profile("bsr"), *internal_types())))
        grown = list(_report(store, members, rounds))
        store.close()
    sys.exit(1 if any(growth > MOST_GROWTH for growth in grown) else 0)


def _report(store: Backend, members: int, rounds: int) -> Iterator[float]:
    """Print every figure, and yield how many times as much each question costs behind the large group."""
    registry, people = Registry(store), _people(store, members)
    sides = [
        _organization(store, registry, name, people[:size]) for name, size in (("small", SMALL), ("large", members))
    ]
    click.echo(f"{'µs, best of the rounds':28}{SMALL:>10,}{members:>10,}")
    for name, ask in CONSTANT.items():
        costs = _interleaved([partial(ask, registry, side, people[SMALL // 2]) for side in sides], rounds)
        growth = costs[1] / costs[0]
        click.echo(f"{name:28}{costs[0]:10.0f}{costs[1]:10.0f}  x {growth:.2f}")
        yield growth
    for name, once in (
        ("count of members", lambda: registry.access.count(sides[1])),
        ("plan of an unmapping", lambda: sum(1 for _ in registry.plan.unmap(sides[1], "large"))),
    ):
        click.echo(f"{name:28}{'':10}{_seconds(once) * 1e6:10.0f}")


def _people(store: Backend, number: int) -> list[str]:
    names = [f"u{n:07}" for n in range(number)]
    rest = iter(["stranger", *names])
    while some := list(islice(rest, _AT_ONCE)):
        store.commit(DEFAULT_TENANT, [Insert("User", name, _user(name)) for name in some])
    return names


def _user(name: str) -> dict[str, object]:
    address = f"{name}@example.com"
    return {
        "schemas": [],
        "id": name,
        "userName": address,
        "emails": [{"value": address, "type": "work"}],
        "active": True,
    }


def _organization(store: Backend, registry: Registry, name: str, members: Sequence[str]) -> Organization:
    """Make an organization whose members are those of one pushed group."""
    organization = registry.organizations.create(name)
    registry.mappings.add(organization.id, name)
    document = {"schemas": [], "id": f"group-{name}", "displayName": name}
    written = _entries(store)
    store.commit(DEFAULT_TENANT, [Insert("Group", f"group-{name}", document, MemberChanges(add=tuple(members)))])
    click.echo(f"pushing a group of {len(members):,} members wrote {_entries(store) - written} entry of the change log")
    return organization


def _entries(store: Backend) -> int:
    number = 0
    while entries := store.log(DEFAULT_TENANT, after=number, count=_AT_ONCE):
        number = entries[-1].sequence
    return number


def _interleaved(questions: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the microseconds of each question, asked in turns: the median of each round, and the least of those."""
    costs = []
    for _ in range(rounds):
        times = [[_seconds(question) for question in questions] for _ in range(_CALLS)]
        costs.append([statistics.median(column) for column in zip(*times, strict=True)])
    return [min(column) * 1e6 for column in zip(*costs, strict=True)]


def _seconds(question: Callable[[], object]) -> float:
    started = time.perf_counter()
    question()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
