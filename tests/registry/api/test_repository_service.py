"""RepositoryService."""

from typing import Any

import pytest

from tests.registry.api.calling import World, flat

SERVICE = "RepositoryService"


@pytest.fixture
def acme(world: World) -> str:
    """The id of an organization that the administrator owns."""
    return world.organization("acme")


@pytest.fixture
def weather(world: World, acme: str) -> str:
    """The id of a private repository of that organization."""
    return world.repository("acme/weather")


def roles_of(world: World, repository_id: str, user_id: str) -> tuple[str | None, str | None]:
    """Return the explicit and the implicit role of a user in a repository."""
    fields = {"repository_id": repository_id, "user_id": user_id}
    if world.code(f"{SERVICE}/GetRepositoryContributor", **fields) == "not_found":
        return None, None
    contributor = world(f"{SERVICE}/GetRepositoryContributor", **fields)["user"]
    assert (contributor["repositoryId"], contributor["user"]["id"]) == (repository_id, user_id)
    explicit, implicit = (contributor.get(name) for name in ("explicitRole", "implicitRole"))
    return short(explicit), short(implicit)


def short(role: str | None) -> str | None:
    """Return the name of a role without the enum's."""
    return None if role is None else role.removeprefix("REPOSITORY_ROLE_")


def test_a_repository_is_made_and_read(world: World, acme: str, weather: str) -> None:
    """What is made can be read by id and by name; its owner is who made it."""
    by_id = world(f"{SERVICE}/GetRepository", id=weather)
    assert by_id == world(f"{SERVICE}/GetRepositoryByFullName", fullName="acme/weather")
    repository = by_id["repository"]
    assert {name: repository[name] for name in repository if not name.endswith("Time")} == {
        "id": weather,
        "name": "weather",
        "organizationId": acme,
        "visibility": "VISIBILITY_PRIVATE",
        "ownerName": "acme",
    }
    assert set(repository) > {"createTime", "updateTime"}
    assert roles_of(world, weather, world.administrator.id) == ("OWNER", None)


@pytest.mark.parametrize(
    ("given", "then"),
    [({}, "PRIVATE"), ({"visibility": "VISIBILITY_PUBLIC"}, "PUBLIC"), ({"visibility": 2}, "PRIVATE")],
    ids=["absent", "PUBLIC", "by number"],
)
def test_a_repository_is_private_unless_said_otherwise(
    world: World, acme: str, given: dict[str, Any], then: str
) -> None:
    """Nobody shows a repository to all by leaving something out."""
    answer = world(f"{SERVICE}/CreateRepositoryByFullName", full_name="acme/weather", **given)
    assert answer["repository"]["visibility"] == f"VISIBILITY_{then}"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"full_name": "acme/weather"}, "already_exists", id="taken"),
        pytest.param({"full_name": "nowhere/weather"}, "not_found", id="no organization"),
        pytest.param({"full_name": "ada/weather"}, "not_found", id="a user's"),
        pytest.param({"full_name": "acme/"}, "invalid_argument", id="no name"),
        pytest.param({"full_name": "acme"}, "invalid_argument", id="no slash"),
        pytest.param({"full_name": "acme/a/b"}, "invalid_argument", id="two slashes"),
        pytest.param({}, "invalid_argument", id="empty"),
        pytest.param({"full_name": "nowhere"}, "invalid_argument", id="no slash, no organization"),
        pytest.param({"full_name": "acme/x1", "visibility": 99}, "invalid_argument", id="unknown visibility"),
    ],
)
def test_a_repository_that_cannot_be_made_is_refused(
    world: World, weather: str, fields: dict[str, Any], code: str
) -> None:
    """A repository has a name of its own in an organization."""
    assert world.code(f"{SERVICE}/CreateRepositoryByFullName", **fields) == code


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_repository_is_deleted(world: World, weather: str, by: str) -> None:
    """A deleted repository is there no more, and cannot be deleted twice."""
    method, fields = "DeleteRepository", {"id": weather}
    if by == "name":
        method, fields = "DeleteRepositoryByFullName", {"full_name": "acme/weather"}
    assert world(f"{SERVICE}/{method}", **fields) == {}
    assert world.code(f"{SERVICE}/{method}", **fields) == "not_found"
    assert world.code(f"{SERVICE}/GetRepository", id=weather) == "not_found"


def test_a_contributor_is_set_and_taken(world: World, weather: str) -> None:
    """UNSPECIFIED takes the direct role, every other role takes its place."""
    bob = world.user("bob")
    fields = {"repository_id": weather, "user_id": bob}
    for role in ("READ", "LIMITED_WRITE", "WRITE", "ADMIN", "OWNER"):
        world(f"{SERVICE}/SetRepositoryContributor", **fields, repository_role=f"REPOSITORY_ROLE_{role}")
        assert roles_of(world, weather, bob) == (role, None)
    assert world(f"{SERVICE}/SetRepositoryContributor", **fields) == {}
    assert roles_of(world, weather, bob) == (None, None)


def test_the_base_role_is_implicit(world: World, acme: str, weather: str) -> None:
    """Members of the organization have its base role beside what they have in the repository itself."""
    bob, carol = world.user("bob"), world.user("carol")
    update = {"organization_id": acme, "repository_base_role": "REPOSITORY_ROLE_WRITE"}
    world("OrganizationService/UpdateOrganizationSettings", **update)
    world.place(acme, bob, "MEMBER")
    assert roles_of(world, weather, bob) == (None, "WRITE")
    assert roles_of(world, weather, carol) == (None, None)
    role = {"repository_role": "REPOSITORY_ROLE_READ"}
    world(f"{SERVICE}/SetRepositoryContributor", repository_id=weather, user_id=bob, **role)
    assert roles_of(world, weather, bob) == ("READ", "WRITE")


@pytest.mark.parametrize("reverse", [False, True])
def test_contributors_are_listed_in_pages(world: World, acme: str, weather: str, reverse: bool) -> None:
    """Those of mapped groups are among them; who is a member of the organization alone is not."""
    people = [world.user(name) for name in ("bob", "carol", "dave")]
    world.place(acme, world.user("erin"), "MEMBER")
    world.scim.group("eng", *people)
    world(f"{SERVICE}/AddRepositoryGroup", repository_id=weather, group_name="eng")
    pages = world.pages(
        f"{SERVICE}/ListRepositoryContributors",
        "users",
        lambda c: (c["user"]["id"], short(c["explicitRole"])),
        repository_id=weather,
        page_size=3,
        reverse=reverse,
    )
    expected = sorted([(world.administrator.id, "OWNER"), *((person, "READ") for person in people)], reverse=reverse)
    assert [len(page) for page in pages] == [3, 1]
    assert flat(pages) == expected


def test_a_group_is_mapped_changed_and_unmapped(world: World, weather: str) -> None:
    """A mapped group's members may read, or what the override says; unmapping takes them out at once."""
    bob = world.user("bob")
    world.scim.group("eng", bob)

    def change(call: str, **fields: str) -> str:
        return world.code(f"{SERVICE}/{call}", repository_id=weather, group_name="eng", **fields)

    admin = {"role_override": "REPOSITORY_ROLE_ADMIN"}
    owner = {"role_override": "REPOSITORY_ROLE_OWNER"}
    steps: list[tuple[str, dict[str, str], str, str | None]] = [
        ("UpdateRepositoryGroup", admin, "not_found", None),
        ("RemoveRepositoryGroup", {}, "not_found", None),
        ("AddRepositoryGroup", owner, "invalid_argument", None),
        ("AddRepositoryGroup", {}, "ok", "READ"),
        ("UpdateRepositoryGroup", admin, "ok", "ADMIN"),
        ("UpdateRepositoryGroup", owner, "invalid_argument", "ADMIN"),
        ("UpdateRepositoryGroup", {"role_override": "REPOSITORY_ROLE_UNSPECIFIED"}, "ok", "READ"),
        ("AddRepositoryGroup", {"roleOverride": "REPOSITORY_ROLE_WRITE"}, "ok", "WRITE"),
        ("RemoveRepositoryGroup", {}, "ok", None),
    ]
    for call, fields, code, then in steps:
        assert (change(call, **fields), roles_of(world, weather, bob)[0]) == (code, then), (call, fields)


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GetRepository", {"id": "nowhere"}),
        ("GetRepositoryByFullName", {"full_name": "acme/nowhere"}),
        ("GetRepositoryByFullName", {"full_name": ""}),
        ("DeleteRepository", {"id": "nowhere"}),
        ("DeleteRepositoryByFullName", {"full_name": "acme/nowhere"}),
        ("SetRepositoryContributor", {"repository_id": "nowhere", "repository_role": "REPOSITORY_ROLE_READ"}),
        ("ListRepositoryContributors", {"repository_id": "nowhere"}),
        ("GetRepositoryContributor", {"repository_id": "nowhere", "user_id": "nobody"}),
        ("AddRepositoryGroup", {"repository_id": "nowhere", "group_name": "eng"}),
        ("UpdateRepositoryGroup", {"repository_id": "nowhere", "group_name": "eng"}),
        ("RemoveRepositoryGroup", {"repository_id": "nowhere", "group_name": "eng"}),
    ],
)
def test_what_is_not_there_is_not_found(world: World, method: str, fields: dict[str, Any]) -> None:
    """Every call that names a repository says so when there is none."""
    assert world.code(f"{SERVICE}/{method}", **fields) == "not_found"


@pytest.mark.parametrize("role", ["READ", "UNSPECIFIED"])
def test_a_user_who_is_not_there_becomes_no_contributor(world: World, weather: str, role: str) -> None:
    """A direct role needs a user, and so does taking one away."""
    fields = {"repository_id": weather, "user_id": "nobody", "repository_role": f"REPOSITORY_ROLE_{role}"}
    assert world.code(f"{SERVICE}/SetRepositoryContributor", **fields) == "not_found"


def test_an_organization_is_no_repository(world: World, acme: str) -> None:
    """The id of an organization does not map a group with the role of a repository."""
    fields = {"repository_id": acme, "group_name": "eng"}
    assert world.code(f"{SERVICE}/AddRepositoryGroup", **fields) == "not_found"
