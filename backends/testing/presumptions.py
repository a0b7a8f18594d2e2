"""The contract of what is presumed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from flask_bsr_scim.backends.base import Backend, Query, Removal
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, VIEW, changed, commit, everything, members, person, team
from flask_bsr_scim.errors import PresumptionError, VersionConflict


def _together(store: Backend) -> None:
    with store.together(TENANT):
        commit(store, person("new"))


def _fails(store: Backend) -> None:
    commit(store, changed(person("a"), 7, nickName="n"))


_READS: dict[str, Callable[[Backend], object]] = {
    "get": lambda store: store.get(TENANT, "Person", "a", links=True),
    "get_both": lambda store: store.get_both(TENANT, ("Person", "a"), ("Person", "b")),
    "find": lambda store: store.find(TENANT, "Person", "userName", "a"),
    "is_held": lambda store: store.is_held(TENANT, "Person", "userName", "a"),
    "query": lambda store: store.query(TENANT, "Person", Query(VIEW)),
    "members": lambda store: store.members(TENANT, ["t"]),
    "count_members": lambda store: store.count_members(TENANT, ["t"]),
    "groups_of": lambda store: store.groups_of(TENANT, ["a"]),
    "log": lambda store: store.log(TENANT),
    "journal": lambda store: store.journal(TENANT),
    "recall": lambda store: store.recall(TENANT, "k"),
    "dump": lambda store: list(store.dump(TENANT)),
    "another tenant": lambda store: store.get(OTHER, "Person", "a"),
    "tenants": lambda store: store.tenants(),
    "ping": lambda store: store.ping(),
}

_WRITES: dict[str, Callable[[Backend], object]] = {
    "insert": lambda store: commit(store, person("new")),
    "swap": lambda store: commit(store, changed(person("a"), nickName="n")),
    "members": lambda store: commit(store, members("t", "b")),
    "removal": lambda store: commit(store, Removal("Person", "a")),
    "together": _together,
    "touch": lambda store: store.touch(TENANT, "Person", "a", "2026-01-01T00:01"),
    "remember": lambda store: store.remember(TENANT, "k", "other", 60, anew=True),
    "append": lambda store: store.append(TENANT, ["more"], most=10, seconds=60),
    "open": lambda store: store.open(TENANT, "bsr"),
    "another tenant": lambda store: commit(store, person("new"), tenant=OTHER),
}


def _presuming(store: Backend, name: str, *acts: Callable[[Backend], object]) -> list[object]:
    """Return what some acts return of whom presumes that a person with the name is there.

    :raises PresumptionError: nobody has it.
    """
    with store.presuming():
        if not store.presume(TENANT, "Person", "userName", name):
            raise PresumptionError
        return [act(store) for act in acts]


def _everything(store: Backend) -> list[object]:
    of_both = [*everything(store), *everything(store, OTHER)]
    return [*of_both, store.recall(TENANT, "k"), store.journal(TENANT), store.tenants()]


class PresumptionContract:
    """What :meth:`Backend.presume` promises."""

    @pytest.fixture
    def some(self, backend: Backend) -> Backend:
        """The backend with a few resources, a note and a journal."""
        commit(backend, person("a"), person("b"), team("t", "a"))
        commit(backend, person("a"), tenant=OTHER)
        backend.remember(TENANT, "k", "text", 60)
        backend.append(TENANT, ["text"], most=10, seconds=60)
        return backend

    @pytest.mark.parametrize("name", _READS)
    def test_a_true_presumption_changes_no_answer(self, some: Backend, name: str) -> None:
        """The same is read as without it, once and again."""
        read = _READS[name]
        assert _presuming(some, "A", read, read) == [read(some)] * 2

    @pytest.mark.parametrize("name", _WRITES)
    def test_a_true_presumption_lets_write(self, some: Backend, name: str) -> None:
        """What is written then is there."""
        before = _everything(some)
        _presuming(some, "a", _WRITES[name])
        assert _everything(some) != before

    @pytest.mark.parametrize("name", _READS)
    def test_a_wrong_presumption_reads_nothing(self, some: Backend, name: str) -> None:
        """The question that it came with is not answered, nor is another one."""
        answers: list[object] = []

        def read(store: Backend) -> None:
            answers.append(_READS[name](store))

        with pytest.raises(PresumptionError):
            _presuming(some, "nobody", read)
        assert answers == []

    @pytest.mark.parametrize("name", _WRITES)
    def test_a_wrong_presumption_writes_nothing(self, some: Backend, name: str) -> None:
        """Everything is as it was."""
        before = _everything(some)
        with pytest.raises(PresumptionError):
            _presuming(some, "nobody", _WRITES[name])
        assert _everything(some) == before

    def test_a_wrong_presumption_without_a_question(self, some: Backend) -> None:
        """It is found out in the end."""
        with pytest.raises(PresumptionError):
            _presuming(some, "nobody")
        with pytest.raises(PresumptionError):
            _presuming(some, "nobody", Backend.confirm)
        _presuming(some, "a")
        _presuming(some, "a", Backend.confirm)

    def test_errors(self, some: Backend) -> None:
        """Whatever went wrong, a wrong presumption comes first; of a true one nobody hears."""
        for name, act, error in (
            ("a", _fails, VersionConflict),
            ("nobody", _fails, PresumptionError),
            ("a", _refuse, KeyError),
            ("nobody", _refuse, PresumptionError),
        ):
            with pytest.raises(error):
                _presuming(some, name, act)

    def test_inside_of_a_transaction(self, some: Backend) -> None:
        """What the thread has done itself counts, and nothing of what follows a wrong presumption."""
        with some.together(TENANT):
            commit(some, Removal("Person", "b"), person("c"), changed(person("a"), nickName="good"))
            with pytest.raises(PresumptionError):
                _presuming(some, "b", _WRITES["swap"])
            _presuming(some, "c", _READS["get"], _WRITES["insert"])
        assert some.get(TENANT, "Person", "new") is not None
        assert _nick_name(some) == "good"

    def test_a_transaction_inside(self, some: Backend) -> None:
        """It is undone, and the next one does not wait."""
        with pytest.raises(PresumptionError):
            _presuming(some, "a", partial(_presumed_together, name="nobody"))
        _presuming(some, "a", partial(_presumed_together, name="b"))
        assert _nick_name(some) == "n"

    def test_loading_and_dumping(self, some: Backend) -> None:
        """What was presumed of one tenant is asked there, whatever else is read or written."""
        dump = list(some.dump(OTHER))
        _presuming(some, "a", lambda store: store.load("new-tenant", dump))
        assert _logged(some, "new-tenant") == _logged(some, OTHER)
        with pytest.raises(PresumptionError):
            _presuming(some, "nobody", lambda store: store.load("newer-tenant", dump))
        assert _logged(some, "newer-tenant") == []

    def test_it_is_allowed_until_the_first_question(self, some: Backend) -> None:
        """Later ones are told what is so at once."""
        with some.presuming():
            some.get(TENANT, "Person", "a")
            assert not some.presume(TENANT, "Person", "userName", "nobody")
        with some.presuming():
            some.confirm()
            assert not some.presume(TENANT, "Person", "userName", "nobody")

    def test_who_hides_the_error(self, some: Backend) -> None:
        """It is raised again at each question, and in the end."""
        hidden = 0

        def hide(store: Backend) -> None:
            nonlocal hidden
            for act in (_READS["get"], _WRITES["insert"], _READS["query"]):
                try:
                    act(store)
                except PresumptionError:
                    hidden += 1

        before = everything(some)
        with pytest.raises(PresumptionError):
            _presuming(some, "nobody", hide)
        assert hidden in (0, 3)
        assert everything(some) == before

    def test_it_ends_with_its_context(self, some: Backend) -> None:
        """Afterwards nothing is presumed, and outside of a context it is looked up at once."""
        with pytest.raises(PresumptionError):
            _presuming(some, "nobody", _READS["get"])
        assert some.get(TENANT, "Person", "a") is not None
        assert some.presume(TENANT, "Person", "userName", "a")
        assert not some.presume(TENANT, "Person", "userName", "nobody")
        assert not some.presume("nowhere", "Person", "userName", "a")
        some.confirm()
        commit(some, person("new"))

    def test_several_presumptions(self, some: Backend) -> None:
        """Each of them counts, in whatever order, and in a context inside of another one too."""
        for first, second in (("a", "nobody"), ("nobody", "a")):
            with pytest.raises(PresumptionError):
                _presuming(some, first, partial(_presumed, name=second))
            with pytest.raises(PresumptionError):
                _presuming(some, first, partial(_inside, name=second))
        _presuming(some, "a", partial(_presumed, name="b"), partial(_inside, name="b"))

    def test_threads_presume_for_themselves(self, some: Backend) -> None:
        """What one presumes wrongly is nothing to another."""
        with ThreadPoolExecutor(1) as pool, pytest.raises(PresumptionError):
            _insert_elsewhere(some, pool)
        assert some.get(TENANT, "Person", "new") is not None

    def test_what_ends_in_between(self, some: Backend) -> None:
        """A presumption that was true a moment ago is wrong now."""
        _presuming(some, "b", _READS["get"])
        commit(some, Removal("Person", "b"))
        with pytest.raises(PresumptionError):
            _presuming(some, "b", _READS["get"])


def _nick_name(store: Backend) -> object:
    found = store.get(TENANT, "Person", "a")
    return found and found.document.get("nickName")


def _logged(store: Backend, tenant: str) -> list[object]:
    return list(store.log(tenant))


def _presumed_together(store: Backend, name: str) -> None:
    with store.together(TENANT):
        commit(store, changed(person("a"), nickName="n"))
        _presumed(store, name)


def _refuse(store: Backend) -> None:
    raise KeyError(store)


def _insert_elsewhere(store: Backend, pool: ThreadPoolExecutor) -> None:
    """Presume what is wrong while another thread, which does not, inserts."""
    with store.presuming():
        believed = store.presume(TENANT, "Person", "userName", "nobody")
        pool.submit(_WRITES["insert"], store).result()
        if not believed:
            raise PresumptionError


def _inside(store: Backend, name: str) -> None:
    _presuming(store, name, _READS["get"])


def _presumed(store: Backend, name: str) -> None:
    if not store.presume(TENANT, "Person", "userName", name):
        raise PresumptionError
