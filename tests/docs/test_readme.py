"""The README's application runs."""

import pytest

from tests.docs.pages import ROOT
from tests.docs.running import ask, make_token, run


@pytest.mark.usefixtures("empty_folder")
def test_the_readme_runs() -> None:
    """The application of the README serves SCIM to whom has a token."""
    app = run(ROOT / "README.md")["app"]
    assert ask(app, "/scim/v2/Users", token=make_token(app)).json["totalResults"] == 0
    assert ask(app, "/scim/v2/Users").status_code == 401
