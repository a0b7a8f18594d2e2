"""What Okta sends, and what its administrator sees; the requests are those of the transcripts in `tests/idp/okta`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

from flask_bsr_scim.checks.connector import GROUP, USER, Connector, Made, patch_op, path_of
from flask_bsr_scim.checks.expectations import detail_of
from flask_bsr_scim.checks.faults import Answer, Fault, Kind, Shown

NOT_TESTED = (
    "Error authenticating: {phrase}. The connector configuration could not be tested. Make sure that the URL, "
    "Authentication Parameters are correct and that there is an implementation available at the URL provided."
)
_PUSH = "Unable to update Group Push mapping target App group {name}: Error while "
_TEXTS = {
    "test": NOT_TESTED,
    "match": "Automatic provisioning of user {name} to app {app} failed: Error while verifying if user {name} exists: "
    "{reason}",
    "create": "Automatic provisioning of user {name} to app {app} failed: Error while creating user {name}: {reason}",
    "update": "Automatic profile push of user {name} to app {app} failed: Error while trying to push profile update "
    "for {name}: {reason}",
    "reactivate": "Automatic provisioning of user {name} to app {app} failed: Error while trying to push profile "
    "update for {name}: {reason}",
    "create group": _PUSH + "creating user group {name}: {reason}",
    "push group": _PUSH + "updating user group membership for group {name} {reason}",
}
_UNKNOWN = {
    "deactivate": "The user stays assigned in the server; Dashboard > Tasks has a task to deprovision it by hand.",
    "import": "The import ends with an error under Provisioning > Import; its words are not published.",
}
_APP = "YOUR_APP"


class Okta(Connector):
    """Sends what an application of Okta's sends.

    :ivar patches: for applications of the catalogue, which send PATCH for groups and for `active`; those of the App
        Integration Wizard send PUT for every change.
    """

    headers: ClassVar[Mapping[str, str]] = {
        "User-Agent": "Okta SCIM Client 1.0.0",
        "Accept": "application/scim+json",
        "Accept-Charset": "utf-8",
        "Accept-Encoding": "gzip,deflate",
        "Connection": "Keep-Alive",
    }
    body_headers: ClassVar[Mapping[str, str]] = {"Content-Type": "application/scim+json; charset=utf-8"}
    patches = False

    def query(self, endpoint: str, attribute: str, value: str) -> str:
        """Return the path of a look-up: `%20` for spaces, first page."""
        text = f'{attribute} eq "{value}"'
        return f"{endpoint}?filter={quote(text, safe='')}&startIndex=1&count=100"

    def new_user(self, user_name: str) -> dict[str, Any]:
        """Return the body of the POST for a user; the password is a placeholder."""
        return {
            "schemas": [USER],
            "userName": user_name,
            "name": {"givenName": "Okta", "familyName": "Check"},
            "emails": [{"primary": True, "value": user_name, "type": "work"}],
            "displayName": "Okta Check",
            "locale": "en-US",
            "externalId": f"00u{user_name.partition('@')[0].removeprefix('okta-check-')}",
            "groups": [],
            "password": "1mz050nq",
            "active": True,
        }

    def page(self, endpoint: str, start: int, count: int = 100) -> Answer:
        """Ask for a page of an import."""
        return self.send("GET", f"{endpoint}?startIndex={start}&count={count}")

    def replace_user(self, identifier: str, user_name: str, stored: Mapping[str, Any], **changes: Any) -> Answer:
        """Replace a user by what was read, with changes."""
        return self.send("PUT", path_of("/Users", identifier), edited_user(identifier, user_name, stored, **changes))

    def patch_user(self, identifier: str, active: bool) -> Answer:
        """Set `active` without a path."""
        return self.send(
            "PATCH", path_of("/Users", identifier), patch_op({"op": "replace", "value": {"active": active}})
        )

    def create_group(self, made: Made, name: str) -> Answer:
        """Create a group without members."""
        return self.create(made, {"schemas": [GROUP], "displayName": name, "members": []})

    def name_group(self, identifier: str, name: str, members: Sequence[Mapping[str, str]]) -> Answer:
        """Give a group its name: with its id and without a path, or as a whole."""
        if self.patches:
            change = {"op": "replace", "value": {"id": identifier, "displayName": name}}
            return self.send("PATCH", path_of("/Groups", identifier), patch_op(change))
        return self.replace_group(identifier, name, members)

    def replace_group(self, identifier: str, name: str, members: Sequence[Mapping[str, str]]) -> Answer:
        """Replace a group: all members come in one body."""
        body = {"schemas": [GROUP], "id": identifier, "displayName": name, "members": [*members]}
        return self.send("PUT", path_of("/Groups", identifier), body)

    def patch_members(
        self, identifier: str, added: Sequence[Mapping[str, str]], removed: Sequence[Mapping[str, str]] = ()
    ) -> Answer:
        """Remove and add members in one PATCH."""
        out = [{"op": "remove", "path": f'members[value eq "{member["value"]}"]'} for member in removed]
        return self.send(
            "PATCH", path_of("/Groups", identifier), patch_op(*out, {"op": "add", "path": "members", "value": [*added]})
        )

    def push_members(self, identifier: str, name: str, members: Sequence[Mapping[str, str]]) -> Answer:
        """Push all members now."""
        if self.patches:
            change = {"op": "replace", "path": "members", "value": [*members]}
            return self.send("PATCH", path_of("/Groups", identifier), patch_op(change))
        return self.replace_group(identifier, name, members)


class OktaCatalog(Okta):
    """Sends what an application of Okta's catalogue sends."""

    patches = True


APPS: Mapping[str, type[Okta]] = {"wizard": Okta, "catalog": OktaCatalog}


def edited_user(
    identifier: str, user_name: str, stored: Mapping[str, Any], *, given_name: str = "Okta", active: bool = True
) -> dict[str, Any]:
    """Return the body of the PUT for a user: what was read, edited; read-only attributes come back with it."""
    external = {"externalId": stored["externalId"]} if stored.get("externalId") else {}
    return {
        "schemas": [USER],
        "id": identifier,
        "userName": user_name,
        "name": {"givenName": given_name, "familyName": "Check"},
        "emails": [{"primary": True, "value": user_name, "type": "work", "display": user_name}],
        "active": active,
        "groups": stored.get("groups") or [],
        "meta": {"resourceType": "User"},
    } | external


def shown(operation: str, fault: Fault, name: str) -> Shown:
    """Return what Okta's administrator sees: its words as they are published, or what is known of it."""
    literal = _literal(operation, fault, name)
    return Shown(literal) if literal else Shown(_described(operation, fault), verbatim=False)


def _literal(operation: str, fault: Fault, name: str) -> str | None:
    if operation == "test" and fault.kind in (Kind.LIST, Kind.BODY):
        return "No results for users returned"
    if operation == "create" and fault.kind is Kind.BODY and fault.answer is not None and not fault.answer.body.strip():
        return "Create new user returned empty user"
    if fault.kind is not Kind.STATUS or fault.answer is None or operation not in _TEXTS:
        return None
    return _TEXTS[operation].format(
        name=name,
        app=_APP,
        phrase=_phrase(fault.answer),
        reason=_reason(fault.answer),
    )


def _described(operation: str, fault: Fault) -> str:
    match fault.kind:
        case Kind.CONTENT:
            return "Nothing: Okta takes this for a success, and Okta and the server differ from now on."
        case Kind.TYPES:
            return "A failure without a reason, and no further request."
        case Kind.UNREACHABLE:
            return (
                "A failure, after 60 seconds of silence at most; its words depend on what is wrong with the connection."
            )
    return _UNKNOWN.get(operation, "A failed task under Dashboard > Tasks; its words are not published.")


def _reason(answer: Answer) -> str:
    detail = detail_of(answer)
    if detail is None:
        return f"HTTP {answer.status} {_phrase(answer)}"
    return f"{_phrase(answer)}. Errors reported by remote server: {detail}"


def _phrase(answer: Answer) -> str:
    try:
        return HTTPStatus(answer.status).phrase
    except ValueError:
        return answer.reason or str(answer.status)
