"""Directories for clients of every dialect."""

from collections.abc import Callable

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema import PROFILES
from tests.dialects.asking import Directory
from tests.stores import BACKENDS, new_store


@pytest.fixture(scope="session", params=BACKENDS)
def apps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flask]:
    """An application for each profile, once for each backend."""
    made = {profile: Flask(profile) for profile in PROFILES}
    for profile, app in made.items():
        BsrScim(app, backend=new_store(request.param, tmp_path_factory.mktemp(profile)), profile=profile)
    return made


@pytest.fixture
def directory(apps: dict[str, Flask]) -> Callable[[str], Directory]:
    """Return what opens a new directory of a profile, once for each backend."""
    return lambda profile: Directory(apps[profile])
