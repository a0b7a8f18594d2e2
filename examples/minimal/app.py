"""The smallest application that Okta can provision into: flask --app app run."""

from flask import Flask

from flask_bsr_scim import BsrScim

app = Flask(__name__)
app.config["SCIM_BACKEND"] = "sqlite:///directory.db"
scim = BsrScim(app)


@app.get("/")
def people() -> list[str]:
    """Show whom the identity provider has sent."""
    return [user["userName"] for user in scim.service.users()]
