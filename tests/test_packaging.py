"""The distributions hold the right files, once and under the right names, and work where they are installed."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, BACKENDS = ROOT / "flask_bsr_scim", ROOT / "backends"

NOT_SOURCES = (
    ".*", "__pycache__", "build", "dist", "*.egg-info", "*.db", "*.db-shm", "*.db-wal",
)  # fmt: skip
TOP_LEVEL = {
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md", "backends", "benchmarks",
    "docs", "examples", "flask_bsr_scim", "pyproject.toml", "setup.py", "tests", "tox.ini",
}  # fmt: skip


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files that belong to a folder, relative to it, without following links."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not Path(parent, name).is_symlink()]
        yield from (Path(parent, name).relative_to(folder) for name in names)


def python(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter without what the surrounding run set for Python."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "PIP"))}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=clean | environment, capture_output=True, text=True, check=False
    )


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a distribution (`wheel` or `sdist`) and return the one file that came out."""
    done = python("-m", "build", "--no-isolation", f"--{kind}", "--outdir", target, cwd=source)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the checkout, its link included."""
    copy = tmp_path_factory.mktemp("source") / "checkout"
    return Path(shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCES)))


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the checkout."""
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    target = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(build("sdist", checkout, tmp_path_factory.mktemp("sdist"))) as archive:
        archive.extractall(target, filter="data")
    (unpacked,) = target.iterdir()
    return unpacked


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed."""
    target = tmp_path_factory.mktemp("installed")
    done = python("-m", "pip", "install", "--no-deps", "--no-index", "--target", target, wheel, cwd=target)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def names_in(wheel: Path) -> list[str]:
    """Return the names of a wheel's files in order, a name as often as it occurs."""
    with ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def test_the_wheel_holds_every_file_of_the_packages_once(wheel: Path) -> None:
    """Modules, data, templates and `py.typed` are all in the wheel, those of backends/ as flask_bsr_scim.backends."""
    sources = [Path("flask_bsr_scim", file).as_posix() for file in files_below(PACKAGE)]
    backends = [Path("flask_bsr_scim/backends", file).as_posix() for file in files_below(BACKENDS)]
    assert [name for name in names_in(wheel) if ".dist-info/" not in name] == sorted(sources + backends)


@pytest.mark.parametrize(
    "name",
    [
        "flask_bsr_scim/py.typed",
        "flask_bsr_scim/backends/base.py",
        "flask_bsr_scim/backends/redis/commit.lua",
        "flask_bsr_scim/schema/data/profiles.json",
    ],
)
def test_the_wheel_holds_what_cannot_be_missing(wheel: Path, name: str) -> None:
    """One file of each kind is there, whatever the checkout holds."""
    assert Counter(names_in(wheel))[name] == 1


def test_the_wheel_installs_one_name(wheel: Path) -> None:
    """Nothing but the package comes to lie in site-packages: no `backends`, no `tests`."""
    folders = {name.split("/")[0] for name in names_in(wheel)}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"flask_bsr_scim"}


def test_the_source_distribution_is_complete(sdist: Path) -> None:
    """Tests, examples, documentation and the files of the build go with the sources."""
    assert {path.name for path in sdist.iterdir()} >= TOP_LEVEL


@pytest.mark.parametrize("folder", ["backends", "flask_bsr_scim", "tests", "examples", "docs", "benchmarks"])
def test_the_source_distribution_holds_whole_folders(checkout: Path, sdist: Path, folder: str) -> None:
    """Every file is where the checkout has it, and the link is not followed to a second copy of the backends."""
    assert sorted(files_below(sdist / folder)) == sorted(files_below(checkout / folder))


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """A wheel made from the unpacked source distribution has the same files."""
    assert names_in(build("wheel", sdist, tmp_path / "again")) == names_in(wheel)


def test_the_checkout_has_the_required_names() -> None:
    """The top-level names that tools and people rely on exist; the link shows the backends under their real name."""
    assert {path.name for path in ROOT.iterdir()} >= TOP_LEVEL
    assert not (PACKAGE / "backends").is_symlink() or os.readlink(PACKAGE / "backends") == "../backends"


def test_backends_cannot_be_imported_by_the_name_of_its_folder() -> None:
    """`import backends` fails in the checkout and names the right import: two names would make each class twice."""
    done = python("-c", "import backends", cwd=ROOT)
    assert done.stderr.splitlines()[-1].startswith("ImportError: import flask_bsr_scim.backends")


def test_the_installed_package_imports_its_backends(installed: Path, tmp_path: Path) -> None:
    """The installed backends are imported as flask_bsr_scim.backends, far from any checkout."""
    code = "import flask_bsr_scim.backends.base as base; print(base.__file__)"
    done = python("-c", code, cwd=tmp_path, PYTHONPATH=str(installed))
    assert Path(done.stdout.strip()) == installed / "flask_bsr_scim/backends/base.py", done.stderr


def test_the_console_script_runs(installed: Path, tmp_path: Path) -> None:
    """`bsr-scim` is installed and explains itself."""
    done = python(installed / "bin/bsr-scim", "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "serve" in done.stdout, done.stderr


def test_a_safe_path_means_the_installed_package() -> None:
    """With PYTHONSAFEPATH, as tox sets it, the tests import the built wheel and never the checkout."""
    spec = find_spec("flask_bsr_scim")
    assert spec is not None
    assert spec.origin is not None
    assert not (sys.flags.safe_path and Path(spec.origin).parent == PACKAGE)
