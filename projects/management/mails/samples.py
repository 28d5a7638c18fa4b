"""One notice of every kind, as it may read: to look at its mail, and for the tests of all mails.

The sentences are those of the deeds, which a test compares. A kind that is missing here fails it.
"""

from datetime import UTC, datetime

from marketplace.common.words import Words
from projects.management.mails.money_samples import MONEY
from projects.management.mails.values import told

SAMPLES: dict[str, Words] = {
    # --- The account
    "token_made": told(
        "A token for the API was made: “%(name)s”. If that was not you, revoke it.",
        name="Bookkeeping",
    ),
    "second_factor_added": told(
        "The second factor of your account was added. If that was not you, change your password."
    ),
    "second_factor_removed": told(
        "The second factor of your account was removed. If that was not you, change your password."
    ),
    "person_suspended": told(
        "You are suspended until %(until)s at the latest. Read why, what goes on, and how to "
        "appeal."
    ),
    "side_suspended": told(
        "%(who)s is suspended from new business until %(until)s at the latest. “%(title)s” goes "
        "on: read what you can do."
    ),
    "side_free": told("%(who)s, the other side of “%(title)s”, is no longer suspended."),
    "person_free": told("You are no longer suspended."),
    # --- Postings
    "posting_expired": told(
        "“%(title)s” has expired: its time for bids is over, and nobody was hired."
    ),
    "choice_ends": told(
        "Your time to choose a bid on “%(title)s” ends on %(until)s. What still stands then is "
        "given back, and the posting ends."
    ),
    "posting_awarded": told(
        (
            "“%(title)s” has ended: its time is over, with %(made)s of %(count)s award made.",
            "“%(title)s” has ended: its time is over, with %(made)s of %(count)s awards made.",
        ),
        made=2,
    ),
    "posting_suspended": told(
        "“%(title)s” was suspended: %(reason)s", reason="It asks for passwords."
    ),
    "posting_restored": told("“%(title)s” is open again."),
    "question_asked": told("A bidder asks about “%(title)s”."),
    "question_answered": told("A question about “%(title)s” is answered."),
    "question_declined": told(
        "Your question about “%(title)s” is not answered: %(reason)s",
        reason="The description says it.",
    ),
    "question_removed": told(
        "A moderator removed a question about “%(title)s”: %(reason)s",
        reason="It asks for a telephone number.",
    ),
    "invitation_sent": told("%(who)s invites you to bid on “%(title)s”."),
    "invitation_declined": told(
        "%(who)s will not bid on “%(title)s”: %(reason)s", reason="My year is full."
    ),
    "confidentiality_asked": told(
        "“%(title)s” asks for confidentiality in other words now. Your bid stands; accept them to "
        "read the details."
    ),
    # --- Bids
    "bid_submitted": told("%(who)s bid %(price)s on “%(title)s”."),
    "bid_edited": told("%(who)s changed the bid on “%(title)s”: now %(price)s."),
    "bid_renewed": told("%(who)s renewed the bid on “%(title)s”: it is valid until %(until)s."),
    "bid_lapses_soon": told(
        "Your bid on “%(title)s” is valid until %(until)s and then lapses.",
        "Renew it if it still stands.",
    ),
    "bid_goes_on": told(
        "“%(title)s” is open again after a suspension, in which bids stood still. Yours is valid "
        "until %(until)s now."
    ),
    "offer_goes_on": told(
        "The posting of “%(title)s” is open again, and you can accept the offer. Answer by %(due)s."
    ),
    "bid_withdrawn": told("%(who)s withdrew the bid on “%(title)s”."),
    "bid_shortlisted": told("Your bid on “%(title)s” is on the shortlist."),
    "bid_declined": told(
        "Your bid on “%(title)s” was declined. %(reason)s",
        reason=Words(
            "%(reason)s: %(note)s", reason=Words("The plan does not fit"), note="No time for tests."
        ),
    ),
    "bid_given_back": told(
        "Your bid on “%(title)s” is given back. %(reason)s",
        reason=Words(
            "%(reason)s: %(note)s",
            reason=Words("The posting has ended, and nobody was hired"),
            note="We do it ourselves.",
        ),
    ),
    "bid_lapsed": told("Your bid on “%(title)s” has lapsed unanswered."),
    "counter_proposed": told(
        (
            "%(who)s proposes other terms for “%(title)s”: %(price)s in %(count)s day. "
            "Answer by %(due)s; after that they lapse and the bid stands as it is.",
            "%(who)s proposes other terms for “%(title)s”: %(price)s in %(count)s days. "
            "Answer by %(due)s; after that they lapse and the bid stands as it is.",
        )
    ),
    "counter_accepted": told(
        "%(who)s has accepted your terms for “%(title)s”: %(price)s. The bid stands so now."
    ),
    "counter_declined": told(
        "%(who)s has declined your terms for “%(title)s”. The bid stands as it was."
    ),
    "counter_withdrawn": told(
        "%(who)s has withdrawn the other terms for “%(title)s”. The bid stands as it was."
    ),
    "counter_lapsed": told("The other terms for “%(title)s” have lapsed. The bid stands."),
    "message_written": told("%(who)s has written to you about “%(title)s”."),
    "message_mention": told("%(who)s names you in a message about “%(title)s”."),
    # --- Contracts
    "contract_offered": told("You are offered “%(title)s”. Answer by %(due)s."),
    "contract_accepted": told(
        "“%(title)s” is agreed. Fund the first milestone so that the work can begin."
    ),
    "contract_declined": told(
        "The offer “%(title)s” is declined.", "%(reason)s.", reason=Words("No longer available")
    ),
    "contract_withdrawn": told("The offer “%(title)s” is withdrawn."),
    "contract_lapsed": told("The offer “%(title)s” has lapsed."),
    "contract_completed": told("“%(title)s” is completed."),
    "contract_cancelled": told("“%(title)s” is cancelled."),
    "contract_left": told(
        (
            "%(who)s has ended “%(title)s”: %(count)s milestone is cancelled, %(back)s goes "
            "back to the client.",
            "%(who)s has ended “%(title)s”: %(count)s milestones are cancelled, %(back)s "
            "goes back to the client.",
        ),
        "What is submitted or disputed keeps its own course.",
    ),
    "change_proposed": told(
        "%(who)s proposes to change: “%(title)s”, %(changes)s.",
        "You pay %(amount)s more before work is handed in.",
        "Answer by %(due)s; after that it lapses and nothing has changed.",
    ),
    "change_countered": told(
        "%(who)s proposes something else instead: “%(title)s”, %(changes)s.",
        "You get %(amount)s back at once.",
        "Answer by %(due)s; after that it lapses and nothing has changed.",
    ),
    "change_accepted": told(
        "%(who)s has accepted your change of “%(title)s”: %(changes)s.",
        "You get %(amount)s back at once.",
    ),
    "change_declined": told(
        "%(who)s has declined your change of “%(title)s”. Nothing has changed."
    ),
    "change_withdrawn": told(
        "%(who)s has withdrawn the change of “%(title)s”. Nothing has changed."
    ),
    "change_lapsed": told("The change of “%(title)s” has lapsed. Nothing has changed."),
    "change_overtaken": told(
        "The change of “%(title)s” has lapsed, since %(who)s has ended what was still to be worked "
        "on."
    ),
    "change_dropped": told("The ending of “%(title)s” has lapsed. Nothing has changed."),
    "ending_proposed": told(
        "%(who)s proposes to end “%(title)s”.",
        "You get %(gets)s; %(other)s gets %(back)s back.",
        "Answer by %(due)s; after that the proposal lapses.",
    ),
    "ending_countered": told(
        "%(who)s proposes something else instead, to end “%(title)s”.",
        "You get %(gets)s; %(other)s gets %(back)s back.",
        "Answer by %(due)s; after that the proposal lapses.",
    ),
    "ending_accepted": told(
        "%(who)s has accepted: “%(title)s” has ended.", "Nothing is held for it, so no money moves."
    ),
    "ending_declined": told(
        "%(who)s has declined your proposal to end “%(title)s”. Nothing has changed."
    ),
    "ending_withdrawn": told(
        "%(who)s has withdrawn the proposal to end “%(title)s”. Nothing has changed."
    ),
    "ending_lapsed": told("The proposal to end “%(title)s” has lapsed. Nothing has changed."),
    "ending_dropped": told("The proposal to end “%(title)s” has lapsed. Nothing has changed."),
    "ending_overtaken": told(
        "The dispute about “%(title)s” was decided: the proposal from before to end it has lapsed. "
        "Either side can make another."
    ),
    # --- Milestones
    "milestone_funded": told("%(held)s is held for “%(title)s”. It is due on %(due)s."),
    "part_funded": told(
        "%(held)s of what the client pays for “%(title)s” is held; %(missing)s is missing."
    ),
    "milestone_cancelled": told(
        "“%(title)s” is cancelled: the delivery was late.",
        "What was held for it goes back to the client.",
    ),
    **dict.fromkeys(
        ["fund_in_7_days", "fund_in_1_day"],
        told(
            "Nothing is held for “%(title)s”: %(client)s has until %(due)s to fund it. After that "
            "%(freelancer)s may end it for that."
        ),
    ),
    "fund_over": told(
        "%(client)s had until %(due)s to fund “%(title)s”, and nothing is held. From now on "
        "%(freelancer)s may end it for that; until then it can still be funded."
    ),
    "milestone_refunded": told(
        "“%(title)s” was not released in the time for which the payment provider holds "
        "money. What was held for it goes back to the client."
    ),
    "milestone_released": told("“%(title)s” is approved and %(amount)s released."),
    "part_released": told("%(part)s of the price of “%(title)s” is released. The rest stays held."),
    "work_started": told("The work on “%(title)s” has begun."),
    "work_submitted": told(
        "“%(title)s” has been delivered. Approve it or ask for changes by %(due)s; "
        "after that it is approved by itself."
    ),
    "work_returned": told(
        "Changes are asked for on “%(title)s”.",
        ("Criterion %(numbers)s is not met.", "Criteria %(numbers)s are not met."),
    ),
    **dict.fromkeys(
        ["due_in_7_days", "due_in_3_days", "due_in_1_day"], told("“%(title)s” is due on %(due)s.")
    ),
    **dict.fromkeys(
        ["due_now", "due_1_day_ago"],
        told(
            "“%(title)s” was due on %(due)s and waits to be delivered.",
            "If it is not submitted by %(late)s, %(client)s may cancel it for lateness and gets "
            "back what is held.",
        ),
    ),
    "late_over": told(
        "“%(title)s” was due on %(due)s, and the time of grace after that is over. From now on "
        "%(client)s may cancel it for lateness and gets back what is held; until then "
        "%(freelancer)s can still submit it."
    ),
    **dict.fromkeys(
        ["start_in_7_days", "start_in_1_day"],
        told(
            "“%(title)s” is funded and not started: %(freelancer)s has until %(due)s to press "
            "“Start work” or to submit it. After that %(client)s may cancel it and gets back what "
            "is held."
        ),
    ),
    "start_over": told(
        "%(freelancer)s had until %(due)s to start “%(title)s”, and has neither started nor "
        "submitted it. From now on %(client)s may cancel it and gets back what is held; until then "
        "%(freelancer)s can still start or submit it."
    ),
    **dict.fromkeys(
        ["review_half_over", "review_ends_in_24_hours", "review_ends_in_2_hours"],
        told(
            "“%(title)s” is waiting for a review. Without an answer it is approved and paid "
            "on %(due)s."
        ),
    ),
    "review_over_unpaid": told(
        "The review of “%(title)s” is over, and silence approves nothing until %(client)s funds "
        "the missing %(missing)s. %(freelancer)s can open a dispute, propose an ending, or propose "
        "a change back to what is held."
    ),
    **dict.fromkeys(
        ["limit_in_14_days", "limit_in_7_days", "limit_in_1_day"],
        told(
            "The payment provider holds the money for “%(title)s” until %(limit)s. What is not "
            "released or decided by then goes back to the client, unless the work is submitted and "
            "silence can approve it."
        ),
    ),
    "clock_put_off": told(
        "“%(thing)s”: %(clock)s ends on %(due)s, extended by %(by)s: Milepost was down "
        "from %(began)s to %(ended)s.",
        clock=Words("the time to deliver it"),
    ),
    "bids_put_off": told(
        "“%(title)s”: bids that would have lapsed while Milepost was down, from %(began)s to "
        "%(ended)s, are valid for longer by as much, as far as your time to choose goes.",
        ended=datetime(2026, 12, 3, 14, tzinfo=UTC),
    ),
    "clock_pulled": told(
        "“%(thing)s”: %(clock)s ends on %(due)s, %(by)s sooner than you were told: the payment "
        "provider holds the money only until %(limit)s. That depends on where the freelancer is "
        "paid out, and on when it was paid.",
        clock=Words("the time to review it"),
    ),
    **MONEY,
}
