"""The commands that move a store to another backend, and prove one to be sound."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import BinaryIO, Final, TypeVar

import click

from flask_bsr_scim.backends.base import Backend, LogEntry, Query
from flask_bsr_scim.backends.dump_lines import Counts, LineReader, LineWriter
from flask_bsr_scim.backends.dumping import DumpError, Finding, Profile, Record, WrittenMeanwhileError
from flask_bsr_scim.errors import ConfigurationError, StoreUnavailable
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.view import View
from flask_bsr_scim.web.change_log import last_number
from flask_bsr_scim.web.cli_context import (
    IN_MEMORY,
    backend_option,
    configuration,
    readable_errors,
    unused,
    without_password,
)
from flask_bsr_scim.web.cli_files import STANDARD, Count, bar, made, opened, readable_files
from flask_bsr_scim.web.config import Settings, read_settings
from flask_bsr_scim.web.service import make_backend

T = TypeVar("T")

_TRIES: Final = 3

_tenants_option = click.option(
    "--tenant", "tenants", multiple=True, metavar="T", help="Only this one; repeatable.  [default: all]"
)
_replace_option = click.option("--replace", is_flag=True, help="Put it in the place of what the tenants hold.")


@click.command("export")
@click.argument("file", default=STANDARD)
@_tenants_option
@backend_option
def export_command(file: str, tenants: Sequence[str], backend: str | None) -> None:
    """Write everything in the storage to a file, as lines of JSON; compressed when its name ends with .gz."""
    with readable_errors(), readable_files(file):
        settings, store = _open(backend)
        names = _names(settings, store, tenants)
        if file == STANDARD:
            _say("exported", _patiently(lambda: _export(store, names, sys.stdout.buffer), tries=1))
        else:
            _say("exported", _patiently(lambda: _export_file(store, names, file)))


def _export_file(store: Backend, names: Sequence[str], file: str) -> dict[str, Counts]:
    with made(file) as stream:
        return _export(store, names, stream)


def _export(store: Backend, names: Sequence[str], stream: BinaryIO) -> dict[str, Counts]:
    writer = LineWriter(stream.write, names)
    with bar("Exporting", _size(store, names)) as count:
        exported = {name: writer.write_tenant(name, _seen(store.dump(name), count)) for name in names}
    stream.flush()
    return exported


@click.command("import")
@click.argument("file", default=STANDARD)
@_replace_option
@backend_option
def import_command(file: str, replace: bool, backend: str | None) -> None:
    """Read what `export` wrote into tenants that hold nothing: each is there whole in the end, or not at all."""
    with readable_errors(), readable_files(file):
        settings, store = _open(backend)
        if file == STANDARD:
            reader = LineReader(sys.stdin.buffer)
            _see_that_it_is_free(store, reader.tenants, replace=replace)
            _make(settings, store)
            _import(settings, store, reader, lambda number: None, replace=replace)
        else:
            _import_file(settings, store, file, replace=replace)


def _import_file(settings: Settings, store: Backend, file: str, *, replace: bool) -> None:
    with opened(file) as (_, lines):
        _see_that_it_is_free(store, LineReader(lines).tenants, replace=replace)
    size = _proved(file)
    _make(settings, store)
    with opened(file) as (_, lines), bar("Importing", size) as count:
        _import(settings, store, LineReader(lines), count, replace=replace)


def _proved(file: str) -> int:
    """Return the number of resources and of entries of the change log in a file.

    :raises DumpError: it is not what was written.
    """
    size = 0
    with opened(file) as (read, lines), bar("Reading", read.size) as count:
        reader = LineReader(lines)
        for name in reader.tenants:
            counts = Counts()
            for _ in reader.read_tenant(name, counts):
                count(read.since())
            size += sum(counts.resources.values()) + counts.changes
        reader.finish()
        count(read.since())
    return size


def _import(settings: Settings, store: Backend, reader: LineReader, count: Count, *, replace: bool) -> None:
    for name in reader.tenants:
        counts = Counts()
        records = _of_profile(settings, name, _seen(reader.read_tenant(name, counts), count))
        with reader.numbering():
            store.load(name, records, replace=replace)
        _say("imported", {name: counts})
    reader.finish()


@click.command("copy")
@click.argument("source", metavar="FROM_URI")
@click.argument("target", metavar="TO_URI")
@_tenants_option
@_replace_option
def copy_command(source: str, target: str, tenants: Sequence[str], replace: bool) -> None:
    """Do what `export` and `import` do, from one storage to another, without a file."""
    with readable_errors():
        (of_source, store), (settings, other) = _open(source), _open(target)
        names = _names(of_source, store, tenants)
        _see_that_it_is_free(other, names, replace=replace)
        _make(settings, other)
        with bar("Copying", _size(store, names)) as count:
            for name in names:
                copied = partial(_copy, settings, store, other, name, count, replace=replace)
                _say("copied", {name: _patiently(copied)})


def _copy(settings: Settings, store: Backend, other: Backend, name: str, count: Count, *, replace: bool) -> Counts:
    counts = Counts()
    other.load(name, _of_profile(settings, name, _added(_seen(store.dump(name), count), counts)), replace=replace)
    return counts


@click.command("check")
@backend_option
def check_command(backend: str | None) -> None:
    """Walk through the storage and prove it to be sound; say what is wrong, and exit with 1 when anything is."""
    number = 0
    with readable_errors():
        settings, store = _open(backend)
        for tenant, text in _findings(settings, store):
            click.echo(text if tenant is None else f"{tenant}: {text}")
            number += 1
        sound = "" if number else f"sound: {', '.join(_names(settings, store, ()))}"
    click.echo(sound or f"{number} found", err=True)
    click.get_current_context().exit(1 if number else 0)


def _findings(settings: Settings, store: Backend) -> Iterator[Finding]:
    """Yield what is wrong, also where so much is wrong that nobody could tell how much there is to be looked at."""
    try:
        names = _names(settings, store, ())
        for name in names:
            list(_of_profile(settings, name, islice(store.dump(name), 1)))
        size = _size(store, names)
    except StoreUnavailable:
        yield from store.check()
        raise
    with bar("Checking", size) as count:
        yield from store.check(count)


def _open(uri: str | None) -> tuple[Settings, Backend]:
    """Return the settings and the store of a URI.

    :raises click.UsageError: it would end with the command.
    """
    settings = read_settings(configuration(uri))
    if settings.backend.startswith(IN_MEMORY):
        raise click.UsageError("memory:// ends with this command: name the storage that the server uses.")
    return settings, make_backend(settings)


def _make(settings: Settings, store: Backend) -> None:
    """See that there is a store to write to, and say so when it is a new one."""
    is_new = not store.tenants()
    store.upgrade()
    if is_new:
        click.echo(f"made a new store: {without_password(settings.backend)}", err=True)


def _names(settings: Settings, store: Backend, wanted: Sequence[str]) -> Sequence[str]:
    """Return the names of tenants that are there, of all when none are wanted.

    :raises ConfigurationError: one is not there, or none at all.
    """
    present = store.tenants()
    if not present:
        raise unused(settings)
    for name in wanted:
        if name not in present:
            raise ConfigurationError(f"there is no tenant {name!r}; there are: {', '.join(present)}")
    return sorted(set(wanted)) or present


def _size(store: Backend, names: Sequence[str]) -> int:
    """Return the number of resources and of entries of the change log."""
    query = Query(View(store.types, ""), count=0, links=False)
    resources = sum(store.query(name, each.name, query).total for name in names for each in store.types)
    return resources + sum(_logged(store, name) for name in names)


def _logged(store: Backend, name: str) -> int:
    first = store.log(name, count=1)
    return last_number(store, name) - first[0].sequence + 1 if first else 0


def _see_that_it_is_free(store: Backend, names: Sequence[str], *, replace: bool) -> None:
    """Return when tenants hold nothing, or what they hold is to be replaced.

    :raises ConfigurationError: one holds something.
    """
    present = () if replace else store.tenants()
    for name in (name for name in names if name in present):
        if any(not isinstance(record, Profile) for record in islice(store.dump(name), 2)):
            raise ConfigurationError(
                f"the tenant {name!r} holds something already: choose an empty storage, or replace it with --replace"
            )


def _patiently(work: Callable[[], T], tries: int = _TRIES) -> T:
    """Return what `work` returns, trying again when somebody wrote meanwhile.

    :raises DumpError: somebody did so each time.
    """
    while True:
        tries -= 1
        try:
            return work()
        except WrittenMeanwhileError as error:
            if not tries:
                raise DumpError(f"{error}: pause provisioning, or stop the server, and repeat") from None
            click.echo(f"{error}: trying again", err=True)


def _seen(records: Iterable[Record], count: Count) -> Iterator[Record]:
    """Yield records, and count those that a store counts."""
    for record in records:
        yield record
        if isinstance(record, Resource | LogEntry):
            count(1)


def _added(records: Iterable[Record], counts: Counts) -> Iterator[Record]:
    for record in records:
        counts.add(record)
        yield record


def _of_profile(settings: Settings, tenant: str, records: Iterable[Record]) -> Iterator[Record]:
    """Yield the records of a tenant, whose indexes are those of a profile.

    :raises ConfigurationError: it is not the one of the settings.
    """
    for record in records:
        if isinstance(record, Profile) and record.name not in (None, settings.profile):
            raise ConfigurationError(
                f"the tenant {tenant!r} has the profile {record.name!r}, and SCIM_PROFILE is {settings.profile!r}: "
                f"set SCIM_PROFILE to {record.name!r}"
            )
        yield record


def _say(done: str, counts: dict[str, Counts]) -> None:
    for name, each in counts.items():
        click.echo(f"{done} {name}: {each}", err=True)
