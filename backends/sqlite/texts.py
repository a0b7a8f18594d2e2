"""Documents as the table keeps them: where SCIM shows them, they are ready to be sent but for the base URL."""

from flask_bsr_scim.backends.sql_values import exposed
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import TypeRegistry
from flask_bsr_scim.view import MARK, MARKED, RELATIVE, View, unmarked

_META = ',"meta":{"resourceType":"'


class Texts:
    """Makes texts of rows.

    :ivar exposed: the names of the types that SCIM shows; `listed` is the same as a list in SQL.
    :ivar view: how their resources look where they are kept.
    """

    def __init__(self, types: TypeRegistry) -> None:
        self.exposed, self.listed = frozenset(t.name for t in types.exposed), exposed(types)
        self.view = View(types, MARK)

    def text(self, row: Row) -> str:
        """Return what is kept of a row's document."""
        if row.type not in self.exposed:
            return row.text
        (text,) = self.view.texts((Resource(*row[1:6], unmarked(row.text), None),))
        return text


def document_in(text: str) -> str:
    """Return the document in what is kept."""
    document, found, _ = text.rpartition(_META)
    return f"{document.replace(MARKED, RELATIVE)}}}" if found else text
