"""Somebody else who writes in the least convenient moment."""

from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar

import pytest

from flask_bsr_scim.backends.base import Backend

S = TypeVar("S")
T = TypeVar("T")

WAIT = 0.2
"""Seconds after which a writer who is not done is taken to wait for another one."""


def before_the_commit(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, call: Callable[[], S], other: Callable[[], T]
) -> tuple[S, T]:
    """Return what two calls return, of which the other is made when the one is about to commit.

    It is made in a thread: where the one keeps others from writing, the other waits until it is done.
    """
    commit, found = backend._commit, list[T]()

    def run() -> None:
        found.append(other())
        backend.close()

    rival = Thread(target=run)

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(backend, "_commit", commit)
        rival.start()
        rival.join(WAIT)
        return commit(*arguments)

    monkeypatch.setattr(backend, "_commit", overtaken)
    result = call()
    rival.join()
    return result, found[0]
