"""Applications that several tests of a module share, because they change nothing in them."""

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from tests.client import TOKEN, Scim


@pytest.fixture(scope="module")
def reading() -> Scim:
    """A client for requests that write nothing, or are refused."""
    app = Flask("reading")
    BsrScim(app, backend="memory://", token=TOKEN)
    return Scim(app)
