"""Every deed with money, and where people meet it: one entry a deed.

``tests/test_money_deeds.py`` plays each of them and holds it against its columns. Where a column
does not apply, the entry says why, in words (``Nothing``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests import money_stories as play


class Nothing(str):
    """Why there is no such thing for a deed."""

    __slots__ = ()


@dataclass(frozen=True)
class Deed:
    """``story`` sets the stage, yields, and does the deed.

    ``pages`` are routes with who reaches them ("ada milestone-fund"), the one where it is done or
    shown first. ``calls`` are routes of the API with their method. ``lines`` are the kinds of
    transfers that it books; a payout's say from where to where. ``notices`` are the kinds that
    people are told with. ``desk`` are the routes where staff sees or does it.
    """

    name: str
    story: Callable[..., Iterator[None]]
    pages: tuple[str, ...]
    calls: tuple[str, ...]
    lines: tuple[str, ...] | Nothing
    notices: tuple[str, ...] | Nothing
    desk: tuple[str, ...] | Nothing


RELEASED = ("release", "freelancer_fee", "client_fee")
BOOKS = ("contract-statement",)
FAILED_REFUNDS = ("desk", "desk-refunds", "api-desk-refunds")
PAYOUTS = ("desk-payouts", "api-desk-payouts")
FAILED_PAYOUTS = ("desk", *PAYOUTS)
BANKS = ("desk-chargebacks", "desk-chargeback", "api-desk-chargeback")
ENDING = ("POST api-milestone-proposals", "POST api-proposal-accept")
ENDED = ("ending_proposed", "ending_accepted")
UNPAID = ("desk-payees", "api-desk-payees")
NO_MONEY = Nothing("No money moves.")
WHO_ASKED_KNOWS = Nothing("They asked for it, or were told that it is made; and hear how it ends.")

DEEDS = [
    # --- In -------------------------------------------------------------------------------------
    Deed(
        "fund",
        play.fund_,
        ("ada milestone-fund", "ada payment", "ada contract"),
        ("POST api-milestone-fund", "GET api-payment"),
        ("fund",),
        ("milestone_funded",),
        BOOKS,
    ),
    Deed(
        "top up what is missing",
        play.top_up,
        ("ada milestone-fund", "ada payment"),
        ("POST api-milestone-fund", "GET api-payment"),
        ("fund",),
        ("milestone_funded",),
        BOOKS,
    ),
    Deed(
        "a second payment is refunded by itself",
        play.pay_twice,
        ("ada payment",),
        ("GET api-payment",),
        ("return",),
        ("payment_returned",),
        BOOKS,
    ),
    # --- Released -------------------------------------------------------------------------------
    Deed(
        "release",
        play.release,
        ("ada milestone-release", "ben earnings"),
        ("POST api-milestone-release", "GET api-earnings"),
        RELEASED,
        ("milestone_released",),
        BOOKS,
    ),
    Deed(
        "release a part, the rest kept",
        play.release_part_,
        ("ada milestone-release-part",),
        ("POST api-milestone-release-part",),
        RELEASED,
        ("part_released",),
        BOOKS,
    ),
    Deed(
        "release a part, the rest refunded",
        play.refund_rest,
        ("ada proposal-create", "ben contract"),
        ENDING,
        (*RELEASED, "refund"),
        ENDED,
        BOOKS,
    ),
    Deed(
        "release a part, the rest rolled",
        play.roll_rest,
        ("ada proposal-create", "ben proposal-accept"),
        ENDING,
        (*RELEASED, "roll"),
        ("ending_accepted",),
        BOOKS,
    ),
    Deed(
        "bonus",
        play.bonus,
        ("ada bonus-create", "ada contract"),
        ("POST api-contract-bonuses", "POST api-bonus-pay"),
        ("fund", *RELEASED),
        ("bonus_paid",),
        BOOKS,
    ),
    Deed(
        "split by a decision",
        play.split,
        ("ada dispute", "ben dispute"),
        ("GET api-dispute", "POST api-desk-dispute-rulings", "POST api-dispute-acceptance"),
        (*RELEASED, "refund"),
        ("dispute_decided", "ruling_accepted", "ruling_carried_out"),
        ("desk-dispute", "api-desk-dispute"),
    ),
    Deed(
        "settle where both sealed figures meet",
        play.settle_sealed,
        ("ada dispute", "ben dispute", "ada dispute-figure"),
        ("PUT api-sealed-offers", "GET api-dispute"),
        (*RELEASED, "refund"),
        ("dispute_settled",),
        ("desk-dispute", "api-desk-dispute"),
    ),
    # --- Back to the payer ----------------------------------------------------------------------
    Deed(
        "cancel",
        play.cancel,
        ("ben milestone-cancel",),
        ("POST api-milestone-cancel",),
        ("refund",),
        ("milestone_cancelled",),
        BOOKS,
    ),
    Deed(
        "full refund before release",
        play.refund_all,
        ("ada proposal-create", "ben contract"),
        ENDING,
        ("refund",),
        ENDED,
        BOOKS,
    ),
    Deed(
        "partial refund before release",
        play.refund_some,
        ("ada change-create", "ben change-accept"),
        ("POST api-contract-changes", "POST api-change-accept"),
        ("refund",),
        ("change_accepted",),
        BOOKS,
    ),
    Deed(
        "end a whole contract by consent",
        play.end_it_all,
        ("ada ending-create", "ben change-accept", "ben contract"),
        ("POST api-contract-endings", "POST api-change-accept"),
        (*RELEASED, "refund"),
        ("change_accepted", "contract_completed"),
        BOOKS,
    ),
    Deed(
        "one side alone ends what is to be worked on",
        play.leave,
        ("ben contract-leave", "ada contract"),
        ("POST api-contract-leave",),
        ("refund",),
        ("contract_left", "contract_cancelled"),
        BOOKS,
    ),
    Deed(
        "refund after release by consent",
        play.give_back_,
        ("ben giveback-create", "ada contract"),
        ("POST api-contract-givebacks", "POST api-giveback-accept"),
        ("given_back", "freelancer_fee_back", "client_fee_back", "recovery", "refund"),
        ("giveback_done",),
        ("desk-givebacks", "desk-giveback", "api-desk-giveback"),
    ),
    Deed(
        "a refund arrives",
        play.refund_arrives,
        ("ada payment",),
        ("GET api-payment",),
        ("refund_succeed",),
        Nothing("They were told that it goes back; their card's bank says when it is there."),
        BOOKS,
    ),
    Deed(
        "a refund is refused",
        play.refund_fails,
        ("ada payment",),
        ("GET api-payment", "POST api-desk-refund-retry"),
        NO_MONEY,
        ("refund_failed",),
        FAILED_REFUNDS,
    ),
    Deed(
        "a refund comes back",
        play.refund_returns,
        ("ada payment",),
        ("GET api-payment", "POST api-desk-refund-retry"),
        ("refund_return",),
        ("refund_returned",),
        FAILED_REFUNDS,
    ),
    Deed(
        "a refund is paid by other means",
        play.settle,
        ("dora desk-refund-settle", "ada payment"),
        ("POST api-desk-refund-settle",),
        ("refund_settled",),
        ("refund_settled",),
        ("desk-refund-settle", *FAILED_REFUNDS),
    ),
    # --- Out ------------------------------------------------------------------------------------
    Deed(
        "payout set aside",
        play.schedule,
        ("ben payouts", "ben payout"),
        ("POST api-payouts", "GET api-payout"),
        ("payout party>leaving",),
        WHO_ASKED_KNOWS,
        PAYOUTS,
    ),
    Deed(
        "payout made by itself",
        play.schedule_by_itself,
        ("ben payout", "ben payouts"),
        ("GET api-payout", "GET api-payouts"),
        ("payout party>leaving",),
        ("payout_made",),
        PAYOUTS,
    ),
    Deed(
        "payout on its way",
        play.in_transit,
        ("ben payout", "ben payouts"),
        ("GET api-payout",),
        NO_MONEY,
        WHO_ASKED_KNOWS,
        PAYOUTS,
    ),
    Deed(
        "payout paid",
        play.arrives,
        ("ben payout", "ben earnings"),
        ("GET api-payout", "GET api-earnings-lines"),
        ("payout leaving>provider",),
        ("payout_paid",),
        PAYOUTS,
    ),
    Deed(
        "payout failed before it was paid",
        play.fails,
        ("ben payout", "ben earnings"),
        ("GET api-payout", "POST api-payout-retry"),
        ("payout leaving>party",),
        ("payout_failed",),
        FAILED_PAYOUTS,
    ),
    Deed(
        "payout failed after it was paid",
        play.bounces,
        ("ben payout", "ben earnings"),
        ("GET api-payout", "POST api-payout-retry"),
        ("payout provider>party",),
        ("payout_failed",),
        FAILED_PAYOUTS,
    ),
    Deed(
        "payout to a closed account arrived, as finance says",
        play.said_to_have_arrived,
        ("dora desk-payout-attest", "ben payout"),
        ("POST api-desk-payout-attest",),
        ("payout leaving>provider",),
        ("payout_paid",),
        ("desk-payout-attest", *FAILED_PAYOUTS),
    ),
    Deed(
        "payout to a closed account came back, as finance says",
        play.said_to_be_back,
        ("dora desk-payout-attest", "ben payout"),
        ("POST api-desk-payout-attest",),
        ("payout leaving>party",),
        ("payout_failed",),
        ("desk-payout-attest", *FAILED_PAYOUTS),
    ),
    Deed(
        "payout that cannot be taken back had arrived, as finance says",
        play.said_to_have_arrived_after_all,
        ("dora desk-payout-attest", "ben payout"),
        ("POST api-desk-payout-attest",),
        ("payout party>provider",),
        ("payout_paid",),
        ("desk-payout-attest", *FAILED_PAYOUTS),
    ),
    Deed(
        "payout that cannot be taken back is lost, as finance says",
        play.said_to_be_lost,
        ("dora desk-payout-attest", "ben payout"),
        ("POST api-desk-payout-attest",),
        Nothing("The platform bears it: the payee’s money stays where it was."),
        ("payout_cancelled",),
        ("desk-payout-attest", *FAILED_PAYOUTS),
    ),
    Deed(
        "payout cancelled",
        play.cancel_payout_,
        ("ben payout", "ben earnings"),
        ("POST api-payout-cancel",),
        ("payout leaving>party",),
        Nothing("Whoever cancels it knows."),
        PAYOUTS,
    ),
    Deed(
        "payout cancelled by finance",
        play.cancel_for_payee,
        ("dora desk-payout-cancel", "ben payout"),
        ("POST api-desk-payout-cancel", "GET api-payout"),
        ("payout leaving>party",),
        ("payout_cancelled",),
        ("desk-payout-cancel", *PAYOUTS, "desk-audit", "api-desk-audit"),
    ),
    Deed(
        "payout held",
        play.hold,
        ("ben payouts",),
        ("GET api-holds", "POST api-hold-appeal"),
        NO_MONEY,
        ("payouts_held",),
        ("desk-holds", "api-desk-holds"),
    ),
    Deed(
        "payout goes on",
        play.lift,
        ("ben payouts",),
        ("GET api-holds",),
        NO_MONEY,
        ("payouts_go_on",),
        ("desk-holds", "api-desk-hold-lift"),
    ),
    Deed(
        "payout tried again",
        play.retry,
        ("ben payout",),
        ("POST api-payout-retry",),
        ("payout party>leaving",),
        WHO_ASKED_KNOWS,
        PAYOUTS,
    ),
    Deed(
        "payout tried again by finance",
        play.retry_for_payee,
        ("dora desk-payout-retry", "ben payout"),
        ("POST api-desk-payout-retry",),
        ("payout party>leaving",),
        ("payout_retried",),
        ("desk-payout-retry", "api-desk-payout-retry", *PAYOUTS),
    ),
    Deed(
        "bank details missing",
        play.unready,
        ("ben payout-setup", "ben earnings"),
        ("POST api-payout-account",),
        NO_MONEY,
        ("payout_account_missing",),
        UNPAID,
    ),
    Deed(
        "new bank details",
        play.active,
        ("ben payout-setup",),
        ("POST api-payout-account", "GET api-payout-account"),
        NO_MONEY,
        ("payout_account_active",),
        Nothing("They are the provider's: nobody of the staff sees or changes them."),
    ),
    Deed(
        "account restricted",
        play.restricted,
        ("ben payout-setup", "ben earnings"),
        ("GET api-payout-account",),
        NO_MONEY,
        ("payout_account_restricted",),
        UNPAID,
    ),
    Deed(
        "account closed",
        play.closed,
        ("ben payout-setup", "ben earnings"),
        ("GET api-payout-account", "POST api-payout-account"),
        NO_MONEY,
        ("payout_account_closed",),
        UNPAID,
    ),
    # --- The provider's time --------------------------------------------------------------------
    Deed(
        "warned of the longest holding time",
        play.warned,
        ("ada contract", "ben contract"),
        ("GET api-contract-next", "GET api-milestone-next"),
        NO_MONEY,
        ("limit_in_14_days",),
        ("desk-limits", "api-desk-limits"),
    ),
    Deed(
        "refunded at the longest holding time",
        play.at_the_limit,
        ("ada contract", "ada payment"),
        ("GET api-milestone",),
        ("refund",),
        ("limit_in_14_days", "limit_in_7_days", "limit_in_1_day", "milestone_refunded"),
        BOOKS,
    ),
    # --- Banks that take it back ----------------------------------------------------------------
    Deed(
        "a bank only asks",
        play.inquiry,
        ("ada contract-timeline",),
        ("GET api-contract-timeline",),
        NO_MONEY,
        # Nothing changes for the sides: the timeline has it, and finance is asked to answer.
        ("chargeback_to_answer",),
        BANKS,
    ),
    Deed(
        "chargeback before release",
        play.taken_before,
        ("ada contract", "ben contract"),
        ("GET api-contract-timeline", "GET api-milestone"),
        ("chargeback",),
        ("chargeback_opened",),
        BANKS,
    ),
    Deed(
        "chargeback of a part",
        play.taken_in_part,
        ("ada contract", "ben contract"),
        ("GET api-contract-timeline", "GET api-milestone"),
        ("chargeback",),
        ("chargeback_opened",),
        BANKS,
    ),
    Deed(
        "several on one payment",
        play.taken_twice,
        ("ada contract", "ben contract"),
        ("GET api-contract-timeline",),
        ("chargeback",),
        ("chargeback_opened",),
        BANKS,
    ),
    Deed(
        "chargeback after release",
        play.taken_after,
        ("ben contract", "ben earnings"),
        ("GET api-earnings", "GET api-contract-timeline"),
        ("chargeback_owed", "chargeback_fees", "recovery"),
        ("chargeback_opened", "debt_recovered"),
        BANKS,
    ),
    Deed(
        "chargeback after the payout: a receivable",
        play.taken_after_payout,
        ("ben contract", "ben earnings"),
        ("GET api-earnings",),
        ("chargeback_owed", "chargeback_fees"),
        ("chargeback_opened",),
        BANKS,
    ),
    Deed(
        "the receivable is recovered from what is earned later",
        play.recovered,
        ("ben earnings",),
        ("GET api-earnings", "GET api-earnings-lines"),
        (*RELEASED, "recovery"),
        ("milestone_released", "debt_recovered"),
        BOOKS,
    ),
    Deed(
        "chargeback won",
        play.won,
        ("ada contract", "ben contract"),
        ("GET api-contract-timeline",),
        ("chargeback_won", "recovery_returned"),
        ("chargeback_won",),
        BANKS,
    ),
    Deed(
        "chargeback lost",
        play.lost,
        ("ada contract", "ben contract"),
        ("GET api-contract-timeline",),
        Nothing("It was taken when the bank demanded it."),
        ("chargeback_lost",),
        BANKS,
    ),
]
