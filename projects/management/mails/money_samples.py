"""Those of the samples that are about money, and about who shall have it."""

from marketplace.common.words import Words
from projects.management.mails.values import told

MONEY: dict[str, Words] = {
    # --- Money
    "card_refused": told(
        "%(amount)s that you paid for “%(title)s” go back to your card: its bank has "
        "taken an earlier payment back. Please use another card."
    ),
    "payment_returned": told(
        "%(amount)s that you paid for “%(title)s” go back to your card: so much was not "
        "to be paid for it any more. Nothing is to be done."
    ),
    "refund_settled": told(
        "%(amount)s that were paid for “%(title)s” were paid back to you by other means "
        "than your card: %(reason)s",
        reason="By bank transfer, as agreed by telephone.",
    ),
    "refund_failed": told(
        "%(amount)s that are to go back to you for “%(title)s” were refused by the bank of "
        "your card.",
        "It is tried again, or we pay it in another way. Nothing is lost.",
    ),
    "refund_returned": told(
        "%(amount)s that went back to you for “%(title)s” did not reach your card: its bank "
        "has returned it to us.",
        "It is tried again, or we pay it in another way. Nothing is lost.",
    ),
    "held_funds_returned": told(
        "%(amount)s of what was held for “%(title)s” went back to the payer. To be "
        "complete it has to be paid in again."
    ),
    "bonus_paid": told("%(who)s paid you a bonus of %(bonus)s for “%(title)s”: you get %(net)s."),
    "giveback_asked": told(
        "%(who)s asks you to give back %(part)s of “%(title)s”: %(net)s of what you "
        "got. It is yours to decide. Without an answer by %(due)s nothing changes."
    ),
    "giveback_declined": told(
        "%(who)s does not give back %(part)s of “%(title)s”. Nothing has changed."
    ),
    "giveback_withdrawn": told(
        "%(who)s no longer asks for %(part)s of “%(title)s” back. Nothing has changed."
    ),
    "giveback_lapsed": told(
        "Nobody answered whether %(part)s of “%(title)s” goes back. Nothing has changed."
    ),
    "giveback_done": told(
        "%(who)s gives back %(part)s of “%(title)s”: with your fee on it, %(back)s go "
        "back to your card."
    ),
    "payout_made": told("%(sum)s that you have earned go to your bank now."),
    "payout_retried": told("We try your payout of %(sum)s again, which had failed."),
    "payout_paid": told("%(sum)s have been paid to your bank."),
    "payout_failed": told(
        "Your payout of %(sum)s failed.", "The bank says that the account is closed."
    ),
    "payout_cancelled": told(
        "Your payout of %(sum)s was cancelled. The money goes out with the next one.",
        "We have cancelled it for this: %(reason)s",
        reason="Your bank asks us to wait.",
    ),
    "payout_not_cancelled": told(
        "Your payout of %(sum)s could not be cancelled, and goes on.",
        "The money has left your account at the payment provider already.",
        "We wished to cancel it for this: %(reason)s",
        reason="Your bank asks us to wait.",
    ),
    "payout_still_failed": told(
        "Your payout of %(sum)s has still not arrived.",
        "The payment provider holds this money only until %(limit)s.",
        "The bank says that the account is closed.",
        "%(behind)s that you have earned since wait behind it.",
        "Put your bank details right and try it again, or cancel it.",
    ),
    "payout_still_waits": told(
        "Your payout of %(sum)s still cannot be sent.",
        "The payment provider was to hold this money until %(limit)s: please do it now.",
        "The payment provider needs more details from you first.",
    ),
    "payout_account_missing": told(
        "You have earned money that we cannot pay out yet. Set up your payouts.",
        "The payment provider holds this money only until %(limit)s.",
    ),
    "payout_account_active": told("Your payouts are set up. What you earn is paid out by itself."),
    "payout_account_restricted": told(
        "The payment provider needs more from you before it can pay you out again."
    ),
    "payout_account_closed": told(
        "Your payout account is closed. Open another: what you have earned waits."
    ),
    "payouts_held": told("Your payouts are held until %(until)s at the latest. Read why."),
    "payouts_go_on": told("Your payouts are no longer held. What waited is on its way."),
    "payout_left_hold": told(
        "The payout of %(sum)s to %(who)s goes out although their payouts are held: the payment "
        "provider holds the money not much longer."
    ),
    "hold_upheld": told(
        "Your appeal was refused: what you appealed against stands until %(until)s. Read why."
    ),
    "hold_appealed": told(
        "%(who)s has appealed against a hold. Answer by %(due)s; after that it is over."
    ),
    "hold_answer_wanted": told(
        "%(who)s has appealed against a hold, and the answer is late. Give it by %(due)s; after "
        "that the hold is over."
    ),
    "hold_answer_late": told(
        "The answer to your appeal takes longer than expected, and everybody who may give it has "
        "been told. Without one, what you appealed against is over on %(due)s."
    ),
    "hold_ends": told(
        "The hold on the payouts of %(who)s ends by itself on %(until)s. What is held goes out "
        "then."
    ),
    "debt_recovered": told(
        "%(taken)s of what you earned went to what you owe after a chargeback.",
        "%(rest)s are still owed.",
    ),
    "chargeback_opened": told(
        "The client's bank has taken back %(amount)s that were paid for “%(title)s”.",
        "We answer it by %(due)s.",
    ),
    "chargeback_to_answer": told(
        "A client's bank asks about %(amount)s that were paid for “%(title)s”.",
        "Answer it by %(due)s.",
    ),
    "chargeback_answer_due": told(
        "A client's bank has no answer yet about %(amount)s that were paid for “%(title)s”. It "
        "takes one until %(due)s, and after that none."
    ),
    "chargeback_won": told(
        "The client's bank has given back %(amount)s that were paid for “%(title)s”."
    ),
    "chargeback_lost": told("The client's bank keeps %(amount)s that were paid for “%(title)s”."),
    "books_differ": told(
        "The provider's books differ from ours: %(kind)s, %(amount)s.",
        kind=Words("Charge of another amount"),
    ),
    "deed_to_confirm": told(
        "%(who)s wishes to book %(amount)s. That is so much that another person of finance has to "
        "confirm it, or to return it."
    ),
    "deed_returned": told(
        "%(who)s returns your wish to book %(amount)s, and says why on its page. Nothing has moved."
    ),
    # --- Disputes
    "dispute_opened": told(
        "A dispute is open on “%(title)s”: %(reason)s.",
        "Answer by %(due)s; after that it is judged by what is on file.",
        reason=Words("The work is not as agreed"),
    ),
    "dispute_answered": told(
        "The dispute about “%(title)s” is answered. Until %(due)s you can settle it between "
        "yourselves; then a mediator takes over."
    ),
    "dispute_statement": told("There is a new statement in the dispute about “%(title)s”."),
    "dispute_escalated": told(
        "The time to answer the dispute about “%(title)s” is over. A mediator decides "
        "by %(due)s; both sides can still add to it.",
        "By row %(row)s of the rules: %(reason)s",
        row=6,
        reason=Words("A delivery is evidence: a person looks whether it is what was agreed."),
    ),
    "mediator_asked": told(
        "%(who)s asks for a mediator in the dispute about “%(title)s”. If you ask for one as "
        "well, a mediator takes over at once; otherwise on %(due)s."
    ),
    "dispute_handed_over": told(
        "The negotiation about “%(title)s” is over. A mediator decides by %(due)s; both sides can "
        "still settle it, and add to it."
    ),
    "dispute_answer_ends": told(
        "You can answer the dispute about “%(title)s” until %(due)s; after that it is judged by "
        "what is on file."
    ),
    "negotiation_ends": told(
        "You can settle the dispute about “%(title)s” between yourselves until %(due)s; then a "
        "mediator takes over."
    ),
    "appeal_ends": told(
        "You can appeal against the decision about “%(title)s” until %(due)s; then it is carried "
        "out."
    ),
    "appeal_reply_ends": told(
        "You can reply to the appeal in the dispute about “%(title)s” until %(due)s; then another "
        "mediator decides for good."
    ),
    "ruling_late": told(
        "The ruling in the dispute about “%(title)s” takes longer than expected, and every "
        "mediator has been told. It comes by %(due)s at the latest."
    ),
    "ruling_overdue": told(
        "The dispute about “%(title)s” had to be decided by %(due)s, and nobody has. That is our "
        "fault: every mediator and support have been told. The money stays held, "
        "and both sides can still settle it."
    ),
    "case_handed_over": told(
        "The dispute about “%(title)s” waits for a ruling: it is expected by %(due)s."
    ),
    "ruling_wanted": told(
        "The ruling in the dispute about “%(title)s” is late. It is due by %(due)s at the latest."
    ),
    "dispute_assigned": told("%(who)s gives you the dispute about “%(title)s”."),
    "dispute_reassigned": told(
        "The dispute about “%(title)s” is looked after by %(who)s from now on."
    ),
    "ruling_to_confirm": told(
        "%(who)s has written a decision in the dispute about “%(title)s”. So much is held that "
        "another mediator has to confirm it, or to return it, by %(due)s."
    ),
    "ruling_returned": told(
        "%(who)s returns your decision in the dispute about “%(title)s”, and says why on its page. "
        "It has decided nothing."
    ),
    "dispute_settled": told(
        "Both sealed figures have met: the dispute about “%(title)s” is settled.",
        "You get %(gets)s; the client gets back %(back)s.",
    ),
    "dispute_decided": told(
        "The dispute about “%(title)s” is decided.",
        "You get %(gets)s; the client gets back %(back)s.",
        "It is carried out on %(due)s, or as soon as both of you accept it. If you do not agree, "
        "appeal before: another mediator then decides for good.",
        "What you get is ready for your bank by %(ready)s.",
        "The reasons are on its page.",
    ),
    "ruling_accepted": told(
        "%(who)s accepts the decision about “%(title)s”. If you accept it as well, it is carried "
        "out at once; otherwise on %(due)s."
    ),
    "dispute_appealed": told(
        "%(who)s appeals against the decision about “%(title)s”. Another mediator decides for good "
        "by %(due)s; no money moves before. Say what you have to say to it by %(reply)s: nobody "
        "decides before that, or before you have.",
        "If nobody has by then, the decision stands.",
    ),
    "ruling_carried_out": told(
        "The decision about “%(title)s” is carried out.",
        "You get %(gets)s; the client gets back %(back)s.",
        "What you get is ready for your bank by %(ready)s.",
    ),
    "dispute_closed": told("The dispute about “%(title)s” is closed: the milestone is released."),
}
