"""From the records of the journal to a recording that can be handed on."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from flask_bsr_scim.console.meanings import Asked, meaning
from flask_bsr_scim.console.traffic import Record
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.traffic.gaps import notes, obstacle, read_message
from flask_bsr_scim.traffic.given import given, names_of
from flask_bsr_scim.traffic.people import People
from flask_bsr_scim.traffic.placeholders import PLACEHOLDER, Numbering, Placeholders, objects, resource_kind
from flask_bsr_scim.traffic.recording import Exchange, Recording, as_word
from flask_bsr_scim.traffic.targets import Target, read_target


class _Read(NamedTuple):
    """A record, and what is in it."""

    record: Record
    target: Target
    body: JSON
    answer: JSON


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records are exported."""

    since: float = 0.0
    """Seconds since 1970."""
    only_errors: bool = False
    request: str = ""
    client: str = ""

    def takes(self, record: Record) -> bool:
        """Tell whether a record is one of them."""
        return (
            record.at >= self.since
            and (record.refused or not self.only_errors)
            and self.request in ("", record.request_id)
            and record.client.lower().startswith(self.client.lower())
        )


def make_recording(records: Sequence[Record], profile: str, *, keep_names: bool = False) -> Recording:
    """Return a recording of requests in the order of their answers; the same one for the same records."""
    read = [_read(record) for record in sorted(records, key=lambda record: record.at)]
    placeholders = _number(read, {name for record in records for name in PLACEHOLDER.findall(record.text())})
    rewritten = _rewritten(read, placeholders, None if keep_names else People(_group_names(read)))
    exchanges = _exchanges(read, rewritten, placeholders.values)
    return Recording(profile, tuple(placeholders.values), given(exchanges, placeholders.values), exchanges)


def _read(record: Record) -> _Read:
    return _Read(record, read_target(record.target), read_message(record.body), read_message(record.answer))


def _number(read: Sequence[_Read], taken: Collection[str]) -> Placeholders:
    """Return what stands for the ids, in order of appearance.

    :param taken: names that stand in braces somewhere, and are what people typed.
    """
    placeholders = Placeholders()
    numbering = Numbering(placeholders, taken)
    for each in read:
        placeholders.see_base(each.answer)
        if each.record.status < 400:
            numbering.see_request(each.target.path, each.body)
        numbering.see_answer(each.target.path, each.answer)
    return placeholders


def _group_names(read: Sequence[_Read]) -> Iterator[str]:
    for each in read:
        for resource in objects(each.answer):
            if resource_kind(each.target.path, resource) == "group" and isinstance(resource.get("displayName"), str):
                yield resource["displayName"]


def _rewritten(read: Sequence[_Read], placeholders: Placeholders, people: People | None) -> list[_Read]:
    return [_without_people(_with_placeholders(each, placeholders), people) for each in read]


def _with_placeholders(each: _Read, placeholders: Placeholders) -> _Read:
    plain = placeholders.without_strangers
    query = tuple((name, str(plain(placeholders.in_text(value)))) for name, value in each.target.query)
    return _Read(
        each.record,
        Target(str(plain(placeholders.in_text(each.target.path))), query),
        plain(placeholders.in_value(each.body)),
        plain(placeholders.in_answer(each.answer)),
    )


def _without_people(each: _Read, people: People | None) -> _Read:
    if people is None:
        return each
    path = each.target.path
    query = tuple((name, people.in_query(name, value, path)) for name, value in each.target.query)
    target = Target(people.in_path(path), query)
    client, agent = people.in_header(each.record.client), people.in_header(each.record.agent)
    record = replace(each.record, client=client, agent=agent)
    return _Read(record, target, people.in_body(each.body, path), people.in_body(each.answer, path))


def _exchanges(read: Sequence[_Read], rewritten: Sequence[_Read], ids: Collection[str]) -> tuple[Exchange, ...]:
    called = names_of((each.target.path, each.answer) for each in rewritten)
    pairs = zip(read, rewritten, strict=True)
    return tuple(_exchange(number, one, other, called, ids) for number, (one, other) in enumerate(pairs, 1))


def _exchange(number: int, read: _Read, rewritten: _Read, called: dict[str, str], ids: Collection[str]) -> Exchange:
    record, target, body, answer = rewritten
    return Exchange(
        number=number,
        client=record.client,
        meaning=_meaning(rewritten, called),
        method=as_word(record.method),
        path=target.encoded(ids),
        headers=dict(_headers(record)),
        body=body,
        status=record.status,
        answer=answer,
        dialect=record.dialect,
        tolerances=tuple(record.tolerances),
        notes=tuple(notes(record, read.body, read.answer)),
        skip=obstacle(record, read.body),
    )


def _headers(record: Record) -> Iterator[tuple[str, str]]:
    for name, value in (("User-Agent", record.agent), ("Content-Type", record.content_type)):
        if value and value.isascii() and value.isprintable():
            yield name, value


def _meaning(each: _Read, called: dict[str, str]) -> str:
    """Return the sentence, which is made anew, since that of the record names people."""
    record, target, body, answer = each
    return meaning(
        Asked(
            record.client,
            record.method,
            target.path,
            dict(target.query),
            body,
            record.status,
            orjson.dumps(answer) if answer is not None else None,
            lambda _, resource_id: called.get(resource_id, resource_id),
            unread=body is None and bool(record.body_note),
        )
    )
