"""The commands that move a store, and prove it: `export`, `import`, `copy`, `db check`."""

import gzip
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.backends import dumping
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.dumping import Record, WrittenMeanwhileError
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.seals import Seals
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.service import make_backend
from tests.client import Scim, group, user
from tests.stores import new_store

pytestmark = pytest.mark.usefixtures("clean_environment")

FILE = "store.jsonl"
SUMMARY = "default: Group 1, Owner 1, Token 1, User 1, members 1, changes 4\n"
WITH_SECRET = "default: Group 1, Owner 1, Secret 1, Token 1, User 1, members 1, changes 5\n"


def run(*args: str, **rest: Any) -> Result:
    """Run a command."""
    return CliRunner().invoke(scim_commands, args, **rest)


def done(*args: str, **rest: Any) -> Result:
    """Run a command that must work."""
    result = run(*args, **rest)
    assert result.exit_code == 0, result.output
    return result


def refused(*args: str, **rest: Any) -> str:
    """Run a command that must fail in a readable way; return what it says."""
    result = run(*args, **rest)
    assert (result.exit_code, result.stdout) == (1, "")
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def served(uri: str) -> Flask:
    """Return an application that serves a store."""
    app = Flask("served")
    BsrScim(app, backend=uri)
    return app


def backend_of(uri: str) -> Backend:
    """Return a store, as another process has it."""
    return make_backend(read_settings({"SCIM_BACKEND": uri}))


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URI of a store with a token, a user and a group."""
    uri = f"sqlite:///{tmp_path / 'store.db'}"
    token = done("token", "create", "--backend", uri).stdout.strip()
    (tmp_path / "token").write_text(token)
    scim = Scim(served(uri), token=token)
    bob = scim.post("/Users", user("bob")).json["id"]
    scim.post("/Groups", group("eng", bob))
    return uri


@pytest.fixture
def other(tmp_path: Path) -> str:
    """The URI of a store that is not there yet."""
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def file(store: str) -> Path:
    """The export of the store."""
    done("export", FILE, "--backend", store)
    return Path(FILE)


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_moving_a_store(store: str, file: Path, kind: str, tmp_path: Path) -> None:
    """The other backend serves the same to the same token, and its export is the same file."""
    (tmp_path / "folder").mkdir()
    target = new_store(kind, tmp_path / "folder")
    imported = done("import", FILE, "--backend", target)
    assert imported.stderr == f"made a new store: {target}\nimported {SUMMARY}"
    again = done("export", "--backend", target)
    assert again.stdout_bytes == file.read_bytes()
    assert again.stderr == f"exported {SUMMARY}"
    scims = [Scim(served(uri), token=(tmp_path / "token").read_text()) for uri in (store, target)]
    for path in ('/Users?filter=groups.display eq "eng"', "/Groups", "/Users"):
        assert scims[0].get(path).json == scims[1].get(path).json
    assert done("db", "check", "--backend", target).stderr == "sound: default\n"


def test_copying_a_store(store: str, file: Path, other: str) -> None:
    """What `copy` makes has the same export."""
    assert done("copy", store, other).stderr == f"made a new store: {other}\ncopied {SUMMARY}"
    assert done("export", "--backend", other).stdout_bytes == file.read_bytes()
    assert "the tenant 'default' holds something already" in refused("copy", store, other)
    done("copy", store, other, "--replace")
    assert done("export", "--backend", other).stdout_bytes == file.read_bytes()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_the_key_of_seals_stays(store: str, kind: str, tmp_path: Path) -> None:
    """Whoever has an export cannot make a session or a cursor; where it was imported, a new key is made when needed."""
    (tmp_path / "folder").mkdir()
    uris = store, new_store(kind, tmp_path / "folder")
    one = Seals(backend_of(store))
    sealed = one.seal("default", "session", [1])
    (entry,) = (entry for entry in backend_of(store).log("default") if entry.type == "Secret")
    secret = backend_of(store).get("default", "Secret", entry.id)
    assert secret is not None
    done("export", FILE, "--backend", store)
    assert secret.document["key"] not in Path(FILE).read_text()
    imported = done("import", FILE, "--backend", uris[1])
    assert imported.stderr == f"made a new store: {uris[1]}\nimported {WITH_SECRET}"
    assert done("export", "--backend", uris[1]).stdout_bytes == Path(FILE).read_bytes()
    others = [Seals(backend_of(uris[1])) for _ in range(2)]
    assert others[0].open("default", "session", sealed) is None
    assert others[1].open("default", "session", others[0].seal("default", "session", [2])) == [2]
    assert one.open("default", "session", sealed) == [1]
    for uri in uris:
        assert done("db", "check", "--backend", uri).stderr == "sound: default\n"


def test_a_key_that_was_replaced(store: str) -> None:
    """A server that ran while its tenant was imported anew opens what others seal since."""
    seals = Seals(backend_of(store))
    old = seals.seal("default", "session", [1])
    done("export", FILE, "--backend", store)
    done("import", FILE, "--replace", "--backend", store)
    new = Seals(backend_of(store)).seal("default", "session", [2])
    assert seals.open("default", "session", new) == [2]
    assert seals.open("default", "session", old) is None
    assert seals.open("default", "session", "nonsense") is None


def test_a_key_in_an_older_export_is_not_taken(store: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written with the key is imported without it."""
    sealed = Seals(backend_of(store)).seal("default", "session", [1])
    with monkeypatch.context() as patch:
        patch.setattr(dumping, "_exported", lambda types, records: records)
        done("export", FILE, "--backend", store)
    assert '"key":"' in Path(FILE).read_text()
    done("import", FILE, "--backend", other)
    assert Seals(backend_of(other)).open("default", "session", sealed) is None


def test_two_processes_may_need_a_new_key(store: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second takes that of the first."""
    Seals(backend_of(store)).seal("default", "session", [1])
    done("copy", store, other)
    backends = [backend_of(other) for _ in range(2)]
    seals = [Seals(backend) for backend in backends]
    commit, sealed = backends[0].commit, list[str]()

    def late(*arguments: Any) -> object:
        sealed.append(seals[1].seal("default", "session", [2]))
        return commit(*arguments)

    monkeypatch.setattr(backends[0], "commit", late)
    seals[0].seal("default", "session", [1])
    assert [seals[0].open("default", "session", text) for text in sealed] == [[2]]


def test_a_file_is_its_owners(file: Path) -> None:
    """It holds personal data and the hashes of tokens, and nothing else is left."""
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in Path().glob(f"{FILE}*")] == [FILE]


def test_a_compressed_file(store: str, file: Path, other: str) -> None:
    """Its name says that it is one; the same store makes the same file."""
    for name in ("a.gz", "b.gz"):
        done("export", name, "--backend", store)
    assert Path("a.gz").read_bytes() == Path("b.gz").read_bytes()
    assert gzip.decompress(Path("a.gz").read_bytes()) == file.read_bytes()
    Path("a.gz").rename("a.jsonl")
    done("import", "a.jsonl", "--backend", other)
    assert done("export", "--backend", other).stdout_bytes == file.read_bytes()


def test_standard_input(file: Path, other: str) -> None:
    """A dash, or nothing, means it."""
    done("import", "--backend", other, input=file.read_bytes())
    assert "holds something already" in refused("import", "-", "--backend", other, input=file.read_bytes())


def test_what_is_no_regular_file(store: str) -> None:
    """It is written to, and stays what it is."""
    done("export", "/dev/null", "--backend", store)
    assert Path("/dev/null").is_char_device()


def test_tenants(store: str, other: str) -> None:
    """All are moved, or those that are named."""
    done("token", "create", "--backend", store, "--tenant", "acme")
    assert done("export", "all", "--backend", store).stderr == (
        f"exported acme: Token 1, members 0, changes 1\nexported {SUMMARY}"
    )
    done("export", "one", "--backend", store, "--tenant", "acme", "--tenant", "acme")
    done("import", "one", "--backend", other)
    assert "the tenant 'acme' holds something already: choose an empty storage" in refused(
        "import", "all", "--backend", other
    )
    done("import", "all", "--backend", other, "--replace")
    assert done("export", "--backend", other).stdout_bytes == Path("all").read_bytes()
    assert "there is no tenant 'x'; there are: acme, default" in refused("export", "--tenant", "x", "--backend", store)


@pytest.mark.parametrize("command", [["import", "nothing.jsonl"], ["import"], ["copy", "sqlite:///nothing.db"]])
def test_what_cannot_be_read_makes_no_store(command: list[str], other: str, tmp_path: Path) -> None:
    """The file is proved before a store is made."""
    before = sorted(tmp_path.iterdir())
    refused(*command, *([] if "copy" in command else ["--backend"]), other)
    assert sorted(tmp_path.iterdir()) == before


def test_no_storage_is_not_the_default_one(store: str, tmp_path: Path) -> None:
    """An empty URI, as of a variable that is not set, is a mistake."""
    done("export", FILE, "--backend", store)
    before = sorted(tmp_path.iterdir())
    for command in (["copy", store, ""], ["copy", "", store], ["import", FILE, "--replace", "--backend", ""]):
        assert "SCIM_BACKEND: must be a URI" in refused(*command, *(["--replace"] if "copy" in command else []))
    assert sorted(tmp_path.iterdir()) == before


def test_an_empty_store(other: str) -> None:
    """There is nothing in it to export or to check: it is another one than was meant."""
    for command in (("export",), ("db", "check"), ("copy", other)):
        assert "nobody has used the storage" in refused(*command, *(() if "copy" in command else ("--backend",)), other)


def change(text: bytes) -> bytes:
    """Return a file in which somebody else has a name."""
    return text.replace(b"bob", b"rob")


@pytest.mark.parametrize(
    ("name", "made", "message"),
    [
        pytest.param(FILE, lambda text: text[:-1], "cut off behind line 11", id="the last byte is missing"),
        pytest.param(FILE, lambda text: text[:900], "cut off behind line", id="the end is missing"),
        pytest.param(FILE, lambda text: b"", "cut off behind line 0", id="nothing"),
        pytest.param(FILE, change, "line 12: the file was changed: sha256 is", id="another value"),
        pytest.param(FILE, lambda text: text + text, "something follows behind the last line, 12", id="twice"),
        pytest.param("x.gz", lambda text: text, "is not compressed by gzip", id="not compressed"),
        pytest.param("x.gz", lambda text: gzip.compress(text)[:-20], "the file is cut off", id="cut and compressed"),
        pytest.param("x.gz", lambda text: gzip.compress(text)[:90] + b"x" * 90, "x.gz: ", id="changed and compressed"),
        pytest.param(FILE, None, f"{FILE}: No such file", id="no file"),
    ],
)
def test_a_file_that_is_not_whole(
    file: Path, other: str, name: str, made: Callable[[bytes], bytes] | None, message: str
) -> None:
    """It is refused before anything is written."""
    text = file.read_bytes()
    file.unlink()
    if made is not None:
        Path(name).write_bytes(made(text))
    assert message in refused("import", name, "--backend", other)
    assert "nobody has used the storage" in refused("export", "--backend", other)


def by_hand(file: Path, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return an export whose users and entries of the change log were changed, with the digest that it has then."""
    *lines, end = map(json.loads, file.read_bytes().splitlines())
    for line in lines:
        if line.get("type") == "User":
            change(line)
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return text + json.dumps({**end, "sha256": sha256(text).hexdigest()}).encode() + b"\n"


BY_HAND: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "without userName": (
        lambda line: line.get("document", {}).pop("userName", None),
        " is none of its schema: userName is missing",
    ),
    "a text for a list": (
        lambda line: line.get("document", {}).update(emails="a@b"),
        ' is none of its schema: emails must be a list, not "a@b"',
    ),
    "meta": (
        lambda line: line.get("document", {}).update(meta={"location": "http://x"}),
        " is none of its schema: meta is there, which the service itself says of each resource",
    ),
    "a hole in the change log": (
        lambda line: line.get("sequence") and line.update(sequence=(1 << 40) - 1),
        "this is not the order of a dump: entry 1099511627775 of the change log comes after entry 1 of",
    ),
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("change", "message"), BY_HAND.values(), ids=BY_HAND)
def test_a_file_that_was_written_by_hand(
    file: Path, other: str, change: Callable[[dict[str, Any]], object], message: str, streamed: bool
) -> None:
    """It is refused with the number of the line, and its tenant is not there."""
    text = by_hand(file, change)
    file.write_bytes(text)
    told = refused("import", "-" if streamed else FILE, "--backend", other, input=text if streamed else None)
    number = re.search(r"line (\d+): ", told)
    assert number is not None
    assert message in told
    assert json.loads(text.splitlines()[int(number[1]) - 1])["type"] == "User"
    assert "nobody has used the storage" in refused("export", "--backend", other)


def test_values_of_schemas_that_are_gone(file: Path, other: str) -> None:
    """They move on with their user."""
    file.write_bytes(by_hand(file, lambda line: line.get("document", {}).update({"urn:example:gone": {"x": [1]}})))
    done("import", FILE, "--backend", other)
    assert done("db", "check", "--backend", other).stderr == "sound: default\n"
    assert b'"urn:example:gone":{"x":[1]}' in done("export", "--backend", other).stdout_bytes


def test_a_document_that_is_in_a_store_already(store: str, other: str, tmp_path: Path) -> None:
    """The check names it, a copy refuses it, and a PUT puts it right."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        sql = 'UPDATE resource SET document = replace(document, \'"active":true\', \'"active":"yes"\')'
        assert connection.execute(f"{sql} WHERE type = 'User'").rowcount == 1
    found = run("db", "check", "--backend", store)
    assert found.exit_code == 1
    assert 'its document is none of its schema: active must be true or false, not "yes"' in found.stdout
    assert 'is none of its schema: active must be true or false, not "yes"' in refused("copy", store, other)
    scim = Scim(served(store), token=(tmp_path / "token").read_text())
    (user_id,) = (each["id"] for each in scim.get("/Users").json["Resources"])
    assert scim.put(f"/Users/{user_id}", user("bob", active=True)).status_code == 200
    assert done("db", "check", "--backend", store).stderr == "sound: default\n"


def test_a_stream_that_is_not_whole(file: Path, other: str) -> None:
    """The tenant in which it ends is not there."""
    assert "the file was changed" in refused("import", "--backend", other, input=change(file.read_bytes()))
    assert "nobody has used the storage" in refused("export", "--backend", other)


@pytest.mark.parametrize("command", [("import", FILE), ("copy", "STORE")])
def test_another_profile(store: str, file: Path, other: str, command: tuple[str, ...]) -> None:
    """The indexes would be those of another schema: the message has the setting."""
    args = ["copy", store, other] if "copy" in command else [*command, "--backend", other]
    message = refused(*args, env={"SCIM_PROFILE": "rfc7643"})
    assert (
        "the tenant 'default' has the profile 'bsr', and SCIM_PROFILE is 'rfc7643': set SCIM_PROFILE to 'bsr'"
        in message
    )
    assert "set SCIM_PROFILE to 'bsr'" in refused("db", "check", "--backend", store, env={"SCIM_PROFILE": "rfc7643"})


def test_memory() -> None:
    """Nothing can be moved into what ends with the command."""
    for args in (("import", "--backend", "memory://"), ("copy", "sqlite:///x.db", "memory://")):
        result = run(*args)
        assert result.exit_code == 2
        assert "memory:// ends with this command" in result.stderr


def test_a_file_that_cannot_be_made(store: str) -> None:
    """The message has the file."""
    assert "folder/x: No such file or directory" in refused("export", "folder/x", "--backend", store)


def test_what_fails_leaves_the_file_of_before(store: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export replaces a file when it is whole, and not sooner."""
    before = file.read_bytes()
    monkeypatch.setattr(SQLiteBackend, "_dump", moving(SQLiteBackend._dump, 3))
    message = refused("export", FILE, "--backend", store)
    assert message.count("was written to meanwhile, so that what was read is not of one state: trying again") == 2
    assert file.read_bytes() == before
    assert [path.name for path in Path().glob(f"{FILE}*")] == [FILE]


def moving(dump: Callable[..., Iterator[Record]], times: int) -> Callable[..., Iterator[Record]]:
    """Return what reads of a store that somebody writes to, the first times."""
    left = [None] * times

    def records(store: SQLiteBackend, tenant: str) -> Iterator[Record]:
        found = [*dump(store, tenant)]
        yield from found
        if found and left:
            left.pop()
            raise WrittenMeanwhileError(tenant)

    return records


@pytest.mark.parametrize("command", ["export", "copy"])
def test_what_is_written_meanwhile(
    store: str, file: Path, other: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again, and the result is whole."""
    before = file.read_bytes()
    monkeypatch.setattr(SQLiteBackend, "_dump", moving(SQLiteBackend._dump, 2))
    if command == "export":
        done("export", FILE, "--backend", store)
    else:
        done("copy", store, other)
        done("export", FILE, "--backend", other)
    assert file.read_bytes() == before


def test_a_stream_cannot_begin_anew(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was printed stays printed: it has no end, and is refused by `import`."""
    monkeypatch.setattr(SQLiteBackend, "_dump", moving(SQLiteBackend._dump, 1))
    result = run("export", "--backend", store)
    assert result.exit_code == 1
    assert "was written to meanwhile" in result.stderr
    assert b'"kind":"end"' not in result.stdout_bytes


def test_what_is_wrong_is_told(store: str, tmp_path: Path) -> None:
    """A line for each finding, with the tenant, and exit status 1."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE total SET number = 3 WHERE type = 'User'")
        connection.execute("DELETE FROM unique_key WHERE name = 'User.userName'")
        connection.execute("INSERT INTO total VALUES (9, 'User', 1)")
    result = run("db", "check", "--backend", store)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [
        "the table total has rows of no tenant: 1",
        "default: the total of User is 3, and there are 1",
    ]
    assert "is not in the index User.userName under" in result.stdout.splitlines()[2]
    assert result.stderr == "3 found\n"


def test_damage_is_told(store: str, tmp_path: Path) -> None:
    """What SQLite finds comes first, also where the damage hides what else there is."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tenant'").fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\0" * size)
    result = run("db", "check", "--backend", store)
    assert result.exit_code == 1
    assert result.stdout.startswith("SQLite ")
    assert "restore a backup" in result.stderr


def test_a_command_of_an_application(file: Path, other: str) -> None:
    """`flask scim …` works on the store of the application."""
    app = served(other)
    result = app.test_cli_runner().invoke(args=["scim", "import", str(file.resolve())])
    assert result.exit_code == 0, result.output
    assert json.loads(app.test_cli_runner().invoke(args=["scim", "export"]).stdout.splitlines()[0])["tenants"] == [
        "default"
    ]


@pytest.mark.parametrize("args", [("export", FILE), ("import", FILE), ("copy",), ("db", "check")])
def test_bars(store: str, file: Path, other: str, args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar is drawn, to its end."""
    bars: list[Any] = []
    make = click.progressbar

    def drawn(**options: Any) -> Any:
        assert options.pop("hidden") is True
        bars.append(make(hidden=False, **options))
        return bars[-1]

    monkeypatch.setattr(click, "progressbar", drawn)
    done(*args, *([store, other] if args == ("copy",) else ["--backend", other if "import" in args else store]))
    assert bars != []
    assert [(bar.finished, bar.pos) for bar in bars] == [(True, bar.length) for bar in bars]
