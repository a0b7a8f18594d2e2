"""The console in a real browser, served as an operator serves it.

With `CONSOLE_PICTURES=1` the pictures of the documentation are taken anew.
"""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Insert
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind, TokenStore
from flask_bsr_scim.schema import TypeRegistry, load_profile
from tests.client import GROUP, PATCH, USER
from tests.server.conftest import servers
from tests.server.running import Client, Server

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = os.environ.get("CONSOLE_BROWSER") == "required"
PICTURES = Path(__file__).parents[2] / "docs" / "images" if os.environ.get("CONSOLE_PICTURES") else None

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OKTA = {"User_Agent": "Okta SCIM Client 1.0.0"}
MANY = 100_000

pytestmark = pytest.mark.skipif(
    BROWSER is None and not REQUIRED,
    reason="there is no Chromium on this machine; CONSOLE_BROWSER=required forbids this",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser."""
    sync_api = (
        pytest.importorskip("playwright.sync_api") if not REQUIRED else __import__("playwright.sync_api").sync_api
    )
    assert BROWSER is not None, "CONSOLE_BROWSER=required, and there is no Chromium"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield browser
        browser.close()


class Served:
    """A tenant of a server with two workers: the token of an administrator, and that of a connector."""

    def __init__(self, server: Server, backend: Backend, tenant: str) -> None:
        self.server, self.tenant = server, tenant
        self.root = f"http://127.0.0.1:{server.port}/scim/console/"
        backend.open(tenant, "bsr")
        user = Registry(backend, tenant).users.create_admin("admin@example.com")
        tokens = TokenStore(backend)
        self.token, _ = tokens.create(tenant, Kind.API, user=user.id)
        self._scim_token, _ = tokens.create(tenant, description="made at the first start")

    def okta(self, token: str | None = None) -> Client:
        """Return a connector."""
        return self.server.client(token or self._scim_token)


def opened(path: Path) -> Backend:
    """Return a store."""
    types = TypeRegistry((*load_profile("bsr"), *internal_types()))
    return open_backend(f"sqlite:///{path}", types, synchronous="NORMAL")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the server's store."""
    return tmp_path_factory.mktemp("console") / "scim.db"


@pytest.fixture(scope="module")
def server(path: Path) -> Iterator[Server]:
    """A server with two workers."""
    with servers() as start:
        yield start(f"sqlite:///{path}", "--workers", "2").wait()


@pytest.fixture(scope="module")
def tenants() -> Iterator[str]:
    """Names of tenants that nobody has."""
    return map("acme-{}".format, itertools.count(1))


@pytest.fixture
def served(server: Server, path: Path, tenants: Iterator[str]) -> Served:
    """An empty tenant of the server."""
    return Served(server, opened(path), next(tenants))


@pytest.fixture
def page(chromium: Any, served: Served) -> Iterator[Any]:
    """A page of somebody who is signed in; nothing goes wrong in the browser, and no other host is asked."""
    context = chromium.new_context(viewport={"width": 1180, "height": 760}, locale="en-US", timezone_id="UTC")
    page = context.new_page()
    problems: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(served.root)
    page.get_by_label("API token of an administrator").fill(served.token)
    page.keyboard.press("Enter")
    page.wait_for_url("**/traffic")
    yield page
    context.close()
    assert problems == []
    assert hosts == {f"127.0.0.1:{served.server.port}"}


def picture(page: Any, name: str, **options: Any) -> None:
    """Take a picture for the documentation, when that is asked for."""
    if PICTURES is not None:
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"console-{name}.png", **options)


def push(client: Client) -> str:
    """Do what Okta does when people are assigned and a group is pushed; return the id of the group."""
    client("GET", "/Users?startIndex=1&count=2", **OKTA)
    ids = []
    for given, family in (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Radia", "Perlman")):
        name = f"{given}.{family}@example.com".lower()
        client("GET", f"/Users?filter=userName%20eq%20%22{name.replace('@', '%40')}%22&startIndex=1&count=100", **OKTA)
        body = {
            "schemas": [USER],
            "userName": name,
            "name": {"givenName": given, "familyName": family},
            "emails": [{"primary": True, "value": name, "type": "work"}],
            "password": "1mz050nq",
            "active": True,
        }
        ids.append(client("POST", "/Users", body, **OKTA).body["id"])
    group = str(
        client("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineering", "members": []}, **OKTA).body["id"]
    )
    patch(client, group, {"op": "add", "path": "members", "value": [{"value": each} for each in ids[:2]]})
    return group


def patch(client: Client, group: str, *operations: Any) -> int:
    """Send a PATCH of a group."""
    body = {"schemas": [PATCH], "Operations": [*operations]}
    return client("PATCH", f"/Groups/{group}", body, **OKTA).status


def test_a_push_appears_and_an_error_is_explained(page: Any, served: Served) -> None:
    """A push appears without a reload; an error is explained, with masked bodies side by side."""
    page.locator('#live[data-state="on"]').wait_for()
    assert page.get_by_text("Nothing has come in yet").is_visible()
    with served.okta() as okta:
        group = push(okta)
        row = page.locator("li.request", has_text="Okta pushes the group Engineering: adds 2 members")
        row.wait_for(timeout=5000)
        taken = {"schemas": [USER], "userName": "ADA.lovelace@example.com", "password": "1mz050nq"}
        assert okta("POST", "/Users", taken, **OKTA).status == 409
        assert patch(okta, group, {"op": "add", "path": "members", "value": [{"value": "nobody"}]}) == 400
    error = page.locator("li.request.refused", has_text="creates the user ADA.lovelace@example.com")
    error.wait_for(timeout=5000)
    assert not page.get_by_text("Nothing has come in yet").is_visible()
    assert error.locator(".pill").inner_text() == "409"
    moments = page.locator("li.request").evaluate_all("rows => rows.map(row => Number(row.dataset.at))")
    assert moments == sorted(moments, reverse=True)
    picture(page, "traffic", animations="disabled")
    error.click()
    page.get_by_role("heading", name="Another user has this userName").wait_for()
    assert page.get_by_role("heading", name="What to change in Okta").is_visible()
    assert '"password": "(hidden)"' in page.get_by_label("Body of the request").inner_text()
    assert '"scimType": "uniqueness"' in page.get_by_label("Body of the answer").inner_text()
    left, right = (page.get_by_role("heading", name=name, exact=True).bounding_box() for name in ("Request", "Answer"))
    assert left["x"] < right["x"]
    assert abs(left["y"] - right["y"]) < 2
    picture(page, "error", full_page=True)
    page.get_by_role("link", name="Open the one that has it").click()
    page.get_by_role("heading", name="ada.lovelace@example.com").wait_for()
    page.go_back()
    page.go_back()
    page.locator('#live[data-state="on"]').wait_for()


def test_a_token_is_made_and_revoked(page: Any, served: Served) -> None:
    """A token is made and shown once; after it is revoked, the connector is refused, and the console shows why."""
    page.get_by_role("link", name="Tokens").click()
    if not page.get_by_label("Ends").is_visible():
        page.get_by_text("Create a SCIM token").click()
    page.locator("#description").fill("Okta, production")
    page.get_by_role("button", name="Create token").click()
    token = page.get_by_label("The new token").input_value()
    if PICTURES is not None:
        page.get_by_label("The new token").evaluate("field => { field.value = 'bsrscim_acme-2_' + '•'.repeat(43) }")
        picture(page, "token")
    with served.okta(token) as okta:
        assert okta("GET", "/Users", **OKTA).status == 200
        page.get_by_role("link", name="Okta, production").click()
        page.get_by_role("button", name="Revoke").click()
        page.get_by_text("Okta, production is revoked").wait_for()
        assert okta("GET", "/Users?startIndex=1&count=2", **OKTA).status == 401
    assert token not in page.content()
    page.get_by_role("link", name="Traffic", exact=True).click()
    page.locator("li.request.refused").first.click()
    page.get_by_role("heading", name="The token is revoked, expired, or of another server").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API token of an administrator").wait_for()
    page.goto(f"{served.root}users")
    page.get_by_label("API token of an administrator").wait_for()


def test_pages_of_many_users(page: Any, served: Served, path: Path) -> None:
    """A hundred thousand users are paged through and searched, each page at once."""
    backend = opened(path)
    for start in range(0, MANY, 5000):
        backend.commit(served.tenant, [_new_user(number) for number in range(start, start + 5000)])
    page.get_by_role("link", name="Users").click()
    page.get_by_text(f"{MANY:,}").wait_for()
    for number in range(1, 6):
        page.get_by_role("link", name="Next").click()
        page.get_by_role("link", name=f"user{number * 50:06}@example.com").wait_for()
        assert page.locator("tbody tr").count() == 50
    page.get_by_role("link", name="Previous").click()
    page.get_by_role("link", name="user000200@example.com").wait_for()
    page.get_by_label("userName or e-mail address").fill("user099999")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="user099999@example.com").wait_for(timeout=10_000)
    assert page.locator("tbody tr").count() == 1


def _new_user(number: int) -> Insert:
    user_id, name = f"{number:08}-0000-7000-8000-000000000000", f"user{number:06}@example.com"
    return Insert("User", user_id, {"schemas": [USER], "id": user_id, "userName": name, "active": True})


def test_nothing_that_was_sent_runs(page: Any, served: Served) -> None:
    """What a client sends is text in a real browser, too, also when it arrives by itself."""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.locator('#live[data-state="on"]').wait_for()
    with served.okta() as okta:
        user = okta("POST", "/Users", {"schemas": [USER], "userName": evil, evil: evil}, User_Agent=evil).body["id"]
        okta("POST", "/Groups", {"schemas": [GROUP], "displayName": evil, "members": [{"value": user}]})
    row = page.locator("li.request", has_text=f"creates the user {evil}")
    row.wait_for(timeout=5000)
    row.click()
    page.get_by_role("heading", name=f"creates the user {evil}").wait_for()
    for path in ("users", f"users/{user}", "groups", "changes"):
        page.goto(served.root + path)
        page.get_by_text(evil).first.wait_for()
    assert dialogs == []


def test_a_keyboard_is_enough(page: Any, served: Served) -> None:
    """All that can be done is reached with the keyboard, and where one is can be seen."""
    with served.okta() as okta:
        push(okta)
    page.locator("li.request").nth(3).wait_for(timeout=5000)
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]"))
        if page.evaluate("document.activeElement === document.body"):
            break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
    assert {"Traffic", "Users", "Changes", "Sign out", "Pause", "Apply"} <= reached
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]), select')].filter(e => !e.labels.length).length"
    )
    assert unnamed == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(page: Any, served: Served, scheme: str) -> None:
    """At the width of a phone nothing sticks out, in light and dark."""
    with served.okta() as okta:
        group = push(okta)
        patch(okta, group, {"op": "add", "path": "members", "value": [{"value": "nobody"}]})
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.locator("li.request.refused").first.wait_for(timeout=5000)
    picture(page, f"phone-{scheme}", animations="disabled")
    for path in (
        "traffic",
        "traffic/1",
        "users",
        "groups",
        f"groups/{group}",
        "organizations",
        "tokens",
        "readiness",
        "changes",
    ):
        page.goto(served.root + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path


def test_the_list_goes_on_without_streams(page: Any, served: Served) -> None:
    """When no stream can be had, the page asks every few seconds."""
    page.route("**/traffic/stream?*", lambda route: route.fulfill(status=204))
    page.reload()
    page.get_by_text("Live, every few seconds").wait_for(timeout=5000)
    with served.okta() as okta:
        push(okta)
    page.locator("li.request", has_text="adds 2 members").wait_for(timeout=10_000)
