"""What a stricter dialect would have answered to a request, told by the tolerances that it needed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from flask_bsr_scim.dialects import Dialect, Tolerance

_SYNTAX, _VALUE, _PATH, _FILTER = "invalidSyntax", "invalidValue", "invalidPath", "invalidFilter"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A departure that a request needed, and that some dialects do not grant.

    :ivar answer: as `400 invalidSyntax`, with `or` between several; empty when it is not refused but understood
        otherwise, which `why` says.
    """

    dialects: Sequence[Dialect]
    tolerance: Tolerance
    why: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is wrong, and the `scimType` of the answer: anywhere, or in the body, a PATCH, a filter and `sortBy`."""

    why: str
    scim_types: Sequence[str] = ()
    body: Sequence[str] = ()
    patch: Sequence[str] = ()
    filter: Sequence[str] = ()
    sort: Sequence[str] = ()
    status: int = 400

    def at(self, place: str) -> Sequence[str]:
        return getattr(self, place) or self.scim_types


T = Tolerance
_RULES = {
    T.ATTRIBUTE_NOT_STORED: _Rule(
        "An attribute that is not stored has to be left out.",
        body=(_SYNTAX,), patch=(_PATH, _SYNTAX), filter=(_FILTER,), sort=(_PATH,),
    ),
    T.BARE_VALUE: _Rule("A value that stands for an object has to be an object with it as value.", (_VALUE,)),
    T.BOOLEAN_AS_STRING: _Rule("A boolean has to be true or false, not a string.", (_VALUE,), filter=(_FILTER,)),
    T.BULK_METHOD_IN_SMALL_LETTERS: _Rule("The method of a bulk operation has to be in capitals.", (_SYNTAX,)),
    T.DOTTED_KEY_IN_VALUE: _Rule("A key of a value has to be an attribute, not name.givenName.", (_SYNTAX,)),
    T.ELEMENT_MADE_FROM_FILTER: _Rule(
        "The filter of the path selects nothing that could be changed.", ("noTarget", "mutability")
    ),
    T.EMPTY_REFERENCE: _Rule("A reference has to name a resource, or be left out.", (_VALUE,)),
    T.EXTRA_SLASH: _Rule("The path has a slash too many, behind the base URL or at its end.", status=404),
    T.FILTER_KEY_IN_VALUE: _Rule("A key of a value has to be an attribute, without a filter.", (_SYNTAX,)),
    T.FILTER_ON_SINGLE_VALUE: _Rule("The path of an attribute with one value has to be without a filter.", (_PATH,)),
    T.ID_IN_PATCH: _Rule("The id is readOnly, and has to be left out.", ("mutability",)),
    T.LIST_FOR_VALUE: _Rule("A single value has to be sent by itself, not in a list.", (_VALUE,)),
    T.MEMBERS_KEPT_BY_PUT: _Rule("The members are left out, and the group would have lost them all."),
    T.MISSING_CONTENT_TYPE: _Rule("A body has to have a Content-Type.", status=415),
    T.MISSING_URN: _Rule(
        "An attribute of an extension has to be named with the URN of its schema.",
        (_SYNTAX,), patch=(_PATH, _SYNTAX), filter=(_FILTER,), sort=(_PATH,),
    ),
    T.NAMES_AS_STRING: _Rule("The attributes have to be a list of names.", (_VALUE,)),
    T.NUMBER_AS_STRING: _Rule("startIndex and count have to be numbers.", (_VALUE,)),
    T.OPERATION_IN_CAPITALS: _Rule("The op has to be add, remove or replace, in small letters.", (_SYNTAX,)),
    T.REFERENCE_TO_NOBODY: _Rule("A reference has to be the id of a resource that is here.", (_VALUE,)),
    T.REMOVE_WITH_VALUE: _Rule("What is removed has to be selected in the path, not in the value.", (_SYNTAX,)),
    T.SEVERAL_PRIMARIES: _Rule("Only one of several values can be primary.", (_VALUE,)),
    T.SINGLE_VALUE_FOR_LIST: _Rule("An attribute with several values has to be a list.", (_VALUE,)),
    T.UNKNOWN_ATTRIBUTE: _Rule("An attribute that is in no schema has to be left out.", (_SYNTAX,)),
    T.UNKNOWN_SCHEMA: _Rule("A schema that the type does not have has to be left out.", (_SYNTAX,)),
    T.UNQUOTED_TEXT: _Rule("A text in a filter or a path has to be in double quotes.", (_FILTER,), patch=(_PATH,)),
    T.VALUE_AS_TEXT: _Rule(
        "A value that is an object or a list has to be one, as each of its elements, not a string with the JSON of it.",
        (_VALUE,),
    ),
    T.VALUE_FILTER_WITH_SUB_ATTRIBUTE: _Rule("The comparison has to be inside of the brackets.", (_FILTER,)),
    T.MERGING_REPLACE: _Rule("The value would have replaced all of the attribute, not the parts that it has."),
    T.OPERATION_WITHOUT_PATH: _Rule("An operation has to have a path: one operation for each attribute.", (_SYNTAX,)),
    T.PATH_TO_WHOLE_ELEMENT: _Rule("The path has to name a sub-attribute of what its filter selects.", (_PATH,)),
    T.SEVERAL_MATCHES: _Rule("The filter of the path has to select one value.", (_FILTER,)),
    T.SINGLE_VALUE_IN_PATCH: _Rule("The value of an attribute with several values has to be a list.", (_VALUE,)),
    T.UNLISTED_SUB_ATTRIBUTE: _Rule("A sub-attribute that the schema does not list has to be left out.", (_SYNTAX,)),
}  # fmt: skip


def refusals(method: str, target: str, tolerances: Iterable[str]) -> Iterator[Refusal]:
    """Yield what stricter dialects would have had against a request.

    :param target: path and query.
    :param tolerances: those that it needed; names of other versions are passed over.
    """
    place = _place(method, target)
    for tolerance in sorted(Tolerance(name) for name in tolerances if name in _NAMES):
        rule = _RULES[tolerance]
        dialects = tuple(dialect for dialect in Dialect if tolerance in dialect.refused)
        yield Refusal(dialects, tolerance, rule.why, _answer(rule, place))


_NAMES = frozenset(map(str, Tolerance))


def _place(method: str, target: str) -> str:
    path, _, query = target.partition("?")
    if method in ("GET", "HEAD"):
        return "filter" if "filter" in parse_qs(query) or "sortBy" not in parse_qs(query) else "sort"
    if path.rstrip("/").endswith("/.search"):
        return "filter"
    return "patch" if method == "PATCH" else "body"


def _answer(rule: _Rule, place: str) -> str:
    scim_types = rule.at(place)
    if rule.status != 400:
        return str(rule.status)
    return f"400 {' or '.join(scim_types)}" if scim_types else ""
