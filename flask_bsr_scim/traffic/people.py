"""Made-up names and addresses in the place of people's, the same for the same."""

import re
from collections import Counter
from typing import Any

import orjson

from flask_bsr_scim.console.masking import HIDDEN
from flask_bsr_scim.schema import JSON

_EMAIL = re.compile(r"(?<![\w.+'%-])[\w.+'%-]+@[\w-]+(?:\.[\w-]+)*")
_COMPARISON = re.compile(
    r'(?<![\w.:$\]-])([\w.:$\]-]+)(\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)("(?:[^"\\]|\\.)*")', re.IGNORECASE
)

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
}
"""What is made up for an attribute, or for the parts of one; addresses of e-mail, wherever they are, are such."""

_ADDRESS = "user{}@example.com"
_WITH_PARTS = ("emails", "phonenumbers", "ims", "photos", "addresses", "x509certificates", "members", "manager")
_OPEN_PARTS = ("type", "primary", "$ref", "country")
_REFERENCES = ("members", "manager")
"""Whose `value` is an id, and stays."""
_OF_PEOPLE_ALONE = ("displayname", "externalid")
"""Attributes that groups have too, and that stay with them."""


class People:
    """What is made up for the people of a recording, in order of appearance."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, str]] = {}
        """The value as it first came and what is made up for it, by the value in small letters."""
        self._by_word: dict[str, list[str]] = {}
        """The values in small letters, by their first words."""
        self._counts: Counter[str] = Counter()

    def in_body(self, value: JSON, path: str) -> JSON:
        """Return a body or an answer without the names of people."""
        return self._renamed(value, "", is_group=path.lower().startswith("/groups"))

    def in_query(self, name: str, text: str, path: str) -> str:
        """Return a parameter of a query without them."""
        is_group = path.lower().startswith("/groups")
        return self._in_filter(text, is_group) if name == "filter" else self.in_header(text)

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

    def _renamed(self, value: JSON, attribute: str, is_group: bool) -> JSON:
        match value:
            case dict():
                return self._object(value, attribute, _is_group(value, is_group))
            case list():
                return [self._renamed(item, attribute, is_group) for item in value]
            case str():
                return self._string(value, attribute, is_group)
        return value

    def _object(self, value: dict[str, Any], attribute: str, is_group: bool) -> JSON:
        path = next((item for name, item in value.items() if name.lower() == "path" and isinstance(item, str)), None)
        if path is None:
            return {
                self._key(name, is_group): self._renamed(item, _inside(attribute, name), is_group)
                for name, item in value.items()
            }
        of = "" if path.startswith("/") else _last(path)
        return {
            name: self._in_path(item, is_group)
            if name.lower() == "path"
            else self._renamed(item, of if name.lower() == "value" else "", is_group)
            for name, item in value.items()
        }

    def _in_path(self, path: JSON, is_group: bool) -> JSON:
        return self._in_filter(path, is_group) if isinstance(path, str) else path

    def _key(self, name: str, is_group: bool) -> str:
        return self._in_filter(name, is_group) if "[" in name else name

    def _string(self, text: str, attribute: str, is_group: bool) -> str:
        if attribute == "detail":
            return self.in_text(text)
        if attribute == "filter":
            return self._in_filter(text, is_group)
        form = "" if is_group and attribute in _OF_PEOPLE_ALONE else _FORMS.get(attribute, "")
        return self._made_up(form, text) if form else self.in_header(text)

    def _in_filter(self, text: str, is_group: bool) -> str:
        def renamed(found: re.Match[str]) -> str:
            try:
                literal = orjson.loads(found[3])
            except orjson.JSONDecodeError:
                return found[0]
            name = self._string(literal, _last(found[1]), is_group)
            return found[1] + found[2] + orjson.dumps(self._made_up("", name) if name == literal else name).decode()

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


def _is_group(value: dict[str, Any], before: bool) -> bool:
    """Tell whether an object is about a group: by its schemas, or by the path of a bulk operation."""
    schemas, path = value.get("schemas"), str(value.get("path", ""))
    urns = [str(urn).lower() for urn in schemas] if isinstance(schemas, list) else []
    if path.startswith(("/Groups", "/Users")):
        return path.startswith("/Groups")
    if any(urn.endswith((":group", ":user")) for urn in urns):
        return any(urn.endswith(":core:2.0:group") for urn in urns)
    return before


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
