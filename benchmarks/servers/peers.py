"""Other SCIM servers, each installed in a folder of its own and served with its store in memory."""

import secrets
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from benchmarks.load.client import Address
from benchmarks.load.services import PEER, SCIMMY, Service
from benchmarks.servers.processes import environment, free_address, granian, serving

FOLDER = Path(sys.prefix) / "benchmark-peers"


class NotInstalledError(Exception):
    """A peer cannot be run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server."""

    name: str
    install: Callable[[], None]
    """Does nothing when it is there."""
    command: Callable[[Address], list[str]]
    version: Callable[[], str]
    """Returns nothing when it is not installed."""


@contextmanager
def peer(what: Peer, folder: Path) -> Iterator[Service]:
    """Install a peer and serve it.

    :raises NotInstalledError: it cannot be installed.
    """
    what.install()
    token, address = secrets.token_hex(16), free_address()
    env = environment(PEER_TOKEN=token, PEER_PORT=str(address[1]), NODE_ENV="production")
    with serving(what.command(address), address, token, env, folder):
        yield Service(what.name, address, token)


_FLASK = FOLDER / PEER
_PYTHON = _FLASK / "bin" / "python"
_NODE = FOLDER / SCIMMY
_NODE_APP = "scimmy_app.mjs"

# Express 5 has no settable `req.query`, and the pages of these routers fall back to 20 from 1.
_NODE_PACKAGES = ("scimmy@1.3.5", "scimmy-routers@1.3.2", "express@4")


@cache
def _install_flask() -> None:
    if not _PYTHON.exists():
        venv.create(_FLASK, with_pip=True)
    same = [f"{name}=={version(name)}" for name in ("flask", "granian")]
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, PEER, "scim2-server", *same])


@cache
def _install_node() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotInstalledError("node and npm are not there")
    _NODE.mkdir(parents=True, exist_ok=True)
    if not (_NODE / "node_modules" / SCIMMY).exists():
        _run(["npm", "install", "--silent", "--prefix", str(_NODE), *_NODE_PACKAGES])
    shutil.copy(Path(__file__).with_name(_NODE_APP), _NODE / _NODE_APP)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalledError(f"{command[0]} failed: {done.stderr.strip().splitlines()[-1:]}")


def _flask_version() -> str:
    if not _PYTHON.exists():
        return ""
    code = f"from importlib.metadata import version; print(version('{PEER}'))"
    found = subprocess.run([_PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    return f"{PEER} {found}"


def _node_version() -> str:
    if not (_NODE / "node_modules").exists():
        return ""
    code = (
        "for (const n of ['scimmy-routers', 'express']) console.log(n, require(`./node_modules/${n}/package`).version)"
    )
    found = subprocess.run(["node", "-e", code], cwd=_NODE, check=True, capture_output=True, text=True).stdout
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    return ", ".join([*found.splitlines(), f"Node {node.strip().removeprefix('v')}"])


ALL = (
    Peer(PEER, _install_flask, lambda address: granian(_PYTHON, "scim2_flask_app", address, 1), _flask_version),
    Peer(SCIMMY, _install_node, lambda _: ["node", str(_NODE / _NODE_APP)], _node_version),
)
