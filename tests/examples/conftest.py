"""What the tests of the examples share: an empty folder to work in, and the modules of an example."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, in which the examples make their files."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Give a function that loads the `app` of an example as if its folder were the present one, each time anew."""
    before = set(sys.modules)

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(EXAMPLES / name)
        return importlib.import_module("app")

    yield load
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and EXAMPLES in Path(str(sys.modules[name].__file__)).parents:
            del sys.modules[name]
