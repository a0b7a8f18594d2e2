"""Tables and numbers as the page has them."""

from textwrap import fill

WIDTH = 120


def header(*names: str) -> tuple[str, str]:
    """Return the lines above the rows of a table."""
    return row(*names), row(*["---"] * len(names))


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def wrapped(line: str) -> str:
    """Return a line of prose or of a list as lines that are not too long."""
    if line.startswith(("|", "!")):
        return line
    return fill(
        line, WIDTH, subsequent_indent="  " * line.startswith("- "), break_long_words=False, break_on_hyphens=False
    )
