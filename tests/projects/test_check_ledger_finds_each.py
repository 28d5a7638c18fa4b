"""Every proof of the books finds what it is there for: one violation of each kind is planted.

A proof without a violation fails here by its name: one that cannot fail proves nothing.
"""

from collections.abc import Callable
from copy import copy
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F, Q

from marketplace.common.clock import now
from marketplace.models import AuditEntry
from payments.chargebacks.checks import payments_say_what_banks_have
from payments.chargebacks.models import Chargeback
from payments.escrow import services as escrows
from payments.escrow.checks import escrows_hold_what_they_say
from payments.escrow.limits.checks import held_money_is_held_no_longer_than_it_may
from payments.escrow.models import Escrow, Part, Roll
from payments.fundings.models import Payment
from payments.incoming.checks import (
    NAMED,
    WHEN_QUIET,
    each_object_of_the_provider_is_of_one_of_ours,
)
from payments.ledger import chart
from payments.ledger.checks import everything_sums_to_zero, kept_balances_are_their_transfers
from payments.ledger.models import AccountSnapshot, LedgerAccount, Transfer
from payments.ledger.services import Move, move_money
from payments.payouts.models import Earning, Payout, PayoutAttempt
from payments.payouts.services import schedule_payout
from payments.refunds.models import Refund
from projects.agreements.changes.asking.services import propose_extension
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import accept_change
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.bids.models import Bid
from projects.contracts.models import Agreement, Contract
from projects.disputes.checks import rulings_are_carried_out
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.disputes.sealed.models import SealedOffer
from projects.disputes.sealed.services import seal_figure
from projects.givebacks.models import GiveBack
from projects.givebacks.services import ask_back, give_back
from projects.management.commands.check_ledger import CHECKS
from projects.milestones.models import Milestone
from projects.milestones.services import cancel_milestone, release_milestone
from projects.postings.models import Posting
from tests.against_the_rules import against_the_rules, as_the_owner, force
from tests.payments.chargeback_world import Bank
from tests.payments.payout_world import ready_without_provider
from tests.projects.ending_world import contract_at_work, to_end
from tests.projects.register_world import entries
from tests.projects.two_mediators import ABOVE, confirmed, mediator, proposed
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    opened_dispute,
    planned_milestone,
    reviewed_dispute,
    ruled,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

NAMES = [check.__name__ for check in CHECKS]


@pytest.fixture
def world(ada, ben, cleo, dora) -> None:
    """Work in every state, money in every place, and all of it as it should be."""
    planned_milestone(ada, ben)
    funded_milestone(ada, ben)
    cancel_milestone(milestone_id=funded_milestone(ada, ben).pk, by=ben)
    done = submitted_milestone(ada, ben)
    release_milestone(milestone_id=done.pk, by=ada)
    give_back(contract_id=done.contract_id, escrow_id=done.escrow_id, by=ben, amount=20_000)
    ask_back(contract_id=done.contract_id, escrow_id=done.escrow_id, by=ada, amount=1_000)
    opened_dispute(ada, ben)
    moot = opened_dispute(ada, ben)
    release_milestone(milestone_id=moot.milestone_id, by=ada)
    ruled(reviewed_dispute(ada, ben), dora, 30_000)
    standing = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=standing.pk, by=dora, to_freelancer=1, **why())
    proposed(ada, ben, dora)
    confirmed(reviewed_dispute(ada, ben, ABOVE), dora, mediator("Emil"))
    apart, met = opened_dispute(ada, ben), opened_dispute(ada, ben)
    for dispute, least in ((apart, 60_001), (met, 60_000)):
        seal_figure(dispute_id=dispute.pk, by=ada, amount=60_000)
        seal_figure(dispute_id=dispute.pk, by=ben, amount=least)
    for to_freelancer in (40_000, 0):
        agreed = funded_milestone(ada, ben)
        proposal = propose_ending(milestone_id=agreed.pk, by=ada, to_freelancer=to_freelancer)
        accept_proposal(proposal_id=proposal.pk, by=ben)
    propose_ending(milestone_id=funded_milestone(ada, ben).pk, by=ada, to_freelancer=0)
    whole, other = map(fund, active_contract(ada, ben, [100_000, 50_000]).milestones.all())
    moved = propose_ending(
        milestone_id=whole.pk, by=ada, to_freelancer=40_000, into_id=other.pk, note="On."
    )
    accept_proposal(proposal_id=moved.pk, by=ben)
    propose_extension(
        milestone_id=funded_milestone(ada, ben).pk, by=ben, due_at=now() + timedelta(days=45)
    )
    ended = contract_at_work(ada, ben)
    accept_change(order_id=to_end(ended, ada, {1: 40_000}).pk, by=ben)
    schedule_payout(party_id=ready_without_provider(ada, ben), currency="USD", by=ben)
    parted = funded_milestone(ada, ben)
    escrows.release_part(escrow_id=parted.escrow_id, amount=10_000)
    released = submitted_milestone(ada, cleo)
    release_milestone(milestone_id=released.pk, by=ada)
    Bank(Payment.objects.get(paid_for=released.escrow.public_id)).takes()
    assert {check.__name__: check() for check in CHECKS if check()} == {}


def sql(statement: str) -> None:
    """As somebody with every right: no trigger fires."""
    with against_the_rules(), connection.cursor() as cursor:
        cursor.execute(statement)


def end_otherwise() -> None:
    (ended,) = ChangeOrder.objects.filter(status="accepted")
    ended.changes[0]["end"]["to_freelancer"] += 1
    ChangeOrder.objects.filter(pk=ended.pk).update(changes=ended.changes)


def give(target: str, *, key: str = "somebody") -> None:
    """A movement that no deed of ours makes."""
    move_money(Move("gift", chart.provider("USD"), target, 5, "USD"), key=key)


def plant_figures(status: str, **figures: int) -> None:
    dispute = Dispute.objects.filter(status=status).order_by("pk").first()
    for role, amount in figures.items():
        SealedOffer.objects.create(
            dispute=dispute,
            role=role,
            amount=amount,
            held=100_000,
            figures=1,
            by=dispute.opened_by,
        )


def take_from_disputed() -> None:
    dispute = Dispute.objects.filter(status="opened", milestone__closed_at=None).earliest("pk")
    force(Dispute.objects.filter(pk=dispute.pk), created_at=now() - timedelta(days=2))
    escrow = dispute.milestone.escrow
    available = chart.available(escrow.payee, "USD")
    move_money(
        Move("release", chart.escrow(escrow.public_id), available, 5, "USD"),
        key=f"{escrow.public_id}:part:1",
    )
    sql("UPDATE payments_transfer SET created_at = now() - interval '1 day' WHERE amount = 5")


def borrow() -> None:
    party = Payout.objects.get().party
    ends = chart.owed(party, "USD"), chart.available(party, "USD")
    move_money(Move("gift", *ends, 5, "USD"), key="borrowed")


def hold_longer() -> None:
    """What a bank gave back stays as long as what was paid in for it meanwhile."""
    escrow = HELD.first().escrow
    bank = Bank(Payment.objects.get(paid_for=escrow.public_id))
    bank.takes()
    again = escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/")
    escrows.take_in(payment_id=again.pk, intent_id="pi_again", charge_id="ch_again")
    escrow.refresh_from_db()
    bank.gives_back()
    assert held_money_is_held_no_longer_than_it_may() == []
    Escrow.objects.filter(pk=escrow.pk).update(limit_at=escrow.limit_at)


def leave_past_the_limit() -> None:
    force(Payout, status="paid")
    past = now() - timedelta(days=3)
    Earning.objects.filter(payout=None).update(clears_at=past, limit_at=past)


def switch_off(trigger: str, table: str) -> None:
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


def name_one_refund_twice() -> None:
    """As PostgreSQL itself refuses it, while its rule stands."""
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX one_refund_per_remote_id")
    assert Refund.objects.update(remote_id="re_both") > 1


def another_attempt() -> None:
    payout = Payout.objects.get()
    payout.attempts.create(number=1, destination="acct_ben")
    payout.attempts.create(number=2, destination="acct_ben")


HELD = Milestone.objects.filter(status="planned", escrow__status="held", proposals=None)
AVAILABLE = (
    "UPDATE payments_ledgeraccount SET balance = balance + 7 WHERE key LIKE 'party:%:available:%'"
)

PLANTED: dict[str, Callable[[], object]] = {
    # The rules of the database itself
    "lifecycles_are_kept_by_the_database": lambda: switch_off(
        "lifecycle_moves", "projects_milestone"
    ),
    "guards_of_the_books_stand": lambda: switch_off("transfer_is_final", "payments_transfer"),
    # The ledger
    "everything_sums_to_zero": lambda: sql(AVAILABLE),
    "kept_balances_are_their_transfers": lambda: sql(AVAILABLE),
    "accounts_keep_what_their_kind_keeps": lambda: sql(
        "UPDATE payments_ledgeraccount SET balance = 7 WHERE key LIKE 'provider:%'"
    ),
    "snapshots_are_their_transfers": lambda: AccountSnapshot.objects.create(
        account=LedgerAccount.objects.get(key=chart.provider("USD")),
        horizon=1,
        balance=7,
        taken_at=now(),
    ),
    "transfers_join_accounts_of_one_currency": lambda: sql(
        "UPDATE payments_transfer SET currency = 'EUR' WHERE kind = 'freelancer_fee'"
    ),
    "chains_are_unbroken": lambda: sql(
        "UPDATE payments_transfer SET kind = 'x' WHERE sequence = 1"
    ),
    "the_audit_log_is_whole": lambda: force(AuditEntry, reason="Another one."),
    # Held money
    "parts_are_what_was_booked": lambda: Part.objects.update(amount=9_999),
    "adjustments_are_what_was_booked": lambda: Escrow.objects.update(adjusted=1),
    "rolls_are_what_was_booked": lambda: Roll.objects.update(money=61_801),
    "money_stands_with_somebody": lambda: give("escrow:es_nobody"),
    "escrows_hold_what_they_say": lambda: give(
        chart.escrow(Escrow.objects.filter(status="held").first().public_id)
    ),
    "payments_stand_behind_the_money": lambda: Payment.objects.filter(
        paid_for=Roll.objects.get().source.public_id
    ).update(refunded=61_801, status="partly_refunded"),
    "held_money_is_held_no_longer_than_it_may": hold_longer,
    "closed_escrows_were_held": lambda: force(
        Escrow.objects.filter(status="awaiting"), status="released"
    ),
    "what_was_given_back_is_in_the_books": lambda: Escrow.objects.filter(given_back__gt=0).update(
        given_back=1
    ),
    "what_went_back_was_agreed_to": lambda: GiveBack.objects.filter(status="done").update(amount=1),
    "overdue_questions_have_lapsed": lambda: GiveBack.objects.filter(status="asked").update(
        answer_due_at=now() - timedelta(days=91)
    ),
    # Payments and refunds
    "payments_are_taken_in_once": lambda: Payment.objects.filter(refunded=0, charged_back=0).update(
        amount=1
    ),
    "paid_payments_have_a_charge": lambda: Payment.objects.update(charge_id=""),
    "refunded_is_what_was_given_back": lambda: Payment.objects.filter(charged_back=0).update(
        refunded=1
    ),
    "refunds_leave_once": lambda: give(chart.leaving(Refund.objects.first().public_id)),
    "refunds_that_succeeded_are_the_providers": lambda: force(Refund, status="succeeded"),
    "refunds_under_way_are_looked_after": lambda: Refund.objects.update(next_check_at=None),
    # Payouts
    "payouts_leave_once": lambda: force(Payout, status="failed"),
    "payouts_are_what_was_earned": lambda: Payout.objects.update(amount=5),
    "payouts_that_left_are_the_providers": lambda: force(Payout, status="in_transit"),
    "payouts_are_sent_by_one_attempt": another_attempt,
    "cancelled_payouts_were_taken_back": lambda: force(
        Payout, status="cancelled", transfer_id="tr_stays"
    ),
    "payouts_under_way_are_looked_after": lambda: Payout.objects.update(next_check_at=None),
    "available_is_what_is_to_be_paid_out": lambda: Earning.objects.filter(
        payout=None, recovery=None, rests=None
    ).delete(),
    "each_object_of_the_provider_is_of_one_of_ours": name_one_refund_twice,
    "what_came_and_went_has_its_object": lambda: give(
        chart.escrow(Escrow.objects.filter(status="held").first().public_id),
        key="py_nobody:succeed",
    ),
    # Chargebacks
    "payments_say_what_banks_have": lambda: Payment.objects.filter(charged_back__gt=0).update(
        charged_back_at=None
    ),
    "escrows_say_what_banks_have": lambda: Escrow.objects.filter(owed_back__gt=0).update(
        owed_back=1
    ),
    "payees_owe_what_chargebacks_say": borrow,
    "withdrawals_are_booked_once": lambda: Chargeback.objects.get().movements.create(
        remote_id="txn_unbooked", amount=5, lost=5, fee=0, fee_currency="USD"
    ),
    # Awards
    "postings_make_the_awards_that_they_announce": lambda: force(Posting, status="closed"),
    "accepted_bids_became_contracts": lambda: force(Bid, status="withdrawn"),
    # Work
    "milestones_and_their_money_agree": lambda: force(HELD, status="released"),
    "milestones_hold_their_own_price": lambda: HELD.update(amount=1),
    "milestones_end_once": lambda: HELD.update(closed_at=now()),
    # Disputes and agreed endings
    "disputed_money_waits_for_the_end": take_from_disputed,
    "disputed_milestones_have_one_open_dispute": lambda: force(Dispute, status="closed"),
    "decisions_are_what_was_paid": lambda: Dispute.objects.filter(to_freelancer=30_000).update(
        to_freelancer=30_001
    ),
    "rulings_are_carried_out": lambda: Dispute.objects.filter(status="decided").update(
        appeal_ends_at=now() - timedelta(days=91)
    ),
    "confirmed_decisions_are_what_was_proposed": lambda: force(
        ProposedRuling.objects.filter(status="confirmed"), to_freelancer=1
    ),
    "no_decision_waits_beyond_its_case": lambda: force(
        Dispute.objects.filter(proposed_rulings__status="proposed"), status="negotiating"
    ),
    "no_figure_outlives_its_dispute": lambda: plant_figures("closed", client=10_000),
    "the_register_tells_of_all_that_are_alike": lambda: entries(1),
    "figures_that_meet_settle": lambda: plant_figures("opened", client=500, freelancer=500),
    "ended_disputes_are_closed": lambda: Milestone.objects.filter(
        disputes__status="opened", status="released"
    ).update(closed_at=now() - timedelta(days=91)),
    "contracts_go_by_the_rules_that_were_signed": lambda: Contract.objects.update(review_days=29),
    "criteria_and_revisions_are_those_that_were_signed": lambda: HELD.update(revisions_agreed=9),
    "amounts_are_those_that_were_signed": lambda: HELD.update(amount=1),
    "milestones_stand_as_they_were_signed": lambda: HELD.update(place=7),
    "agreed_endings_are_what_was_paid": lambda: Proposal.objects.filter(
        status="accepted", to_freelancer=40_000
    ).update(to_freelancer=39_999),
    "agreed_ends_are_what_was_paid": end_otherwise,
    "what_was_sealed_is_what_both_accepted": lambda: force(
        Agreement, client_confirmed_with="a handshake"
    ),
    "what_both_accepted_is_sealed": lambda: sql(
        "DELETE FROM projects_seal WHERE id = (SELECT min(id) FROM projects_seal)"
    ),
    "overdue_changes_have_lapsed": lambda: ChangeOrder.objects.update(
        answer_due_at=now() - timedelta(days=91)
    ),
    "overdue_proposals_have_lapsed": lambda: Proposal.objects.filter(status="proposed").update(
        answer_due_at=now() - timedelta(days=91)
    ),
}


def test_every_proof_has_its_violation():
    assert sorted(PLANTED) == sorted(NAMES), "plant a violation of each proof of check_ledger"
    assert len(NAMES) == len(set(NAMES))


def test_each_is_found_and_the_command_says_so(world):
    missed = []
    for check in CHECKS:
        with transaction.atomic():
            PLANTED[check.__name__]()
            if not check() or not _is_refused():
                missed.append(check.__name__)
            transaction.set_rollback(True)

    assert missed == []
    assert not _is_refused()


def _is_refused() -> bool:
    try:
        call_command("check_ledger", stdout=StringIO())
    except CommandError:
        return True
    return False


@pytest.mark.parametrize(("model", "column"), NAMED)
def test_an_object_of_two_rows_is_found_in_each_column(world, model, column):
    """As PostgreSQL itself refuses it, while its rules stand."""
    assert each_object_of_the_provider_is_of_one_of_ours() == []
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in _unique_indexes(cursor, model._meta.db_table, column):
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute("DROP INDEX one_payout_at_a_time")
    if model is PayoutAttempt:
        another_attempt()
    row = model._default_manager.order_by("pk").first()
    with against_the_rules():
        for again in range(2):
            twin = copy(row)
            twin.pk, twin._state.adding = None, True
            setattr(twin, column, "both")
            if hasattr(twin, "public_id"):
                twin.public_id = f"{row.public_id[:-1]}{again}"
            if hasattr(twin, "number"):
                twin.number += 50 + again
            twin.save(force_insert=True)

    (found,) = each_object_of_the_provider_is_of_one_of_ours()
    assert found == f"both is named by 2 {model._meta.verbose_name_plural}."


def _unique_indexes(cursor, table: str, column: str) -> list[str]:
    cursor.execute(
        "SELECT indexname FROM pg_indexes WHERE tablename = %s AND indexdef LIKE 'CREATE UNIQUE%%'"
        " AND indexdef LIKE %s",
        [table, f"%({column})%"],
    )
    return [name for (name,) in cursor.fetchall()]


def test_what_banks_have_of_a_payment_is_what_their_movements_say(world):
    payment = Payment.objects.filter(charged_back__gt=0).get()
    assert payments_say_what_banks_have() == []
    Payment.objects.filter(pk=payment.pk).update(charged_back=payment.charged_back - 1)
    (found,) = payments_say_what_banks_have()
    assert f"says that banks have {payment.charged_back - 1} of it" in found
    Payment.objects.filter(pk=payment.pk).update(charged_back=payment.charged_back, is_lost=True)
    assert ["frozen or lost" in it for it in payments_say_what_banks_have()] == [True]


def test_a_fee_that_is_a_unit_off_is_found_though_all_sums_are_right(world):
    """A unit more for the payee, one less for us: what is held and what went out is the same."""
    sql(
        "UPDATE payments_transfer SET"
        " amount = amount + CASE kind WHEN 'release' THEN 1 ELSE -1 END"
        " WHERE kind IN ('release', 'freelancer_fee') AND book = (SELECT min(book) FROM"
        " payments_transfer WHERE kind = 'freelancer_fee')"
    )

    assert escrows_hold_what_they_say() != []


@pytest.mark.parametrize("kind", ["release", "refund"])
def test_what_came_in_and_went_out_a_second_time_is_found_though_all_sums_are_right(world, kind):
    """Every line of one escrow once more, under other keys, and every balance as it should be."""
    out = Transfer.objects.filter(kind=kind, source__key__startswith=chart.escrow(""))
    ended = out.filter(source__balance=0).exclude(source__incoming__kind="given_back")
    source = ended.order_by("pk").first().source
    lines = list(Transfer.objects.filter(Q(source=source) | Q(target=source)).order_by("pk"))
    with against_the_rules():
        for line in lines:
            for account_id, change in (
                (line.target_id, line.amount),
                (line.source_id, -line.amount),
            ):
                kept = LedgerAccount.objects.filter(pk=account_id, balance__isnull=False)
                kept.update(balance=F("balance") + change)
            line.pk, line.key, line.book, line.sequence = None, f"{line.key}:again", "", None
            line.previous_hash = line.hash = ""
            line.save(force_insert=True)
    assert len(lines) > 1
    assert everything_sums_to_zero() == kept_balances_are_their_transfers() == []

    (found,) = {line.partition(" ")[0] for line in escrows_hold_what_they_say()}
    assert chart.escrow(found) == source.key


def test_an_appeal_that_nobody_has_carried_out_is_found(world, ben):
    standing = Dispute.objects.filter(status="decided").order_by("pk").first()
    appeal_ruling(dispute_id=standing.pk, by=ben, statement="More is done.")
    assert rulings_are_carried_out() == []

    Dispute.objects.filter(pk=standing.pk).update(ruling_due_at=now() - timedelta(days=91))

    assert rulings_are_carried_out() == [f"{standing.public_id} was never carried out."]


def test_whole_books_are_said_to_be_clean(world):
    said = StringIO()
    call_command("check_ledger", stdout=said)

    *checks, head, end = said.getvalue().splitlines()
    assert checks and all(line.startswith("    ok") for line in checks)
    assert head.startswith("The audit log ends with ") and "The books are clean." in end


# --- When all is quiet ---------------------------------------------------------------------------


def test_when_all_is_quiet_only_failed_refunds_are_left(world):
    """The world has refunds and a payout under way: whole books, and not quiet."""
    quiet, paid_in_time = WHEN_QUIET
    waiting = Refund.objects.count() + Payout.objects.count()
    assert len(quiet()) == waiting

    Refund.objects.update(status="failed", next_check_at=None)

    payout = Payout.objects.get()
    assert quiet() == [f"{payout.amount} USD still stand in leaving:{payout}."]
    call_command("check_ledger", stdout=StringIO())
    with pytest.raises(CommandError, match="1 findings"):
        call_command("check_ledger", "--quiet", stdout=StringIO())
    assert paid_in_time() == []
    leave_past_the_limit()
    assert len(paid_in_time()) == 1
