"""Each deed of staff: how it is done, its name in the audit log, and whom it concerns."""

from collections.abc import Callable

from accounts.holds.services import appeal_hold, uphold_hold
from accounts.notifications.mailing.services import retry_mail
from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from accounts.parties.selectors import own_party_of
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.chargebacks.answering import services as answering
from payments.chargebacks.settling.services import settle_refund
from payments.escrow.services import refund
from payments.fundings.models import Payment
from payments.payouts import services as payouts
from payments.payouts.attesting.services import attest_payout
from payments.payouts.cancelling.services import wish_to_cancel
from payments.payouts.holding.services import hold_payouts, lift_hold
from payments.reconciliation.confirming.services import (
    confirm_deed,
    return_deed,
    settle_refund_or_propose,
)
from payments.reconciliation.deeds import services as deeds
from payments.reconciliation.findings import Finding
from payments.reconciliation.models import Difference
from payments.reconciliation.running.services import ask_for_run, plan_run
from payments.refunds.models import Refund
from payments.refunds.services import retry_refund
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.confirming.services import confirm_ruling, return_ruling
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.templates.services import delete_template, edit_template, write_template
from projects.holds.services import suspend_person
from projects.questions.services import ask_question, remove_question
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank
from tests.payments.payout_world import failed_payout, ready_without_provider, stranded, unreturned
from tests.payments.world import held
from tests.projects.two_mediators import mediator, proposed
from tests.world import GROUNDS, open_posting, person, reviewed_dispute, why

WHY = {"reason": "Two payees share a bank account.", "evidence": "A letter of May."}


def decides(ada, ben, dora) -> tuple[str, set]:
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=50_000, **why("Half is done."))
    return "decide dispute", {ada.pk, ben.pk}


def proposes(ada, ben, dora) -> tuple[str, set]:
    proposed(ada, ben, dora)
    return "propose ruling", {ada.pk, ben.pk}


def confirms(ada, ben, dora) -> tuple[str, set]:
    confirm_ruling(proposed_id=proposed(ada, ben, mediator("Emil")).pk, by=dora)
    return "confirm proposed ruling", {ada.pk, ben.pk}


def returns(ada, ben, dora) -> tuple[str, set]:
    return_ruling(proposed_id=proposed(ada, ben, mediator("Emil")).pk, by=dora, why="Look again.")
    return "return proposed ruling", {ada.pk, ben.pk}


def takes_a_case(ada, ben, dora) -> tuple[str, set]:
    dispute = reviewed_dispute(ada, ben)
    assign_dispute(dispute_id=dispute.pk, by=dora, mediator=dora.public_id)
    return "assign dispute", {ada.pk, ben.pk}


def gives_a_case_up(ada, ben, dora) -> tuple[str, set]:
    takes_a_case(ada, ben, dora)
    give_up_dispute(dispute_id=Dispute.objects.latest("pk").pk, by=dora)
    return "give up dispute", {ada.pk, ben.pk}


def suspends(ada, ben, dora) -> tuple[str, set]:
    posting = open_posting(ada)
    suspend_posting(**GROUNDS, posting_id=posting.pk, by=dora, reason="It asks for passwords.")
    return "suspend posting", {ada.pk}


def restores(ada, ben, dora) -> tuple[str, set]:
    posting = open_posting(ada)
    suspend_posting(**GROUNDS, posting_id=posting.pk, by=dora, reason="It asks for passwords.")
    restore_posting(posting_id=posting.pk, by=dora)
    return "restore posting", {ada.pk}


def retries_a_payout(ada, ben, dora) -> tuple[str, set]:
    payouts.retry_payout(payout_id=failed_payout(ada, ben).pk, by=dora)
    return "retry payout", {ben.pk}


def says_that_a_payout_arrived(ada, ben, dora) -> tuple[str, set]:
    attest_payout(payout_id=stranded(ada, ben).pk, outcome="arrived", reason="So.", by=dora)
    return "confirm payout", {ben.pk}


def says_that_a_payout_came_back(ada, ben, dora) -> tuple[str, set]:
    attest_payout(payout_id=stranded(ada, ben).pk, outcome="came_back", reason="So.", by=dora)
    return "return payout", {ben.pk}


def says_that_a_payout_had_arrived(ada, ben, dora) -> tuple[str, set]:
    attest_payout(payout_id=unreturned(ada, ben).pk, outcome="arrived", reason="So.", by=dora)
    return "take up payout", {ben.pk}


def says_that_a_payout_is_lost(ada, ben, dora) -> tuple[str, set]:
    attest_payout(payout_id=unreturned(ada, ben).pk, outcome="lost", reason="So.", by=dora)
    return "write off payout", {ben.pk}


def removes_a_question(ada, ben, dora) -> tuple[str, set]:
    question = ask_question(posting_id=open_posting(ada).pk, text="Your number?", by=ben)
    remove_question(question_id=question.pk, by=dora, reason="It asks for a telephone number.")
    return "remove question", {ada.pk, ben.pk}


def cancels_a_payout(ada, ben, dora) -> tuple[str, set]:
    payout = failed_payout(ada, ben)
    wish_to_cancel(payout_id=payout.pk, by=dora, reason="Its bank asks us to.")
    return "cancel payout", {ben.pk}


def retries_a_refund(ada, ben, dora) -> tuple[str, set]:
    refund(escrow_id=held(ada, ben).pk, reason="milestone_cancelled")
    force(Refund, status="failed", closed_at=now())
    retry_refund(refund_id=Refund.objects.get().pk, by=dora)
    return "retry refund", {ada.pk}


def settles_a_refund(ada, ben, dora) -> tuple[str, set]:
    refund(escrow_id=held(ada, ben).pk, reason="milestone_cancelled")
    force(Refund, status="failed", closed_at=now())
    settle_refund(refund_id=Refund.objects.get().pk, reason="By transfer.", by=dora)
    return "settle refund", {ada.pk}


def answers_a_bank(ada, ben, dora) -> tuple[str, set]:
    answering._wish(_chargeback(ada, ben), answering.ANSWER, dora, "All of it was delivered.")
    return "answer chargeback", {ada.pk, ben.pk}


def lets_a_bank_have_it(ada, ben, dora) -> tuple[str, set]:
    answering._wish(_chargeback(ada, ben), answering.ACCEPT, dora)
    return "accept chargeback", {ada.pk, ben.pk}


def _chargeback(ada, ben) -> int:
    escrow = held(ada, ben)
    return Bank(Payment.objects.get(paid_for=escrow.public_id)).takes().pk


def settles_a_difference(ada, ben, dora) -> tuple[str, set]:
    _settle(dora, "cost", net=-500)
    return "settle difference", set()


def sets_a_difference_aside(ada, ben, dora) -> tuple[str, set]:
    _settle(dora, "set_aside")
    return "set aside difference", set()


def _settle(dora, deed: str, net: int = 0) -> None:
    found = Finding(
        kind=Difference.Kind.MOVEMENT,
        object_id="txn_1",
        theirs="A fee.",
        ours="Nothing.",
        amount=net,
        currency="USD",
        net=net,
        deed="cost" if net else "",
    )
    words = {name: value for name, value in vars(found).items() if name != "heals"}
    difference = Difference.objects.create(run=plan_run(), **words)
    force(Difference, status="open")
    deeds.settle_as_seen(
        difference_id=difference.pk,
        deed=deed,
        reason="Their invoice of May.",
        by=dora,
        seen=deeds.Seen(None, found, ""),
    )


def needs_a_second(ada, ben) -> int:
    refund(escrow_id=held(ada, ben, amount=600_000).pk, reason="milestone_cancelled")
    force(Refund, status="failed", closed_at=now())
    return Refund.objects.get().pk


def wishes_what_needs_a_second(ada, ben, dora) -> tuple[str, set]:
    settle_refund_or_propose(refund_id=needs_a_second(ada, ben), reason="By transfer.", by=dora)
    return "propose deed", {ada.pk}


def somebody_elses_wish(ada, ben) -> int:
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)
    wish = settle_refund_or_propose(
        refund_id=needs_a_second(ada, ben), reason="By transfer.", by=fay
    )
    assert wish is not None
    return wish.pk


def confirms_a_deed(ada, ben, dora) -> tuple[str, set]:
    confirm_deed(proposed_id=somebody_elses_wish(ada, ben), by=dora)
    return "confirm proposed deed", {ada.pk}


def returns_a_deed(ada, ben, dora) -> tuple[str, set]:
    return_deed(proposed_id=somebody_elses_wish(ada, ben), by=dora, why="There is no transfer.")
    return "return proposed deed", {ada.pk}


def places_a_hold(ada, ben, dora) -> tuple[str, set]:
    hold_payouts(party_id=ready_without_provider(ada, ben), days=7, by=dora, **WHY)
    return "place hold", {ben.pk}


def lifts_a_hold(ada, ben, dora) -> tuple[str, set]:
    hold = hold_payouts(party_id=ready_without_provider(ada, ben), days=7, by=dora, **WHY)
    lift_hold(hold_id=hold.pk, by=dora)
    return "lift hold", {ben.pk}


def suspends_a_person(ada, ben, dora) -> tuple[str, set]:
    suspend_person(party_id=own_party_of(ben).pk, days=7, by=dora, **WHY)
    return "place hold", {ben.pk}


def refuses_an_appeal(ada, ben, dora) -> tuple[str, set]:
    mona = grant_staff_roles(user_id=person("Mona").pk, roles={"moderator"}, by=SYSTEM)
    hold = suspend_person(party_id=own_party_of(ben).pk, days=7, by=mona, **WHY)
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=ben)
    uphold_hold(hold_id=hold.pk, ruling="The drafts are dated later.", by=dora)
    return "uphold hold", {ben.pk}


def retries_a_mail(ada, ben, dora) -> tuple[str, set]:
    notify(to=ada, kind="bid_placed", text=Words("Ben made a bid."), path="/")
    force(Notification, mail_due_at=None, mail_failure="550 No.", mail_failed_at=now())
    retry_mail(notification_id=Notification.objects.latest("pk").pk, by=dora)
    return "retry mail", {ada.pk}


def compares_the_books(ada, ben, dora) -> tuple[str, set]:
    ask_for_run(by=dora)
    return "run reconciliation", set()


def writes_a_template(ada, ben, dora) -> tuple[str, set]:
    _template(dora)
    return "write template", set()


def edits_a_template(ada, ben, dora) -> tuple[str, set]:
    edit_template(template_id=_template(dora), by=dora, name="Late", **TEXTS)
    return "edit template", set()


def throws_a_template_away(ada, ben, dora) -> tuple[str, set]:
    delete_template(template_id=_template(dora), by=dora)
    return "delete template", set()


TEXTS = {"facts": "It came late.", "rule": "", "reasons": ""}


def _template(dora) -> int:
    return write_template(by=dora, name="Lateness", **TEXTS).pk


DEEDS: list[Callable] = [
    decides,
    proposes,
    confirms,
    returns,
    takes_a_case,
    gives_a_case_up,
    suspends,
    restores,
    retries_a_payout,
    says_that_a_payout_arrived,
    says_that_a_payout_came_back,
    says_that_a_payout_had_arrived,
    says_that_a_payout_is_lost,
    removes_a_question,
    cancels_a_payout,
    retries_a_refund,
    settles_a_refund,
    wishes_what_needs_a_second,
    confirms_a_deed,
    returns_a_deed,
    answers_a_bank,
    lets_a_bank_have_it,
    settles_a_difference,
    sets_a_difference_aside,
    places_a_hold,
    lifts_a_hold,
    suspends_a_person,
    refuses_an_appeal,
    retries_a_mail,
    compares_the_books,
    writes_a_template,
    edits_a_template,
    throws_a_template_away,
]

# What each page and call that is the staff's alone writes down.
_ATTESTED = "confirm payout, return payout, take up payout, write off payout, propose deed"
_SUSPENDED, _REMOVED = "suspend posting", "remove question"
BY_ROUTE = {
    "posting-suspend": _SUSPENDED,
    "api-posting-suspend": _SUSPENDED,
    "posting-restore": "restore posting",
    "api-posting-restore": "restore posting",
    "question-remove": _REMOVED,
    "api-question-remove": _REMOVED,
    "desk-templates": "write template",
    "api-desk-templates": "write template",
    "desk-template": "edit template",
    "desk-template-delete": "delete template",
    "api-desk-template": "edit template, delete template",
    "desk-dispute-assignment": "assign dispute, give up dispute",
    "api-desk-dispute-assignments": "assign dispute",
    "api-desk-dispute-give-up": "give up dispute",
    "desk-dispute-rulings": "decide dispute, propose ruling",
    "api-desk-dispute-rulings": "decide dispute, propose ruling",
    "desk-ruling-confirm": "confirm proposed ruling",
    "api-desk-ruling-confirm": "confirm proposed ruling",
    "desk-ruling-return": "return proposed ruling",
    "api-desk-ruling-return": "return proposed ruling",
    "desk-deed-confirm": "confirm proposed deed",
    "api-desk-deed-confirm": "confirm proposed deed",
    "desk-deed-return": "return proposed deed",
    "api-desk-deed-return": "return proposed deed",
    "desk-refund-retry": "retry refund",
    "api-desk-refund-retry": "retry refund",
    "desk-refund-settle": "settle refund, propose deed",
    "api-desk-refund-settle": "settle refund, propose deed",
    "desk-payout-retry": "retry payout",
    "api-desk-payout-retry": "retry payout",
    "desk-payout-attest": _ATTESTED,
    "api-desk-payout-attest": _ATTESTED,
    "desk-payout-cancel": "cancel payout",
    "api-desk-payout-cancel": "cancel payout",
    "reconciliation-runs": "run reconciliation",
    "api-reconciliations": "run reconciliation",
    "difference-settle": "settle difference, set aside difference, propose deed",
    "api-difference-settle": "settle difference, set aside difference, propose deed",
    "desk-chargeback": "answer chargeback",
    "api-desk-chargeback-evidence": "answer chargeback",
    "desk-chargeback-accept": "accept chargeback",
    "api-desk-chargeback-accept": "accept chargeback",
    "desk-mail-retry": "retry mail",
    "api-desk-mail-retry": "retry mail",
    "desk-holds": "place hold",
    "api-desk-holds": "place hold",
    "desk-hold-lift": "lift hold",
    "api-desk-hold-lift": "lift hold",
    "desk-hold-uphold": "uphold hold",
    "api-desk-hold-uphold": "uphold hold",
}
# These do nothing that concerns anybody else.
UNWRITTEN = {
    "desk-filters": "a search that one keeps for oneself",
    "filter-forget": "and forgets",
    "api-desk-dispute-preview": "what a decision would do, and nothing is done",
}
