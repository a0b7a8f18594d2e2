"""An application with users and sign-in of its own, into which Okta provisions. README.md beside it has the steps."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from accounts import Account, database
from flask import Blueprint, Flask, abort, current_app, redirect, request, session
from flask_login import LoginManager, current_user, login_required, login_user, logout_user
from werkzeug.wrappers import Response

from flask_bsr_scim import BsrScim, signals
from flask_bsr_scim.registry.errors import NotThere, RegistryError
from flask_bsr_scim.registry.model import OrganizationRole

scim = BsrScim()
logins = LoginManager()
pages = Blueprint("pages", __name__)


def create_app(**settings: Any) -> Flask:
    """Return the application: its own pages, and SCIM below /scim/v2."""
    app = Flask(__name__, instance_path=str(Path.cwd()))
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///accounts.db", SCIM_BACKEND="sqlite:///directory.db")
    app.config.from_prefixed_env()  # FLASK_SECRET_KEY
    app.config.update(settings)
    database.init_app(app)
    logins.init_app(app)
    scim.init_app(app)
    app.register_blueprint(pages)
    app.cli.command("bring-users")(bring_users)
    with app.app_context():
        database.create_all()
        store = scim.service.backend
    signals.user_provisioned.connect(link_account, sender=store)
    signals.user_updated.connect(correct_account, sender=store)
    signals.user_deactivated.connect(close_account, sender=store)
    signals.user_deleted.connect(close_account, sender=store)
    signals.user_reactivated.connect(open_account, sender=store)
    return app


# What the identity provider does, told by signals


def link_account(_store: Any, user_id: str, **_: Any) -> None:
    """Give the account with the user's address the id of the user; make an account when there is none.

    The user may be locked out already, and no other signal tells.

    An account that belongs to another id is left alone: the address may have been given to somebody else.
    """
    if Account.of(user_id) is not None:
        return
    user = scim.registry.users.get(user_id)
    account = Account.unlinked(user.email) or Account(email=user.email)
    account.user_id, account.closed = user_id, None if user.active else datetime.now(UTC)
    database.session.add(account)
    database.session.commit()


def correct_account(_store: Any, user_id: str, **_: Any) -> None:
    """Take over an address that was corrected in the identity provider."""
    change(user_id, email=scim.registry.users.get(user_id).email)


def close_account(_store: Any, user_id: str, **_: Any) -> None:
    """Note since when the user is locked out; here an application stops jobs, or frees a licence."""
    change(user_id, closed=datetime.now(UTC))


def open_account(_store: Any, user_id: str, **_: Any) -> None:
    """Undo what closing the account did."""
    change(user_id, closed=None)


def change(user_id: str, **values: Any) -> None:
    """Change the account of a user, when there is one."""
    account = Account.of(user_id)
    if account is not None:
        for name, value in values.items():
            setattr(account, name, value)
        database.session.commit()


# Sign-in, and who is let in


def verified_assertion() -> tuple[str, list[str] | None]:
    """Return address and groups of who signs in. Put your SAML or OIDC library here: this believes what it is told."""
    if not (current_app.debug or current_app.testing):
        abort(501, "No SAML or OIDC library is built in here.")
    return request.form["email"], request.form.getlist("group") or None


@pages.post("/signed-in")
def signed_in() -> Response:
    """Take a sign-in at the identity provider: the user must be let in, and is made when there is none yet."""
    try:
        user = scim.registry.sign_in(*verified_assertion()).user
    except RegistryError as error:
        abort(403, str(error))
    link_account(None, user_id=user.id)
    login_user(Account.of(user.id))
    return redirect("/")


@pages.post("/signed-out")
def signed_out() -> Response:
    """End the session."""
    logout_user()
    return redirect("/")


@logins.user_loader
def load_account(account_id: str) -> Account | None:
    """Return the account of a session, asked for with each request; the session of who is locked out ends here."""
    account = database.session.get(Account, int(account_id))
    if account is not None and is_active(account.user_id):
        return account
    session.clear()
    return None


def is_active(user_id: str | None) -> bool:
    """Tell whether a user may come in now, whichever process heard of a change."""
    try:
        return user_id is not None and scim.registry.users.get(user_id).active
    except NotThere:
        return False


def role_needed(organization: str, least: OrganizationRole) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only those see a page who have a role in an organization: by hand, by a pushed group, or by a sign-in."""

    def gated(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        @login_required
        def page(**parameters: Any) -> Any:
            if role_in(organization) < least:
                abort(403, f"This page is for people with the role {least.name} in {organization}.")
            return view(**parameters)

        return page

    return gated


def role_in(organization: str) -> int:
    """Return the role of who is signed in, 0 for none."""
    try:
        place = scim.registry.organizations.by_name(organization)
    except NotThere:
        return 0
    held = scim.registry.access.role(current_user.user_id, place)
    return 0 if held is None else held.role


# Pages


@pages.get("/")
@login_required
def home() -> dict[str, Any]:
    """Show the account, and the organizations that pushed groups and sign-ins give."""
    found = scim.registry.access.organizations_of(current_user.user_id)
    return {
        "account": current_user.id,
        "email": current_user.email,
        "organizations": {place.name: held.role.name for place, held in found},
    }


@pages.get("/reports")
@role_needed("acme", OrganizationRole.MEMBER)
def reports() -> dict[str, Any]:
    """Show what is for members of acme."""
    return {"reports": ["revenue"]}


def bring_users() -> None:
    """Make known to SCIM who has an account already, so that Okta finds them instead of making them again."""
    for account in Account.without_user():
        try:
            account.user_id = scim.registry.sign_in(account.email or "").user.id
        except RegistryError as error:
            click.echo(f"account {account.id} was left out: {error}", err=True)
    database.session.commit()
