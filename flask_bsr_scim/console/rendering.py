"""From an exchange to its record."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.console.clients import recognized
from flask_bsr_scim.console.masking import scrubbed, shown_message, shown_query, shown_target, shown_text
from flask_bsr_scim.console.meanings import Asked, meaning
from flask_bsr_scim.console.traffic import Exchange, Record
from flask_bsr_scim.console.words import counted, member, read

_MOST_NAMES = 2000
_MOST_PARSED = 65_536
"""Bytes of an answer up to which it is looked into."""


class Names:
    """What people call resources: from what went by, else from the store."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._names: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def learn(self, tenant: str, resource: Any) -> None:
        """Note the name of a resource that was in an answer."""
        name, resource_id = member(resource, "userName") or member(resource, "displayName"), member(resource, "id")
        if isinstance(name, str) and isinstance(resource_id, str):
            self._note(tenant, resource_id, name)

    def find(self, tenant: str, type_name: str, resource_id: str) -> str:
        """Return the name of a resource; its id when it is not known."""
        known = self._names.get((tenant, resource_id))
        if known is not None:
            return known
        resource = self._backend.get(tenant, type_name, resource_id)
        document: Mapping[str, Any] = {} if resource is None else resource.document
        name = str(document.get("userName") or document.get("displayName") or resource_id)
        if resource is not None:
            self._note(tenant, resource_id, name)
        return name

    def _note(self, tenant: str, resource_id: str, name: str) -> None:
        with self._lock:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            self._names[tenant, resource_id] = name


def make_record(exchange: Exchange, names: Names) -> Record:
    """Return what is kept of an exchange."""
    body, answer = _read(exchange.body), _read(exchange.answer, _MOST_PARSED)
    agent = scrubbed(exchange.agent)[:200]
    exchange = exchange._replace(agent=agent, query=exchange.query[:4096], path=exchange.path[:4096])
    client = recognized(exchange.agent, exchange.query, body, exchange.tolerances)
    if exchange.tenant:
        names.learn(exchange.tenant, answer)
    shown_body, body_note = _shown_body(exchange)
    shown_answer, answer_note = _shown_answer(exchange)
    error = answer if exchange.status >= 400 else None
    return Record(
        at=exchange.at,
        milliseconds=round(exchange.seconds * 1000, 1),
        client=scrubbed(client),
        meaning=scrubbed(_sentence(exchange, client, body, names)),
        method=scrubbed(exchange.method[:20]),
        target=shown_target(exchange.path, exchange.query),
        status=exchange.status,
        token_id=exchange.token_id,
        request_id=exchange.request_id,
        agent=exchange.agent,
        content_type=scrubbed(exchange.content_type)[:100],
        dialect=exchange.dialect,
        tolerances=sorted(map(str, exchange.tolerances)),
        credential=exchange.credential,
        body=shown_body,
        body_note=body_note,
        answer=shown_answer,
        answer_note=answer_note,
        scim_type=str(member(error, "scimType") or ""),
        detail=shown_text(error, "detail"),
    )


def _sentence(exchange: Exchange, client: str, body: Any, names: Names) -> str:
    return meaning(
        Asked(
            client,
            exchange.method,
            exchange.path,
            shown_query(exchange.query),
            body,
            exchange.status,
            exchange.answer,
            _finder(exchange.tenant, names),
            unread=exchange.body is None and exchange.size > 0,
        )
    )


def _finder(tenant: str, names: Names) -> Callable[[str, str], str]:
    return lambda type_name, resource_id: names.find(tenant, type_name, resource_id) if tenant else resource_id


def _read(data: bytes | None, most: int | None = None) -> Any:
    return None if data is None or (most is not None and len(data) > most) else read(data)


def _shown_body(exchange: Exchange) -> tuple[str, str]:
    """Return what is shown of the body, and a note about what is not."""
    if exchange.body is not None:
        return shown_message(exchange.body)
    return "", f"The body of {counted(exchange.size, 'byte')} was not kept." if exchange.size else ""


def _shown_answer(exchange: Exchange) -> tuple[str, str]:
    """Return the same of the answer."""
    if exchange.answer is None:
        return "", "" if exchange.status in (204, 304) else "The answer is long, and was not kept."
    if len(exchange.answer) > _MOST_PARSED:
        return "", f"The answer of {counted(len(exchange.answer), 'byte')} was not kept."
    return shown_message(exchange.answer)
