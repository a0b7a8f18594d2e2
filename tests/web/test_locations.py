"""The addresses in answers: from the settings, from a trusted proxy, or from the request itself."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from flask_bsr_scim import BsrScim
from tests.client import TOKEN, Scim, assert_error, path_of

NGROK = {
    "HTTP_HOST": "abc.ngrok-free.app",
    "HTTP_X_FORWARDED_FOR": "203.0.113.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "abc.ngrok-free.app",
}
"""What ngrok sends to the application behind it."""

LOCAL = "http://localhost/scim/v2"


def client(**settings: Any) -> Scim:
    """Return a client of a new application."""
    app = Flask("locations")
    BsrScim(app, **{"backend": "memory://", "token": TOKEN, **settings})
    return Scim(app)


def base_url(scim: Scim, **environ: str) -> str:
    """Return the base URL in an answer."""
    location: str = scim.get("/ServiceProviderConfig", environ=environ).json["meta"]["location"]
    return location.removesuffix("/ServiceProviderConfig")


@pytest.mark.requirement("Z-11")
@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        pytest.param("https://directory.example.com", "https://directory.example.com/scim/v2", id="a host"),
        pytest.param(
            "https://directory.example.com/", "https://directory.example.com/scim/v2", id="a host and a slash"
        ),
        pytest.param("https://example.com/a/scim", "https://example.com/a/scim", id="a path"),
        pytest.param("https://example.com/a/scim/", "https://example.com/a/scim", id="a path and a slash"),
        pytest.param("https://example.com:8443/x", "https://example.com:8443/x", id="a port"),
        pytest.param("http://[::1]:8000", "http://[::1]:8000/scim/v2", id="an IPv6 address"),
        pytest.param("", LOCAL, id="empty"),
    ],
)
def test_the_setting_decides(setting: str, shown: str) -> None:
    """With a path it is the whole base URL, without one the prefix is added."""
    assert base_url(client(base_url=setting)) == shown


@pytest.mark.requirement("Z-11")
def test_the_setting_beats_the_request() -> None:
    """Whatever Host and proxies say."""
    scim = client(base_url="https://directory.example.com", trusted_proxies=1)
    assert base_url(scim, **NGROK, SCRIPT_NAME="/app") == "https://directory.example.com/scim/v2"
    assert base_url(scim, HTTP_HOST='evil"') == "https://directory.example.com/scim/v2"


TUNNEL = {"base_url": "https://abc.ngrok-free.app", "trusted_proxies": 1}
"""What `bsr-scim serve --tunnel ngrok` sets."""

FORGED = {"HTTP_X_FORWARDED_HOST": "evil.example.com", "HTTP_X_FORWARDED_PROTO": "http, https"}
"""What comes of headers that a client of the tunnel made up: ngrok keeps its Host, and adds to the others."""


@pytest.mark.requirement("R-13", "Z-11")
@pytest.mark.parametrize(
    ("settings", "environ"),
    [
        pytest.param({"trusted_proxies": 1}, NGROK, id="a proxy that is believed"),
        pytest.param(TUNNEL, NGROK, id="a tunnel"),
        pytest.param(TUNNEL, NGROK | FORGED, id="a tunnel, and a client that lies"),
        pytest.param(TUNNEL, {}, id="past the tunnel"),
    ],
)
def test_every_address_of_an_answer_is_of_one_base(
    make_scim: Callable[..., Scim], settings: dict[str, Any], environ: dict[str, str]
) -> None:
    """Location, Content-Location, meta.location and each $ref."""
    scim = make_scim(**settings)
    base = "https://abc.ngrok-free.app/scim/v2"
    ask: dict[str, Any] = {"environ": environ}
    created = scim.post("/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob"}, **ask)
    bob = created.json
    assert created.headers["Location"] == created.headers["Content-Location"] == f"{base}/Users/{bob['id']}"
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team"}
    team = scim.post("/Groups", {**group, "members": [{"value": bob["id"]}]}, **ask).json
    assert team["meta"]["location"] == f"{base}/Groups/{team['id']}"
    assert team["members"][0]["$ref"] == bob["meta"]["location"] == f"{base}/Users/{bob['id']}"
    assert scim.get(path_of(bob), **ask).json["groups"][0]["$ref"] == team["meta"]["location"]
    for path in ("/Users", "/Groups", "/Schemas", "/ResourceTypes"):
        for resource in scim.get(path, **ask).json["Resources"]:
            assert resource["meta"]["location"].startswith(f"{base}{path}/")


def test_stored_resources_know_no_host(make_scim: Callable[..., Scim]) -> None:
    """What was stored through one address is shown under the one that it is read through."""
    scim = make_scim(trusted_proxies=1, profile="rfc7643")
    boss = scim.user("boss")
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", urn],
        "userName": "bob",
        urn: {"manager": {"value": boss["id"]}},
    }
    bob = scim.post("/Users", body, environ=NGROK).json
    assert bob[urn]["manager"]["$ref"] == f"https://abc.ngrok-free.app/scim/v2/Users/{boss['id']}"
    shown = scim.get(path_of(bob)).json
    assert shown[urn]["manager"]["$ref"] == f"{LOCAL}/Users/{boss['id']}"
    assert shown["meta"]["location"] == f"{LOCAL}/Users/{bob['id']}"
    assert scim.names(filter=f'meta.location eq "{LOCAL}/Users/{bob["id"]}"') == ["bob"]


@pytest.mark.requirement("Z-11")
def test_ngrok_is_believed_when_it_is_trusted() -> None:
    """With `SCIM_TRUSTED_PROXIES=1` addresses are those of the tunnel."""
    assert base_url(client(trusted_proxies=1), **NGROK) == "https://abc.ngrok-free.app/scim/v2"


def test_proxies_are_not_believed_by_default() -> None:
    """Without the setting the headers of proxies mean nothing; Host does."""
    headers = {"HTTP_X_FORWARDED_PORT": "8443", "HTTP_X_FORWARDED_PREFIX": "/evil", "HTTP_FORWARDED": "host=evil"}
    assert base_url(client(), **NGROK, **headers) == "http://abc.ngrok-free.app/scim/v2"
    assert base_url(client(), **{**NGROK, **headers, "HTTP_HOST": "localhost"}) == LOCAL


@pytest.mark.parametrize(
    ("proxies", "host", "shown"),
    [
        pytest.param(1, "real.example.com", "real.example.com", id="one"),
        pytest.param(1, "evil.example.com, real.example.com", "real.example.com", id="one, and what a client made up"),
        pytest.param(2, "evil.example.com, real.example.com, inner", "real.example.com", id="two"),
        pytest.param(2, "inner", "localhost", id="two, of which one said nothing"),
    ],
)
def test_as_many_proxies_are_believed_as_there_are(proxies: int, host: str, shown: str) -> None:
    """What the outermost trusted one said counts, and nothing from before it."""
    scim = client(trusted_proxies=proxies)
    assert base_url(scim, HTTP_X_FORWARDED_HOST=host) == f"http://{shown}/scim/v2"


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        pytest.param({"HTTP_X_FORWARDED_PORT": "8443"}, "https://abc.ngrok-free.app:8443/scim/v2", id="port"),
        pytest.param({"HTTP_X_FORWARDED_PORT": "443"}, "https://abc.ngrok-free.app/scim/v2", id="the usual port"),
        pytest.param({"HTTP_X_FORWARDED_PREFIX": "/dir"}, "https://abc.ngrok-free.app/dir/scim/v2", id="prefix"),
        pytest.param({"HTTP_X_FORWARDED_PREFIX": "/a b"}, "https://abc.ngrok-free.app/a%20b/scim/v2", id="odd prefix"),
        pytest.param(
            {"HTTP_X_FORWARDED_PREFIX": '/a"b'}, "https://abc.ngrok-free.app/scim/v2", id="quote in the prefix"
        ),
        pytest.param({"HTTP_X_FORWARDED_HOST": 'a"b'}, "https://abc.ngrok-free.app/scim/v2", id="quote in the host"),
        pytest.param({"HTTP_X_FORWARDED_PROTO": 'x"'}, "http://abc.ngrok-free.app/scim/v2", id="quote in the scheme"),
        pytest.param({"HTTP_X_FORWARDED_PREFIX": "/"}, "https://abc.ngrok-free.app/scim/v2", id="a slash as prefix"),
        pytest.param({"HTTP_X_FORWARDED_PROTO": "http"}, "http://abc.ngrok-free.app/scim/v2", id="scheme"),
    ],
)
def test_the_other_headers_of_a_trusted_proxy(environ: dict[str, str], shown: str) -> None:
    """Port, prefix and scheme are as the client sees them."""
    assert base_url(client(trusted_proxies=1), **{**NGROK, **environ}) == shown


@pytest.mark.parametrize("prefix", [".evil.example", "@evil.example", "//evil.example", "evil"])
def test_a_prefix_that_is_none(prefix: str) -> None:
    """It would be a part of the host, or another one."""
    response = client(trusted_proxies=1).get("/Users", environ={"HTTP_X_FORWARDED_PREFIX": prefix})
    assert_error(response, 400, None, "do not name the host")


@pytest.mark.parametrize("prefix", ["/dir", "/dir/", "/zo\xc3\xab", '/a"b', "/a b"])
def test_an_application_below_a_path(prefix: str) -> None:
    """SCRIPT_NAME, where the WSGI server has mounted the application, is part of the address, and escaped."""
    escaped = {"/dir/": "/dir", "/zo\xc3\xab": "/zo%C3%AB", '/a"b': "/a%22b", "/a b": "/a%20b"}.get(prefix, prefix)
    assert base_url(client(), SCRIPT_NAME=prefix) == f"http://localhost{escaped}/scim/v2"


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({"HTTP_HOST": "directory.example.com"}, "http://directory.example.com/scim/v2"),
        ({"HTTP_HOST": "directory.example.com:8000"}, "http://directory.example.com:8000/scim/v2"),
        ({"HTTP_HOST": "directory.example.com:80"}, "http://directory.example.com/scim/v2"),
        ({"HTTP_HOST": "DIRECTORY.example.com"}, "http://DIRECTORY.example.com/scim/v2"),
        ({"HTTP_HOST": "127.0.0.1:8000"}, "http://127.0.0.1:8000/scim/v2"),
        ({"HTTP_HOST": "[::1]:8000"}, "http://[::1]:8000/scim/v2"),
        ({"HTTP_HOST": "xn--bcher-kva.example"}, "http://xn--bcher-kva.example/scim/v2"),
        ({"HTTP_HOST": "x.example", "wsgi.url_scheme": "https"}, "https://x.example/scim/v2"),
    ],
)
def test_the_request_decides_without_a_setting(environ: dict[str, str], shown: str) -> None:
    """The address by which the client came is the one that it is shown."""
    assert base_url(client(), **environ) == shown


def test_each_request_has_its_own_address() -> None:
    """However many hosts clients name, none sees another's."""
    scim = client()
    hosts = [f"host{number}.example.com" for number in range(200)]
    for host in hosts + hosts[::-1]:
        assert base_url(scim, HTTP_HOST=host) == f"http://{host}/scim/v2"
    assert base_url(scim, HTTP_HOST=hosts[0], SCRIPT_NAME="/x") == f"http://{hosts[0]}/x/scim/v2"
    assert base_url(scim, HTTP_HOST=hosts[0]) == f"http://{hosts[0]}/scim/v2"


ODD_HOSTS = ["", " ", 'a"b', "a\\b", "a b", "a/b", "a@b", "a,b", "<x>", "a?b", "a#b", "\xe9vil", "a\tb", "{x}", "a%0d"]


@pytest.mark.parametrize("host", ODD_HOSTS)
@pytest.mark.parametrize("path", ["/Users", "/ServiceProviderConfig", "/x"])
def test_what_is_no_host_is_refused(path: str, host: str) -> None:
    """An address cannot be made of it: 400, and nothing of it in the answer."""
    response = client().get(path, environ={"HTTP_HOST": host})
    assert_error(response, 400, None, "Host")
    assert len(host) < 2 or host not in response.text


@pytest.mark.requirement("Z-07")
def test_strangers_learn_nothing_from_an_odd_host() -> None:
    """The guard comes first."""
    response = client().get("/Users", headers={"Authorization": None}, environ={"HTTP_HOST": 'a"b'})
    assert_error(response, 401)


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_X_FORWARDED_HOST": "a b"},
        {"HTTP_X_FORWARDED_HOST": "a\\b"},
        {"HTTP_X_FORWARDED_PROTO": "javascript"},
        {"HTTP_X_FORWARDED_PROTO": "https\\"},
        {"HTTP_X_FORWARDED_PORT": "1/x"},
        {"HTTP_X_FORWARDED_PORT": "1\\"},
    ],
    ids=lambda environ: str(*environ.values()),
)
def test_odd_headers_of_a_proxy_are_refused(environ: dict[str, str]) -> None:
    """A trusted proxy may pass on what a client made up; it never gets into an answer."""
    assert_error(client(trusted_proxies=1).get("/Users", environ={**NGROK, **environ}), 400, None, "Host")


def test_a_request_without_host_has_the_servers(scim: Scim) -> None:
    """HTTP/1.0 has none: the name and port of the server stand in."""
    headers = {"Authorization": f"Bearer {scim.token}"}

    def without_host(environ: dict[str, Any], start: Any) -> Any:
        del environ["HTTP_HOST"]
        return scim.app({**environ, "SERVER_NAME": "inner", "SERVER_PORT": "8000"}, start)

    response = Client(without_host).get("/scim/v2/ServiceProviderConfig", headers=headers)
    assert response.json["meta"]["location"] == "http://inner:8000/scim/v2/ServiceProviderConfig"


def test_trusted_hosts_of_the_host_application() -> None:
    """Flask's own list of hosts is kept to."""
    scim = client()
    scim.app.config["TRUSTED_HOSTS"] = ["good.example.com"]
    assert base_url(scim, HTTP_HOST="good.example.com") == "http://good.example.com/scim/v2"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    response = scim.app.test_client().get("/scim/v2/Users", base_url="http://evil.example.com", headers=headers)
    assert response.status_code == 400
