"""Users as Hypothesis makes them, to compare servers: few values, of those that are easily got wrong."""

from hypothesis import strategies as st

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, USER

TEXTS = ("Alice", "alice", "a", "B", "", "o'neil", 'O"Neil', "Ångström", "A\u030angstro\u0308m", "100%_x", "\\",
         "Straße", "STRASSE")  # fmt: skip
TYPES = ("work", "Home", "other")
NAMES = ("alice", "BOB", "Zoë", "d%_e", "eve@example.com")
ADDRESSES = ("alice@example.com", "Bob@example.org", "zoe@example.net")
NUMBERS = ("+1-201-555-0123", "+49 30 1234", "ext 5")

values = st.sampled_from([text for text in TEXTS if text])
names = st.fixed_dictionaries({"givenName": values}, optional={"familyName": values})


def elements(of: tuple[str, ...]) -> st.SearchStrategy[list[Document]]:
    """Return lists of the elements of a multi-valued attribute, of which one at most is primary."""
    element = st.fixed_dictionaries({"value": st.sampled_from(of)}, optional={"type": st.sampled_from(TYPES)})
    return st.builds(_with_primary, st.lists(element, min_size=1, max_size=3, unique_by=_value), st.integers(-1, 2))


def _value(element: Document) -> str:
    return str(element["value"])


def _with_primary(made: list[Document], chosen: int) -> list[Document]:
    return [{**element, "primary": True} if index == chosen else element for index, element in enumerate(made)]


def user(attributes: Document) -> Document:
    """Return the body of a user with these attributes."""
    return {"schemas": [USER, *([ENTERPRISE] if ENTERPRISE in attributes else [])], **attributes}


users = st.fixed_dictionaries(
    {"userName": st.sampled_from(NAMES)},
    optional={
        "externalId": values,
        "title": values,
        "displayName": values,
        "active": st.booleans(),
        "name": names,
        "emails": elements(ADDRESSES),
        "phoneNumbers": elements(NUMBERS),
        ENTERPRISE: st.fixed_dictionaries({"department": values}, optional={"employeeNumber": values}),
    },
).map(user)
