"""What holds for every answer, whatever a transcript says."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import TestResponse

from tests.idp.matching import BASE_URL, TIMESTAMP

MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
ENDPOINTS = {"User": "/Users", "Group": "/Groups"}
_USER = {"schemas", "id", "externalId", "meta", "userName", "name", "active", "emails", "groups"}
_GROUP = {"schemas", "id", "externalId", "meta", "displayName", "members"}
STORED: dict[str, dict[str, set[str]]] = {
    "bsr": {"User": _USER, "Group": _GROUP},
    "rfc7643": {
        "User": _USER
        | {"displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"}
        | {"phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates"}
        | {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},
        "Group": _GROUP,
    },
}
"""What each profile keeps of a type: nothing else may come back."""


def faults(
    request: Mapping[str, Any], response: TestResponse, secrets: Iterable[str], stored: Mapping[str, set[str]]
) -> Iterator[str]:
    """Yield what is wrong with an answer to a request, of which `path` and `body` count.

    :param secrets: texts that it must not repeat.
    :param stored: the attributes that may come back, by type.
    """
    if 300 <= response.status_code < 400 and response.status_code != 304:
        yield "it redirects, which Okta's connector does not follow"
    yield from (f"it repeats the secret {secret!r}" for secret in secrets if secret in response.text)
    if response.status_code in (204, 304):
        if response.data or "Content-Type" in response.headers:
            yield "a 204 or 304 has neither body nor Content-Type"
        return
    if response.headers.get("Content-Type") != "application/scim+json":
        yield f"Content-Type is {response.headers.get('Content-Type')!r}, not 'application/scim+json'"
        return
    body = response.get_json()
    yield from _body_faults(request, response, body)
    for resource in body.get("Resources") or [body]:
        kind = resource.get("meta", {}).get("resourceType")
        if unstored := resource.keys() - stored.get(kind, resource.keys()):
            yield f"attributes come back that are not stored: {', '.join(sorted(unstored))}"


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of all objects in a JSON value, however deep."""
    if isinstance(value, dict):
        yield from value.items()
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(item)


def _body_faults(request: Mapping[str, Any], response: TestResponse, body: Any) -> Iterator[str]:
    for name, value in members(body):
        if value is None:
            yield f"{name} is null; an unassigned attribute is left out"
        if name.lower() == "password":
            yield "there is a password"
    if response.status_code >= 400:
        yield from _error_faults(response.status_code, body)
    elif body.get("schemas") == [MESSAGES + "ListResponse"]:
        yield from _list_faults(request, body)
    elif body.get("schemas") == [MESSAGES + "BulkResponse"]:
        yield from _bulk_faults(body)
    else:
        yield from _resource_faults(request, body)
        yield from _header_faults(response, body.get("meta", {}))


def _error_faults(status: int, body: Any) -> Iterator[str]:
    if body.get("schemas") != [MESSAGES + "Error"]:
        yield "an error is not in the schema Error"
    if body.get("status") != str(status):
        yield f"status is {body.get('status')!r}, not {str(status)!r}"
    detail = body.get("detail", "")
    if not detail or not detail.isprintable() or "<" in detail:
        yield f"detail is {detail!r}, not one plain line"
    if "scimType" in body and status not in (400, 409):
        yield "scimType is for 400 and 409 only"


def _list_faults(request: Mapping[str, Any], body: Any) -> Iterator[str]:
    without = {"startIndex"} if "cursor" in _asked(request) else set()
    yield from (f"{name} is there, and a cursor was asked for" for name in without & body.keys())
    for name in {"totalResults", "startIndex", "itemsPerPage"} - without:
        if type(body.get(name)) is not int:
            yield f"{name} is {body.get(name)!r}, not an integer"
    if not isinstance(body.get("Resources"), list):
        yield "Resources is not a list"
        return
    if body.get("itemsPerPage") != len(body["Resources"]):
        yield f"itemsPerPage is {body.get('itemsPerPage')}, and there are {len(body['Resources'])} resources"
    for resource in body["Resources"]:
        yield from _resource_faults(request, resource)


def _bulk_faults(body: Any) -> Iterator[str]:
    for each in body.get("Operations", ()):
        status = each.get("status")
        if not isinstance(status, str) or not status.isdigit():
            yield f"the status of an operation is {status!r}, not a string of digits"
        elif int(status) >= 400:
            yield from _error_faults(int(status), each.get("response", {}))
        elif not str(each.get("location")).startswith(f"{BASE_URL}/"):
            yield f"location is {each.get('location')!r}, not below {BASE_URL}"


def _asked(request: Mapping[str, Any]) -> set[str]:
    """Return the names of the parameters of a query, in the URL or in the body."""
    body = request.get("body")
    query = parse_qs(urlsplit(request["path"]).query, keep_blank_values=True)
    return {*query, *(body if isinstance(body, dict) else ())}


def _resource_faults(request: Mapping[str, Any], resource: Any) -> Iterator[str]:
    if not resource.get("schemas") or len(set(resource["schemas"])) != len(resource["schemas"]):
        yield f"schemas is {resource.get('schemas')!r}"
    meta = resource.get("meta", {})
    if not meta and not _asked(request) & {"attributes", "excludedAttributes"}:
        yield "there is no meta"
    if meta and not meta.get("location", "").startswith(f"{BASE_URL}/"):
        yield f"meta.location is {meta.get('location')!r}, not below {BASE_URL}"
    if meta.get("resourceType") in ENDPOINTS:
        yield from _user_or_group_faults(resource, meta)


def _user_or_group_faults(resource: Any, meta: Any) -> Iterator[str]:
    if "bulkid" in resource.get("id", "").lower():
        yield f"the id {resource['id']!r} holds the reserved word bulkId"
    if meta.get("location") != f"{BASE_URL}{ENDPOINTS[meta['resourceType']]}/{resource.get('id')}":
        yield f"meta.location is {meta.get('location')!r}, and the id is {resource.get('id')!r}"
    for name in ("created", "lastModified"):
        if not TIMESTAMP.fullmatch(meta.get(name, "")):
            yield f"meta.{name} is {meta.get(name)!r}, not a time with a zone"
    for other in (*resource.get("members", ()), *resource.get("groups", ())):
        if other.get("$ref") not in {f"{BASE_URL}{endpoint}/{other['value']}" for endpoint in ENDPOINTS.values()}:
            yield f"$ref is {other.get('$ref')!r}, and the value is {other.get('value')!r}"


def _header_faults(response: TestResponse, meta: Any) -> Iterator[str]:
    if meta.get("resourceType") not in ENDPOINTS:
        return
    for header, expected in (("ETag", meta.get("version")), ("Content-Location", meta.get("location"))):
        if response.headers.get(header) != expected:
            yield f"the header {header} is {response.headers.get(header)!r}, and meta says {expected!r}"
    if response.status_code == 201 and response.headers.get("Location") != meta.get("location"):
        yield f"the header Location is {response.headers.get('Location')!r}, and meta says {meta.get('location')!r}"
