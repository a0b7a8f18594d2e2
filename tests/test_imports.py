"""Imports go one way, and a library stays with those who need it.

The two tables are the rules. A name in them stands for the module, for all below it, and for modules whose names
go on with an underscore (`backends.sql` for `backends.sql_values` too); of several that fit, the longest counts.
"""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "flask_bsr_scim"

LAYERS = (
    (PACKAGE,),
    ("web",),
    ("openapi", "traffic"),
    ("bulk", "checks", "console"),
    ("registry", "provider"),
    ("lists",),
    ("projections", "writer", "search", "members", "sorting"),
    ("references",),
    ("anchors", "cursors"),
    ("seals",),
    ("exchange",),
    ("backends",),
    ("backends.memory", "backends.sqlite", "backends.redis"),
    ("backends.dump_rows", "backends.scans", "backends.sql", "backends.testing"),
    ("backends.gaps", "backends.log_check", "backends.transactional"),
    ("backends.transaction",),
    ("backends.base", "backends.dump_lines"),
    ("backends.dump_records",),
    ("backends.dumping", "backends.journal", "backends.notes", "backends.presumptions"),
    ("backends.changes", "backends.conventions", "backends.deltas", "backends.queries"),
    ("conditions", "messages", "streams"),
    ("view", "patch"),
    ("resource", "path", "discovery", "strict_json"),
    ("filter",),
    ("schema",),
    ("dialects",),
    ("errors", "identifiers", "portions"),
)
"""Who may import whom: each name imports from the lines below its own, never from above, nor from its neighbours."""

USERS = {
    "blinker": ("registry.signals",),
    "click": ("web",),
    "connectrpc": ("registry.api", "web.connect"),
    "flask": ("web",),
    "granian": ("web",),
    "hiredis": ("backends.redis.connections",),
    "hypothesis": ("backends.testing",),
    "itsdangerous": ("seals",),
    "jinja2": ("web.console",),
    "markupsafe": ("web.console",),
    "jwt": ("web.jwks", "web.jwt_tokens"),
    "limits": ("web.rate_limits",),
    "prometheus_client": ("web",),
    "protobuf": ("registry.api",),
    "pyngrok": ("web",),
    "pytest": ("backends.testing",),
    "redis": ("backends.redis",),
    "sqlite3": ("backends.sqlite", "backends.sql"),
    "sqlite_utils": ("backends.sqlite",),
}
"""The only importers of a library."""

ON_DEMAND = ("granian", "hiredis", "jwt", "limits", "prometheus_client", "pyngrok", "redis")
"""Libraries of the extras, and the driver of one backend: imported when they are asked for."""

ENTRANCES = (PACKAGE, *(f"{PACKAGE}.{name}" for name in ("web.cli", "provider", "backends.memory", "backends.sqlite")))
"""What is imported before anything is asked for."""

MAX_LINES = 400

GENERATED = "registry.api.gen"
"""Code that `make proto` writes."""


@cache
def modules() -> dict[str, Path]:
    """Return the file of each module by its name without the package's, `backends.base` for one."""
    found = {}
    for folder, prefix in ((ROOT / PACKAGE, ()), (ROOT / "backends", ("backends",))):
        for file in folder.rglob("*.py"):
            parts = (*prefix, *file.relative_to(folder).with_suffix("").parts)
            found[".".join(part for part in parts if part != "__init__") or PACKAGE] = file
    return found


@cache
def tree(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(modules()[module].read_text("utf-8"))


def imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield what the import statements among some nodes name, modules of the package without the package's name."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (relative(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = [relative(f"{node.module}.{alias.name}") for alias in node.names]
            yield from (name if name in modules() else relative(node.module or "") for name in inner)


def relative(name: str) -> str:
    """Return a module's name as the tables have it."""
    return name.removeprefix(f"{PACKAGE}.")


def fits(module: str, name: str) -> bool:
    """Tell whether a name of the tables stands for a module."""
    return module == name or (module.startswith((f"{name}.", f"{name}_")) and name != PACKAGE)


def place(module: str) -> tuple[int, str] | None:
    """Return the line of a module, 0 at the top, and its name there; None for what is not in the table."""
    found = [(line, name) for line, names in enumerate(LAYERS) for name in names if fits(module, name)]
    return max(found, key=lambda entry: len(entry[1]), default=None)


def allowed(importer: str, imported: str) -> bool:
    """Tell whether the tables allow an import."""
    users = USERS.get(imported.split(".")[0])
    if users is not None:
        return any(fits(importer, user) for user in users)
    above, below = place(importer), place(imported)
    return above is None or below is None or above == below or above[0] < below[0]


@pytest.mark.parametrize(
    ("importer", "imported", "expected"),
    [
        pytest.param("web.routes", "provider", True, id="downwards"),
        pytest.param("backends.sqlite", "backends.sql.compiler", True, id="into a package below"),
        pytest.param("filter.parser", "filter.ast", True, id="inside a package"),
        pytest.param("patch", "re", True, id="the standard library"),
        pytest.param("schema.validator", "filter", False, id="upwards"),
        pytest.param("backends.sqlite", "provider", False, id="a backend and the provider"),
        pytest.param("backends.sqlite", "backends.memory", False, id="a backend and another"),
        pytest.param("provider", "flask.globals", False, id="Flask outside web"),
        pytest.param("backends.redis.commits", "redis.exceptions", True, id="a driver in its backend"),
        pytest.param("backends.base", "redis", False, id="a driver elsewhere"),
    ],
)
def test_the_rules_tell_right_from_wrong(importer: str, imported: str, expected: bool) -> None:
    """The tables allow what they should and forbid the rest."""
    assert allowed(importer, imported) is expected


@pytest.mark.parametrize("module", modules())
def test_a_module_has_its_place(module: str) -> None:
    """Each module is covered by the table of layers, so that none escapes the rules."""
    assert place(module) is not None


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_it_may(module: str) -> None:
    """Imports go down the layers, those inside functions included, and a library stays with its users."""
    assert [name for name in imports(ast.walk(tree(module))) if not allowed(module, name)] == []


def test_no_module_needs_itself() -> None:
    """Loading a module never comes back to it by way of others: there is an order in which all can be loaded."""
    graph = {name: [found for found in imports(tree(name).body) if found in modules()] for name in modules()}
    assert set(TopologicalSorter(graph).static_order()) == set(modules())


@pytest.mark.parametrize("module", [name for name in modules() if not fits(name, GENERATED)])
def test_a_module_is_short(module: str) -> None:
    """A module above the limit holds more than one noun."""
    assert len(modules()[module].read_text("utf-8").splitlines()) <= MAX_LINES


def empty_containers(module: str) -> Iterator[str]:
    """Yield the assignments at a module's top level that make an empty dict, list or set: things to be filled later."""
    for node in tree(module).body:
        match node:
            case ast.Assign(value=value) | ast.AnnAssign(value=value) if is_empty_container(value):
                yield ast.unparse(node)


def is_empty_container(value: ast.expr | None) -> bool:
    """Tell whether an expression makes a container without elements."""
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[]):
            return name in {"dict", "list", "set", "local", "OrderedDict", "WeakKeyDictionary", "WeakValueDictionary"}
        case ast.Call(func=ast.Name(id="defaultdict") | ast.Attribute(attr="defaultdict")):
            return True
    return False


@pytest.mark.parametrize("expression", ["{}", "[]", "set()", "collections.defaultdict(list)", "threading.local()"])
def test_an_empty_container_is_seen(expression: str) -> None:
    """What could hold state is known by its form."""
    assert is_empty_container(ast.parse(expression, mode="eval").body)


@pytest.mark.parametrize("module", modules())
def test_a_module_keeps_no_state(module: str) -> None:
    """State belongs to an application or a backend: two of them in one process share nothing."""
    assert list(empty_containers(module)) == []
    assert [node.names for node in ast.walk(tree(module)) if isinstance(node, ast.Global)] == []


def test_the_package_loads_without_what_is_loaded_on_demand() -> None:
    """The extension, the command line and the backends but Redis load where no extra and no Redis driver can be."""
    code = f"""
import importlib, sys
sys.modules.update(dict.fromkeys({ON_DEMAND}))  # None makes an import of that name fail
for name in {ENTRANCES}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
