"""How much work a PATCH may ask for (RFC 7644 §3.12, `tooMany`)."""

from flask_bsr_scim.errors import TooMany
from flask_bsr_scim.filter import BoundFilter, count_terms

MOST = 250_000
"""Values that the operations of a request look at, each as often as the filter of the path has terms."""


class Effort:
    """What is left to a request: its operations times the values that they look at have no bound of their own."""

    def __init__(self) -> None:
        self._left = MOST

    def spend(self, values: int, filter: BoundFilter | None = None) -> None:
        """Take off what an operation costs that looks at so many values.

        :raises TooMany: nothing is left.
        """
        self._left -= values * (1 if filter is None else count_terms(filter))
        if self._left < 0:
            raise TooMany(
                f"The operations would look at more than {MOST} values. Send fewer of them in one request, or name "
                'members by their ids, as members[value eq "…"].'
            )
