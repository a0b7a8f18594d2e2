"""The smallest application that Okta can provision into: flask --app app scim token create; flask --app app run."""

from flask import Flask

from flask_bsr_scim import BsrScim

app = Flask(__name__)
app.config["SCIM_BACKEND"] = "sqlite:///directory.db"
scim = BsrScim(app)


@app.get("/who/<name>")
def who(name: str) -> str:
    """Tell whether the identity provider has sent somebody of that name."""
    found = scim.service.backend.find("default", "User", "userName", name)
    return "not here" if found is None else f"here since {found.created[:10]}"
