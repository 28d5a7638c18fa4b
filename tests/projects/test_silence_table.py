"""The tables by which silence is judged: whatever is on file, one row decides, and it is fair."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.common.currencies import step
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.escrow.division import checked_division, cost_of, price_held, shares_of
from payments.escrow.facts import facts_of
from payments.escrow.models import Escrow
from payments.policies import services as policies
from payments.policies.models import Policy
from projects.disputes.rules import OTHER
from projects.disputes.silence.facts import Facts, payable
from projects.disputes.silence.table import TABLES, Outcome, judge

OPENED = datetime(2026, 3, 10, 9, tzinfo=UTC)
HELD = 100_000


def days(count: float) -> datetime:
    """So many days after the dispute was opened."""
    return OPENED + timedelta(days=count)


# Of a client who opened it long after the due date; nobody has ever said or delivered anything.
NOTHING = Facts(
    at=days(5),
    opened_by=CLIENT,
    opened_at=OPENED,
    asked_for=30_000,
    price_held=HELD,
    held=103_000,
    due_at=days(-8),
    late_from=days(-5),
)
DELIVERED = replace(
    NOTHING,
    opened_by=FREELANCER,
    asked_for=90_000,
    delivered_at=days(-4),
    is_all_met=True,
    review_ends_at=days(3),
)

# By the row that decides, of every table: what is on file.
EXAMPLES = {
    1: [replace(NOTHING, table=0), replace(DELIVERED, table=0)],
    2: [replace(DELIVERED, is_contested=True), replace(NOTHING, is_contested=True)],
    3: [replace(DELIVERED, is_fully_held=False), replace(NOTHING, is_fully_held=False)],
    4: [replace(NOTHING, asked_for=HELD), replace(DELIVERED, asked_for=0)],
    5: [
        replace(NOTHING, stated=frozenset([CLIENT, FREELANCER])),
        replace(DELIVERED, stated=frozenset([CLIENT, FREELANCER])),
    ],
    6: [
        replace(NOTHING, delivered_at=days(-20)),
        # Returned, and not delivered again: it is on file none the less.
        replace(NOTHING, delivered_at=days(-20), returned=1),
        replace(DELIVERED, opened_by=CLIENT),
    ],
    7: [
        replace(NOTHING, freelancer_spoke_at=days(4)),
        replace(NOTHING, freelancer_spoke_at=days(-8), client_spoke_at=days(-1)),
        replace(NOTHING, due_at=days(6), late_from=days(9), freelancer_spoke_at=days(0)),
        replace(DELIVERED, client_spoke_at=days(-4)),
    ],
    8: [
        # Asked before the due date, and never told.
        replace(NOTHING, freelancer_spoke_at=days(-9)),
        replace(NOTHING, freelancer_spoke_at=days(-9), client_spoke_at=days(-10)),
        replace(DELIVERED, delivered_at=None, client_spoke_at=days(-9)),
    ],
    9: [NOTHING, replace(NOTHING, freelancer_spoke_at=days(-10), client_spoke_at=days(-9))],
    10: [replace(DELIVERED, delivered_at=None, is_all_met=False, review_ends_at=None)],
    11: [replace(DELIVERED, returned=1)],
    12: [replace(DELIVERED, is_all_met=False)],
    13: [
        DELIVERED,
        replace(DELIVERED, client_spoke_at=days(-5)),
        replace(DELIVERED, review_ends_at=days(5)),
    ],
    14: [
        replace(DELIVERED, review_ends_at=days(5.1)),
        # Opened before the date: since then nothing could be delivered.
        replace(NOTHING, due_at=days(0.1), late_from=days(3)),
        replace(NOTHING, due_at=days(-1), late_from=days(5.1)),
    ],
}

moments = st.integers(-30, 6).map(days)
deliveries = st.none() | st.integers(-30, 0).map(days)


def _whole(facts: Facts) -> Facts:
    """What cannot be otherwise: no answers, review or return without a delivery."""
    held = facts.price_held
    facts = replace(
        facts, asked_for=min(facts.asked_for, held), is_fully_held=facts.is_fully_held and held > 0
    )
    if facts.delivered_at is None:
        return replace(facts, is_all_met=False, review_ends_at=None, returned=0)
    return facts


@st.composite
def files(draw) -> Facts:
    """Whatever can be on file: a case in which a row grants something, and some of it otherwise."""
    base = draw(st.sampled_from([NOTHING, DELIVERED]))
    held, due_at, delivered_at = draw(st.integers(0, 10**9)), draw(moments), draw(deliveries)
    otherwise = {
        "at": days(draw(st.integers(5, 9))),
        "opened_by": draw(st.sampled_from([CLIENT, FREELANCER])),
        "asked_for": draw(st.sampled_from([0, base.price_held]) | st.integers(0, 10**9)),
        "price_held": held,
        "due_at": due_at,
        "late_from": due_at + timedelta(days=draw(st.integers(0, 5))),
        "table": draw(st.sampled_from([0, *TABLES])),
        "has_sent_files": draw(st.booleans()),
        "is_fully_held": draw(st.booleans()),
        "is_contested": draw(st.booleans()),
        "delivered_at": delivered_at,
        "is_all_met": draw(st.booleans()),
        "review_ends_at": (delivered_at or OPENED) + timedelta(days=draw(st.integers(1, 30))),
        "returned": draw(st.integers(0, 2)),
        "stated": frozenset(draw(st.sets(st.sampled_from([CLIENT, FREELANCER])))),
        "client_spoke_at": draw(st.none() | moments),
        "freelancer_spoke_at": draw(st.none() | moments),
    }
    names = draw(
        st.sets(st.sampled_from(sorted(otherwise)), max_size=draw(st.sampled_from([2, 17])))
    )
    return _whole(replace(base, **{name: otherwise[name] for name in names}))


def has_evidence(facts: Facts, role: str) -> bool:
    """In words of its own, beside the table: what this side has on file."""
    spoke_at = facts.client_spoke_at if role == CLIENT else facts.freelancer_spoke_at
    looked_at_from = facts.delivered_at or facts.due_at
    said = spoke_at is not None and spoke_at >= min(facts.opened_at, looked_at_from)
    did = facts.returned > 0 if role == CLIENT else facts.delivered_at is not None
    if role == FREELANCER and facts.table >= 2:
        did = did or facts.has_sent_files
    return role in facts.stated or said or did


def part_of(facts: Facts, role: str, to_freelancer: int) -> int:
    return to_freelancer if role == FREELANCER else facts.price_held - to_freelancer


def mirrored(facts: Facts) -> Facts:
    """The same with the two sides exchanged."""
    return replace(
        facts,
        opened_by=OTHER[facts.opened_by],
        asked_for=facts.price_held - facts.asked_for,
        stated=frozenset(OTHER[role] for role in facts.stated),
        client_spoke_at=facts.freelancer_spoke_at,
        freelancer_spoke_at=facts.client_spoke_at,
    )


def test_the_rules_can_name_each_table_and_no_other():
    assert list(TABLES) == list(range(1, policies.TABLES + 1))
    assert Policy().silence_table == max(TABLES), "a new house has the newest"


@pytest.mark.parametrize("table", TABLES)
def test_the_rows_are_numbered_and_the_last_one_fits_always(table):
    rows = TABLES[table]
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert set(EXAMPLES) == {row.number for row in rows}
    assert rows[-1].outcome == Outcome.MEDIATOR
    assert all(row.condition.endswith(".") and row.reason.endswith(".") for row in rows)


def test_a_row_that_decides_says_the_same_in_every_table():
    """Decisions and their register name it by its number alone."""
    granting = {row for rows in TABLES.values() for row in rows if row.outcome == Outcome.AS_ASKED}
    assert len(granting) == len({row.number for row in granting}) == 3


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("number", "facts"), [(number, one) for number, some in EXAMPLES.items() for one in some]
)
def test_every_row_decides_something(number, facts, table):
    found = judge(replace(facts, table=facts.table and table))

    assert found.row.number == number
    is_granted = found.row.outcome == Outcome.AS_ASKED
    assert found.to_freelancer == (facts.asked_for if is_granted else None)


@pytest.mark.parametrize(("table", "row"), [(1, 9), (2, 6)])
def test_a_file_that_was_sent_is_evidence_from_the_second_table_on(table, row):
    sent = replace(NOTHING, table=table, has_sent_files=True, client_spoke_at=days(-9))
    found = judge(sent)

    assert (found.row.number, found.to_freelancer is None) == (row, table >= 2)


@settings(max_examples=200)
@given(files())
def test_the_second_table_only_leaves_more_to_a_mediator(facts):
    first, second = (judge(replace(facts, table=table)) for table in (1, 2))

    if first.to_freelancer != second.to_freelancer:
        assert second.to_freelancer is None and facts.has_sent_files


@settings(max_examples=200)
@given(files())
def test_exactly_one_row_decides_and_always_the_same(facts):
    found = judge(facts)

    assert found == judge(replace(facts))
    before = [row for row in TABLES[facts.table or 1] if row.number < found.row.number]
    assert not any(row.fits(facts) for row in before)
    assert found.row.fits(facts)


@settings(max_examples=200)
@given(files())
def test_nobody_loses_by_silence_who_has_something_on_file(facts):
    found = judge(facts)
    if found.to_freelancer is None:
        return
    silent_gets = part_of(facts, facts.silent, found.to_freelancer)
    if has_evidence(facts, facts.silent):
        assert silent_gets == facts.price_held
    # Whoever opened it has said what they want: they get all of that, and nothing beyond it.
    asked = part_of(facts, facts.opened_by, facts.asked_for)
    assert part_of(facts, facts.opened_by, found.to_freelancer) == asked


@settings(max_examples=200)
@given(files())
def test_a_delivery_that_answers_every_criterion_is_never_judged_against(facts):
    delivered = replace(facts, opened_by=CLIENT, delivered_at=days(-1), is_all_met=True)

    assert judge(delivered).to_freelancer in {None, facts.price_held}


@settings(max_examples=200)
@given(files(), st.integers(0, 10**9))
def test_silence_pays_nothing_for_work_that_is_not_on_file(facts, asked_for):
    opened = replace(facts, opened_by=FREELANCER, asked_for=min(asked_for, facts.price_held))
    undelivered = _whole(replace(opened, delivered_at=None))

    assert judge(undelivered).to_freelancer in {None, 0}


@settings(max_examples=200)
@given(files())
def test_rows_that_claim_it_read_the_same_for_both_sides(facts):
    # A delivery, or a file, is one side's alone; what is alike is told where there is none.
    undelivered = _whole(replace(facts, delivered_at=None, has_sent_files=False))
    here, there = judge(undelivered), judge(mirrored(undelivered))

    assert here.row.is_alike == there.row.is_alike
    if here.row.is_alike:
        assert here.row == there.row


@settings(max_examples=200)
@given(files())
def test_a_word_more_never_makes_it_worse_for_the_silent_side(facts):
    said = f"{facts.silent}_spoke_at"
    heard = replace(facts, **{said: facts.at})

    assert judge(heard).to_freelancer in {None, judge(facts).to_freelancer}
    if judge(heard).to_freelancer is not None:
        assert part_of(facts, facts.silent, facts.asked_for) == facts.price_held


@settings(max_examples=200)
@given(files(), st.integers(0, 400))
def test_waiting_changes_no_money_that_a_row_has_granted(facts, later):
    """A sweep that comes late finds the same row, or none that takes anything back."""
    granted = judge(facts).to_freelancer
    if granted is not None:
        assert judge(replace(facts, at=facts.at + timedelta(days=later))).to_freelancer == granted


@given(
    st.sampled_from(["JPY", "USD", "EUR", "KWD"]),
    st.integers(1, 10**7),
    st.integers(0, 1_000),
    st.integers(0, 1_000),
    st.integers(0, 5_000),
    st.integers(0, 5_000),
)
def test_what_is_granted_is_held_and_can_be_paid_in_every_currency(
    currency, units, held_part, asked_part, client_fee, freelancer_fee
):
    policy = Policy(client_fee_basis_points=client_fee, freelancer_fee_basis_points=freelancer_fee)
    price = units * step(currency)
    escrow = Escrow(amount=price, currency=currency, policy=policy)
    held = cost_of(price, escrow) * held_part // 1_000 // step(currency) * step(currency)
    money = facts_of(escrow, held=held)
    asked_for = price * asked_part // 1_000 // step(currency) * step(currency)

    part = payable(asked_for, escrow, money)

    assert 0 <= part <= price_held(escrow, held=held) <= price
    assert part <= asked_for or part == 0
    assert checked_division(part, escrow, held=held, param="part") == part
    shares = shares_of(escrow, held=held, to_payee=part)
    assert shares.payee + shares.fees + shares.payer == held
    assert min(shares.payee, shares.payer, shares.payee_fee, shares.payer_fee) >= 0
