"""Every deed with money has its page, its call, its lines, its notice and its view at the desk.

Each deed of ``tests/money_deeds.py`` is done, and held against what its entry says.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import get_resolver, reverse
from drf_spectacular.generators import SchemaGenerator

from accounts.notifications.models import Notification
from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.ledger.models import Transfer
from payments.statements import words
from payments.statements.words import kind_in_words
from projects.management.mails.samples import SAMPLES
from tests.access_table import LINES
from tests.access_world import AccessWorld, one_of_everything
from tests.money_deeds import DEEDS, Deed, Nothing
from tests.world import person

pytestmark = pytest.mark.django_db

NAMES = [deed.name for deed in DEEDS]
each_deed = pytest.mark.parametrize("deed", DEEDS, ids=NAMES)


@dataclass(frozen=True)
class Played:
    """What a deed has left: the movements as the table names them, and what was told."""

    lines: dict[str, str]
    notices: set[str]


@pytest.fixture(scope="module")
def played(django_db_setup, django_db_blocker) -> dict[str, Played]:
    """Each is done once, in a world of its own that is gone afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        ada, ben, dora = (person(name) for name in ("Ada", "Ben", "Dora"))
        dora = grant_staff_roles(user_id=dora.pk, roles=set(StaffRole.values), by=SYSTEM)
        people = {"ada": ada, "ben": ben, "dora": dora}
        found = {deed.name: _play(deed, people) for deed in DEEDS}
        transaction.set_rollback(True)
    return found


def _play(deed: Deed, people: dict) -> Played:
    with transaction.atomic():
        story = deed.story(**people)
        next(story)
        moved = set(Transfer.objects.values_list("pk", flat=True))
        told = set(Notification.objects.values_list("pk", flat=True))
        with pytest.raises(StopIteration):
            next(story)
        lines = Transfer.objects.exclude(pk__in=moved).select_related("source", "target")
        found = Played(
            # The costs of the platform are in no statement but its own.
            lines={_named(line): kind_in_words(line) for line in lines if line.book},
            notices=set(Notification.objects.exclude(pk__in=told).values_list("kind", flat=True)),
        )
        transaction.set_rollback(True)
    return found


def _named(line: Transfer) -> str:
    ends = [words.place_of(account.key) for account in (line.source, line.target)]
    return f"payout {ends[0]}>{ends[1]}" if line.kind == "payout" else line.kind


@pytest.fixture(scope="module")
def world(played, django_db_blocker) -> Iterator[AccessWorld]:
    """Made after the deeds were played: it has the same people."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield one_of_everything()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def live(settings) -> None:
    settings.LIVE_URL = "http://127.0.0.1:8001"


def opens(world: AccessWorld, who: str, route: str) -> None:
    """The door stands open to them; where there is something to read, it is read."""
    lines = [line for line in LINES if line.route == route]
    assert lines, f"{route} is no route of tests/access_table.py"
    assert any(who in line.may.split() for line in lines), f"{who} may not come in at {route}"
    for line in lines:
        if "GET" in line.methods.split() and who in line.may.split():
            path = reverse(route, kwargs=world.places[line.of])
            visitor = world.programs[who] if path.startswith("/api/") else world.browsers[who]
            # What has no page of its own leads to the one where it is done.
            answer = visitor.get(path, follow=True)
            assert answer.status_code == 200, path
            assert "/login/" not in answer.request["PATH_INFO"]


# --- One column after the other ------------------------------------------------------------------


@each_deed
def test_it_has_a_page(world, deed):
    assert deed.pages
    for page in deed.pages:
        opens(world, *page.split())


@pytest.fixture(scope="module")
def described() -> set[str]:
    """Each call of the published description, as "POST path"."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return {
        f"{method.upper()} {path}" for path, calls in schema["paths"].items() for method in calls
    }


@each_deed
def test_it_has_a_call_of_the_api(deed, described):
    assert deed.calls
    for call in deed.calls:
        method, route = call.split()
        ((path, names),) = get_resolver().reverse_dict.getlist(route)[0][0]
        assert f"{method} /{path % {name: f'{{{name}}}' for name in names}}" in described


@each_deed
def test_it_has_its_lines_in_the_statement(deed, played):
    """Those that it says, each in words of its own."""
    booked = played[deed.name].lines
    said = set() if isinstance(deed.lines, Nothing) else set(deed.lines)
    assert set(booked) == said
    for name, text in booked.items():
        kind = name.split()[0]
        assert text != kind.replace("_", " ").capitalize(), f"no words for {name}"


@each_deed
def test_it_is_told(deed, played):
    if isinstance(deed.notices, Nothing):
        assert deed.notices and played[deed.name].notices == set()
        return
    assert deed.notices
    assert set(deed.notices) == played[deed.name].notices
    assert set(deed.notices) <= set(SAMPLES)


@each_deed
def test_it_is_seen_at_the_desk(world, deed):
    if isinstance(deed.desk, Nothing):
        assert deed.desk
        return
    assert deed.desk
    for route in deed.desk:
        opens(world, "dora", route)


# --- The table is whole --------------------------------------------------------------------------


def test_no_kind_of_line_is_left_out():
    """Whatever a statement has words for is booked by a deed of the table, or says here why not."""
    told = {line for deed in DEEDS if not isinstance(deed.lines, Nothing) for line in deed.lines}
    payouts = {f"payout {source}>{target}" for source, target in words._PAYOUTS}
    assert (set(words._KINDS) | payouts) - told == {
        "refund_borne",  # made at the provider's own desk; a difference that finance settles
        "chargeback_loss",  # what a bank took and nobody here owes
    }


def test_every_movement_that_the_house_books_has_words():
    """All kinds that stand in the source, but those of the platform's own books."""
    booked = {
        call.args[0].value
        for source in (settings.BASE_DIR / "payments").rglob("*.py")
        for call in ast.walk(ast.parse(source.read_text()))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "Move"
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(booked) > 15, "the search itself must find something"
    own = {"chargeback_fee", "provider_fee", "transfer_lost"}
    assert booked - set(words._KINDS) - {"payout"} == own


def test_no_deed_is_there_twice():
    assert len(NAMES) == len(set(NAMES))
