"""What Entra ID sends, and what its administrator sees; the requests are those of `tests/idp/entra`."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote_plus
from uuid import uuid4

from flask_bsr_scim.checks.connector import GROUP, USER, Connector, Made, patch_op, path_of
from flask_bsr_scim.checks.expectations import detail_of
from flask_bsr_scim.checks.faults import Answer, Fault, Kind, Shown
from flask_bsr_scim.checks.pages import Page, check_page, read_results

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
FLAG = "aadOptscim062020"

_WITHOUT_MEMBERS = "excludedAttributes=members"


class Entra(Connector):
    """Sends what Entra ID sends without a flag in the tenant URL: capital operations, `active` as a string."""

    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/scim+json"}
    body_headers: ClassVar[Mapping[str, str]] = {"Content-Type": "application/scim+json"}

    def query(self, endpoint: str, attribute: str, value: str) -> str:
        """Return the path of a look-up: plus signs for spaces, groups without their members."""
        text = f"{attribute} eq {quoted(value)}"
        first = f"{_WITHOUT_MEMBERS}&" if endpoint == "/Groups" else ""
        return f"{endpoint}?{first}filter={quote_plus(text)}"

    def found(self, answer: Answer) -> Page:
        """Return what a look-up found: Entra asks for no pages, so that what is wrong with their numbers is a warning.

        Microsoft's own example of an empty list has `"itemsPerPage": 20`.
        """
        page = read_results(answer)
        try:
            check_page(page, answer)
        except Fault as fault:
            self.warnings.append(f"{fault.problem} {fault.change} Entra asks for no pages; others do.")
        return page

    def new_user(self, user_name: str) -> dict[str, Any]:
        """Return the body of the POST for a user, with attributes of the default mappings."""
        return {
            "schemas": [USER, ENTERPRISE],
            "externalId": str(uuid4()),
            "userName": user_name,
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": user_name}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Entra Check", "familyName": "Check", "givenName": "Entra"},
            "roles": [],
        }

    def create_group(self, made: Made, name: str) -> Answer:
        """Create a group, with a schema of Microsoft's own and without members."""
        body = {
            "schemas": [GROUP, MICROSOFT_GROUP],
            "externalId": str(uuid4()),
            "displayName": name,
            "meta": {"resourceType": "Group"},
        }
        return self.create(made, body)

    def read_group(self, identifier: str) -> Answer:
        """Read a group without its members."""
        return self.send("GET", f"{path_of('/Groups', identifier)}?{_WITHOUT_MEMBERS}")

    def patch(self, place: str, *operations: Mapping[str, Any]) -> Answer:
        """Send a PATCH."""
        return self.send("PATCH", place, patch_op(*operations))

    def update(self, email: str, family_name: str) -> tuple[Mapping[str, Any], ...]:
        """Return the operations that give a user another address and family name."""
        return (
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": email},
            {"op": "Replace", "path": "name.familyName", "value": family_name},
        )

    def set_active(self, active: bool) -> Mapping[str, Any]:
        """Return the operation that disables or restores a user."""
        return {"op": "Replace", "path": "active", "value": str(active)}

    def add_members(self, *identifiers: str) -> Mapping[str, Any]:
        """Return the operation that adds members."""
        return {"op": "Add", "path": "members", "value": [{"$ref": None, "value": each} for each in identifiers]}

    def remove_member(self, identifier: str) -> Mapping[str, Any]:
        """Return the operation that removes a member."""
        return {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": identifier}]}

    def rename(self, name: str) -> Mapping[str, Any]:
        """Return the operation that renames a group."""
        return {"op": "Replace", "path": "displayName", "value": name}


class EntraWithFlag(Entra):
    """Sends what Entra ID sends with `aadOptscim062020` in the tenant URL, and what the SCIM Validator sends."""

    body_headers: ClassVar[Mapping[str, str]] = {"Content-Type": "application/scim+json; charset=utf-8"}

    def update(self, email: str, family_name: str) -> tuple[Mapping[str, Any], ...]:
        """Return the operations that give a user another address and names: names in one value, with dotted keys."""
        employee = f"{ENTERPRISE}:employeeNumber"
        names = {"displayName": "Check", "name.givenName": "Entra", "name.familyName": family_name, employee: "1"}
        return (
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": email},
            {"op": "replace", "value": names},
        )

    def set_active(self, active: bool) -> Mapping[str, Any]:
        """Return the operation that disables or restores a user: `active` is a boolean."""
        return {"op": "replace", "path": "active", "value": active}

    def add_members(self, *identifiers: str) -> Mapping[str, Any]:
        """Return the operation that adds members."""
        return {"op": "add", "path": "members", "value": [{"value": each} for each in identifiers]}

    def remove_member(self, identifier: str) -> Mapping[str, Any]:
        """Return the operation that removes a member, by a filter in its path."""
        return {"op": "remove", "path": f"members[value eq {quoted(identifier)}]"}

    def rename(self, name: str) -> Mapping[str, Any]:
        """Return the operation that renames a group."""
        return {"op": "replace", "path": "displayName", "value": name}


def quoted(value: str) -> str:
    """Return a value as a filter has it."""
    return f'"{value}"'


def shown(operation: str, fault: Fault, _name: str) -> Shown:
    """Return what Entra's administrator sees: its words as they are published, or what is known of it."""
    if operation == "test" and fault.answer is not None and fault.answer.status in (401, 403):
        return Shown(
            "You appear to have entered invalid credentials. Please confirm you are using the correct information "
            "for an administrative account."
        )
    return Shown(_described(operation, fault), verbatim=False)


def _described(operation: str, fault: Fault) -> str:
    match fault.kind:
        case Kind.CONTENT if operation == "test":
            return "Nothing that is published: the connection is there. What is wrong shows in a cycle."
        case _ if operation == "test":
            return "Test Connection fails. Later, in a cycle, the same puts the job into quarantine."
        case Kind.CONTENT:
            return "Nothing, or the same change again in every cycle: Entra and the server differ from now on."
        case Kind.UNREACHABLE:
            return "A failure in the provisioning logs; the request is sent again, so a POST may meet 409."
    detail = detail_of(fault.answer) if fault.answer else None
    said = f', with what the server said: "{detail}"' if detail else ""
    return f"A failure in the provisioning logs{said}. It is tried again in later cycles, less and less often."
