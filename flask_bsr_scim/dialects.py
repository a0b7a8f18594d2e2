"""Dialects: how much a token may depart from RFC 7643 and RFC 7644, each departure by name."""

from collections.abc import Callable
from contextvars import ContextVar, Token
from enum import StrEnum
from typing import TypeVar

from flask_bsr_scim.errors import InvalidPath, InvalidSyntax, ScimError

T = TypeVar("T")


class Tolerance(StrEnum):
    """What a client may need and not every dialect grants; `docs/reference/dialects.md` says who needs it."""

    ATTRIBUTE_NOT_STORED = "attribute-not-stored"
    """A standard attribute that the schema profile leaves out is dropped, and has no value in a filter."""
    BARE_VALUE = "bare-value"
    """A scalar stands for the object with it as `value`: Entra's manager."""
    BOOLEAN_AS_STRING = "boolean-as-string"
    """`"True"` and `"False"`, in any letter case, are booleans."""
    BULK_METHOD_IN_SMALL_LETTERS = "bulk-method-in-small-letters"
    """The method of a bulk operation is understood in any letter case."""
    DOTTED_KEY_IN_VALUE = "dotted-key-in-value"
    """A key of a PATCH value without path names a sub-attribute, as `name.givenName`."""
    ELEMENT_MADE_FROM_FILTER = "element-made-from-filter"
    """A path whose filter selects nothing makes the element that the filter describes."""
    EMPTY_REFERENCE = "empty-reference"
    """An empty string for the id of a resource means nobody."""
    EXTRA_SLASH = "extra-slash"
    """A path has a slash too many, behind the base URL or at its end."""
    FILTER_KEY_IN_VALUE = "filter-key-in-value"
    """A key of a PATCH value without path has a filter, as `emails[type eq "work"].value`."""
    FILTER_ON_SINGLE_VALUE = "filter-on-single-value"
    """A PATCH takes a single value away if its filter selects it: Entra's manager."""
    ID_IN_PATCH = "id-in-patch"
    """A PATCH repeats the id of its resource."""
    LIST_FOR_VALUE = "list-for-value"
    """A list of one stands for its element, where there is a single value."""
    MEMBERS_KEPT_BY_PUT = "members-kept-by-put"
    """A PUT of a group that leaves `members` out keeps them."""
    MISSING_CONTENT_TYPE = "missing-content-type"
    """A body without Content-Type is taken for JSON."""
    MISSING_URN = "missing-urn"
    """An attribute of an extension is named without the URN of its schema."""
    NAMES_AS_STRING = "names-as-string"
    """The `attributes` of a SearchRequest are one string, joined by commas."""
    NUMBER_AS_STRING = "number-as-string"
    """`startIndex` or `count` of a SearchRequest is a string."""
    OPERATION_IN_CAPITALS = "operation-in-capitals"
    """The `op` of a PATCH is `Add`, `Replace` or `Remove`."""
    REFERENCE_TO_NOBODY = "reference-to-nobody"
    """The id of a resource, as the value of `manager`, may be any text, which is kept as it is."""
    REMOVE_WITH_VALUE = "remove-with-value"
    """A PATCH removes the values that it lists."""
    SEVERAL_PRIMARIES = "several-primaries"
    """Of several values that are primary, the first one is."""
    SINGLE_VALUE_FOR_LIST = "single-value-for-list"
    """In a resource, one value stands for the list of it."""
    UNKNOWN_ATTRIBUTE = "unknown-attribute"
    """An attribute that no schema defines is ignored in a body."""
    UNKNOWN_SCHEMA = "unknown-schema"
    """An URN in `schemas` that is no schema of the type is ignored."""
    UNQUOTED_TEXT = "unquoted-text"
    """A word in a filter is the text that it is compared with."""
    VALUE_AS_TEXT = "value-as-text"
    """Where a value of a PATCH is an object, it is a string with the JSON in it."""
    VALUE_FILTER_WITH_SUB_ATTRIBUTE = "value-filter-with-sub-attribute"
    """A filter compares a sub-attribute behind brackets, as `emails[type eq "work"].value eq "x"`."""

    MERGING_REPLACE = "merging-replace"
    """A replace of a complex attribute keeps the sub-attributes that its value leaves out (RFC 7644 §3.5.2.3)."""
    OPERATION_WITHOUT_PATH = "operation-without-path"
    """An operation of a PATCH has no path (RFC 7644 §3.5.2.1)."""
    PATH_TO_WHOLE_ELEMENT = "path-to-whole-element"
    """A PATCH sets elements that a filter selects, not a sub-attribute of them (RFC 7644 §3.5.2.3)."""
    SEVERAL_MATCHES = "several-matches"
    """The filter of a PATCH path selects several elements (RFC 7644 §3.5.2.3)."""
    SINGLE_VALUE_IN_PATCH = "single-value-in-patch"
    """The value of a PATCH for a multi-valued attribute is one of its values, not a list (RFC 7644 §3.5.2.1)."""
    UNLISTED_SUB_ATTRIBUTE = "unlisted-sub-attribute"
    """A default sub-attribute of multi-valued attributes that the schema does not list is dropped (RFC 7643 §2.4)."""

    # That of an Enum is a function in Python, which each request would pay for.
    __hash__ = str.__hash__


_OF_THE_RFC = frozenset(
    {
        Tolerance.MERGING_REPLACE,
        Tolerance.OPERATION_WITHOUT_PATH,
        Tolerance.PATH_TO_WHOLE_ELEMENT,
        Tolerance.SEVERAL_MATCHES,
        Tolerance.SINGLE_VALUE_IN_PATCH,
        Tolerance.UNLISTED_SUB_ATTRIBUTE,
    }
)


class Dialect(StrEnum):
    """What a token speaks."""

    DEFAULT = "default"
    """Whatever the identity providers really send."""
    STRICT = "strict"
    """RFC 7643 and RFC 7644 as they are written."""
    INTEROP = "interop"
    """The subset of them in draft-zollner-scim-interop-profile-02."""

    __hash__ = str.__hash__

    @property
    def refused(self) -> frozenset[Tolerance]:
        """The tolerances that it does not grant."""
        return _REFUSED[self]


_REFUSED = {
    Dialect.DEFAULT: frozenset[Tolerance](),
    Dialect.STRICT: frozenset(Tolerance) - _OF_THE_RFC,
    Dialect.INTEROP: frozenset(Tolerance),
}


class Speech:
    """A dialect that is spoken while this is entered, and the tolerances that were needed and granted."""

    __slots__ = ("_token", "dialect", "needed")

    def __init__(self, dialect: Dialect = Dialect.DEFAULT) -> None:
        self.dialect = dialect
        self.needed: set[Tolerance] = set()
        self._token: Token[Speech | None] | None = None

    def __enter__(self) -> "Speech":
        self._token = _PRESENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _PRESENT.reset(self._token)


_PRESENT: ContextVar[Speech | None] = ContextVar("speech", default=None)


def present_dialect() -> Dialect:
    """Return the dialect that is spoken, `default` outside of requests."""
    speech = _PRESENT.get()
    return Dialect.DEFAULT if speech is None else speech.dialect


def tolerates(tolerance: Tolerance) -> bool:
    """Tell whether the present dialect grants a tolerance, and note that it was needed."""
    speech = _PRESENT.get()
    if speech is None:
        return True
    if tolerance in speech.dialect.refused:
        return False
    speech.needed.add(tolerance)
    return True


def with_needs(make: Callable[[], T]) -> tuple[T, frozenset[Tolerance]]:
    """Return what a function returns, and the tolerances that it needed.

    Whoever keeps the result for others asks :func:`tolerates` for each of them again.
    """
    with Speech(present_dialect()) as speech:
        made = make()
    needed = frozenset(filter(tolerates, speech.needed))
    return made, needed


def undefined(detail: str) -> ScimError:
    """Return the error for the path of an attribute that is not there: RFC 7644 §3.12, or the draft's §5.3."""
    return (InvalidSyntax if present_dialect() is Dialect.INTEROP else InvalidPath)(detail)
