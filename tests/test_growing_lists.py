"""A longer list costs no more queries: those that no room's own tests grow."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.access.services import create_token
from accounts.holds.models import Hold, HoldFile
from accounts.notifications.models import Notification, OutgoingMail
from accounts.notifications.services import notify
from accounts.parties.selectors import own_party_of
from accounts.people.services import grant_staff_roles
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.files import store_files
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout
from payments.reconciliation.models import Difference, ReconciliationRun
from payments.reconciliation.running.services import plan_run
from payments.refunds.models import Refund
from projects.bids.services import edit_bid, shortlist_bid
from projects.bonuses.services import give_bonus
from projects.contracts.services import record
from projects.givebacks.services import give_back
from projects.invitations.services import invite_person
from projects.messages.services import write_message
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    return_work,
    submit_work,
)
from projects.questions.services import answer_question, ask_question
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank
from tests.world import (
    active_contract,
    api_of,
    browser,
    funded_milestone,
    open_posting,
    opened_dispute,
    person,
    reviewed_dispute,
    submitted_bid,
)

pytestmark = pytest.mark.django_db


def cost(ask: Callable[[], object]) -> tuple[int, int]:
    """Rows shown, or bytes of the page, and the queries that they took."""
    with CaptureQueriesContext(connection) as queries:
        answer = ask()
    assert answer.status_code == 200, answer.content
    if answer["Content-Type"] == "application/json":
        body = answer.json()
        return len(body["results"] if isinstance(body, dict) else body), len(queries)
    return len(answer.content), len(queries)


def grows_for_free(ask: Callable[[], object], grow: Callable[[], object]) -> None:
    grow()
    cost(ask)  # what is read once for a process
    small, few = cost(ask)
    for _ in range(4):
        grow()
    large, still = cost(ask)
    assert large > small, "what is measured must have grown"
    assert still == few


@pytest.mark.parametrize("door", ["api", "page"])
def test_the_timeline(ada, ben, door):
    contract = active_contract(ada, ben)
    path = f"/contracts/{contract.public_id}/timeline/"
    client, path = (api_of(ada), f"/api/v1{path}") if door == "api" else (browser(ada), path)
    grows_for_free(lambda: client.get(path), lambda: record(contract, "contract_offered", by=ada))


@pytest.mark.parametrize("door", ["api", "page"])
def test_the_messages_of_a_contract(ada, ben, door):
    contract = active_contract(ada, ben)
    path = f"/contracts/{contract.public_id}/messages/"
    client, path = (api_of(ada), f"/api/v1{path}") if door == "api" else (browser(ada), path)
    grows_for_free(
        lambda: client.get(path),
        lambda: write_message(
            bid_id=contract.bid_id,
            by=ben,
            text="Here.",
            files=[SimpleUploadedFile("a.txt", b"a")],
        ),
    )


def test_contracts_with_unread_messages(ada, ben):
    def grow():
        contract = active_contract(ada, ben)
        write_message(bid_id=contract.bid_id, by=ben, text="Here.")

    client = browser(ada)
    grows_for_free(lambda: client.get("/contracts/"), grow)


@pytest.mark.parametrize("door", ["api", "page"])
def test_the_bonuses_of_a_contract(ada, ben, door):
    contract = active_contract(ada, ben)
    path = f"/contracts/{contract.public_id}/"
    client = browser(ada)
    if door == "api":
        client, path = api_of(ada), f"/api/v1{path}bonuses/"
    grows_for_free(
        lambda: client.get(path),
        lambda: give_bonus(contract_id=contract.pk, by=ada, amount=5_000, note="Thank you."),
    )


@pytest.mark.parametrize("door", ["api", "page"])
def test_what_was_given_back_on_a_contract(ada, ben, door):
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    path = f"/contracts/{milestone.contract.public_id}/"
    client = browser(ada)
    if door == "api":
        client, path = api_of(ada), f"/api/v1{path}givebacks/"
    where = {"contract_id": milestone.contract_id, "escrow_id": milestone.escrow_id}
    grows_for_free(lambda: client.get(path), lambda: give_back(**where, by=ben, amount=1_000))


@pytest.mark.parametrize("path", ["/desk/givebacks/", "/api/v1/desk/givebacks/"])
def test_what_was_given_back_at_the_desk(ada, ben, dora, path):
    client = api_of(dora) if path.startswith("/api") else browser(dora)

    def grow() -> None:
        milestone = funded_milestone(ada, ben)
        release_milestone(milestone_id=milestone.pk, by=ada)
        where = {"contract_id": milestone.contract_id, "escrow_id": milestone.escrow_id}
        give_back(**where, by=ben, amount=1_000)

    grows_for_free(lambda: client.get(path), grow)


@pytest.mark.parametrize("door", ["/", "/api/v1/"])
@pytest.mark.parametrize("of", ["limits", "payees", "refunds", "contracts"])
def test_money_that_waits_at_the_desk(ada, dora, door, of):
    """Each time a payee without an account, whose client has held, released and refunded money."""
    client = api_of(dora) if door == "/api/v1/" else browser(dora)
    names = iter("Uma Vic Wes Xia Yan Zoe".split())

    def grow() -> None:
        payee = person(next(names))
        held, released, cancelled = (funded_milestone(ada, payee) for _ in range(3))
        Escrow.objects.filter(pk=held.escrow_id).update(limit_at=now() + timedelta(days=3))
        release_milestone(milestone_id=released.pk, by=ada)
        cancel_milestone(milestone_id=cancelled.pk, by=payee)
        force(Refund.objects.filter(status="requested"), status="failed", next_check_at=None)

    grows_for_free(lambda: client.get(f"{door}desk/{of}/"), grow)


@pytest.mark.parametrize("path", ["/desk/payouts/", "/api/v1/desk/payouts/?all=1"])
def test_every_payout_at_the_desk(dora, path):
    client, names = api_of(dora) if path.startswith("/api") else browser(dora), iter("abcdefgh")

    def grow() -> None:
        party = own_party_of(person(next(names)))
        ConnectedAccount.objects.create(party=party, country="US", remote_id=f"acct_{party}")
        Payout.objects.create(party=party, currency="USD", amount=5)

    grows_for_free(lambda: client.get(path), grow)


@pytest.mark.parametrize(
    "path", ["/desk/audit/", "/account/audit/", "/api/v1/desk/audit/", "/api/v1/me/audit/"]
)
def test_the_audit_log(dora, path):
    client = api_of(dora) if path.startswith("/api") else browser(dora)
    grows_for_free(
        lambda: client.get(path),
        lambda: log_deed("test thing", "th_1", "Done.", by=dora, role="finance", about=[dora.pk]),
    )


def test_the_statement_of_a_contract(ada, ben):
    contract, deeds = active_contract(ada, ben), iter(range(10))
    escrow = contract.milestones.get().escrow
    grows_for_free(
        lambda: browser(ada).get(f"/contracts/{contract.public_id}/statement/"),
        lambda: move_money(
            Move("fund", chart.provider("USD"), chart.escrow(escrow.public_id), 5, "USD"),
            key=f"py_{next(deeds)}:succeed",
            book=contract.public_id,
        ),
    )


def test_the_statements_of_a_person(ada, ben):
    client = browser(ada)
    grows_for_free(lambda: client.get("/statements/"), lambda: funded_milestone(ada, ben))


@pytest.mark.parametrize("path", ["/api/v1/notifications/", "/notices/"])
def test_notices(ada, path):
    client = api_of(ada) if path.startswith("/api") else browser(ada)
    grows_for_free(
        lambda: client.get(path), lambda: notify(to=ada, kind="news", text=Words("News."), path="/")
    )


def test_the_mails_of_the_sandbox():
    grows_for_free(
        lambda: Client().get("/outbox/"),
        lambda: OutgoingMail.objects.create(to="ada@example.com", subject="News", body="News."),
    )


@pytest.mark.parametrize("path", ["/api/v1/desk/mails/", "/desk/mails/"])
def test_mails_that_fail(ada, dora, path):
    names = iter("ABCDE")

    def fail() -> None:
        notify(to=person(f"Reader {next(names)}"), kind="news", text=Words("News."), path="/")
        Notification.objects.update(
            mail_due_at=None, mail_failure="550 No such mailbox.", mail_failed_at=now()
        )

    client = api_of(dora) if path.startswith("/api") else browser(dora)
    grows_for_free(lambda: client.get(path), fail)


@pytest.mark.parametrize("path", ["/api/v1/auth/tokens/", "/account/tokens/"])
def test_tokens(ada, path):
    client = api_of(ada) if path.startswith("/api") else browser(ada)
    grows_for_free(
        lambda: client.get(path), lambda: create_token(user_id=ada.pk, name="One", by=ada)
    )


@pytest.mark.parametrize("path", ["/api/v1/bids/{}/versions/", "/bids/{}/"])
def test_the_wordings_of_a_bid(ada, ben, path):
    bid = submitted_bid(open_posting(ada), ben)
    numbers = iter(range(20))
    client = api_of(ada) if path.startswith("/api") else browser(ada)
    grows_for_free(
        lambda: client.get(path.format(bid.public_id)),
        lambda: edit_bid(
            bid_id=bid.pk,
            by=ben,
            letter=f"Wording {next(numbers)}.",
            files=[SimpleUploadedFile(f"{next(numbers)}.txt", b"a")],
        ),
    )


@pytest.mark.parametrize(
    "path", ["/api/v1/postings/{}/bids/", "/postings/{}/bids/", "/postings/{}/compare/"]
)
def test_the_bids_on_a_posting_with_their_files(ada, path):
    posting, names = open_posting(ada), iter("ABCDEF")
    client = api_of(ada) if path.startswith("/api") else browser(ada)

    def grow() -> None:
        files = [SimpleUploadedFile(f"{number}.txt", b"a") for number in range(2)]
        bid = submitted_bid(posting, person(f"Bidder {next(names)}"), files=files)
        shortlist_bid(bid_id=bid.pk, by=ada)

    grows_for_free(lambda: client.get(path.format(posting.public_id)), grow)


@pytest.mark.parametrize("reader", ["ada", "ben", "dora"])
@pytest.mark.parametrize("path", ["/api/v1/postings/{}/questions/", "/postings/{}/questions/"])
def test_the_questions_on_a_posting(ada, ben, dora, reader, path):
    posting, names = open_posting(ada), iter("ABCDEF")
    someone = {"ada": ada, "ben": ben, "dora": dora}[reader]
    client = api_of(someone) if path.startswith("/api") else browser(someone)

    def grow() -> None:
        asker = person(f"Asker {next(names)}")
        asked = ask_question(posting_id=posting.pk, text="How fast?", by=asker)
        answer_question(question_id=asked.pk, answer="Very.", by=ada)

    grows_for_free(lambda: client.get(path.format(posting.public_id)), grow)


@pytest.mark.parametrize("path", ["/api/v1/postings/{}/invitations/", "/postings/{}/invitations/"])
def test_the_invitations_to_a_posting(ada, path):
    posting, names = open_posting(ada), iter("ABCDEFGHIJ")
    client = api_of(ada) if path.startswith("/api") else browser(ada)

    def grow() -> None:
        invite_person(posting_id=posting.pk, whom=person(f"Kim {next(names)}").public_id, by=ada)
        invite_person(posting_id=posting.pk, whom=f"{next(names)}@example.com", by=ada)

    grows_for_free(lambda: client.get(path.format(posting.public_id)), grow)


@pytest.mark.parametrize("path", ["/api/v1/invitations/", "/my/invitations/"])
def test_ones_own_invitations(ada, ben, path):
    whoms = iter([ben.public_id, ben.email] * 3)
    client = api_of(ben) if path.startswith("/api") else browser(ben)

    def grow() -> None:
        invite_person(posting_id=open_posting(ada).pk, whom=next(whoms), by=ada)

    grows_for_free(lambda: client.get(path), grow)


def test_the_deliveries_of_a_milestone(ada, ben):
    milestone = funded_milestone(ada, ben, revisions=20)

    def deliver() -> None:
        submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
        return_work(milestone_id=milestone.pk, by=ada, answer="More.")

    path = f"/api/v1/milestones/{milestone.public_id}/submissions/"
    grows_for_free(lambda: api_of(ada).get(path), deliver)


@pytest.mark.parametrize("what", ["submissions", "timeline"])
def test_the_evidence_of_a_dispute(ada, ben, dora, what):
    dispute = reviewed_dispute(ada, ben)
    contract, milestone = dispute.milestone.contract, dispute.milestone
    delivered = milestone.submissions.get()

    def grow() -> None:
        record(contract, "contract_offered", by=ada)
        delivered.pk, delivered.version, delivered.public_id = None, delivered.version + 1, ""
        delivered.public_id = f"sb_{delivered.version}"
        delivered.save(force_insert=True)

    path = f"/api/v1/desk/disputes/{dispute.public_id}/{what}/"
    grows_for_free(lambda: api_of(dora).get(path), grow)


def test_the_disputes_of_the_desk(ada, ben, dora):
    client = browser(dora)
    grows_for_free(lambda: client.get("/desk/disputes/"), lambda: opened_dispute(ada, ben))


@pytest.mark.parametrize(
    "path",
    ["/desk/reconciliation/", "/desk/", "/api/v1/desk/differences/"],
)
def test_differences_from_the_providers_books(dora, path):
    run, numbers = plan_run(), iter(range(20))
    client = api_of(dora) if path.startswith("/api") else browser(dora)

    def grow() -> None:
        found = Difference.objects.create(
            kind="missing", object_id=f"ch_{next(numbers)}", theirs="No.", ours="Yes.", run=run
        )
        Difference.objects.filter(pk=found.pk).update(status="open")

    grows_for_free(lambda: client.get(path), grow)


@pytest.mark.parametrize("path", ["/desk/reconciliation/runs/", "/api/v1/desk/reconciliations/"])
def test_runs_of_the_reconciliation(dora, path):
    client = api_of(dora) if path.startswith("/api") else browser(dora)
    sums = {"USD": dict.fromkeys(("ours", "theirs", "under_way", "lines", "difference"), 1)}
    grows_for_free(
        lambda: client.get(path),
        lambda: ReconciliationRun.objects.create(
            started_at=now(), finished_at=now(), outcome="agreed", sums=sums
        ),
    )


def test_chargebacks_at_the_desk_and_on_their_contract(ada, ben, dora):
    milestone = funded_milestone(ada, ben)
    payment = Payment.objects.get(paid_for=milestone.escrow.public_id)

    def grow() -> None:
        Bank(payment, 100).takes()

    page = f"/contracts/{milestone.contract.public_id}/"
    client, api = browser(dora), api_of(dora)
    grows_for_free(lambda: client.get("/desk/chargebacks/"), grow)
    grows_for_free(lambda: api.get("/api/v1/desk/chargebacks/"), grow)
    side = browser(ben)
    grows_for_free(lambda: side.get(page), grow)


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("ben", "/account/holds/"),
        ("ben", "/api/v1/holds/"),
        ("dora", "/desk/holds/"),
        ("dora", "/api/v1/desk/holds/"),
    ],
)
def test_holds(ben, dora, who, path):
    def grow():
        at = now()
        hold = Hold.objects.create(
            kind="posting",
            party=own_party_of(ben),
            subject=f"pt_{Hold.objects.count()}",
            title="A shop",
            reason="It asks for passwords.",
            evidence="Reports.",
            placed_by=person(f"Mona {Hold.objects.count()}"),
            ends_at=at + timedelta(days=7),
            closes_at=at + timedelta(days=7),
            appeal_until=at + timedelta(days=3),
        )
        files = [SimpleUploadedFile(f"{number}.txt", b"a") for number in range(2)]
        for stored in store_files(files, by=hold.placed_by):
            HoldFile.objects.create(hold=hold, stored=stored)

    grant_staff_roles(user_id=dora.pk, roles={"moderator"}, by=SYSTEM)
    reader = {"ben": ben, "dora": type(dora).objects.get(pk=dora.pk)}[who]
    client = api_of(reader) if "api" in path else browser(reader)
    grows_for_free(lambda: client.get(path), grow)
