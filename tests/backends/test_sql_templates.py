"""Statements from templates are those that would be made anew."""

from itertools import permutations, product

import pytest

from flask_bsr_scim.backends.base import Query, Sort
from flask_bsr_scim.backends.sql import select
from flask_bsr_scim.backends.sql_templates import Selections
from flask_bsr_scim.filter import FilterReader, bind, parse_filter
from flask_bsr_scim.schema import TypeRegistry, load_profile
from flask_bsr_scim.view import View

TYPES = TypeRegistry(load_profile("rfc7643"))
USER = TYPES.by_name["User"]
VIEW = View(TYPES, "https://example.com/scim/v2")
FORMS = (
    'userName eq "{}"',
    'userName eq "{}" and externalId eq "{}" and title eq "{}"',
    'emails[type eq "{}" and value eq "{}"]',
    'emails[type eq "{}"].value eq "{}"',
    'title gt "{}" and title le "{}"',
    'groups.value eq "{}" and meta.location eq "{}"',
    'userName sw "{}" and title co "{}"',
    'not (userName eq "{}") or title eq "{}"',
    'title pr and not (emails[value eq "{}"]) and userName eq "{}"',
    'active eq false and title eq "{}" and nickName eq "{}"',
    'active eq true and title eq "{}" and nickName eq "{}"',
    'title eq "{}" and nickName co "{}"',
)


def query(form: str, values: tuple[str, ...], sort: str | None = None, view: View = VIEW) -> Query:
    """Return the query for users whose filter has the form and these values."""
    target = sort and USER.resolve(sort)
    return Query(view, bind(parse_filter(form.format(*values)), USER), Sort(target) if target else None)


@pytest.mark.parametrize("form", FORMS)
def test_keys_come_where_they_belong(form: str) -> None:
    """Whatever was asked before, the statement and its parameters are those of the query."""
    selections = Selections()
    for values in permutations(("a", "work", "z")):
        for sort in (None, "meta.lastModified", "title"):
            asked = query(form, values, sort)
            assert selections.select(7, USER, asked) == select(7, USER, asked)


def test_forms_are_apart() -> None:
    """No statement is that of a filter of another form, whether its form was known or not."""
    selections, reader = Selections(), FilterReader()
    for _ in range(2):
        for form, values in product(FORMS, permutations(("a", "work", "z"))):
            bound, known = reader.read(form.format(*values), USER)
            for asked in (Query(VIEW, bound, form=known), Query(VIEW, bound)):
                assert selections.select(7, USER, asked) == select(7, USER, asked)
    everyone = Query(VIEW)
    assert selections.select(7, USER, everyone) == select(7, USER, everyone)


def test_templates_belong_to_a_base_url_and_a_tenant() -> None:
    """Neither the location of another host nor another tenant comes out of a template."""
    selections = Selections()
    for tenant, host in ((1, "https://one.example"), (2, "https://two.example"), (1, "https://two.example")):
        asked = query('meta.location eq "{}"', ("x",), view=View(TYPES, host))
        assert selections.select(tenant, USER, asked) == select(tenant, USER, asked)


def test_number_of_templates_is_bounded() -> None:
    """Clients cannot make the server remember without end."""
    selections = Selections()
    for length in range(1, 190):
        for name in ("userName", "title"):
            selections.select(1, USER, query(" and ".join([f'{name} eq "{{0}}"'] * length), ("x",)))
    assert len(selections._templates) <= 256
