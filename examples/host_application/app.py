"""An application with users and sign-in of its own, into which Okta provisions. README.md beside it has the steps."""

import sqlite3
from contextlib import closing
from typing import Any

from flask import Flask, abort, current_app, g, redirect, request, session
from werkzeug.wrappers import Response

from flask_bsr_scim import BsrScim, signals
from flask_bsr_scim.registry.errors import NotThere, RegistryError

ACCOUNTS = """CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY, email TEXT COLLATE NOCASE, user_id TEXT UNIQUE, closed TEXT)"""

scim = BsrScim()


def create_app() -> Flask:
    """Return the application: its own pages, and SCIM below /scim/v2."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="only-for-this-example", ACCOUNTS="accounts.db", SCIM_BACKEND="sqlite:///directory.db")
    scim.init_app(app)
    with app.app_context():
        execute(ACCOUNTS)
        store = scim.service.backend
    signals.user_provisioned.connect(link_account, sender=store)
    signals.user_updated.connect(correct_account, sender=store)
    signals.user_deactivated.connect(close_account, sender=store)
    signals.user_deleted.connect(close_account, sender=store)
    signals.user_reactivated.connect(open_account, sender=store)
    app.before_request(let_in)
    app.add_url_rule("/signed-in", view_func=signed_in, methods=["POST"])
    app.add_url_rule("/", view_func=home)
    app.cli.command("bring-users")(bring_users)
    return app


def execute(statement: str, *values: str | None) -> list[Any]:
    """Run a statement on the application's own database, which is not the one of SCIM; return the rows."""
    with closing(sqlite3.connect(current_app.config["ACCOUNTS"], isolation_level=None)) as database:
        return database.execute(statement, values).fetchall()


# What the identity provider does, told by signals


def link_account(_store: Any, user_id: str, **_: Any) -> None:
    """Give the account with the user's address the id of the user; make an account when there is none.

    An account that belongs to another id is left alone: the address may have been given to somebody else.
    """
    email = scim.registry.users.get(user_id).email
    execute("UPDATE OR IGNORE accounts SET user_id = ? WHERE email = ? AND user_id IS NULL", user_id, email)
    execute("INSERT OR IGNORE INTO accounts (user_id, email) VALUES (?, ?)", user_id, email)


def correct_account(_store: Any, user_id: str, **_: Any) -> None:
    """Take over an address that was corrected in the identity provider."""
    execute("UPDATE accounts SET email = ? WHERE user_id = ?", scim.registry.users.get(user_id).email, user_id)


def close_account(_store: Any, user_id: str, **_: Any) -> None:
    """Note since when the user is locked out; here an application stops jobs, or frees a licence."""
    execute("UPDATE accounts SET closed = datetime() WHERE user_id = ?", user_id)


def open_account(_store: Any, user_id: str, **_: Any) -> None:
    """Undo what closing the account did."""
    execute("UPDATE accounts SET closed = NULL WHERE user_id = ?", user_id)


# The application's own sign-in and pages


def verified_assertion() -> tuple[str, list[str]]:
    """Return address and groups of who signs in. Put your SAML or OIDC library here: this believes what it is told."""
    if not (current_app.debug or current_app.testing):
        abort(501, "No SAML or OIDC library is built in here.")
    return request.form["email"], request.form.getlist("group")


def signed_in() -> Response:
    """Take a sign-in at the identity provider: the user must be let in, and is made when there is none yet."""
    email, groups = verified_assertion()
    try:
        user = scim.registry.sign_in(email, groups).user
    except RegistryError as error:
        abort(403, str(error))
    link_account(None, user_id=user.id)
    session["user_id"] = user.id
    return redirect("/")


def let_in() -> None:
    """Ask with each request of a session whether its user may still come in. SCIM has tokens instead."""
    if request.blueprint == "bsr_scim" or request.endpoint == "signed_in":
        return
    try:
        g.user = scim.registry.users.get(session.get("user_id", ""))
    except NotThere:
        abort(401)
    if not g.user.active:
        abort(403)


def home() -> dict[str, Any]:
    """Show the user's account, and the organizations that pushed groups and sign-ins give."""
    ((account, email),) = execute("SELECT id, email FROM accounts WHERE user_id = ?", g.user.id)
    roles = {place.name: held.role.name for place, held in scim.registry.access.organizations_of(g.user.id)}
    return {"account": account, "email": email, "username": g.user.username, "organizations": roles}


def bring_users() -> None:
    """Make known to SCIM who has an account already, so that Okta finds them instead of making them again."""
    for (email,) in execute("SELECT email FROM accounts WHERE user_id IS NULL"):
        link_account(None, user_id=scim.registry.sign_in(email, []).user.id)
