"""Several people at the same moment."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from marketplace.common.errors import DomainError


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do all of them behind one barrier; for each 'done' or the code of its refusal.

    Any other failure is raised: a race must not hide a crash.
    """
    outcomes = outcomes_at_once(*acts)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, DomainError):
            raise outcome
    return [outcome.code if isinstance(outcome, DomainError) else "done" for outcome in outcomes]


def outcomes_at_once(*acts: Callable[[], object]) -> list[object]:
    """For each what it answered, or the exception that it ended with.

    Without the barrier they would queue up politely and prove nothing.
    """
    gate = threading.Barrier(len(acts))
    outcomes: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=20)
            outcomes[place] = act()
        except BaseException as end:
            outcomes[place] = end
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place, act]) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def meet_after(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    *or_after: tuple[object, str],
    people: int = 8,
    then: Callable[[], object] | None = None,
    before: bool = False,
) -> None:
    """Whoever leaves ``owner.name``, or one of ``or_after``, for the first time waits there until
    all ``people`` have (``before``: comes to it, and until all have come). Before they go on
    somebody else does ``then``, which must be allowed.

    For a race whose guard is removed: everybody has read and judged before anybody writes, on a
    busy machine too. With the guard in place they could never meet.
    """

    all_have_met = threading.Event()

    def overtake() -> None:
        all_have_met.set()
        if then is not None:
            assert at_once(then) == ["done"]

    gate, met = threading.Barrier(people, action=overtake), threading.local()

    def and_meet(real: Callable[..., object]) -> Callable[..., object]:
        def meeting(*args: object, **named: object) -> object:
            answer = None if before else real(*args, **named)
            assert not isinstance(answer, QuerySet), "It has not read yet."
            if not (all_have_met.is_set() or getattr(met, "yes", False)):
                met.yes = True
                gate.wait(timeout=20)
            return real(*args, **named) if before else answer

        return meeting

    for its_owner, its_name in [(owner, name), *or_after]:
        monkeypatch.setattr(its_owner, its_name, and_meet(getattr(its_owner, its_name)))


def without_the_second_look(monkeypatch: pytest.MonkeyPatch, *, people: int = 8) -> None:
    """``update_or_create`` as one would write it by hand: all ``people`` have looked and found
    nothing before anybody writes, and whoever comes too late does not look again.
    """
    gate = threading.Barrier(people)

    def look_and_create(rows: QuerySet, defaults: dict, **which: object) -> tuple[object, bool]:
        assert not rows.filter(**which).exists()
        gate.wait(timeout=20)
        return rows.create(**which, **defaults), True

    monkeypatch.setattr(QuerySet, "update_or_create", look_and_create)


def overtaken_after(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *acts: Callable[[], object]
) -> None:
    """Right after ``owner.name`` has answered for the first time, others do all of ``acts``.

    For a race whose guard is removed: the one has read and judged, and what the others do is
    committed before it writes. With the guard in place they would wait for each other for ever.
    """
    real, done = getattr(owner, name), threading.Event()

    def answer_and_be_overtaken(*args: object, **named: object) -> object:
        answer = real(*args, **named)
        if not done.is_set():
            done.set()
            outcomes = at_once(*acts)
            assert outcomes == ["done"] * len(acts), outcomes
        return answer

    monkeypatch.setattr(owner, name, answer_and_be_overtaken)


def holds_nothing_below(act: Callable[[], object], *, above: QuerySet, below: QuerySet) -> bool:
    """Whether ``act`` waits for a locked row of ``above``, and has locked none of ``below``."""

    def run() -> None:
        act()
        connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        assert list(above.select_for_update())
        thread.start()
        while thread.is_alive() and not somebody_waits():
            time.sleep(0.01)
        answer = thread.is_alive() and _are_free(below)
    thread.join()
    return answer


def locked_when_asked(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, rows: QuerySet
) -> list[bool]:
    """For each time that ``owner.name`` is asked from now on: whether ``rows`` are locked then, as
    another session sees it.
    """
    real, found = getattr(owner, name), []

    def asked(*args: object, **named: object) -> object:
        found.append(outcomes_at_once(lambda: _are_free(rows.all())) == [False])
        return real(*args, **named)

    monkeypatch.setattr(owner, name, asked)
    return found


def somebody_waits() -> bool:
    """Whether a session of this database waits for a lock of another one. (Whom a row is waited for
    is a transaction, of no database; but who waits has locked the table, which is of one.)
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid IN"
            " (SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database"
            "  WHERE d.datname = current_database()))"
        )
        return cursor.fetchone()[0]


def _are_free(rows: QuerySet) -> bool:
    try:
        with transaction.atomic():
            return bool(rows.select_for_update(nowait=True))
    except OperationalError:
        return False
