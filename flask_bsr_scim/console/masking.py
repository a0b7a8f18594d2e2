"""What a record shows of a message: never a token, a password or what else is secret."""

import re
from collections.abc import Callable
from itertools import islice
from urllib.parse import parse_qsl, unquote

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
_WORD = re.compile(r"\b(eq|ne|co|sw|ew|gt|ge|lt|le)(\s++)(?!\")[^\s\])]+", re.IGNORECASE)
"""An operator with a value that is no literal."""
_PAIR = re.compile(
    rf"(?:{_SECRET.pattern})\w{{0,30}}(?:[\"'\s]{{0,3}}[=:]|(?:\s|%20|\+){{1,3}}(?:eq|ne|co|sw|ew|gt|ge|lt|le)\b)",
    re.IGNORECASE,
)
"""A name with its value in a text."""
_TEXTS = ("value", "detail")
"""Members that may hold such a text."""
_NAMING = ("op", "name", "key", "attribute", "attributename", "field", "property", "type")
_OF_AN_OPERATION = ("op", "path")
"""What is shown of an operation on a secret."""
_NOT_SECRET: tuple[JSON, ...] = (None, {"supported": True}, {"supported": False})
"""Values that are shown under any name; the objects are those of a ServiceProviderConfig (RFC 7643 §5)."""
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
            hides = _hiding(value)
            members = {_shown(name): _member(name, member, depth, hides(name)) for name, member in first.items()}
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


def _hiding(members: dict[str, JSON]) -> Callable[[str], bool]:
    """Return what tells of a member of an object, by its name, whether another one says that it is secret."""
    if any(name.lower() == "path" and _names_secret(value) for name, value in members.items()):
        return lambda name: name.lower() not in _OF_AN_OPERATION
    if any(_names_what_is_secret(name, value) for name, value in members.items()):
        return lambda name: "value" in name.lower()
    return lambda _: False


def _member(name: str, value: JSON, depth: int, is_hidden: bool) -> JSON:
    """Return what is shown of a member of an object."""
    if value not in _NOT_SECRET and (is_hidden or _is_secret(name, value)):
        return HIDDEN
    if name.lower() in _TEXTS and _holds_pair(value):
        return HIDDEN
    if name.lower() == "path" and _names_secret(value):
        hidden = f'"{HIDDEN}"'
        return _shown(_WORD.sub(rf"\1\2{hidden}", _LITERAL.sub(hidden, value))) if isinstance(value, str) else HIDDEN
    return masked(value, depth + 1)


def shown_member(document: JSON, name: str) -> JSON:
    """Return what is shown of a member of a JSON object, by its name in any letter case; None when there is none."""
    return masked({name: member(document, name)})[name]


def shown_text(document: JSON, name: str) -> str:
    """Return the same of a text, and nothing of what is none."""
    text = shown_member(document, name)
    return text if isinstance(text, str) else ""


def _is_secret(name: str, value: JSON) -> bool:
    """Tell whether a member is secret by its name, or a filter by what it compares."""
    return bool(_SECRET.search(name)) or (name.lower() == "filter" and _names_secret(value))


def _names_what_is_secret(name: str, value: JSON) -> bool:
    """Tell whether a member says by a name of its own what the value beside it is."""
    return name.lower() in _NAMING and isinstance(value, str) and bool(_NAME.fullmatch(value)) and _names_secret(value)


def _names_secret(value: JSON) -> bool:
    """Tell whether a filter or a path names an attribute that is secret; the values that it compares do not count.

    Of what is no text everything counts: nobody sends it in good faith.
    """
    if isinstance(value, str):
        return bool(_SECRET.search(_LITERAL.sub(_unless_it_ends, value)))
    if not isinstance(value, dict | list):
        return False
    text = orjson.dumps(value).decode()
    return len(text) > _LONGEST_QUERY or bool(_SECRET.search(text))


def _holds_pair(text: JSON) -> bool:
    return isinstance(text, str) and _PAIR.search(text, 0, 2 * _LONGEST_STRING) is not None


def _unless_it_ends(literal: re.Match[str]) -> str:
    return "" if literal[1] else literal[0]


def shown_message(data: bytes) -> tuple[str, str]:
    """Return what is shown of a body, and a note about what is not; JSON without line breaks where it is JSON."""
    try:
        text = orjson.dumps(masked(orjson.loads(data))).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return _shown_raw(data)
    return _cut(text, _LONGEST), "Only the beginning is kept." if len(text) > _LONGEST else ""


def _shown_raw(data: bytes) -> tuple[str, str]:
    """Return the same of what is no JSON, and nothing when there may be something secret in it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return "", "This is no text in UTF-8: it is not shown."
    if _SECRET.search(unquote(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))):
        return "", "This is not JSON, and holds something that may be secret: it is not shown."
    return _cut(scrubbed(text[: 2 * _LONGEST_STRING]), _LONGEST_STRING), "This is not JSON."


def shown_target(path: str, query: str) -> str:
    """Return path and query in readable form."""
    pairs = "&".join(f"{name}={value}" for name, value in shown_query(query).items())
    return _cut(scrubbed(path[:_LONGEST_QUERY]) + (f"?{pairs}" if pairs else ""), _LONGEST_STRING)


def shown_query(query: str) -> dict[str, str]:
    """Return the parameters of a query in readable form, of several with one name the first."""
    shown: dict[str, str] = {}
    pairs = parse_qsl(query[:_LONGEST_QUERY], keep_blank_values=True, errors="replace")
    for name, value in pairs[:_MOST_PARAMETERS]:
        is_secret = _is_secret_parameter(unquote(name), unquote(value))
        shown.setdefault(scrubbed(name), HIDDEN if is_secret else scrubbed(value))
    return shown


def _is_secret_parameter(name: str, value: str) -> bool:
    return _is_secret(name, value) or (name.lower() != "filter" and _holds_pair(value))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
