"""The tabs Readiness and Changes."""

from tests.console.visiting import NEXT, Site, Visitor, person, walk


def test_readiness(site: Site, visitor: Visitor) -> None:
    """What would go wrong is listed, and leads to what it is about."""
    assert "nothing to put right" in visitor.text("readiness")
    group = site.scim.group("Engineering")
    text = visitor.text("readiness")
    assert "mapped to no organization" in text
    assert f'href="groups/{group["id"]}"' in text
    assert "No warning fits" in visitor.text("readiness?q=nothing")


def test_changes(site: Site, visitor: Visitor) -> None:
    """A change is shown with before and after, and by which token."""
    token, kept = site.service.tokens.create("default", description="Okta, production")
    headers = {"Authorization": f"Bearer {token}"}
    bob = person(site, "bob", name={"givenName": "Bob"})
    response = site.scim.patch(
        f"/Users/{bob}", {"op": "replace", "path": "name.givenName", "value": "Rob"}, headers=headers
    )
    group = site.scim.group("Engineering")
    site.scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": bob}]})
    text = visitor.text("changes")
    for words in ("<del>Bob</del>", "<ins>Rob</ins>", "Okta, production", "Members added", ">bob@example.com</a>"):
        assert words in text
    for query, number in {
        f"q={kept.id}": 1,
        f"q={response.headers['X-Request-Id']}": 1,
        "q=nothing": 0,
        "type=Group": 2,
        "operation=create": 2,
        "operation=create&type=User": 1,
        "type=nonsense": 0,
    }.items():
        assert visitor.text(f"changes?{query}").count('<li class="card">') == number, query
    assert visitor.text("changes?type=all").count('<li class="card">') > 5


def test_older_changes(site: Site, visitor: Visitor) -> None:
    """The whole change log can be walked through, the latest first; a search goes on where it ended."""
    for number in range(120):
        site.scim.user(f"user{number:03}@example.com")
    item = r">(user\d+)@example.com</a>"
    pages = walk(visitor, "changes?type=User", NEXT, item)
    assert [name for page in pages for name in page] == [f"user{number:03}" for number in range(119, -1, -1)]
