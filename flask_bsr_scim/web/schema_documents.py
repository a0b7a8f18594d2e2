"""The schema documents of the host: SCIM_SCHEMAS, read and checked."""

import json
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.documents import check_document


class SchemasField(fields.Field[tuple[Document, ...]]):
    """Schema documents: a JSON file, a folder of them, or a list of files, folders and documents.

    In text, a list is JSON.
    """

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Document, ...]:
        return tuple(_documents(value))


def _documents(value: Any) -> Iterator[Document]:
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = _parsed(value, "the value")
    if isinstance(value, list | tuple):
        for one in value:
            yield from _documents(one)
    elif isinstance(value, Mapping):
        yield _checked(dict(value))
    elif isinstance(value, str | PathLike):
        yield from _in_files(Path(value))
    else:
        raise ValidationError("must be a JSON file, a folder of JSON files, or a list of files and schemas")


def _in_files(path: Path) -> Iterator[Document]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise ValidationError(f"the folder {path} has no file *.json")
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValidationError(f"{file} cannot be read: {getattr(error, 'strerror', 'it is no UTF-8')}") from None
        yield _checked(_parsed(text, str(file)), f"{file}: ")


def _parsed(text: str, origin: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValidationError(f"{origin} is no JSON: {error}") from None


def _checked(document: Any, origin: str = "") -> Document:
    try:
        check_document(document)
    except ConfigurationError as error:
        raise ValidationError(f"{origin}{error}") from None
    found: Document = document
    return found
