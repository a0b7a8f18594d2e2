"""Made-up names and addresses in the place of people's, the same for the same."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import orjson

from flask_bsr_scim.checks.reading import parsed
from flask_bsr_scim.console.masking import HIDDEN
from flask_bsr_scim.schema import JSON

_EMAIL = re.compile(r"(?<![\w.+'%-])[\w.+'%-]+@[\w-]+(?:\.[\w-]+)*")
_COMPARISON = re.compile(
    r"""(?<![\w.:$\]-])([\w.:$\]-]+)(\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)("(?:[^"\\]|\\.)*+"?|[^\s()\[\]"]+)""",
    re.IGNORECASE,
)
"""An attribute, an operator and a value: in double quotes, which may not end, or a bare word."""
_NO_NAMES = ("true", "false", "null")

_WORD = re.compile(r"(?<![\w@])\w+")
_IN_WORD = re.compile(r"[\w@]")

_FORMS = {
    "username": "user{}",
    "formatted": "Name{}",
    "familyname": "Family{}",
    "givenname": "Given{}",
    "middlename": "Middle{}",
    "displayname": "Name{}",
    "nickname": "Nick{}",
    "externalid": "external{}",
    "employeenumber": "{}",
    "profileurl": "https://example.com/people/{}",
    "emails": "user{}",
    "phonenumbers": "+1-555-{:04}",
    "ims": "im{}",
    "photos": "https://example.com/photos/{}",
    "addresses": "Place{}",
    "x509certificates": "certificate{}",
    "person": "Name{}",
    "name": "Name{}",
}
"""What is made up for an attribute, or for the parts of one; addresses of e-mail, wherever they are, are such."""

_ADDRESS = "user{}@example.com"
_WITH_PARTS = ("emails", "phonenumbers", "ims", "photos", "addresses", "x509certificates", "members", "manager")
_OPEN_PARTS = ("type", "primary", "$ref", "country")
_REFERENCES = ("members", "manager")
"""Whose `value` is an id, and stays."""
_OF_PEOPLE_ALONE = ("displayname", "externalid")
"""Attributes that groups have too, and that stay with them."""
_KINDS = {"users": "user", "me": "user", "groups": "group"}


class People:
    """What is made up for the people of a recording, in order of appearance.

    :param groups: the names of groups, which stay also where it is not said whose name is meant.
    """

    def __init__(self, groups: Iterable[str] = ()) -> None:
        self._groups = {name.casefold() for name in groups}
        self._made: dict[str, tuple[str, str]] = {}
        """The value as it first came and what is made up for it, by the value in small letters."""
        self._by_word: dict[str, list[str]] = {}
        """The values in small letters, by their first words."""
        self._counts: Counter[str] = Counter()

    def in_body(self, value: JSON, path: str) -> JSON:
        """Return a body or an answer without the names of people."""
        return self._renamed(value, "", _kind(path))

    def in_query(self, name: str, text: str, path: str) -> str:
        """Return a parameter of a query without them."""
        return self._in_filter(text, _kind(path)) if name == "filter" else self.in_header(text)

    def in_path(self, path: str) -> str:
        """Return a path without them; what people can be called is behind the endpoint."""
        endpoint, slash, rest = path.lstrip("/").partition("/")
        lead = path[: len(path) - len(path.lstrip("/"))]
        return lead + endpoint + slash + self._made_up("", self.in_header(rest))

    def in_header(self, text: str) -> str:
        """Return a text that is nobody's name without addresses."""
        return _EMAIL.sub(lambda found: self._made_up(_ADDRESS, found[0]), text)

    def in_text(self, text: str) -> str:
        """Return a text of the server without addresses, and without the names that are known."""
        text = self.in_header(text)
        parts, end = [], 0
        for word in _WORD.finditer(text):
            if word.start() >= end and (known := self._known(text, word)):
                parts += [text[end : word.start()], self._made_up("", known)]
                end = word.start() + len(known)
        return "".join([*parts, text[end:]])

    def _known(self, text: str, word: re.Match[str]) -> str:
        """Return the longest value that is known and begins with a word of a text, as it is there."""
        for known in sorted(self._by_word.get(word[0].casefold(), ()), key=len, reverse=True):
            found = text[word.start() : word.start() + len(known)]
            if found.casefold() == known and not _IN_WORD.match(text, word.start() + len(known)):
                return found
        return ""

    def _renamed(self, value: JSON, attribute: str, kind: str) -> JSON:
        match value:
            case dict():
                return self._object(value, attribute, _kind_of(value, kind))
            case list():
                return [self._renamed(item, attribute, kind) for item in value]
            case str() if value[:1] in ("{", "["):
                return self._renamed_json(value, attribute, kind)
            case str():
                return self._string(value, attribute, kind)
        return value

    def _renamed_json(self, text: str, attribute: str, kind: str) -> str:
        """Return the same of JSON in a string, which a PATCH may hold."""
        try:
            return orjson.dumps(self._renamed(parsed(text.encode()), attribute, kind)).decode()
        except ValueError:
            return self._string(text, attribute, kind)

    def _object(self, value: dict[str, Any], attribute: str, kind: str) -> JSON:
        path = next((item for name, item in value.items() if name.lower() == "path" and isinstance(item, str)), None)
        if path is None:
            return {
                self._key(name, kind): self._renamed(item, _inside(attribute, name), kind)
                for name, item in value.items()
            }
        of = "" if path.startswith("/") else _last(path)
        return {
            name: self._in_path(item, kind)
            if name.lower() == "path"
            else self._renamed(item, of if name.lower() == "value" else "", kind)
            for name, item in value.items()
        }

    def _in_path(self, path: JSON, kind: str) -> JSON:
        return self._in_filter(path, kind) if isinstance(path, str) else path

    def _key(self, name: str, kind: str) -> str:
        return self._in_filter(name, kind) if "[" in name else name

    def _string(self, text: str, attribute: str, kind: str) -> str:
        if attribute == "detail":
            return self.in_text(text)
        if attribute == "filter":
            return self._in_filter(text, kind)
        form = "" if self._stays(attribute, text, kind) else _FORMS.get(attribute, "")
        return self._made_up(form, text) if form else self.in_header(text)

    def _stays(self, attribute: str, text: str, kind: str) -> bool:
        """Tell whether the value of an attribute that people have is nobody's name here."""
        if attribute == "name":
            return kind != "user"
        return attribute in _OF_PEOPLE_ALONE and (kind == "group" or text.casefold() in self._groups)

    def _in_filter(self, text: str, kind: str) -> str:
        def renamed(found: re.Match[str]) -> str:
            if found[3].lower() in _NO_NAMES:
                return found[0]
            value, write = _literal(found[3])
            name = self._string(value, _last(found[1]), kind)
            return found[1] + found[2] + write(self._made_up("", name) if name == value else name)

        return _COMPARISON.sub(renamed, text)

    def _made_up(self, form: str, value: str) -> str:
        """Return what is made up for a value, in its letter case as far as that matters; without a form, if known."""
        key = value.casefold()
        if not value.strip() or value == HIDDEN or (not form and key not in self._made):
            return value
        if key not in self._made:
            form = _ADDRESS if "@" in value and not form.startswith("http") else form
            self._counts[form] += 1
            self._made[key] = value, form.format(self._counts[form])
            self._know(key)
        first, made = self._made[key]
        return made if value == first else made.upper() if value.isupper() else made.capitalize()

    def _know(self, key: str) -> None:
        if len(key) > 2 and "@" not in key and not key.isdigit() and (word := _WORD.match(key)):
            self._by_word.setdefault(word[0], []).append(key)


def _literal(text: str) -> tuple[str, Callable[[str], str]]:
    """Return the value that a filter compares, and what writes another one in its form."""
    inner = text.strip('"')
    if text.startswith('"'):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text), lambda name: orjson.dumps(name).decode()
    if inner.isdecimal():
        return inner, lambda name: re.sub(r"\D", "", name) or "0"
    return inner, lambda name: text.replace(inner, name, 1)


def _kind(path: str) -> str:
    """Return what is below a path: `user`, `group`, or nothing where both are."""
    return _KINDS.get(path.strip("/").partition("/")[0].lower(), "")


def _kind_of(value: dict[str, Any], before: str) -> str:
    """Return what an object is about: by its schemas, or by the path of a bulk operation."""
    schemas, path = value.get("schemas"), str(value.get("path", ""))
    if path.startswith("/"):
        return _kind(path) or before
    urns = [str(urn).lower() for urn in schemas] if isinstance(schemas, list) else []
    named = [urn.rpartition(":")[2] for urn in urns if urn.endswith((":group", ":user"))]
    return ("group" if "group" in named else "user") if named else before


def _inside(attribute: str, name: str) -> str:
    """Return which attribute a member belongs to: the one around it when that has parts, else its own."""
    if attribute not in _WITH_PARTS:
        return _last(name)
    if attribute in _REFERENCES:
        return "person" if name.lower() in ("display", "displayname") else ""
    return "" if name.lower() in _OPEN_PARTS else attribute


def _last(path: str) -> str:
    """Return the attribute that a path names, in small letters: with parts the whole, else the last name."""
    names = re.sub(r"\[.*\]|^.*\]", "", path).lower().rpartition(":")[2].split(".")
    return names[0] if names[0] in _WITH_PARTS else names[-1]
