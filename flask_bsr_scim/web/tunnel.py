"""A tunnel through which Okta reaches a server on a developer's machine: ngrok's agent, run by pyngrok."""

import json
import logging
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pyngrok.conf import PyngrokConfig
    from pyngrok.exception import PyngrokError

_NO_TOKEN = {"ERR_NGROK_105", "ERR_NGROK_107", "ERR_NGROK_4018"}
"""What ngrok says of an authtoken that is none, was revoked, or is missing (https://ngrok.com/docs/errors)."""

_CODE = re.compile(r"ERR_NGROK_\d+")
_ECHO = re.compile(r"(authtoken:\s*)[^\s\\]+")
_SPACE = re.compile(r"(?:\s|\\[rnt])+")


@contextmanager
def ngrok_tunnel(address: str, domain: str | None = None) -> Iterator[str]:
    """Give the public URL of a tunnel to a local address, as `http://127.0.0.1:8000`; the tunnel ends on leaving.

    The authtoken is that of NGROK_AUTHTOKEN, or of ngrok's own configuration.

    :param domain: where to open it; None: where ngrok likes.
    :raises click.ClickException: pyngrok is not installed, or ngrok opens no tunnel; the message says what to do.
    """
    try:
        from pyngrok import ngrok
        from pyngrok.exception import PyngrokError
    except ImportError:
        raise click.ClickException("pyngrok is not installed: install the extra `ngrok`") from None
    # What pyngrok logs of a refusal has the authtoken in it.
    logging.getLogger("pyngrok").setLevel(logging.CRITICAL + 1)
    config = _config()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # ngrok's own record of requests would show the SCIM token.
        options: dict[str, Any] = {"schemes": ["https"], "inspect": False, **({"domain": domain} if domain else {})}
        yield str(ngrok.connect(address, name="bsr-scim", pyngrok_config=config, **options).public_url)
    except PyngrokError as error:
        raise click.ClickException(_explained(error)) from None
    finally:
        ngrok.kill(config)
        signal.signal(signal.SIGTERM, before)


def _config() -> "PyngrokConfig":
    from pyngrok.conf import PyngrokConfig

    # Every agent of version 3 has the calls of configuration version 2; the newer calls are missing in older agents.
    config = PyngrokConfig(os.environ.get("PYNGROK_NGROK_PATH") or _agent_on_path(), config_version="2")
    # The agent reads NGROK_AUTHTOKEN itself; pyngrok would put it where the list of processes shows it.
    config.auth_token = None
    return config


def _agent_on_path() -> str | None:
    """Return ngrok's agent; the command of this name that comes with pyngrok would leave the agent running."""
    for folder in os.get_exec_path():
        found = shutil.which("ngrok", path=folder)
        if found is not None and b"from pyngrok" not in _head(Path(found)):
            return found
    return None


def _head(file: Path) -> bytes:
    with suppress(OSError), file.open("rb") as program:
        return program.read(1000)
    return b""


def _explained(error: "PyngrokError") -> str:
    """Return what was wrong, and what to do, in one line without the authtoken."""
    from pyngrok.exception import PyngrokNgrokInstallError

    said = _SPACE.sub(" ", _ECHO.sub(r"\1***", _words(error))).strip(" .")
    if isinstance(error, PyngrokNgrokInstallError):
        return f"ngrok's agent is not on the PATH, and could not be downloaded: {said}. Install it from ngrok.com."
    if _NO_TOKEN.intersection(_CODE.findall(said)):
        said += ". Set NGROK_AUTHTOKEN to the authtoken on the dashboard of your ngrok account"
    return f"ngrok opens no tunnel: {said}."


def _words(error: "PyngrokError") -> str:
    """Return what ngrok says of an error: of a refused start, or of a refused call of its API."""
    with suppress(ValueError, LookupError, TypeError):
        return str(json.loads(getattr(error, "body", ""))["details"]["err"])
    return str(getattr(error, "ngrok_error", None) or error)
