"""What banks take back, and where people meet it: entries of ``money_deeds.py``."""

from tests import stories_of_banks as play
from tests.money_deed import BANKS, BOOKS, NO_MONEY, RELEASED, Deed, Nothing

DEEDS_OF_BANKS = [
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
