"""Filters that were seen before with other values (RFC 7644 §3.4.2.2)."""

import pytest

from flask_bsr_scim.errors import InvalidFilter
from flask_bsr_scim.filter import MAX_LENGTH, BoundFilter, FilterReader, Form, bind, form_of, parse_filter
from flask_bsr_scim.schema import ResourceType, load_profile

USER, GROUP = load_profile("rfc7643")

FORMS = [
    pytest.param('userName eq "{}"', id="one comparison"),
    pytest.param('userName eq "{}" and externalId eq "{}"', id="and"),
    pytest.param('not (userName sw "{}" or name.familyName co "{}")', id="not and or"),
    pytest.param('emails[type eq "{}" and value ew "{}"]', id="value path"),
    pytest.param('emails[type eq "{}"].value eq "{}"', id="Entra's value path"),
    pytest.param('title pr and userName ne "{}"', id="pr and ne"),
    pytest.param('active eq true and userName eq "{}"', id="a boolean beside it"),
    pytest.param('active eq "true" or userName eq "{}"', id="a boolean in quotes beside it"),
    pytest.param('emails[primary eq false and value eq "{}"]', id="primary"),
    pytest.param('meta.lastModified gt "2026-01-01T00:00:00Z" and userName eq "{}"', id="a time beside it"),
]

VALUES = [
    ("bob", "work"),
    ("ANN", "x"),
    ("", ""),
    ("ß", "İ"),
    ("a and b", "x eq y"),
    ("%_*", "[]()"),
    ("\\u0041", "\\n"),
]


def anew(text: str, resource_type: ResourceType) -> tuple[BoundFilter, Form]:
    """Return the filter as it is read the first time."""
    bound = bind(parse_filter(text), resource_type)
    return bound, form_of(bound)


@pytest.mark.parametrize("form", FORMS)
def test_other_values_mean_what_they_say(form: str) -> None:
    """A filter of a known form is read as if it were the first."""
    reader = FilterReader()
    for values in (*VALUES, *VALUES):
        text = form.format(*values)
        assert reader.read(text, USER) == anew(text, USER)


def test_forms_belong_to_a_resource_type() -> None:
    """The same text is read anew for another type."""
    reader, text = FilterReader(), 'externalId eq "x"'
    assert reader.read(text, USER) == anew(text, USER)
    assert reader.read(text, GROUP) == anew(text, GROUP)
    assert reader.read('members[value eq "a"]', GROUP) == anew('members[value eq "a"]', GROUP)
    with pytest.raises(InvalidFilter):
        reader.read('members[value eq "a"]', USER)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "a',
        'userName eq "a" "b"',
        'meta.created gt "no time"',
        'active gt "x"',
        pytest.param(f'userName eq "{"a" * MAX_LENGTH}"', id="too long"),
    ],
    ids=str,
)
def test_what_is_wrong_stays_wrong(text: str) -> None:
    """A known form does not make a wrong filter good."""
    reader = FilterReader()
    for known in ('userName eq "b"', 'meta.created gt "2026-01-01T00:00:00Z"', 'active eq "true"'):
        reader.read(known, USER)
    for _ in range(2):
        with pytest.raises(InvalidFilter):
            reader.read(text, USER)


def test_number_of_forms_is_bounded() -> None:
    """Clients cannot make the server remember without end."""
    reader = FilterReader()
    for number in range(2000):
        reader.read(f'userName eq "a"{" " * number}', USER)
    assert len(reader._templates) <= 256
