"""Filters as text: tokens, and a recursive descent over them (RFC 7644 §3.4.2.2).

No word is reserved: the place of a word says whether it is a name, an operator or a value. Blanks are needed
where words and quoted values would touch; brackets and parentheses stand for themselves.
"""

import re
from itertools import islice
from typing import Final

import orjson

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidFilter, ScimError, shown
from flask_bsr_scim.filter.ast import And, Comparison, Filter, Not, Operator, Or, Present, Scalar, ValuePath

MAX_LENGTH: Final = 8192
"""Characters in a filter or path."""
MAX_DEPTH: Final = 20
"""Brackets and parentheses inside each other."""
MAX_TERMS: Final = 200
"""Comparisons and `pr`, in all."""

# A quoted value, a word, a bracket, the end as "", or all the rest when there is none of these: to go on scanning
# behind an open quote would take quadratic time.
_TOKEN: Final = re.compile(
    r"""
    [ \t\r\n]*+
    ( "[^"\\]*+ (?: \\. [^"\\]*+ )* "(?![^ \t\r\n)\]])
    | [^ \t\r\n()\[\]"]++(?!")
    | [()\[\]]
    | \Z
    | .+
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE_NAME: Final = r"[A-Za-z$_][A-Za-z0-9$_-]*"
_NAME: Final = re.compile(rf"(?i:urn:)[!#-'*-Z^-~]+|{_SIMPLE_NAME}(?:\.{_SIMPLE_NAME})?")
_WORD: Final = re.compile(r"(?!(?i:and|or|not)\Z)[^\W\d_][\w.%+@/:\\-]*")
_SUB_NAME: Final = re.compile(rf"\.{_SIMPLE_NAME}")

_OPERATORS: Final = {operator.value: operator for operator in Operator}
_VALUE: Final = "a value is expected as in JSON, with text in double quotes"
_QUOTES: Final = (
    "in a text, a double quote or backslash has a backslash before it, and behind its last double quote comes a blank"
)
_KEYWORDS: Final[dict[str, Scalar]] = {"true": True, "false": False, "null": None}


def parse_filter(text: str) -> Filter:
    """Return the tree of a filter; names stay as they are written.

    `emails[type eq "work"].value eq "x"`, which Entra sends, is read as `emails[type eq "work" and value eq "x"]`.

    :raises InvalidFilter: the text breaks the grammar, or exceeds `MAX_LENGTH`, `MAX_DEPTH` or `MAX_TERMS`.
    """
    return Parser(text, "filter", InvalidFilter).filter()


class Parser:
    """One reading of a filter or path; `error` is raised for what breaks the grammar or a limit."""

    __slots__ = ("_depth", "_error", "_in_brackets", "_index", "_noun", "_terms", "_text", "_tokens")

    def __init__(self, text: str, noun: str, error: type[ScimError]) -> None:
        self._text, self._noun, self._error = text, noun, error
        if len(text) > MAX_LENGTH:
            raise error(f"The {noun} has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
        self._tokens: list[str] = _TOKEN.findall(text)
        self._index = self._depth = self._terms = 0
        self._in_brackets = False

    def filter(self) -> Filter:
        """Read the whole text as a filter."""
        whole = self._or()
        self._expect("", "'and', 'or' or the end is expected")
        return whole

    def path(self) -> tuple[str, Filter | None, str | None]:
        """Read the whole text as a path (§3.5.2): a name, the filter in brackets, the sub-attribute behind them."""
        name, selected, sub = self._name(), None, None
        if self._token == "[":
            selected = self._brackets()
            sub = self._sub_name()
        self._expect("", "the end is expected")
        return name, selected, sub

    # The grammar

    def _or(self) -> Filter:
        operands = [self._and()]
        while self._skip("or"):
            operands.append(self._and())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _and(self) -> Filter:
        operands = [self._term()]
        while self._skip("and"):
            operands.append(self._term())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _term(self) -> Filter:
        if self._token == "(":
            return self._nested(")")
        if self._token.lower() == "not" and self._tokens[self._index + 1] == "(":
            self._index += 1
            return Not(self._nested(")"))
        name = self._name()
        return self._value_path(name) if self._token == "[" else self._test(name)

    def _value_path(self, name: str) -> Filter:
        inner = self._brackets()
        sub = self._sub_name()
        if sub is None:
            return ValuePath(name, inner)
        if not tolerates(Tolerance.VALUE_FILTER_WITH_SUB_ATTRIBUTE):
            place = shown(f"{name}[… and {sub} …]")
            raise self._error(f"The {self._noun} compares a sub-attribute behind brackets; put it inside, as {place}.")
        operands = inner.operands if isinstance(inner, And) else (inner,)
        return ValuePath(name, And((*operands, self._test(sub))))

    def _test(self, name: str) -> Filter:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._error(f"The {self._noun} has more than {MAX_TERMS} comparisons; send several shorter ones.")
        word = self._token.lower()
        if word == "pr":
            self._index += 1
            return Present(name)
        if word not in _OPERATORS:
            raise self._wrong(f"an operator is expected: {', '.join(_OPERATORS)} or pr", behind=name)
        self._index += 1
        return Comparison(name, _OPERATORS[word], self._value(f"{name} {word}"))

    def _value(self, behind: str) -> Scalar:
        token = self._token
        word = token.lower()
        try:
            value: Scalar = _KEYWORDS[word] if word in _KEYWORDS else orjson.loads(token)
        except orjson.JSONDecodeError:
            if not (_WORD.fullmatch(token) and tolerates(Tolerance.UNQUOTED_TEXT)):
                raise self._wrong(_QUOTES if token.startswith('"') else _VALUE, behind) from None
            value = token
        if isinstance(value, dict):
            raise self._wrong("an object cannot be compared", behind)
        if isinstance(value, str) and "\0" in value:
            raise self._wrong("a value must not hold the character U+0000", behind)
        self._index += 1
        return value

    def _name(self) -> str:
        name = self._token
        if not _NAME.fullmatch(name):
            # A word where a name belongs is no value, unless something of it is quoted.
            instead = f", not {shown(name)}" if name and '"' not in name else ""
            raise self._wrong(f"the name of an attribute is expected{instead}")
        self._index += 1
        return name

    def _sub_name(self) -> str | None:
        token = self._token
        if not token.startswith("."):
            return None
        if not _SUB_NAME.fullmatch(token):
            raise self._wrong("the name of a sub-attribute is expected")
        self._index += 1
        return token[1:]

    def _brackets(self) -> Filter:
        if self._in_brackets:
            raise self._wrong("there can be no brackets inside brackets")
        self._in_brackets = True
        inner = self._nested("]")
        self._in_brackets = False
        return inner

    def _nested(self, closing: str) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"The {self._noun} is nested deeper than {MAX_DEPTH} levels; write it flatter.")
        self._index += 1
        inner = self._or()
        self._expect(closing, f"'and', 'or' or '{closing}' is expected")
        self._depth -= 1
        return inner

    # Tokens

    @property
    def _token(self) -> str:
        return self._tokens[self._index]

    def _skip(self, word: str) -> bool:
        found = self._tokens[self._index].lower() == word
        self._index += found
        return found

    def _expect(self, token: str, expectation: str) -> None:
        if self._tokens[self._index] != token:
            raise self._wrong(expectation)
        self._index += 1

    def _wrong(self, expectation: str, behind: str = "") -> ScimError:
        """Return the error at the present token, which is not shown: what stands at a wrong place may be a password."""
        position = next(islice(_TOKEN.finditer(self._text), self._index, None)).start(1)
        place = f"at character {position + 1}" if position < len(self._text) else "at its end"
        before = f", behind {shown(behind)}" if behind else ""
        return self._error(f"The {self._noun} is not valid {place}{before}: {expectation}.")
