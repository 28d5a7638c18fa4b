"""A new transaction that leads to money is listed, and what is left out moves none."""

import ast

from tests.crash.transactions import MOVES, about_money, left_out, modules, who_reaches

GIFTS = '''
from django.db import transaction

from projects.bids import gifts_below as below


def give_and_tell():
    return give_gift()


@transaction.atomic
def give_gift():
    _ways["by hand"]()


@transaction.atomic
def wrap_gift():
    """Nothing is paid."""


_ways = {"by hand": below.pay_gift}
'''
BELOW = """
from projects.milestones.services import release_milestone


def pay_gift():
    release_milestone()
"""
STUCK = """
from django.db import transaction


def note_gift():
    with transaction.atomic():
        pass
"""


def test_a_new_transaction_that_leads_to_money_is_asked_for_however_it_does():
    house = modules()
    known = about_money(house)

    house |= {
        "projects.bids.gifts": ast.parse(GIFTS),
        "projects.bids.gifts_below": ast.parse(BELOW),
        "payments.gifts": ast.parse(STUCK),
    }

    assert about_money(house) - known == {
        "projects.bids.gifts.give_gift",
        "payments.gifts.note_gift",
    }


def test_what_is_left_out_is_there_and_moves_nothing():
    house = modules()

    assert left_out() <= about_money(house)
    assert not left_out() & who_reaches({MOVES}, house)
