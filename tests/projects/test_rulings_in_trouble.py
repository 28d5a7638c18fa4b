"""A decision meets banks, the provider's limit, mediators who are not there, and sealed figures."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.escrow.models import Escrow
from projects.agreements.downtime.clocks import CLOCKS
from projects.contracts.models import PutOff
from projects.disputes import services as disputes
from projects.disputes.assigning.services import assign_dispute
from projects.disputes.confirming.services import confirm_ruling
from projects.disputes.lateness.services import chase_ruling, wait_for_bank
from projects.disputes.models import Dispute
from projects.disputes.rulings import services
from projects.disputes.rulings.selectors import steps_for, stood_by
from projects.disputes.rulings.services import accept_ruling, appeal_ruling, carry_out_ruling
from projects.disputes.sealed.models import MOST_FIGURES, SealedOffer
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import add_statement
from projects.milestones.services import release_milestone
from projects.tasks import carry_out_rulings, chase_rulings, wait_for_banks
from tests.against_the_rules import as_the_owner
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.dispute_world import (
    AS_DECIDED,
    NOTHING_MOVED,
    appeal,
    books_of,
    rule,
    seen,
    told,
)
from tests.projects.two_mediators import ABOVE, confirmed, mediator, proposed_on
from tests.world import api_of, browser, reviewed_dispute

pytestmark = pytest.mark.django_db

LATER = timedelta(days=30)


def limit_in(dispute: Dispute, **time: float) -> None:
    Escrow.objects.filter(pk=dispute.milestone.escrow_id).update(limit_at=now() + timedelta(**time))


# --- A bank --------------------------------------------------------------------------------------


def test_nobody_decides_while_a_bank_wants_the_money(ada, ben, dora):
    """What it gives back later would all go to the client: nothing could be decided about it."""
    dispute = reviewed_dispute(ada, ben)
    bank = Bank(payment_of(dispute.milestone.escrow), 103_000)
    bank.takes()

    with pytest.raises(WrongState, match="Decide once it has"):
        rule(dispute, dora, 0)
    page = browser(dora).get(dispute.desk_path).content.decode()
    assert "bank wants back money" in page and 'name="reasons"' not in page
    call = f"/api/v1{dispute.desk_path}"
    (listed,) = api_of(dora).get("/api/v1/desk/disputes/").json()["results"]
    for told_of in (api_of(dora).get(call).json(), listed):
        assert "decide" not in told_of["next_steps"]
    bank.gives_back()
    assert "decide" in api_of(dora).get(call).json()["next_steps"]
    assert 'name="reasons"' in browser(dora).get(dispute.desk_path).content.decode()

    decided = rule(dispute, dora, 40_000)
    accept_ruling(dispute_id=decided.pk, by=ada)
    accept_ruling(dispute_id=decided.pk, by=ben)
    assert books_of(dispute) == AS_DECIDED


def test_what_a_bank_has_all_of_is_not_divided_before_the_limit(standing, time_machine):
    """The provider holds nothing that it could not hold any longer."""
    limit_in(standing, days=10)
    bank = Bank(payment_of(standing.milestone.escrow), 103_000)
    bank.takes()
    time_machine.move_to(now() + timedelta(days=9, hours=12))

    assert carry_out_rulings() == {"done": 0, "failed": 0}
    bank.gives_back()

    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert books_of(standing) == AS_DECIDED


def test_what_is_left_is_divided_before_the_limit(standing, time_machine):
    limit_in(standing, days=10)
    Bank(payment_of(standing.milestone.escrow), 51_500).takes()
    time_machine.move_to(now() + timedelta(days=8))
    assert carry_out_rulings() == {"done": 0, "failed": 0}
    time_machine.move_to(now() + timedelta(days=1, hours=12))

    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert seen(standing).to_freelancer == 20_000


@pytest.mark.parametrize("deed", ["carry out", "accept"])
def test_the_money_is_locked_before_a_bank_is_asked_for(
    standing,
    ada,
    ben,
    monkeypatch,
    time_machine,
    deed,
):
    locked = []
    lock, asks = disputes.lock_all, services.waits_for_bank
    monkeypatch.setattr(disputes, "lock_all", lambda pks: locked.extend(pks) or lock(pks))
    monkeypatch.setattr(
        services,
        "waits_for_bank",
        lambda dispute: locked.append("asked") or asks(dispute),
    )

    if deed == "carry out":
        time_machine.move_to(standing.appeal_ends_at)
        carry_out_ruling(dispute_id=standing.pk)
    else:
        accept_ruling(dispute_id=standing.pk, by=ada)
        locked.clear()
        accept_ruling(dispute_id=standing.pk, by=ben)

    assert locked == [standing.milestone.escrow_id, "asked"]


# --- Nobody decides ------------------------------------------------------------------------------


def test_the_page_of_a_decision_says_what_a_bank_has_left_of_it(standing, ada, ben):
    bank = Bank(payment_of(standing.milestone.escrow), 51_500)
    bank.takes()
    bank.keeps()
    for side in (ada, ben):
        shown = browser(side).get(standing.path).content.decode()
        assert '<strong class="money">$200.00</strong> of the price' in shown
        assert "Decided was $400.00 of the price" in shown


def test_where_no_other_mediator_decides_in_time_the_first_decision_stands(
    standing,
    ada,
    ben,
    time_machine,
):
    appeal(standing, ben)
    appealed = seen(standing)
    assert "the first decision stands" in browser(ada).get(standing.path).content.decode()
    time_machine.move_to(appealed.ruling_due_at - timedelta(minutes=1))
    assert carry_out_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="time to decide yet"):
        carry_out_ruling(dispute_id=standing.pk)
    assert books_of(standing) == NOTHING_MOVED
    time_machine.move_to(appealed.ruling_due_at)

    assert carry_out_rulings() == {"done": 1, "failed": 0}

    assert (seen(standing).status, books_of(standing)) == ("closed", AS_DECIDED)
    assert told("ruling_carried_out") == [ada.name, ben.name]
    call_command("check_ledger")


def test_after_its_time_an_appeal_is_decided_no_more(standing, ada, ben, time_machine):
    """Both were told that the decision stands then: so it does before the sweep has come, too."""
    appeal(standing, ben)
    emil, due_at = mediator("Emil"), seen(standing).ruling_due_at
    time_machine.move_to(due_at - timedelta(seconds=1), tick=False)
    assert {"decide", "assign"} <= set(steps_for(seen(standing), emil))
    page = browser(emil).get(standing.desk_path).content.decode()
    assert 'name="reasons"' in page and "The first decision stands" not in page
    time_machine.move_to(due_at, tick=False)

    with pytest.raises(WrongState, match="the first decision stands"):
        rule(standing, emil, 50_000)
    with pytest.raises(WrongState, match="the first decision stands"):
        assign_dispute(dispute_id=standing.pk, by=emil, mediator=emil.public_id)

    assert not {"decide", "assign"} & set(steps_for(seen(standing), emil))
    for by, path in ((emil, standing.desk_path), (ada, standing.path)):
        page = browser(by).get(path).content.decode()
        assert 'name="reasons"' not in page and "The first decision stands" in page
        assert "carried out in a moment" in page
    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert books_of(standing) == AS_DECIDED


def test_what_stands_is_found_by_its_indexes(standing):
    """The sweep asks every few seconds, and most disputes are closed."""
    wanted = {"appeals_that_are_over", "decisions_that_stand"}
    with as_the_owner(), connection.cursor() as cursor:
        # Of so few rows every index is as good: those of the sweep are left alone.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for index in Dispute._meta.indexes:
            if index.name not in wanted:
                cursor.execute(f'DROP INDEX "{index.name}"')
        cursor.execute("DROP INDEX one_open_dispute_per_milestone")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Dispute.objects.filter(stood_by(now())).explain()

    assert {name for name in wanted if name in plan} == wanted


def test_after_its_time_nothing_that_waits_is_confirmed(ada, ben, dora, time_machine):
    dispute = confirmed(reviewed_dispute(ada, ben, ABOVE), dora, mediator("Emil"))
    appeal(dispute, ben)
    add_statement(dispute_id=dispute.pk, by=ada, statement="It is not.")
    waiting = proposed_on(dispute, mediator("Fay"), 300_000)
    time_machine.move_to(seen(dispute).ruling_due_at)

    with pytest.raises(WrongState, match="the first decision stands"):
        confirm_ruling(proposed_id=waiting.pk, by=mediator("Gil"))

    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert seen(dispute).to_freelancer == 200_000
    waiting.refresh_from_db()
    assert waiting.status == "lapsed"


def test_an_appeal_near_the_limit_has_its_last_word_before_it(
    standing,
    ben,
    time_machine,
):
    """Otherwise all would go back at the limit, whatever was decided."""
    limit_in(standing, days=6)
    appeal(standing, ben)

    due_at, limit_at = seen(standing).ruling_due_at, seen(standing).milestone.escrow.limit_at
    assert due_at == limit_at - timedelta(days=1)
    time_machine.move_to(due_at)
    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert books_of(standing) == AS_DECIDED


# --- It is the last ------------------------------------------------------------------------------


def test_what_both_accept_is_not_appealed_against_while_a_bank_keeps_it(
    standing,
    ada,
    ben,
):
    Bank(payment_of(standing.milestone.escrow), 51_500).takes()
    for by in (ada, ben):
        accept_ruling(dispute_id=standing.pk, by=by)
    assert not CLOCKS[PutOff.Clock.APPEAL].running().exists(), "no time of theirs runs"
    Dispute.objects.filter(pk=standing.pk).update(appeal_ends_at=now() + LATER)

    for by in (ada, ben):
        with pytest.raises(WrongState, match="stands"):
            appeal_ruling(dispute_id=standing.pk, by=by, statement="But no.")
    page = browser(ada).get(standing.path).content.decode()
    assert "Accept the decision" not in page


def test_a_last_decision_is_not_appealed_against_again(standing, ada):
    Dispute.objects.filter(pk=standing.pk).update(appealed_by="client")

    assert not CLOCKS[PutOff.Clock.APPEAL].running().exists()
    with pytest.raises(WrongState, match="last"):
        appeal_ruling(dispute_id=standing.pk, by=ada, statement="But no.")


def test_a_milestone_that_is_released_all_the_same_keeps_what_was_decided_in_sight(
    standing, ada, ben, dora
):
    release_milestone(milestone_id=standing.milestone_id, by=ada)

    for person, path in ((ben, standing.path), (dora, standing.desk_path)):
        page = browser(person).get(path).content.decode()
        assert "Ended otherwise than decided" in page
        assert "was to go to" in page and "Closed without a ruling" not in page


def test_a_bank_does_not_eat_the_time_of_an_appeal(standing, ada, ben, later):
    """Whoever has won could otherwise have their bank ask until nobody may hear the other."""
    appeal_ruling(dispute_id=standing.pk, by=ben, statement="All is done.")
    bank = Bank(payment_of(standing.milestone.escrow), 103_000)
    bank.takes()
    for _ in range(20):
        later(days=1)
        wait_for_banks()
        carry_out_rulings()
    assert seen(standing).state == "appealed"
    bank.gives_back()
    later(days=1)

    assert wait_for_banks() == {"done": 0, "failed": 0}
    assert seen(standing).ruling_due_at > now() + timedelta(days=2), "there is time to hear it"
    later(days=6)
    carry_out_rulings()
    assert seen(standing).state == "closed"


def test_it_waits_for_banks_in_time_within_the_limit_and_for_nobody_else(standing, ada, ben, later):
    appeal_ruling(dispute_id=standing.pk, by=ben, statement="All is done.")
    due_at = seen(standing).ruling_due_at
    later(days=7)
    wait_for_bank(dispute_id=standing.pk)
    assert seen(standing).ruling_due_at == due_at, "no bank asks"

    Bank(payment_of(standing.milestone.escrow), 103_000).takes()
    limit_in(standing, days=3)
    wait_for_bank(dispute_id=standing.pk)
    assert seen(standing).ruling_due_at == due_at, "the limit would come first"

    limit_in(standing, days=90)
    later(days=4)
    assert wait_for_banks() == {"done": 0, "failed": 0}
    wait_for_bank(dispute_id=standing.pk)
    assert seen(standing).ruling_due_at == due_at, "its time was over: the first decision stands"


def test_who_waits_for_a_bank_is_told_of_that_and_of_no_moment_that_has_passed(
    standing, ada, ben, dora, later
):
    Bank(payment_of(standing.milestone.escrow), 103_000).takes()
    later(days=4)
    turn = api_of(ben).get(f"/api/v1/contracts/{standing.milestone.contract.public_id}/next/")
    turn = turn.json()["your_turn"]

    assert turn["waits"] and turn["at"] is None
    assert "once the client’s bank has decided" in turn["text"]
    assert "Stands, to be carried out" in browser(dora).get("/desk/disputes/").content.decode()


def test_an_appeal_whose_time_is_over_is_late_no_more(standing, ben, dora, time_machine):
    appeal_ruling(dispute_id=standing.pk, by=ben, statement="All is done.")
    time_machine.move_to(seen(standing).ruling_due_at + timedelta(seconds=1), tick=False)

    assert chase_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="the first decision stands"):
        chase_ruling(dispute_id=standing.pk)
    assert "First decision stands" in browser(dora).get("/desk/disputes/").content.decode()


# --- Sealed figures ------------------------------------------------------------------------------


def test_what_was_sealed_before_a_decision_is_gone_with_it(ada, ben, dora):
    """Whoever lost would otherwise have nothing to lose by sealing against it."""
    dispute = reviewed_dispute(ada, ben)
    seal_figure(dispute_id=dispute.pk, by=ben, amount=20_000)

    decided = rule(dispute, dora, 60_000)

    assert not SealedOffer.objects.exclude(amount=None, held=None).exists()
    seal_figure(dispute_id=dispute.pk, by=ada, amount=59_000)
    assert seen(decided).state == "decided"


def test_a_decision_gives_nobody_more_figures_to_seal(ada, ben, dora):
    """Five in one dispute: whoever had as many again would feel for the other side's."""
    dispute = reviewed_dispute(ada, ben)
    for amount in range(20_000, 20_000 + MOST_FIGURES):
        seal_figure(dispute_id=dispute.pk, by=ben, amount=amount)

    rule(dispute, dora, 60_000)

    with pytest.raises(WrongState, match="feels for"):
        seal_figure(dispute_id=dispute.pk, by=ben, amount=70_000)
