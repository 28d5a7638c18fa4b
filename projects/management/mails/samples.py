"""One notice of every kind, as it may read: to look at its mail, and for the test of all mails.

A kind that is missing here fails that test.
"""

_SHOP, _PART = "“Online shop for a bicycle workshop”", "“A first version to try”"
_DUE = "3 December 2026, 14:00 UTC"

SAMPLES: dict[str, str] = {
    # --- The account
    "token_made": "A token for the API was made: “Bookkeeping”. If that was not you, revoke it.",
    "second_factor_added": "The second factor of your account was added. If that was not you, "
    "change your password.",
    "second_factor_removed": "The second factor of your account was removed. If that was not you, "
    "change your password.",
    # --- Postings and bids
    "posting_expired": f"{_SHOP} has expired: its time for bids is over, and nobody was hired.",
    "posting_awarded": f"{_SHOP} has ended: its time is over, with 2 of 3 awards made.",
    "posting_suspended": f"{_SHOP} was suspended: It asks for passwords.",
    "posting_restored": f"{_SHOP} is open again.",
    "question_asked": f"A bidder asks about {_SHOP}.",
    "question_answered": f"A question about {_SHOP} was answered.",
    "question_declined": f"Your question about {_SHOP} was not answered.",
    "question_removed": f"A question about {_SHOP} was removed: It asks for a telephone number.",
    "invitation_sent": f"Ada Nwosu invites you to bid on {_SHOP}.",
    "invitation_declined": f"Ben Okafor will not bid on {_SHOP}: My year is full.",
    "confidentiality_asked": f"{_SHOP} asks for confidentiality in other words now. Your bid "
    "stands; accept them to read the details.",
    "bid_submitted": f"Ben Okafor bid $2,400.00 on {_SHOP}.",
    "bid_edited": f"Ben Okafor changed the bid on {_SHOP}: $2,300.00.",
    "bid_renewed": f"Ben Okafor renewed the bid on {_SHOP}: it is valid until {_DUE}.",
    "bid_lapses_soon": f"Your bid on {_SHOP} is valid until {_DUE} and then lapses. Renew it if it "
    "still stands.",
    "bid_withdrawn": f"Ben Okafor withdrew the bid on {_SHOP}.",
    "bid_shortlisted": f"Your bid on {_SHOP} is on the shortlist.",
    "bid_declined": f"Your bid on {_SHOP} was declined. The plan does not fit: No time for tests.",
    "bid_given_back": f"Your bid on {_SHOP} is given back. The posting has ended, and nobody was "
    "hired: We do it ourselves.",
    "bid_lapsed": f"Your bid on {_SHOP} has lapsed.",
    "counter_proposed": f"Ada Nwosu proposes other terms for {_SHOP}. Answer by {_DUE}.",
    "counter_accepted": f"Ben Okafor has accepted your terms for {_SHOP}.",
    "counter_declined": f"Ben Okafor has declined your terms for {_SHOP}.",
    "counter_withdrawn": f"Ada Nwosu has withdrawn the other terms for {_SHOP}.",
    "counter_lapsed": f"The other terms for {_SHOP} have lapsed.",
    "message_written": f"Ben Okafor has written to you about {_SHOP}.",
    "message_mention": f"Ben Okafor names you in a message about {_SHOP}.",
    # --- Contracts
    "contract_offered": f"You are offered {_SHOP}. Answer by {_DUE}.",
    "contract_accepted": f"{_SHOP} is agreed. Fund the first milestone so that the work can begin.",
    "contract_declined": f"The offer {_SHOP} is declined. No longer available.",
    "contract_withdrawn": f"The offer {_SHOP} is withdrawn.",
    "contract_lapsed": f"The offer {_SHOP} is lapsed.",
    "contract_completed": f"{_SHOP} is completed.",
    "contract_cancelled": f"{_SHOP} is cancelled.",
    "change_proposed": f"Ada Nwosu proposes to change: {_SHOP}, {_PART} costs $900.00. Answer by "
    f"{_DUE}; after that it lapses and nothing has changed.",
    "change_countered": f"Ben Okafor proposes something else instead: {_SHOP}. Answer by {_DUE}.",
    "change_accepted": f"Ben Okafor has accepted your change of {_SHOP}.",
    "change_declined": f"Ben Okafor has declined your change of {_SHOP}. Nothing has changed.",
    "change_withdrawn": f"Ada Nwosu has withdrawn a change of {_SHOP}. Nothing has changed.",
    "change_lapsed": f"The change of {_SHOP} has lapsed. Nothing has changed.",
    "change_overtaken": f"The change of {_SHOP} has lapsed, since Ada Nwosu has ended what was "
    "still to be worked on.",
    "change_dropped": f"The change of {_SHOP} has lapsed with its contract.",
    "ending_proposed": f"Ben Okafor proposes to end {_PART}. You get $400.00. Answer by {_DUE}; "
    "after that the proposal lapses.",
    "ending_accepted": f"Ada Nwosu has accepted: {_PART} has ended.",
    "ending_declined": f"Ada Nwosu has declined to end {_PART}.",
    "ending_withdrawn": f"Ben Okafor has withdrawn the proposal to end {_PART}.",
    "ending_lapsed": f"The proposal to end {_PART} has lapsed.",
    "ending_dropped": f"The proposal to end {_PART} has lapsed: it has ended.",
    # --- Milestones
    "milestone_funded": f"$1,000.00 is held for {_PART}. It is due on {_DUE}.",
    "contract_left": f"Ada Nwosu has ended {_SHOP}: 2 milestones are cancelled, $1,030.00 goes "
    "back to the client. What is submitted or disputed keeps its own course.",
    "milestone_cancelled": f"{_PART} was cancelled. What was held for it goes back to the client.",
    "milestone_refunded": f"{_PART} was not released in the time for which the payment provider "
    "holds money. What was held for it goes back to the client.",
    "milestone_released": f"{_PART} is approved: $950.00 is yours.",
    "part_released": f"$300.00 of {_PART} is released.",
    "work_started": f"Ben Okafor has begun to work on {_PART}.",
    "work_submitted": f"{_PART} has been delivered. Approve it or ask for changes by {_DUE}; after "
    "that it is approved by itself.",
    "work_returned": f"Changes are asked for on {_PART}.",
    "due_in_7_days": f"{_PART} is due on {_DUE}.",
    "due_in_3_days": f"{_PART} is due on {_DUE}.",
    "due_in_1_day": f"{_PART} is due on {_DUE}.",
    "due_now": f"{_PART} was due on {_DUE} and waits to be delivered.",
    "due_1_day_ago": f"{_PART} was due on {_DUE} and waits to be delivered.",
    "review_half_over": f"{_PART} is waiting for a review. Without an answer it is approved and "
    f"paid on {_DUE}.",
    "review_ends_in_24_hours": f"{_PART} is waiting for a review. Without an answer it is approved "
    f"and paid on {_DUE}.",
    "review_ends_in_2_hours": f"{_PART} is waiting for a review. Without an answer it is approved "
    f"and paid on {_DUE}.",
    "limit_in_14_days": f"The payment provider holds the money for {_PART} until {_DUE}.",
    "limit_in_7_days": f"The payment provider holds the money for {_PART} until {_DUE}.",
    "limit_in_1_day": f"The payment provider holds the money for {_PART} until {_DUE}.",
    "fund_in_7_days": f"Nothing is held for {_SHOP}: Ada Nwosu has until {_DUE} to fund it. After "
    "that Ben Okafor may end it for that.",
    "fund_in_1_day": f"Nothing is held for {_SHOP}: Ada Nwosu has until {_DUE} to fund it. After "
    "that Ben Okafor may end it for that.",
    "fund_over": f"Ada Nwosu had until {_DUE} to fund {_SHOP}, and nothing is held. From now on "
    "Ben Okafor may end it for that; until then it can still be funded.",
    "clock_put_off": f"Milepost was not there for 2 h 10 min. {_PART} is due on {_DUE} instead.",
    # --- Money
    "card_refused": f"Your card was refused for {_PART}. Try another one.",
    "payment_returned": f"$1,030.00 that you paid for {_PART} go back to your card: so much was "
    "not to be paid for it any more. Nothing is to be done.",
    "refund_settled": f"$1,030.00 that were paid for {_PART} were paid back to you by other means "
    "than your card: By bank transfer, as agreed by telephone.",
    "held_funds_returned": f"The payment provider has given back what was held for {_PART}.",
    "bonus_paid": f"Ada Nwosu gives you a bonus of $50.00 for {_SHOP}.",
    "giveback_asked": f"Ada Nwosu asks you to give back $100.00 of {_PART}. It is yours to decide. "
    f"Without an answer by {_DUE} nothing changes.",
    "giveback_declined": f"Ben Okafor keeps what you asked back of {_PART}.",
    "giveback_withdrawn": f"Ada Nwosu no longer asks back anything of {_PART}.",
    "giveback_lapsed": f"Nobody answered: nothing of {_PART} goes back.",
    "giveback_done": f"$100.00 of {_PART} goes back to Ada Nwosu.",
    "payout_paid": "A payout of $950.00 is at your bank.",
    "payout_failed": "A payout of $950.00 has failed: the account is closed.",
    "payout_cancelled": "Your payout of $950.00 was cancelled. The money goes out with the next "
    "one.",
    "payout_account_missing": "You have earned $950.00. Tell us where it shall go.",
    "payout_account_active": "Your payouts are set up. What you earn is paid out by itself.",
    "payout_account_restricted": "The payment provider needs more from you before it can pay you "
    "out again.",
    "payout_account_closed": "Your payout account is closed. Open another: what you have earned "
    "waits.",
    "payouts_held": f"Your payouts are held until {_DUE}: Two payees share one bank account.",
    "payouts_go_on": "Your payouts go on.",
    "debt_recovered": "$20.00 of what you earned settles what you owed.",
    "chargeback_opened": f"A bank wants $1,000.00 of {_PART} back.",
    "chargeback_won": f"The bank leaves $1,000.00 of {_PART} where it is.",
    "chargeback_lost": f"The bank keeps $1,000.00 of {_PART}.",
    "books_differ": "Our books and the provider’s differ in two places.",
    # --- Disputes
    "dispute_opened": f"A dispute is open on {_PART}: the work is not as agreed. Answer by {_DUE}; "
    "after that a mediator decides without you.",
    "dispute_answered": f"The dispute on {_PART} was answered. A mediator decides by {_DUE}.",
    "dispute_statement": f"There is a new statement in the dispute on {_PART}.",
    "dispute_escalated": f"Nobody answered the dispute on {_PART}. A mediator decides by {_DUE}.",
    "dispute_settled": f"Both sealed figures have met: the dispute on {_PART} is settled. You get "
    "$500.00; the client gets back $530.00.",
    "dispute_decided": f"The dispute on {_PART} is decided: $500.00 is yours.",
    "dispute_closed": f"The dispute on {_PART} is closed: the milestone has ended.",
}
