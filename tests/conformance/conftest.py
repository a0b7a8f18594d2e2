"""What the tests with public checkers share."""

import pytest


@pytest.fixture(params=["bsr", "rfc7643"])
def profile(request: pytest.FixtureRequest) -> str:
    """The attributes that exist."""
    return str(request.param)
