"""The files of the production example, read as those read them whom they are for."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.examples.conftest import EXAMPLES

FOLDER = EXAMPLES / "production"
PASSWORD = "a-password-of-the-tests"
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "HEALTHCHECK", "CMD"}

_CERTIFICATES = "/etc/letsencrypt/live/directory.example.com"
_NGINX = "events {{}}\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nhttp {{ access_log off;\n{body}}}\n"
_VARIABLE = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


def text(name: str) -> str:
    """Return the text of a file."""
    return (FOLDER / name).read_text("utf-8")


def variables(lines: str) -> dict[str, str]:
    """Return the variables of a file of systemd's form, or of compose's."""
    return dict(line.split("=", 1) for line in lines.splitlines() if line and not line.startswith("#"))


def unit() -> dict[str, list[str]]:
    """Return the directives of the systemd unit, each with all of its values."""
    found: dict[str, list[str]] = {}
    for line in text("bsr-scim.service").splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def compose(**environment: str) -> Any:
    """Return the compose file with the variables of an environment in it.

    :raises KeyError: one is missing.
    """
    return yaml.safe_load(_VARIABLE.sub(lambda match: environment[match[1]], text("compose.yaml")))


def containerfile() -> list[tuple[str, str]]:
    """Return the instructions of the container file with what they say."""
    joined = re.sub(r"\\\n\s*", "", text("Containerfile"))
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(name, value) for name, _, value in (line.partition(" ") for line in lines)]


def instruction(name: str) -> str:
    """Return what the last instruction of a name says."""
    return [value for found, value in containerfile() if found == name][-1]


def command_of(value: str) -> list[str]:
    """Return the words of a command in the form of a JSON list."""
    words: list[str] = yaml.safe_load(value[value.index("[") :])
    return words


def check_nginx(folder: Path) -> None:
    """See that nginx takes the configuration: it says so itself where it is installed, else the form alone is checked.

    :raises AssertionError: it does not.
    """
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        assert not list(faults(text("nginx.conf")))
        return
    make_certificate(folder)
    body = text("nginx.conf").replace(_CERTIFICATES, str(folder))
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, body=body))
    done = subprocess.run(
        [program, "-t", "-c", str(folder / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def faults(configuration: str) -> Iterator[str]:
    """Yield what is wrong with the form of a configuration of nginx: braces, and ends of directives."""
    depth = 0
    for line in (line.strip() for line in configuration.splitlines()):
        if line and not line.startswith("#"):
            depth += (line[-1] == "{") - (line == "}")
            if line[-1] not in "{};" or depth < 0:
                yield line
    if depth:
        yield f"{depth} blocks are open at the end"


def make_certificate(folder: Path) -> None:
    """Make a key and its certificate, under the names that certbot gives them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("directory.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def redis_arguments() -> list[str]:
    """Return how the container starts Redis: the words behind the program, and the password in its place."""
    shell = compose(REDIS_PASSWORD=PASSWORD)["services"]["redis"]["command"][-1].removeprefix("exec redis-server ")
    words = shlex.split(shell.replace("$$REDIS_PASSWORD", PASSWORD))
    return [str(FOLDER / "redis.conf") if word == "/etc/redis.conf" else word for word in words]
