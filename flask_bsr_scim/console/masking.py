"""What a record shows of a message: never a token, a password or what else is secret."""

import re
from itertools import islice
from urllib.parse import parse_qsl

import orjson

from flask_bsr_scim.console.words import member
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.schema import JSON

HIDDEN = "(hidden)"

_SECRET = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|authori[sz]ation|cookie|credential|(?:api|private)[ _-]?key",
    re.IGNORECASE,
)
"""What a name holds whose value is not for showing."""

_SCHEME = re.compile(r"\b(bearer|basic)(?:\s|%20|\+)++(?=[^\s\d=]{0,200}[\d=])[\w.~+/=-]{6,}", re.IGNORECASE)
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*+("?)', re.DOTALL)
"""A literal, or what begins as one and does not end: so that no character is looked at twice."""
_NAMING = ("name", "key", "attribute", "attributename", "field", "property", "type")
_NAME = re.compile(r"[\w.:$-]{1,200}", re.ASCII)
_JSON = re.compile(r'\s*+[\[{][^"]*+"')
_ESCAPE = re.compile(r"\\u00([0-7][0-9a-f])", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that show as nothing, or turn a line round."""

_DEEPEST = 30
_LONGEST_LIST = 50
_MOST_MEMBERS = 100
_MOST_PARAMETERS = 50
_LONGEST_STRING = 2000
_LONGEST_QUERY = 4096
_LONGEST = 16_384
"""Characters of a message that are kept."""


def scrubbed(text: str) -> str:
    """Return a text without tokens and credentials, and without characters that deceive."""
    text = _SCHEME.sub(rf"\1 {HIDDEN}", without_tokens(text.encode("utf-8", "replace").decode()))
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def masked(value: JSON, depth: int = 0) -> JSON:
    """Return a JSON value without what is secret in it, and with the first elements alone of long lists."""
    match value:
        case dict() | list() if depth >= _DEEPEST:
            return "…"
        case dict():
            first = dict(islice(value.items(), _MOST_MEMBERS))
            holds_secret = any(_names_what_is_secret(name, member) for name, member in first.items())
            members = {_shown(name): _member(name, member, depth, holds_secret) for name, member in first.items()}
            return members if len(value) <= _MOST_MEMBERS else members | {"…": f"{len(value) - _MOST_MEMBERS} more"}
        case list():
            shown = [masked(element, depth + 1) for element in value[:_LONGEST_LIST]]
            more = len(value) - len(shown)
            return [*shown, f"… and {more} more"] if more else shown
        case str() if _JSON.match(value) and _SECRET.search(value):
            return HIDDEN
        case str():
            return _shown(value)
    return value


def _shown(text: str) -> str:
    return _cut(scrubbed(text[: 2 * _LONGEST_STRING]), _LONGEST_STRING)


def _member(name: str, value: JSON, depth: int, holds_secret: bool) -> JSON:
    """Return what is shown of a member of an object; `holds_secret`: another one says that the value is secret."""
    if value is not None and (_is_secret(name, value) or (holds_secret and "value" in name.lower())):
        return HIDDEN
    if name.lower() == "path" and _names_secret(value):
        return _shown(_LITERAL.sub(f'"{HIDDEN}"', value)) if isinstance(value, str) else HIDDEN
    return masked(value, depth + 1)


def shown_member(document: JSON, name: str) -> JSON:
    """Return what is shown of a member of a JSON object, by its name in any letter case; None when there is none."""
    return masked({name: member(document, name)})[name]


def _is_secret(name: str, value: JSON) -> bool:
    """Tell whether a member is secret by its name, or a filter by what it compares."""
    return bool(_SECRET.search(name)) or (name.lower() == "filter" and _names_secret(value))


def _names_what_is_secret(name: str, value: JSON) -> bool:
    """Tell whether a member is the path of a PATCH operation on a secret, or says in another way what a value is."""
    if name.lower() == "path":
        return _names_secret(value)
    return name.lower() in _NAMING and isinstance(value, str) and bool(_NAME.fullmatch(value)) and _names_secret(value)


def _names_secret(text: JSON) -> bool:
    """Tell whether a filter or a path names an attribute that is secret; the values that it compares do not count."""
    if isinstance(text, list):
        return any(map(_names_secret, text[:_LONGEST_LIST]))
    return isinstance(text, str) and bool(_SECRET.search(_LITERAL.sub(_unless_it_ends, text)))


def _unless_it_ends(literal: re.Match[str]) -> str:
    return "" if literal[1] else literal[0]


def shown_message(data: bytes) -> tuple[str, str]:
    """Return what is shown of a body, and a note about what is not; JSON without line breaks where it is JSON."""
    try:
        text = orjson.dumps(masked(orjson.loads(data))).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return _shown_text(data[: 2 * _LONGEST_STRING].decode("utf-8", "replace"))
    return _cut(text, _LONGEST), "Only the beginning is kept." if len(text) > _LONGEST else ""


def _shown_text(text: str) -> tuple[str, str]:
    """Return the same of what is no JSON, and nothing when there may be something secret in it."""
    if _SECRET.search(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)):
        return "", "This is not JSON, and holds something that may be secret: it is not shown."
    return _cut(scrubbed(text), _LONGEST_STRING), "This is not JSON."


def shown_target(path: str, query: str) -> str:
    """Return path and query in readable form."""
    pairs = "&".join(f"{name}={value}" for name, value in shown_query(query).items())
    return _cut(scrubbed(path[:_LONGEST_QUERY]) + (f"?{pairs}" if pairs else ""), _LONGEST_STRING)


def shown_query(query: str) -> dict[str, str]:
    """Return the parameters of a query in readable form, of several with one name the first."""
    shown: dict[str, str] = {}
    pairs = parse_qsl(query[:_LONGEST_QUERY], keep_blank_values=True, errors="replace")
    for name, value in pairs[:_MOST_PARAMETERS]:
        shown.setdefault(scrubbed(name), HIDDEN if _is_secret(name, value) else scrubbed(value))
    return shown


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
