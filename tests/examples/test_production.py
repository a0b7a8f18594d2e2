"""The production example: its files agree with each other and with the code, and its commands run."""

import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import setuptools
from redis import Redis
from redis.exceptions import RedisError

from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import Settings, read_settings
from tests.docs.pages import ROOT, blocks, console_commands
from tests.examples.production import (
    FOLDER,
    INSTRUCTIONS,
    PASSWORD,
    check_nginx,
    command_of,
    compose,
    containerfile,
    faults,
    instruction,
    redis_arguments,
    text,
    unit,
    variables,
)
from tests.redis_server import binary
from tests.server.running import COMMAND, HOST, PATIENCE, TOKEN, USER, Client, Server, environment, free_port, run

NGINX = text("nginx.conf")
SETTINGS = variables(text("bsr-scim.env"))


def started_with(command: list[str]) -> dict[str, Any]:
    """Return the options of a command line of ours, as the command understands them."""
    program, name, *arguments = command
    assert program == "/opt/bsr-scim/bin/bsr-scim"
    return scim_commands.commands[name].make_context(name, arguments).params


UNIT = started_with(shlex.split(unit()["ExecStart"][0]))


# The files


def test_no_file_holds_a_secret() -> None:
    """Passwords and tokens come from elsewhere: from a file of root's, or from the environment."""
    for file in FOLDER.iterdir():
        found = re.findall(r"rediss?://[^@\s/]*@|requirepass +\S+|SCIM_TOKEN", file.read_text("utf-8"))
        assert all("$" in secret for secret in found), (file.name, found)
    assert unit()["EnvironmentFile"] == ["/etc/bsr-scim.env", "/etc/bsr-scim.secrets"]
    with pytest.raises(KeyError, match="REDIS_PASSWORD"):
        compose()


@pytest.mark.parametrize("where", ["the unit", "the container"])
def test_the_settings_are_valid(where: str) -> None:
    """All keys exist; the directory is in Redis, and so are the counts of requests."""
    if where == "the unit":
        shown = re.search(r"<<END\n(.*?)\n +END", text("README.md"), re.DOTALL)
        assert shown is not None
        stored = variables(re.sub(r"^ +", "", shown[1], flags=re.MULTILINE).replace("$password", PASSWORD))
    else:
        stored = compose(REDIS_PASSWORD=PASSWORD)["services"]["server"]["environment"]
    settings = read_settings(SETTINGS | stored)
    assert settings.backend.startswith(f"redis://:{PASSWORD}@")
    assert settings.rate_limit is not None
    assert settings.rate_limit_storage.startswith(f"redis://:{PASSWORD}@")
    assert settings.rate_limit_storage != settings.backend


def test_unit_and_container_start_the_same() -> None:
    """One command line, in two forms."""
    assert started_with(command_of(instruction("CMD"))) == UNIT


def test_nginx_calls_the_server() -> None:
    """nginx passes requests to the address on which the server listens, and has the public name."""
    assert set(re.findall(r"proxy_pass (.+);", NGINX)) == {f"http://{UNIT['host']}:{UNIT['port']}"}
    (name,) = re.findall(r"server_name (.+);", NGINX)
    assert f"https://{name}/scim/v2" == SETTINGS["SCIM_BASE_URL"]


def test_nginx_lets_through_what_the_server_takes() -> None:
    """Bodies of groups pass nginx up to the server's own limit, as do the longest filters."""
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(megabytes) * 1_000_000 >= Settings().max_group_body_bytes
    assert "large_client_header_buffers 4 16k;" in NGINX


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    """`nginx -t` says so where nginx is installed; elsewhere its form alone is checked."""
    check_nginx(tmp_path)


@pytest.mark.parametrize("broken", [NGINX[:-2], NGINX.replace(";", "", 1), NGINX + "}"], ids=["open", "end", "close"])
def test_the_check_of_the_form_sees_a_fault(broken: str) -> None:
    """A brace too many or too few, or a directive without its end."""
    assert list(faults(broken))
    assert not list(faults(NGINX))


def test_the_container_file_can_be_built() -> None:
    """It has instructions that exist, builds from the checkout, and asks for extras that there are."""
    assert {name for name, _ in containerfile()} == INSTRUCTIONS
    made: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", lambda **given: made.update(given))
        runpy.run_path(str(ROOT / "setup.py"))
    (extras,) = re.findall(r"pip install --no-cache-dir \.\[([\w,]+)\]", text("Containerfile"))
    assert set(extras.split(",")) <= set(made["extras_require"])
    assert "metrics" in extras.split(",")


def test_what_the_compose_file_names_is_there() -> None:
    """Files beside it, the checkout, and for each condition of health a check."""
    services = compose(REDIS_PASSWORD=PASSWORD)["services"]
    build = services["server"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert mounted == {"./redis.conf", "./nginx.conf", "./certificates", "directory"}
    assert all((FOLDER / name).is_file() for name in ("redis.conf", "nginx.conf", services["server"]["env_file"]))
    awaited = {name for service in services.values() for name in service.get("depends_on", ())}
    assert awaited == {"redis", "server"}
    assert "healthcheck" in services["redis"]
    assert instruction("HEALTHCHECK")


def test_sqlite_lies_where_the_unit_may_write() -> None:
    """The folder of the file is that which systemd makes for the service."""
    (path,) = set(re.findall(r"SCIM_BACKEND=sqlite:///(/\S+)", text("README.md")))
    assert [str(Path(path).parent)] == unit()["WorkingDirectory"] == [f"/var/lib/{unit()['StateDirectory'][0]}"]


# What they start


class Store:
    """Redis, started as the container does."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        options = ["--port", str(self.port), "--bind", HOST, "--dir", str(folder)]
        self._process = subprocess.Popen([binary(), *redis_arguments(), *options], stdout=subprocess.DEVNULL)
        self._client = Redis(port=self.port, password=PASSWORD)

    def uri(self, database: int) -> str:
        """Return the URI of a database."""
        return f"redis://:{PASSWORD}@{HOST}:{self.port}/{database}"

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return bool(self._client.ping())
        except RedisError:
            return False

    def kill(self) -> None:
        """End it."""
        self._client.close()
        self._process.kill()
        self._process.wait(PATIENCE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Redis with the configuration of the example."""
    store = Store(tmp_path)
    try:
        while not store.is_ready():
            assert store._process.poll() is None
        yield store
    finally:
        store.kill()


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> dict[str, str]:
    """The settings of the example, with the store of the test, and a place for what a killed server leaves."""
    return SETTINGS | {"SCIM_RATE_LIMIT_STORAGE": store.uri(1), "SCIM_TOKEN": TOKEN, "TMPDIR": str(tmp_path)}


@pytest.fixture
def server(store: Store, settings: dict[str, str]) -> Iterator[Server]:
    """The server with the options of the unit."""
    server = Server(store.uri(0), "--workers", str(UNIT["workers"]), **settings)
    try:
        yield server.wait()
    finally:
        server.kill()


def probe(server: Server) -> int:
    """Return how the health check of the container ends; above 0 is not healthy."""
    _, *arguments = command_of(instruction("HEALTHCHECK"))
    here = [word.replace(f":{UNIT['port']}/", f":{server.port}/") for word in arguments]
    return subprocess.run([sys.executable, *here], stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False).returncode


def test_it_serves_under_its_public_name(server: Server) -> None:
    """What it makes has the address that clients know, and nothing of what Redis acknowledges can be lost."""
    with server.client() as client:
        made = client("POST", "/Users", {"schemas": [USER], "userName": "bob"})
    assert made.headers["location"].startswith(f"{SETTINGS['SCIM_BASE_URL']}/Users/")
    assert "warning:" not in server.output
    assert PASSWORD not in server.output


def test_health_is_that_of_the_store(server: Server, store: Store) -> None:
    """The checks of the unit and of the container are good while Redis answers; without it the process stays."""
    (after_start,) = unit()["ExecStartPost"]
    curl = shlex.split(after_start.replace(f":{UNIT['port']}/", f":{server.port}/"))
    assert subprocess.run(["curl", *curl[1:]], capture_output=True, timeout=60, check=False).returncode == 0
    assert probe(server) == 0
    store.kill()
    assert probe(server) == 1
    with server.client(None) as client:
        assert [client("GET", path).status for path in ("//healthz", "//readyz")] == [200, 503]


def test_the_commands_of_the_page_find_the_store(store: Store, tmp_path: Path) -> None:
    """The files that they make are for their readers alone, and the tokens that they print are those of the store."""
    here = {
        "sudo install -m 640 -g redis": "install -m 640",
        "sudo ": "",
        "$(openssl rand -hex 32)": PASSWORD,
        ":6379/": f":{store.port}/",
        "/etc/": f"{tmp_path}/",
        "exec /opt/bsr-scim/bin/bsr-scim": f"exec {shlex.join(COMMAND)}".replace("'", '"'),
    }
    (tmp_path / "redis").mkdir()
    (tmp_path / "bsr-scim.env").write_text(text("bsr-scim.env"))
    *script, _ = blocks(FOLDER / "README.md", "bash")
    scim, api = printed("".join(block.text for block in script), here)
    assert (scim[:16], api[:15]) == ("bsrscim_default_", "bsrapi_default_")
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("bsr-scim.secrets", "redis/password.conf")]
    assert modes == [0o600, 0o640]
    listed = run("token", "list", SCIM_BACKEND=store.uri(0)).stdout
    assert listed.count("\n") == 2


def test_the_commands_of_the_page_make_a_file(tmp_path: Path) -> None:
    """With SQLite the folder comes first, which only the server's user may enter."""
    here = {
        "sudo install -d -o bsr-scim": "install -d",
        "sudo -u bsr-scim ": "",
        "/var/lib/": f"{tmp_path}/",
        "/opt/bsr-scim/bin/bsr-scim": shlex.join(COMMAND),
    }
    script = blocks(FOLDER / "README.md", "bash")[-1].text
    (token,) = printed(f"{script}scim token create", here)
    assert token.startswith("bsrscim_default_")
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("bsr-scim", "bsr-scim/directory.db")]
    assert modes == [0o700, 0o600]


def printed(script: str, here: dict[str, str]) -> list[str]:
    """Return the lines that a script of the page prints, run with other things in the place of those of a real host."""
    for written, real in here.items():
        assert written in script
        script = script.replace(written, real)
    done = subprocess.run(["bash", "-euc", script], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_all_workers_count_requests_together(store: Store, settings: dict[str, str]) -> None:
    """However many connections there are, as many requests pass as the limit allows."""
    server = Server(store.uri(0), "--workers", "2", **{**settings, "SCIM_RATE_LIMIT": "5/hour"})
    try:
        server.wait()
        clients = [server.client() for _ in range(12)]
        statuses = [client("GET", "/Users").status for client in clients]
        assert sorted(statuses) == [200] * 5 + [429] * 7
        for client in clients:
            client.close()
    finally:
        server.kill()


def test_another_wsgi_server_runs_it(store: Store, settings: dict[str, str]) -> None:
    """gunicorn, with the command of the page."""
    (command,) = (c for c in console_commands(FOLDER / "README.md") if c.startswith("gunicorn "))
    port = free_port()
    words = shlex.split(command.replace(":8000", f":{port}"))
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        env=environment(SCIM_BACKEND=store.uri(0), **settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("Listening at" in line for line in process.stderr)
        with Client(port, TOKEN) as client:
            assert [client("GET", path).status for path in ("//readyz", "/Users")] == [200, 200]
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
