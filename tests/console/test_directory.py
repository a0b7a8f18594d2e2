"""The tabs Users, Groups and Organizations."""

import re

from flask_bsr_scim.registry.model import OrganizationRole
from tests.console.visiting import NEXT, PREVIOUS, Site, Visitor, link, person, walk


def test_users_are_paged(site: Site, visitor: Visitor) -> None:
    """Pages lead on and back, and nobody is lost or seen twice."""
    names = [f"user{number:03}@example.com" for number in range(120)]
    for name in names:
        site.scim.user(name)
    item = r">(user\d+@example.com)</a>"
    forward = walk(visitor, "users", NEXT, item)
    assert [len(page) for page in forward] == [50, 50, 20]
    assert [name for page in forward for name in page] == names
    last = "users" + link(NEXT, visitor.text("users" + link(NEXT, visitor.text("users"))))
    backward = walk(visitor, last, PREVIOUS, item)
    assert backward[::-1] == forward
    assert "120" in visitor.text("users")


def test_users_are_searched(site: Site, visitor: Visitor) -> None:
    """A part of userName or address finds a user; the state narrows it down."""
    person(site, "alice")
    person(site, "bob", active=False)
    for query, names in {
        "q=ALI": ["alice"],
        "q=example.com": ["alice", "bob"],
        "state=deactivated": ["bob"],
        "state=active": ["alice"],
        "q=bob&state=active": [],
        "q=%22%5C": [],
    }.items():
        found = re.findall(r">(\w+)@example.com</a>", visitor.text(f"users?{query}"))
        assert found == names, query


def test_a_user(site: Site, visitor: Visitor) -> None:
    """A user is shown with handle, groups, and organizations with their source."""
    bob = person(site, "bob", name={"givenName": "Bob", "familyName": "Smith"})
    site.scim.group("Engineering", bob)
    registry = site.service.registry()
    organization = registry.organizations.create("acme", site.admin_id)
    registry.mappings.add(organization.id, "Engineering", OrganizationRole.ADMIN)
    text = visitor.text(f"users/{bob}")
    for words in ("Bob Smith", "bob@example.com", "Engineering", "acme", "Admin", "by the group Engineering"):
        assert words in text


def test_a_group(site: Site, visitor: Visitor) -> None:
    """A group is shown with its members, page by page, and what it is mapped to."""
    ids = [site.scim.user(f"user{number:03}@example.com")["id"] for number in range(60)]
    group = site.scim.group("Engineering", *ids)
    organization = site.service.registry().organizations.create("acme", site.admin_id)
    site.service.registry().mappings.add(organization.id, "Engineering")
    text = visitor.text("groups")
    assert "Engineering" in text
    assert "acme" in text
    path = f"groups/{group['id']}"
    pages = walk(visitor, path, NEXT, r">(user\d+@example.com)</a>")
    assert [len(page) for page in pages] == [50, 10]
    last = path + link(NEXT, visitor.text(path))
    assert walk(visitor, last, PREVIOUS, r">(user\d+@example.com)</a>") == pages[::-1]
    assert "60 members" in visitor.text(path)
    assert "No group fits" in visitor.text("groups?q=nothing")


def test_an_organization(site: Site, visitor: Visitor) -> None:
    """Who is in an organization is shown by role and source."""
    bob = person(site, "bob")
    site.scim.group("Engineering", bob)
    registry = site.service.registry()
    organization = registry.organizations.create("acme", site.admin_id)
    registry.mappings.add(organization.id, "Engineering")
    registry.organizations.add_member(organization.id, bob, OrganizationRole.ADMIN)
    assert "acme" in visitor.text("organizations")
    text = visitor.text(f"organizations/{organization.id}")
    for words in ("bob", "Admin", "given by hand", "by the group Engineering", "Owner", "2 members"):
        assert words in text
    assert "acme" in visitor.text("organizations?q=CM")
    assert "No organization fits" in visitor.text("organizations?q=nothing")
