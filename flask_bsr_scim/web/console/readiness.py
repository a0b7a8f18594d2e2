"""What would go wrong when an identity provider provisions here."""

from flask_bsr_scim.web.console.page import Asked, Gone, Shown


def answer(asked: Asked) -> Shown:
    """Return the warnings that hold some words."""
    if asked.tail:
        raise Gone()
    words = asked.argument("q")
    found = asked.registry.readiness().warnings
    chosen = [
        warning
        for warning in found
        if words.lower() in " ".join((warning.message, *(each.name for each in warning.resources))).lower()
    ]
    return Shown("readiness.html", {"warnings": chosen, "words": words, "number": len(found)})
