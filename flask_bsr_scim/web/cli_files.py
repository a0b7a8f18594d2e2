"""What the commands that move a store read and write: files, whole or not at all, and a bar."""

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import BinaryIO, Final, cast

import click

from flask_bsr_scim.backends.dumping import DumpError

STANDARD: Final = "-"
"""Means standard input or output."""

_COMPRESSED: Final = ".gz"
_MAGIC: Final = b"\x1f\x8b"
_BUFFER: Final = 1 << 20
_STEPS: Final = 1000

Count = Callable[[int], None]
"""Takes how much more was done."""


class Read:
    """How much of a file was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._last = stream, 0
        self.size = os.fstat(stream.fileno()).st_size

    def since(self) -> int:
        """Return how many bytes were read since the last call."""
        before, self._last = self._last, self._stream.tell()
        return self._last - before


@contextmanager
def opened(file: str) -> Iterator[tuple[Read, Iterable[bytes]]]:
    """Give the lines of a file, which is decompressed when its name, or how it begins, says so."""
    with ExitStack() as stack:
        stream = stack.enter_context(open(file, "rb"))
        lines: Iterable[bytes] = stream
        if file.endswith(_COMPRESSED) or stream.peek(2).startswith(_MAGIC):
            lines = stack.enter_context(BufferedReader(gzip.GzipFile(fileobj=stream), _BUFFER))
        yield Read(stream), lines


@contextmanager
def made(file: str) -> Iterator[BinaryIO]:
    """Give what will be a file, its owner's alone, once it is whole; until then what was there stays."""
    path = Path(file)
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", _BUFFER) as stream:
            with _compressing(file, stream) as target:
                yield target
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path.resolve())
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _compressing(file: str, stream: BinaryIO) -> Iterator[BinaryIO]:
    if not file.endswith(_COMPRESSED):
        yield stream
        return
    # Without name and time, so that the same store always makes the same file.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as compressed,
        BufferedWriter(compressed, _BUFFER) as target,
    ):
        yield cast(BinaryIO, target)


@contextmanager
def readable_files(file: str) -> Iterator[None]:
    """Show what is wrong with a file as one line."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise click.ClickException(f"{file}: the file is cut off, or is not compressed by gzip: {error}") from None
    except DumpError as error:
        raise click.ClickException(str(error) if file == STANDARD else f"{file}: {error}") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}") from None


@contextmanager
def bar(label: str, length: int) -> Iterator[Count]:
    """Give what moves a bar on, which is drawn on a terminal only."""
    with click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), update_min_steps=_STEPS
    ) as drawn:
        yield drawn.update
