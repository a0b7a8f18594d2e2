"""The reference page of the admin API."""

import re

import pytest

from flask_bsr_scim.registry.api.rules import RULES
from tests.docs.pages import DOCS
from tests.registry.api.calling import STATUS
from tests.registry.api.test_rules import SERVICES

PAGE = (DOCS / "reference" / "admin-api.md").read_text("utf-8")

PAGED = {"page_size", "page_token", "reverse"}


def section(heading: str) -> str:
    """Return what is below a heading."""
    return PAGE.partition(f"# {heading}\n")[2].partition("\n#")[0]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    lines = [line for line in section(heading).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(cell: str) -> set[str]:
    """Return the names of fields in a cell."""
    return set(re.findall(r"`(\w+)`", cell))


@pytest.mark.parametrize("service", RULES)
def test_methods_are_all_there_with_their_fields(service: str) -> None:
    """Each method has a row, with every field of its request and those of its answer."""
    described = {row[0].strip("`"): row for row in rows(service)}
    methods = {method.name: method for method in SERVICES[service][0].desc().methods}
    assert set(described) == set(methods)
    for name, method in methods.items():
        _, request, answer, who = described[name]
        fields = {field.name for field in method.input.fields}
        assert ("a page" in request) is (fields >= PAGED), name
        assert named(request) == fields - PAGED, name
        assert named(answer) >= {field.json_name for field in method.output.fields} - {"nextPageToken"}, name
        assert who


def test_codes_are_all_there_with_their_status() -> None:
    """Each code that this API answers has a row."""
    assert {row[0].strip("`"): int(row[1]) for row in rows("Errors")} == STATUS
