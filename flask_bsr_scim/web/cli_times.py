"""Times on a command line: spans and moments."""

import re
from datetime import UTC, datetime, timedelta

from flask_bsr_scim.backends.base import utc_now

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_moment(text: str, *, ago: bool = False) -> datetime | None:
    """Return the moment that a span from now (`90d`, `12h`) or ISO 8601 names, None when it is neither.

    :param ago: a span goes back.
    """
    try:
        if span := re.fullmatch(r"([0-9]{1,6})([mhdw])", text.lower()):
            length = timedelta(**{_UNITS[span[2]]: int(span[1])})
            return utc_now() - length if ago else utc_now() + length
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
