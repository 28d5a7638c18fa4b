"""One of everything, for the matrix of access: Ada is the client, Ben the freelancer."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.access.calendar.services import make_feed
from accounts.access.services import create_token
from accounts.holds.models import Hold, HoldFile
from accounts.notifications.models import Notification
from accounts.notifications.preferences.unsubscribing import token_of
from accounts.notifications.services import notify
from accounts.parties.selectors import own_party_of
from accounts.people.filters.models import SavedFilter
from accounts.people.filters.services import save_filter
from accounts.people.models import StaffRole, User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.files import store_files
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.chargebacks.models import Chargeback
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.models import LIFECYCLE, Difference
from payments.reconciliation.running.services import plan_run
from payments.refunds.models import Refund
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.proposals.services import propose_ending
from projects.agreements.suspending.services import suspend_posting
from projects.bonuses.services import give_bonus
from projects.disputes.services import open_dispute
from projects.disputes.templates.services import write_template
from projects.givebacks.models import GiveBack
from projects.givebacks.services import ask_back
from projects.invitations.services import invite_person
from projects.messages.services import write_message
from projects.milestones.services import cancel_milestone, release_milestone, submit_work
from projects.postings.services import add_files
from projects.questions.services import answer_question, ask_question
from tests.projects.change_world import price_to
from tests.projects.confidentiality_world import accept, secret_posting
from tests.projects.counter_world import countered
from tests.projects.two_mediators import mediator, proposed
from tests.world import (
    GROUNDS,
    Program,
    active_contract,
    api_of,
    draft_posting,
    fund,
    funded_milestone,
    offered_contract,
    open_posting,
    person,
    submitted_bid,
)

LOG_IN = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class AccessWorld:
    """``places`` names for each thing what its routes ask for."""

    places: dict[str, dict[str, str]] = field(default_factory=lambda: {"": {}})
    browsers: dict[str, Client] = field(default_factory=lambda: {"visitor": Client()})
    programs: dict[str, Program] = field(default_factory=lambda: {"visitor": api_of()})


def one_of_everything() -> AccessWorld:
    world = AccessWorld()
    cleo, ada, ben = (person(name) for name in ("Cleo", "Ada", "Ben"))
    dora = grant_staff_roles(user_id=person("Dora").pk, roles=set(StaffRole.values), by=SYSTEM)
    for someone in (cleo, ada, ben, dora):
        name = someone.name.lower()
        world.browsers[name] = Client()
        world.browsers[name].force_login(someone, backend=LOG_IN)
        world.programs[name] = api_of(someone)
    _people(world, ada)
    _postings(world, ada, ben, dora)
    _contracts(world, ada, ben)
    _money(world, ada, ben)
    return world


def _people(world: AccessWorld, ada: User) -> None:
    token, _ = create_token(user_id=ada.pk, name="another", by=ada, is_told=False)
    notify(to=ada, kind="test", text=Words("Something happened."), path="/")
    world.places |= {
        "person": {"public_id": ada.public_id},
        "party": {"public_id": own_party_of(ada).public_id},
        "calendar": {"secret": make_feed(by=ada)},
        "token": {"public_id": token.public_id},
        "unsubscription": {"token": token_of(ada, "bid_submitted")},
        "notice": {"public_id": Notification.objects.get(kind="test").public_id},
    }


def _postings(world: AccessWorld, ada: User, ben: User, dora: User) -> None:
    posting, draft, suspended = open_posting(ada), draft_posting(ada), open_posting(ada)
    (attached,) = add_files(posting_id=posting.pk, uploads=[_upload()], by=ada)
    suspend_posting(
        **GROUNDS,
        posting_id=suspended.pk,
        reason="It is a lottery.",
        by=dora,
    )
    bid = submitted_bid(posting, ben, files=[_upload()])
    message = write_message(bid_id=bid.pk, by=ben, text="Here.", files=[_upload()])
    waiting, answered = (
        ask_question(posting_id=posting.pk, text="How fast?", by=ben) for _ in range(2)
    )
    answer_question(question_id=answered.pk, answer="Very.", by=ada)
    chosen = open_posting(ada, visibility="invite_only")
    invitation = invite_person(
        posting_id=chosen.pk, whom=ben.public_id, note="You know lamps.", by=ada
    )
    secret = secret_posting(ada)
    acceptance = accept(secret, ben)
    whispered = ask_question(posting_id=secret.pk, text="How heavy?", by=ben)
    answer_question(question_id=whispered.pk, answer="Very.", by=ada)
    world.places |= {
        "secret": {"public_id": secret.public_id},
        "secret_file": {
            "public_id": secret.public_id,
            "file_id": secret.files.get().stored.public_id,
        },
        "secret_question": {"public_id": whispered.public_id},
        "acceptance": {"public_id": acceptance.public_id},
        "posting": {"public_id": posting.public_id},
        "draft": {"public_id": draft.public_id},
        "chosen": {"public_id": chosen.public_id},
        "suspended": {"public_id": suspended.public_id},
        "posting_file": {"public_id": posting.public_id, "file_id": attached.stored.public_id},
        "bid": {"public_id": bid.public_id},
        "bid_file": {
            "public_id": bid.public_id,
            "file_id": bid.files.get().stored.public_id,
        },
        "counter": {"public_id": _countered(ada, ben)},
        "message_file": {
            "public_id": message.public_id,
            "file_id": message.files.get().stored.public_id,
        },
        "question": {"public_id": waiting.public_id},
        "answered": {"public_id": answered.public_id},
        "invitation": {"public_id": invitation.public_id},
    }


def _countered(ada: User, ben: User) -> str:
    return countered(submitted_bid(open_posting(ada), ben), ada).public_id


def _signed_file(ada: User, ben: User) -> dict[str, str]:
    posting = open_posting(ada)
    (file,) = add_files(posting_id=posting.pk, uploads=[_upload()], by=ada)
    contract = active_contract(ada, ben, posting=posting)
    return {"public_id": contract.public_id, "file_id": file.stored.public_id}


def _contracts(world: AccessWorld, ada: User, ben: User) -> None:
    contract = active_contract(ada, ben, [10_000, 20_000, 30_000, 40_000])
    planned, *others = contract.milestones.order_by("position")
    funded, submitted, disputed = (fund(milestone) for milestone in others)
    delivery, claimed = (
        submit_work(milestone_id=milestone.pk, by=ben, note="Here.", files=[_upload()])
        for milestone in (submitted, disputed)
    )
    dispute = open_dispute(
        milestone_id=disputed.pk,
        by=ada,
        reason="late",
        statement="Late.",
        asked_for=0,
        files=[_upload()],
    )
    proposal = propose_ending(milestone_id=submitted.pk, by=ada, to_freelancer=1_000)
    bonus, _ = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    message = write_message(bid_id=contract.bid_id, by=ben, text="Here.", files=[_upload()])
    world.places |= {
        "bonus": {"public_id": bonus.public_id},
        "change": {"public_id": _changed(ada, ben).public_id},
        "giveback": {"public_id": _asked_back(ada, ben).public_id},
        "offer": {"public_id": offered_contract(ada, ben).public_id},
        "contract": {"public_id": contract.public_id},
        "contract_file": _signed_file(ada, ben),
        "unfunded": {"public_id": active_contract(ada, ben).public_id},
        "planned": {"public_id": planned.public_id},
        "funded": {"public_id": funded.public_id},
        "submitted": {"public_id": submitted.public_id},
        "submission_file": {
            "public_id": delivery.public_id,
            "file_id": delivery.files.get().stored.public_id,
        },
        "proposal": {"public_id": proposal.public_id},
        "dispute": {"public_id": dispute.public_id},
        "template": {"public_id": _template()},
        "proposed_ruling": {"public_id": proposed(ada, ben, mediator("Emil")).public_id},
        "dispute_message": {
            "public_id": dispute.public_id,
            "file_id": message.files.get().stored.public_id,
        },
        "exhibit": {
            "public_id": dispute.public_id,
            "file_id": dispute.statements.get().exhibits.get().stored.public_id,
        },
        "dispute_file": {
            "public_id": dispute.public_id,
            "file_id": claimed.files.get().stored.public_id,
        },
    }


def _template() -> str:
    words = {"name": "Late", "facts": "", "rule": "What was agreed.", "reasons": ""}
    return write_template(by=mediator("Fay"), **words).public_id


def _changed(ada: User, ben: User) -> ChangeOrder:
    return price_to(70_000, funded_milestone(ada, ben), ada)


def _asked_back(ada: User, ben: User) -> GiveBack:
    done = funded_milestone(ada, ben)
    release_milestone(milestone_id=done.pk, by=ada)
    return ask_back(contract_id=done.contract_id, escrow_id=done.escrow_id, by=ada, amount=1_000)


def _money(world: AccessWorld, ada: User, ben: User) -> None:
    """What the provider said no to: nobody can bring that about here, so it is written down."""
    given_back = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=given_back.pk, by=ben)
    Refund.objects.update(status="failed", failure_code="expired_card", next_check_at=None)
    ConnectedAccount.objects.create(party=own_party_of(ben), country="DE")
    payout = Payout.objects.create(
        party=own_party_of(ben), amount=100, currency="USD", next_check_at=None
    )
    Payout.objects.update(status="failed")
    at = now()
    hold = Hold.objects.create(
        kind="payouts",
        party=own_party_of(ben),
        subject=own_party_of(ben).public_id,
        title="Ben",
        reason="Two payees share one bank account.",
        evidence="The provider’s letter.",
        placed_by=User.objects.get(name="Dora"),
        ends_at=at + timedelta(days=7),
        closes_at=at + timedelta(days=7),
        appeal_until=at + timedelta(days=3),
    )
    (letter,) = store_files([_upload()], by=hold.placed_by)
    came_with_it = HoldFile.objects.create(hold=hold, stored=letter)
    # Being answered already: nobody of these asks the provider.
    chargeback = Chargeback.objects.create(
        remote_id="du_1",
        payment=Payment.objects.earliest("pk"),
        amount=100,
        currency="USD",
        status="open",
        answer="accept",
    )
    world.places |= {
        "chargeback": {"public_id": chargeback.public_id},
        "hold": {"public_id": hold.public_id},
        "hold_file": {"public_id": hold.public_id, "file_id": came_with_it.stored.public_id},
        "difference": {"public_id": _difference().public_id},
        "payment": {"public_id": Payment.objects.earliest("pk").public_id},
        "saved_filter": {"public_id": _saved_filter().public_id},
        "failed_mail": {"public_id": _failed_mail(ben).public_id},
        "refund": {"public_id": Refund.objects.get().public_id},
        "deed": {"public_id": _proposed_deed().public_id},
        "payout": {"public_id": payout.public_id},
        "stranded payout": {"public_id": _stranded_payout(ben).public_id},
    }


def _proposed_deed() -> ProposedDeed:
    """Somebody else of finance wishes it."""
    gus = grant_staff_roles(user_id=person("Gus").pk, roles={"finance"}, by=SYSTEM)
    refund = Refund.objects.get()
    return ProposedDeed.objects.create(
        deed="settle_refund",
        refund=refund,
        amount=refund.amount,
        currency=refund.currency,
        reason="By transfer.",
        by=gus,
    )


def _stranded_payout(ben: User) -> Payout:
    """Its account is another one by now."""
    party = own_party_of(ben)
    payout = Payout.objects.create(party=party, amount=100, currency="EUR", next_check_at=None)
    Payout.objects.filter(pk=payout.pk).update(status="sending", transfer_id="tr_stranded")
    payout.attempts.create(number=1, destination="acct_closed", remote_id="po_stranded")
    return payout


def _saved_filter() -> SavedFilter:
    dora = User.objects.get(name="Dora")
    return save_filter(page="desk-mails", name="Ada", query={"words": "Ada"}, by=dora)


def _failed_mail(ben: User) -> Notification:
    notice = ben.notifications.earliest("pk")
    # A worker may have sent it by now, where there are any.
    notice.mailed_at = notice.mail_due_at = None
    notice.mail_failure, notice.mail_failed_at = "550 No.", now()
    notice.save()
    return notice


def _difference() -> Difference:
    difference = Difference.objects.create(
        kind="missing", object_id="ch_1", theirs="No.", ours="Yes.", run=plan_run()
    )
    LIFECYCLE.advance(difference, "confirm", role=SYSTEM)
    difference.save()
    return difference


def _upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("notes.txt", b"Some notes.")
