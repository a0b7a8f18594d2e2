"""The page about the registry in Python has what the code has."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim.registry.access import Access
from flask_bsr_scim.registry.mappings import Mappings
from flask_bsr_scim.registry.organizations import Organizations
from flask_bsr_scim.registry.plan import Plan
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.repositories import Repositories
from flask_bsr_scim.registry.tokens import TokenStore
from flask_bsr_scim.registry.users import Users
from tests.docs.pages import DOCS, rows, sections
from tests.docs.running import run

PAGE = DOCS / "reference" / "python.md"
PARTS: dict[str, type[Any]] = {
    "registry": Registry,
    "registry.plan": Plan,
    "registry.users": Users,
    "registry.organizations": Organizations,
    "registry.repositories": Repositories,
    "registry.mappings": Mappings,
    "registry.access": Access,
    "scim.service.tokens": TokenStore,
}


def written(name: str, method: Callable[..., Any]) -> str:
    """Return a call as the page writes it: without types, and without the actor, which is the server's."""
    parameters = [p for p in inspect.signature(method).parameters.values() if p.name not in ("self", "actor")]
    plain = [p.replace(annotation=inspect.Parameter.empty, default=_Shown.of(p.default)) for p in parameters]
    return name + str(inspect.Signature(plain))


class _Shown:
    """A default as the page writes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    @classmethod
    def of(cls, default: Any) -> Any:
        """Return what stands for a default; members of an Enum are shown by their names, `"saml"` by its value."""
        if default is inspect.Parameter.empty or not hasattr(default, "value"):
            return default
        kind = type(default).__name__
        return cls(f'"{default}"' if kind == "SignInProtocol" else f"{kind}.{default.name}")


@pytest.mark.parametrize("part", PARTS)
def test_calls_are_all_there(part: str) -> None:
    """The table of a part has each public method with its parameters and defaults."""
    calls = {row[0] for row in rows(sections(PAGE)[part], "Call")}
    methods = inspect.getmembers(PARTS[part], inspect.isfunction)
    assert calls == {written(name, method) for name, method in methods if not name.startswith("_")}


def test_the_registry_is_got_as_the_page_says() -> None:
    """Each way leads to the registry of its tenant."""
    names = run(PAGE)
    assert [names[way].tenant for way in ("registry", "acme", "same")] == ["default", "acme", "default"]
