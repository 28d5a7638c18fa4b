"""Every deed with money has its page, its call, its lines, its notice and its view at the desk.

Each deed of ``tests/money_deeds.py`` is done, and held against what its entry says. Its pages, its
calls that read and its views at the desk are opened in its own story, before it is done and after:
one reads there what has become of it or, where the door closes behind it, what it is about.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.urls import get_resolver, reverse
from drf_spectacular.generators import SchemaGenerator

from accounts.holds.models import Hold
from accounts.notifications.models import Notification
from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from payments.chargebacks.models import Chargeback, ChargebackNews
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.ledger.models import Transfer
from payments.payouts.models import Payout
from payments.refunds.models import Refund
from payments.statements import words
from payments.statements.words import kind_in_words
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.bonuses.models import Bonus
from projects.contracts.banks.services import tell_chargeback
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.givebacks.models import GiveBack
from projects.management.mails.samples import SAMPLES
from projects.milestones.models import Milestone
from tests.access_line import Line
from tests.access_table import LINES
from tests.money_deed import NO_MONEY, Deed, Nothing
from tests.money_deeds import DEEDS
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

NAMES = [deed.name for deed in DEEDS]
each_deed = pytest.mark.parametrize("deed", DEEDS, ids=NAMES)


# Where somebody’s account is set up no money is named, of a bonus whatever one types, and the list
# of contracts only leads to their books.
SAY_NO_SUM = {"payout-setup", "api-payout-account", "bonus-create", "desk-contracts"}
# What a list tells only if it is asked for more than waits for somebody.
ASKED = {"api-desk-payouts": "?all=1"}
# What a route of the table of access is about, where its name there is not that of the thing.
ALSO_CALLED = {
    "stranded payout": "payout",
    **dict.fromkeys(["planned", "funded", "submitted"], "milestone"),
    "unfunded": "contract",
}
THINGS: dict[str, type[Model]] = {
    "bonus": Bonus,
    "change": ChangeOrder,
    "chargeback": Chargeback,
    "contract": Contract,
    "dispute": Dispute,
    "giveback": GiveBack,
    "hold": Hold,
    "milestone": Milestone,
    "payment": Payment,
    "payout": Payout,
    "proposal": Proposal,
    "refund": Refund,
}


@dataclass
class Played:
    """What a deed has left: the movements as the table names them, and what was told. ``read`` is
    what its places said before it was done, between its steps, and once it was. ``names`` is what
    they have to say: a sum that it moved or was about or, of one that moves nothing, the id of
    something, or the state that it left.
    """

    lines: dict[str, str]
    notices: set[str]
    names: set[str]
    read: dict[str, list[list[str]]]


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
        read = {place: [pages] for place, pages in _read(deed, people).items()}
        moved = set(Transfer.objects.values_list("pk", flat=True))
        told = set(Notification.objects.values_list("pk", flat=True))
        for _ in story:  # some are done in steps, and stop between them
            _read_on(read, deed, people)
        heard = set(Notification.objects.exclude(pk__in=told).values_list("kind", flat=True))
        for news in ChargebackNews.objects.filter(told_at=None).order_by("pk"):
            tell_chargeback(news_id=news.pk)  # as the sweep writes it into the timeline
        _read_on(read, deed, people)
        lines = Transfer.objects.exclude(pk__in=moved).select_related("source", "target")
        found = Played(
            names=set(deed.says) or _sums() | (_ids() if deed.lines == NO_MONEY else set()),
            read=read,
            # The costs of the platform are in no statement but its own.
            lines={_named(line): kind_in_words(line) for line in lines if line.book},
            notices=heard,
        )
        transaction.set_rollback(True)
    return found


def _named(line: Transfer) -> str:
    ends = [words.place_of(account.key) for account in (line.source, line.target)]
    return f"payout {ends[0]}>{ends[1]}" if line.kind == "payout" else line.kind


def _sums() -> set[str]:
    """Every sum of the story, as people read it and as programs do."""
    sums = {
        *Transfer.objects.values_list("amount", "currency"),
        *Escrow.objects.values_list("amount", "currency"),
        *GiveBack.objects.values_list("amount", "escrow__currency"),
    }
    return {in_words(*one) for one in sums} | {
        f":{amount}{end}" for amount, _ in sums for end in ",}"
    }


def _ids() -> set[str]:
    return {one.public_id for kind in THINGS.values() for one in kind.objects.all()}


def _read(deed: Deed, people: dict) -> dict[str, list[str]]:
    """What each of its places says now to who reaches it; nothing where it is not open."""
    places = [*deed.pages, *(f"{_reader(call)} {call.split()[1]}" for call in _reading(deed))]
    if not isinstance(deed.desk, Nothing):
        places += [f"dora {route}" for route in deed.desk]
    return {place: list(_opened(*place.split(), people)) for place in places}


def _read_on(read: dict[str, list[list[str]]], deed: Deed, people: dict) -> None:
    for place, pages in _read(deed, people).items():
        read[place].append(pages)


def _reading(deed: Deed) -> list[str]:
    return [call for call in deed.calls if call.startswith("GET ")]


def _reader(call: str) -> str:
    """Whoever of the two sides may call it."""
    may = {who for line in _lines_of(call.split()[1], "GET") for who in line.may.split()}
    return next(who for who in ("ben", "ada", "dora") if who in may)


def _lines_of(route: str, method: str) -> list[Line]:
    return [one for one in LINES if one.route == route and method in one.methods.split()]


def _opened(who: str, route: str, people: dict) -> Iterator[str]:
    for line in _lines_of(route, "GET"):
        if who not in line.may.split():
            continue
        kwargs = {}
        if line.of:
            about = THINGS[ALSO_CALLED.get(line.of, line.of)].objects.order_by("-pk").first()
            if about is None:
                continue
            kwargs = {"public_id": about.public_id}
        path = reverse(route, kwargs=kwargs) + ASKED.get(route, "")
        # What has no page of its own leads to the one where it is done.
        visitor = api_of(people[who]) if path.startswith("/api/") else browser(people[who])
        answer = visitor.get(path, follow=True)
        if answer.status_code == 200 and "/login/" not in answer.request["PATH_INFO"]:
            yield answer.text


@pytest.fixture(autouse=True)
def live(settings) -> None:
    settings.LIVE_URL = "http://127.0.0.1:8001"


def shows(deed: Deed, played: Played, who: str, route: str) -> None:
    """The door stands open to them; where there is something to read, it is read there: once the
    deed is done, if the door is open still, and it does not say that it leaves it.
    """
    lines = [line for line in LINES if line.route == route]
    assert lines, f"{route} is no route of tests/access_table.py"
    assert any(who in line.may.split() for line in lines), f"{who} may not come in at {route}"
    if not _lines_of(route, "GET"):
        return
    place = f"{who} {route}"
    *before, after = played.read[place]
    earlier = [page for pages in before for page in pages]
    assert earlier or after, f"{route} is open neither before nor after"
    if place in deed.leaves:
        assert names_it(played, earlier), f"nothing at {route} before"
        assert not names_it(played, after), f"still at {route}"
    elif route not in SAY_NO_SUM:
        assert names_it(played, after or earlier), f"nothing at {route}"


def names_it(played: Played, pages: list[str]) -> bool:
    return any(name in page for name in played.names for page in pages)


# --- One column after the other ------------------------------------------------------------------


@each_deed
def test_it_has_a_page(deed, played):
    assert deed.pages
    for page in deed.pages:
        shows(deed, played[deed.name], *page.split())


@pytest.fixture(scope="module")
def described() -> set[str]:
    """Each call of the published description, as "POST path"."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return {
        f"{method.upper()} {path}" for path, calls in schema["paths"].items() for method in calls
    }


@each_deed
def test_it_has_a_call_of_the_api(deed, described, played):
    assert deed.calls
    for call in deed.calls:
        method, route = call.split()
        ((path, names),) = get_resolver().reverse_dict.getlist(route)[0][0]
        assert f"{method} /{path % {name: f'{{{name}}}' for name in names}}" in described
        if method == "GET":
            shows(deed, played[deed.name], _reader(call), route)


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
def test_it_is_seen_at_the_desk(deed, played):
    if isinstance(deed.desk, Nothing):
        assert deed.desk
        return
    assert deed.desk
    for route in deed.desk:
        shows(deed, played[deed.name], "dora", route)


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
