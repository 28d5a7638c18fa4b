"""Which notices ask for something, and when nobody asks for it any more.

Whatever is not named here is news that stays true, and its mail leaves however late.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_noop

from accounts.holds.models import Hold
from accounts.notifications.models import Notification
from accounts.parties.models import Party
from accounts.people.models import StaffRole
from accounts.people.selectors import staff_roles_of
from payments.chargebacks.models import Chargeback
from payments.chargebacks.reminding.selectors import KIND as BANK_REMINDER
from payments.chargebacks.reminding.selectors import is_reminder_true
from payments.payouts.models import Payout
from payments.payouts.reminding.selectors import kind_of_reminder, without_account
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.selectors import why_it_is_gone
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.standing import as_they_stand as changes_as_they_stand
from projects.agreements.models import Proposal
from projects.agreements.selectors import as_they_stand
from projects.bids import validity
from projects.bids.choosing.rules import why_reminder_has_gone
from projects.bids.counters.models import CounterOffer
from projects.bids.models import Bid
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import HEARD, JUDGED, Dispute
from projects.disputes.rules import is_reply, open_steps
from projects.givebacks.models import GiveBack
from projects.invitations.models import Invitation
from projects.milestones import reminders
from projects.milestones.limits.services import AHEAD
from projects.milestones.models import Milestone
from projects.postings.models import Posting
from projects.questions.models import Question


@dataclass(frozen=True)
class Reason:
    """``of`` is what the notice is about, ``joined`` what is read with it, and ``why_gone`` says
    why nothing is asked any more, or ''. ``as_read`` adds what its state depends on besides.
    """

    of: type[Model]
    joined: tuple[str, ...]
    why_gone: Callable[[Any, Notification], str]
    as_read: Callable[[QuerySet[Any]], QuerySet[Any]] = QuerySet.all


def _while(*states: str, gone: str) -> Callable[[Any, Notification], str]:
    """As long as it is in one of these states, as people see it."""
    return lambda thing, _: "" if getattr(thing, "state", thing.status) in states else gone


def _as_reminded(milestone: Milestone, notice: Notification) -> str:
    gone = reminders.why_gone(milestone, notice.kind, reminders.read_key(notice.key))
    return gone or reminders.why_untrue(milestone, notice.kind)


def _asks_for_a_bid(invitation: Invitation, _: Notification) -> str:
    asks = invitation.status == Invitation.Status.INVITED and invitation.posting.takes_bids
    return "" if asks else gettext_noop("The invitation is open no longer.")


def _asks_who_has_it(dispute: Dispute, notice: Notification) -> str:
    if dispute.state not in HEARD:
        return gettext_noop("The dispute waits for no mediator any more.")
    is_theirs = dispute.assignee is not None and dispute.assignee.pk == notice.recipient_id
    return "" if is_theirs else gettext_noop("Somebody else looks after the dispute, or nobody.")


def _asks_a_second(proposed: ProposedRuling, notice: Notification) -> str:
    is_mediator = StaffRole.MEDIATOR in staff_roles_of(notice.recipient)
    asks = proposed.state == ProposedRuling.Status.PROPOSED and is_mediator
    gone = gettext_noop("The decision waits for no other mediator any more.")
    return "" if asks else gone


def _asks_finance_to_confirm(proposed: ProposedDeed, notice: Notification) -> str:
    is_finance = StaffRole.FINANCE in staff_roles_of(notice.recipient)
    asks = proposed.status == ProposedDeed.Status.PROPOSED and not why_it_is_gone(proposed)
    gone = gettext_noop("It waits for no second person any more.")
    return "" if asks and is_finance else gone


def _asks_for_an_appeal(dispute: Dispute, notice: Notification) -> str:
    role = role_in(dispute.milestone.contract, notice.recipient)
    asks = "appeal" in open_steps(dispute, role)
    return "" if asks else gettext_noop("The decision waits for no answer any more.")


def _asks_for_a_reply(dispute: Dispute, notice: Notification) -> str:
    role = role_in(dispute.milestone.contract, notice.recipient)
    asks = "state" in open_steps(dispute, role) and is_reply(dispute, str(role))
    return "" if asks else gettext_noop("The appeal waits for no reply any more.")


def _asks_finance(chargeback: Chargeback, notice: Notification) -> str:
    asks = chargeback.waits_for_answer and not chargeback.is_overdue
    if notice.kind == BANK_REMINDER:
        asks = asks and is_reminder_true(chargeback, notice.key)
    return "" if asks else gettext_noop("The bank waits for no answer any more.")


def _ends_soon(hold: Hold, _: Notification) -> str:
    """An answer to an appeal may have put its end off."""
    ends = hold.stands and hold.end_told_at == hold.closes_at
    return "" if ends else gettext_noop("The hold does not end then any more.")


def _asks_its_payee(payout: Payout, notice: Notification) -> str:
    asks = kind_of_reminder(payout) == notice.kind
    return "" if asks else gettext_noop("The payout waits for its payee no longer.")


def _waits_for_an_account(party: Party, _: Notification) -> str:
    asks = without_account().filter(party=party).exists()
    return "" if asks else gettext_noop("No money waits for a payout account any more.")


def _asks_of_its_account(party: Party, notice: Notification) -> str:
    """Who was told that it is restricted, or closed, may have mended it, or opened another."""
    asks = notice.kind == f"payout_account_{party.connected_account.status}"
    return "" if asks else gettext_noop("The payout account stands otherwise by now.")


_OPEN_BID = _while(
    Bid.Status.SUBMITTED, Bid.Status.SHORTLISTED, gone=gettext_noop("The bid is open no longer.")
)
_LAPSING_BID = Reason(
    Bid, ("posting",), lambda bid, notice: validity.why_reminder_has_gone(bid, notice.key)
)
_HEARING = Reason(
    Hold,
    (),
    _while(Hold.Status.APPEALED, gone=gettext_noop("The appeal waits for no answer any more.")),
)
_REMINDER = Reason(Milestone, ("contract__policy", "escrow__policy"), _as_reminded)
_OFFER = Reason(
    Contract,
    (),
    _while(Contract.Status.OFFERED, gone=gettext_noop("The offer is open no longer.")),
)
_CHANGE = Reason(
    ChangeOrder,
    ("contract",),
    _while(ChangeOrder.Status.PROPOSED, gone=gettext_noop("The change is open no longer.")),
    as_read=changes_as_they_stand,
)
_ENDING = Reason(
    Proposal,
    ("milestone", "into"),
    _while(Proposal.Status.PROPOSED, gone=gettext_noop("The proposal is open no longer.")),
    as_read=as_they_stand,
)
_RULING = Reason(
    Dispute,
    ("milestone",),
    _while(*JUDGED, gone=gettext_noop("The dispute waits for no ruling any more.")),
)
_ANSWER = Reason(
    Dispute,
    ("milestone",),
    _while(Dispute.Status.OPENED, gone=gettext_noop("The dispute waits for no answer any more.")),
)
_TALKS = Reason(
    Dispute,
    ("milestone",),
    _while(Dispute.Status.NEGOTIATING, gone=gettext_noop("The dispute is negotiated no longer.")),
)
_BANK = Reason(Chargeback, (), _asks_finance)

REASONS: dict[str, Reason] = {
    "question_asked": Reason(
        Question,
        ("posting",),
        lambda question, _: (
            "" if question.waits else gettext_noop("The question is open no longer.")
        ),
    ),
    "invitation_sent": Reason(Invitation, ("posting",), _asks_for_a_bid),
    "bid_submitted": Reason(Bid, (), _OPEN_BID),
    "bid_edited": Reason(Bid, (), _OPEN_BID),
    "bid_renewed": Reason(Bid, (), _OPEN_BID),
    "bid_lapses_soon": _LAPSING_BID,
    "choice_ends": Reason(
        Posting, (), lambda posting, notice: why_reminder_has_gone(posting, notice.key)
    ),
    "bid_shortlisted": Reason(Bid, (), _OPEN_BID),
    "bid_goes_on": Reason(Bid, (), _OPEN_BID),
    "counter_proposed": Reason(
        CounterOffer,
        ("bid__posting",),
        _while(
            CounterOffer.Status.PROPOSED, gone=gettext_noop("The other terms are open no longer.")
        ),
    ),
    **dict.fromkeys(["contract_offered", "offer_goes_on"], _OFFER),
    "change_proposed": _CHANGE,
    "change_countered": _CHANGE,
    "ending_proposed": _ENDING,
    "ending_countered": _ENDING,
    "work_submitted": Reason(
        Milestone,
        (),
        _while(Milestone.Status.SUBMITTED, gone=gettext_noop("The delivery was answered.")),
    ),
    "dispute_opened": _ANSWER,
    "mediator_asked": _TALKS,
    "dispute_answer_ends": _ANSWER,
    "negotiation_ends": _TALKS,
    "appeal_ends": Reason(Dispute, ("milestone__contract",), _asks_for_an_appeal),
    "appeal_reply_ends": Reason(Dispute, ("milestone__contract",), _asks_for_a_reply),
    "case_handed_over": _RULING,
    "ruling_wanted": _RULING,
    "dispute_assigned": Reason(Dispute, ("milestone",), _asks_who_has_it),
    "deed_to_confirm": Reason(
        ProposedDeed, ("refund", "payout", "difference"), _asks_finance_to_confirm
    ),
    "ruling_to_confirm": Reason(ProposedRuling, ("dispute__milestone",), _asks_a_second),
    "ruling_accepted": Reason(
        Dispute,
        ("milestone",),
        _while(
            Dispute.Status.DECIDED,
            gone=gettext_noop("The decision waits for no answer any more."),
        ),
    ),
    **dict.fromkeys(["hold_appealed", "hold_answer_wanted", "hold_answer_late"], _HEARING),
    "hold_ends": Reason(Hold, (), _ends_soon),
    **dict.fromkeys(["chargeback_to_answer", BANK_REMINDER], _BANK),
    **dict.fromkeys(
        ["payout_still_failed", "payout_still_waits"], Reason(Payout, (), _asks_its_payee)
    ),
    "payout_account_missing": Reason(Party, (), _waits_for_an_account),
    **dict.fromkeys(
        ["payout_account_restricted", "payout_account_closed"],
        Reason(Party, ("connected_account",), _asks_of_its_account),
    ),
    "giveback_asked": Reason(
        GiveBack,
        (),
        _while(GiveBack.Status.ASKED, gone=gettext_noop("Nothing is asked back any more.")),
    ),
    **dict.fromkeys([*reminders.KINDS, *AHEAD], _REMINDER),
}
