"""Values as the details of errors show them."""


def shown(*values: str, most: int = 3, length: int = 80) -> str:
    """Return a few of the values for a message: quoted, shortened, and without anything that could break a line."""
    text = ", ".join(_quoted(value, length) for value in values[:most])
    return text if len(values) <= most else f"{text} and {len(values) - most} more"


def _quoted(value: str, length: int) -> str:
    text = "".join(c if c.isprintable() else "?" for c in value[:length])
    return f'"{text}{"…" if len(value) > length else ""}"'
