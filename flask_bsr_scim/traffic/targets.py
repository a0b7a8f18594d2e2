"""Path and query of a recorded request: read as the record shows them, and encoded again."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote

_PARAMETER = re.compile(r'&(?=[A-Za-z][\w.]*=)(?=(?:[^"]|"(?:[^"\\]|\\.)*")*$)')
"""Between two parameters: outside of the strings of a filter, and before a name."""
_ANY_PARAMETER = re.compile(r"&(?=[A-Za-z][\w.]*=)")
"""The same where a string has no end."""
_ESCAPED = re.compile(r"\\.")
_FLAGS = ("aadoptscim062020",)
"""Parameters without a value."""
_PLAIN = "/:@!$'()*,;=~-._"


class Target(NamedTuple):
    """What a request is for; nothing of it is encoded."""

    path: str
    query: tuple[tuple[str, str], ...]

    def encoded(self, names: Collection[str]) -> str:
        """Return it as it is sent, with the placeholders of these names as they are."""
        pairs = [_pair(name, value, names) for name, value in self.query]
        return _quoted(self.path, _PLAIN, names) + (f"?{'&'.join(pairs)}" if pairs else "")


def read_target(text: str) -> Target:
    """Return the target that a record shows: it shows no parameter twice, and all of them decoded."""
    path, mark, query = text.partition("?")
    between = _PARAMETER if _ESCAPED.sub("", query).count('"') % 2 == 0 else _ANY_PARAMETER
    pairs = (pair.partition("=") for pair in between.split(query)) if mark else ()
    return Target(path, tuple((name, value) for name, _, value in pairs))


def _pair(name: str, value: str, names: Collection[str]) -> str:
    is_flag = not value and name.lower() in _FLAGS
    return quote(name, safe="") if is_flag else f"{quote(name, safe='')}={_quoted(value, '', names)}"


def _quoted(text: str, safe: str, names: Collection[str]) -> str:
    encoded = quote(text, safe=safe)
    return re.sub(r"%7B(\w+)%7D", lambda found: f"{{{found[1]}}}" if found[1] in names else found[0], encoded)
