"""The users that the benchmark makes."""

from typing import Any

CORE = "urn:ietf:params:scim:schemas:core:2.0:"


def user_name(tag: str, number: int) -> str:
    """Return a userName, which is the address of the user at work too."""
    return f"{tag}.{number:07}@example.com"


def external_id(tag: str, number: int) -> str:
    """Return an externalId."""
    return f"ext-{tag}-{number:07}"


def user(tag: str, number: int, title: str = "Engineer") -> dict[str, Any]:
    """Return a user as an identity provider sends one: about 500 bytes."""
    address = user_name(tag, number)
    given, family = f"Given{number}", f"Family{number % 997}"
    return {
        "schemas": [f"{CORE}User"],
        "userName": address,
        "externalId": external_id(tag, number),
        "name": {"givenName": given, "familyName": family, "formatted": f"{given} {family}"},
        "displayName": f"{given} {family}",
        "title": title,
        "emails": [
            {"value": address, "type": "work", "primary": True},
            {"value": f"home.{address}", "type": "home"},
        ],
        "phoneNumbers": [{"value": f"+1-555-{number % 10000:04}", "type": "work"}],
        "locale": "en-US",
        "active": True,
    }
