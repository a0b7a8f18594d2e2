"""What a query can ask for (RFC 7644 §3.4.2), in a URL and in a body, and what selects and conditions are."""

from flask_bsr_scim.filter import MAX_LENGTH
from flask_bsr_scim.openapi.served import Served
from flask_bsr_scim.schema import Document

_NAMES: Document = {"type": "array", "items": {"type": "string", "minLength": 1}}

_SELECTION: Document = {
    "attributes": {**_NAMES, "description": "The only attributes to be answered, beside those that always are."},
    "excludedAttributes": {**_NAMES, "description": "Attributes not to be answered. Not together with `attributes`."},
}

_EXAMPLES: Document = {
    "filter": 'externalId eq "00ujl29u0le5T6Aj10h7"',
    "sortBy": "meta.lastModified",
    "sortOrder": "descending",
    "startIndex": 1,
    "count": 10,
    "attributes": ["externalId", "meta.version"],
}
"""They work with resources of every type, also together: tools fill all of them in at first."""


def query_parts(served: Served) -> Document:
    """Return the JSON Schemas of the parts of a query, by their names."""
    order = {"enum": ["ascending", "descending"], "description": "The order of `sortBy`: ascending at first."}
    return {
        "filter": {
            "type": "string",
            "description": "Which resources to find, in the grammar of RFC 7644 §3.4.2.2.",
            "minLength": 1,
            "maxLength": MAX_LENGTH,
        },
        "sortBy": {"type": "string", "description": "The attribute that orders the results.", "minLength": 1},
        "sortOrder": order,
        "startIndex": {"type": "integer", "description": "The number of the first result of the page.", "minimum": 1},
        "count": {
            "type": "integer",
            "description": f"The size of a page: {min(served.default_count, served.max_results)} at first, "
            f"{served.max_results} at most.",
            "minimum": 0,
        },
        "cursor": {
            "type": "string",
            "description": "Of a page that another one named (RFC 9865); empty for the first. Not together with "
            "`startIndex`.",
        },
        **_SELECTION,
    }


def query_parameters(served: Served) -> Document:
    """Return the parameters of the document, by the names under which operations refer to them."""
    return {
        **{name: _in_query(name, schema) for name, schema in query_parts(served).items()},
        "ifMatch": _header("If-Match", "Only when the resource is in one of these versions; else 412.", "*"),
        "ifNoneMatch": _header("If-None-Match", "Only when it is in none of these versions; else 304.", 'W/"0"'),
    }


def references(*names: str) -> list[Document]:
    """Return what an operation has for parameters."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def example_query() -> Document:
    """Return the members of a SearchRequest that finds resources of any type."""
    return {name: _EXAMPLES[name] for name in ("filter", "sortBy", "sortOrder", "startIndex", "count", "attributes")}


SELECTION = tuple(_SELECTION)
QUERY = ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", *SELECTION)
IF_MATCH = "ifMatch"
IF_NONE_MATCH = "ifNoneMatch"


def _in_query(name: str, schema: Document) -> Document:
    text = {key: value for key, value in schema.items() if key != "description"}
    style = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {
        "name": name,
        "in": "query",
        "description": schema["description"],
        **style,
        "schema": text,
        **({"example": _EXAMPLES[name]} if name in _EXAMPLES else {}),
    }


def _header(name: str, description: str, example: str) -> Document:
    return {
        "name": name,
        "in": "header",
        "description": f"{description} Entity tags (RFC 9110 §13.1), as in `ETag` and `meta.version`.",
        "schema": {"type": "string"},
        "example": example,
    }
