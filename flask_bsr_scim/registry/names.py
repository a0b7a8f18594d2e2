"""Names of the registry: handles of users, made from their addresses, and what organizations may be called.

Users and organizations share one name space, in which letter case does not count. Groups have the names that the
identity provider gave them.
"""

import re
import unicodedata
from collections.abc import Callable

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.errors import InvalidArgument

SHORTEST, LONGEST = 2, 32
LONGEST_GROUP = 4096

_WORDS = (
    "admin api assets auth buf docs explore login logout oauth oidc organizations repositories root saml scim search "
    "settings signin signup sso static studio system teams tokens users webhooks www"
)
RESERVED = frozenset(_WORDS.split())
"""Names that stand for pages of the registry, or would pass for its operator."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_REPOSITORY_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*")
_OTHERS = re.compile(r"[^a-z0-9]+")
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")


def handle(address_or_user_name: str) -> str:
    """Return the handle that a user gets from an address, unless it is taken: `bob.smith@example.com` → `bob-smith`.

    Letters are transliterated where Unicode's compatibility decomposition gives ASCII; everything else becomes `-`,
    once between two words and never at an end. It begins with a letter, `u-` being put in front if need be.
    """
    local = address_or_user_name.rpartition("@")[0] if "@" in address_or_user_name else address_or_user_name
    name = _OTHERS.sub("-", _transliterated(local).lower()).strip("-") or "user"
    if not name[0].isalpha() or len(name) < SHORTEST:
        name = f"u-{name}"
    return _cut(name, LONGEST)


def free_handle(base: str, taken: Callable[[str], bool]) -> str:
    """Return a name that is neither reserved nor taken: `base`, else `base-2`, `base-3`, … within 32 characters.

    It is the first free one when those before it are taken without a gap, and it is found by doubling and bisection:
    twenty questions for the thousandth Bob.
    """
    if not is_reserved(base) and not taken(base):
        return base
    used, free = 1, 2
    while taken(_numbered(base, free)):
        used, free = free, free * 2
    while free - used > 1:
        middle = (used + free) // 2
        if taken(_numbered(base, middle)):
            used = middle
        else:
            free = middle
    return _numbered(base, free)


def is_reserved(name: str) -> bool:
    """Tell whether nobody may have a name, in any letter case."""
    return name.lower() in RESERVED


def check_name(name: str) -> None:
    """Check the name of an organization.

    :raises InvalidArgument: it is not formed as a handle is, or is reserved.
    """
    if not _is_formed(name, _NAME):
        raise InvalidArgument(
            f"{shown(name)} is no name: use {SHORTEST} to {LONGEST} lower-case letters, digits and single hyphens, "
            "beginning with a letter and not ending with a hyphen."
        )
    if is_reserved(name):
        raise InvalidArgument(f"The name {shown(name)} is reserved; choose another one.")


def check_repository_name(name: str) -> None:
    """Check the name of a repository in its organization; beyond a handle's, `_` and `.` may separate its words.

    :raises InvalidArgument: it is formed otherwise.
    """
    if not _is_formed(name, _REPOSITORY_NAME):
        raise InvalidArgument(
            f"{shown(name)} is no name of a repository: use {SHORTEST} to {LONGEST} lower-case letters and digits, "
            "with single hyphens, underscores or full stops between them, beginning with a letter."
        )


def split_full_name(full_name: str) -> tuple[str, str]:
    """Return the name of the organization, and that of the repository, in `organization/repository`.

    :raises InvalidArgument: there is no slash.
    """
    owner, slash, name = full_name.partition("/")
    if not slash:
        raise InvalidArgument(f"{shown(full_name)} is no full name: write organization/repository.")
    return owner, name


def check_group_name(name: str) -> None:
    """Check the name of a group of the identity provider: it is one that SCIM takes.

    :raises InvalidArgument: it is none.
    """
    if not name.strip() or len(name) > LONGEST_GROUP or _CONTROL.search(name):
        raise InvalidArgument(
            f"{shown(name)} is no name of a group: it has 1 to {LONGEST_GROUP} characters, no control characters among "
            "them. Enter the name that the identity provider pushes."
        )


def _is_formed(name: str, form: re.Pattern[str]) -> bool:
    return SHORTEST <= len(name) <= LONGEST and form.fullmatch(name) is not None


def _transliterated(text: str) -> str:
    """Return a text without accents; what has no ASCII form stays, to become a hyphen."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _numbered(base: str, number: int) -> str:
    suffix = f"-{number}"
    return _cut(base, LONGEST - len(suffix)) + suffix


def _cut(name: str, length: int) -> str:
    return name[:length].rstrip("-")
