"""Every difference says what to do about it: here, at the provider's desk, or that one waits."""

import pytest
from django.utils.html import escape

from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.payees.models import ConnectedAccount
from payments.payouts.cancelling.services import wish_to_cancel
from payments.payouts.holding.services import hold_payouts, lift_hold
from payments.payouts.models import Payout
from payments.payouts.services import schedule_payout
from payments.reconciliation.findings import ADVICE, DEEDS, HEALING, K, deeds_for
from payments.reconciliation.models import Difference, ReconciliationRun
from payments.reconciliation.running.services import plan_run
from payments.reconciliation.suggestions import (
    _BY_HOW_IT_STANDS,
    suggested_on_line,
    suggestion_for,
)
from tests.against_the_rules import force
from tests.payments.payout_world import (
    TRANSFERS,
    arrive,
    failed_payout,
    ready_without_provider,
    scheduled,
    stranded,
    unreturned,
)
from tests.payments.reconciling import settled, the_difference
from tests.sandbox import NO_SUCH_ACCOUNT
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

# Without a button and a page, one of these says what to do.
ELSEWHERE = ("Wait", "next run", "the provider")


def line(kind: str, **facts) -> Difference:
    """As a run has found it and a second look confirmed."""
    run: ReconciliationRun = plan_run()
    found = {"object_id": "txn_1", "theirs": "This.", "ours": "That.", "currency": "USD"}
    seen = Difference.objects.create(kind=kind, run=run, **(found | facts))
    Difference.objects.filter(pk=seen.pk).update(status="open")
    seen.refresh_from_db()
    return seen


def leads(difference: Difference) -> str:
    return suggestion_for(difference).path


# --- Of every kind -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Difference.Kind.values)
@pytest.mark.parametrize("account", ["", "acct_ben"])
def test_every_kind_has_one_on_its_page_in_the_list_and_in_the_api(dora, kind, account):
    difference = line(kind, account=account)

    suggestion, short = suggestion_for(difference), suggested_on_line(difference)

    assert suggestion.text.endswith(".") and bool(suggestion.path) == bool(suggestion.label)
    here = deeds_for(difference) or suggestion.path
    assert here or any(word in suggestion.text for word in ELSEWHERE)
    desk, page = browser(dora), f"/desk/reconciliation/{difference.public_id}/"
    assert escape(suggestion.text) in desk.get(page).text
    assert suggestion.path in desk.get(page).text
    for listed in ("/desk/reconciliation/", "/desk/"):
        shown = desk.get(listed).text
        assert short.label and f'href="{short.path}">{short.label}</a>' in shown, listed
    assert desk.get(short.path).status_code == 200
    told = api_of(dora).get(f"/api/v1/desk/differences/{difference.public_id}/").json()
    assert (told["advice"], told["advice_path"]) == (suggestion.text, suggestion.path)


def test_each_kind_is_told_of_in_one_place():
    assert set(ADVICE) | set(_BY_HOW_IT_STANDS) == set(Difference.Kind)
    assert {K.SUM, K.SILENT} == set(_BY_HOW_IT_STANDS) - set(ADVICE)
    for kind in HEALING - {K.FEE}:
        assert "next run" in ADVICE[kind], kind


def test_a_line_names_its_first_deed(dora):
    difference = line(K.CHARGE_FOREIGN, net=500, deed="own_funds")

    short = suggested_on_line(difference)

    assert short.label == DEEDS["own_funds"].label
    assert short.path == f"/desk/reconciliation/{difference.public_id}/"


# --- A sum ---------------------------------------------------------------------------------------


def test_a_sum_of_the_platform_leads_to_the_runs_and_one_of_an_account_to_its_payouts(ada, ben):
    payout = failed_payout(ada, ben)

    assert leads(line(K.SUM)) == "/desk/reconciliation/runs/"
    there = line(K.SUM, account="acct_ben", object_id="acct_ben:USD")
    assert leads(there) == f"/desk/payouts/?words={payout.party.public_id}"
    ConnectedAccount.objects.update(remote_id="", past_remote_ids=["acct_ben"])
    assert leads(there) == f"/desk/payouts/?words={payout.party.public_id}"


# --- An account that says nothing ----------------------------------------------------------------


def silent(**facts) -> Difference:
    return line(K.SILENT, account="acct_ben", object_id="acct_ben", **facts)


def test_of_one_that_lives_one_waits_and_asks_the_provider(ada, ben):
    failed_payout(ada, ben)
    suggestion = suggestion_for(silent())
    assert suggestion.text.startswith("Wait: the next run asks again")
    assert "ask the provider" in suggestion.text and suggestion.path == ""


@pytest.mark.parametrize("plant", [stranded, unreturned])
def test_of_one_that_was_closed_under_a_payout_finance_says_what_became_of_it(ada, ben, plant):
    payout = plant(ada, ben)
    assert leads(silent()) == f"/desk/payouts/{payout.public_id}/attest/"


def test_of_one_that_was_closed_with_a_failed_payout_that_is_cancelled(ada, ben):
    payout = unreturned(ada, ben)
    Payout.objects.update(reversal_refused_at=None)
    difference = silent()
    assert leads(difference) == f"/desk/payouts/{payout.public_id}/cancel/"

    wish_to_cancel(payout_id=payout.pk, by=ben)

    suggestion = suggestion_for(difference)
    assert suggestion.path == "" and suggestion.text.startswith("Wait: the provider is asked")


def test_of_one_that_was_closed_with_a_held_payout_the_hold_is_read(ada, ben, dora):
    payout = unreturned(ada, ben)
    hold = hold_payouts(party_id=payout.party_id, reason="So.", evidence="So.", days=7, by=dora)
    force(Payout, status="held", hold=hold, reversal_refused_at=None)

    suggestion = suggestion_for(silent())

    assert suggestion.path == f"/desk/holds/{hold.public_id}/"
    assert "nobody asks the provider" in suggestion.text


def test_of_one_where_nothing_of_ours_is_one_waits_for_the_next_run(ada, ben):
    stranded(ada, ben)
    force(Payout, status="paid")
    assert suggestion_for(silent()).text.startswith("Wait. The line goes with the next run")


# --- A transfer that somebody took back ----------------------------------------------------------


def reversed_of(payout: Payout, **facts) -> Difference:
    return line(K.TRANSFER_REVERSED, about=payout.public_id, account="acct_ben", **facts)


def test_of_a_part_of_what_failed_the_rest_is_taken_back_too(ada, ben, dora, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    payout.refresh_from_db()
    back = f"{TRANSFERS}/{payout.transfer_id}/reversals"
    sandbox.api("POST", back, amount=30_000)
    difference = the_difference()
    assert (difference.kind, deeds_for(difference)) == (K.TRANSFER_REVERSED, [])
    assert "Take the rest back there, too" in suggestion_for(difference).text
    assert leads(difference) == f"/desk/payouts/?words={payout.party.public_id}"

    sandbox.api("POST", back, amount=67_000)

    difference = the_difference()
    assert deeds_for(difference) == ["end_payout"]
    assert "cancel our payout" in suggestion_for(difference).text
    settled(difference, "end_payout", dora)
    payout.refresh_from_db()
    assert payout.status == "cancelled"


def test_of_what_is_under_way_one_waits_for_its_bank(ada, ben):
    payout = stranded(ada, ben)
    ConnectedAccount.objects.update(status="active")
    difference = reversed_of(payout)
    assert suggestion_for(difference).text.startswith("Wait until our bank payout has arrived")

    ConnectedAccount.objects.update(status="closed")

    assert leads(difference) == f"/desk/payouts/{payout.public_id}/attest/"


def test_of_what_is_held_the_hold_is_read(ada, ben, dora):
    party_id = ready_without_provider(ada, ben)
    hold = hold_payouts(party_id=party_id, reason="So.", evidence="So.", days=7, by=dora)
    payout = schedule_payout(party_id=party_id, currency="USD", by=ben)

    path = leads(reversed_of(payout))

    assert path == f"/desk/holds/{hold.public_id}/"
    assert browser(dora).get(path).status_code == 200


def test_once_it_is_held_no_longer_the_next_run_offers_to_cancel_what_is_back(ada, ben, dora):
    party_id = ready_without_provider(ada, ben)
    hold = hold_payouts(party_id=party_id, reason="So.", evidence="So.", days=7, by=dora)
    payout = schedule_payout(party_id=party_id, currency="USD", by=ben)
    difference = reversed_of(payout, net=payout.amount)
    lift_hold(hold_id=hold.pk, by=dora)

    suggestion = suggestion_for(difference)

    assert suggestion.text.startswith("All of it was taken back")
    assert suggestion.path == "/desk/reconciliation/runs/"
    difference.net -= 1
    assert "Take the rest back there, too" in suggestion_for(difference).text


def test_of_what_is_over_the_money_is_ours(ada, ben):
    payout = stranded(ada, ben)
    difference = reversed_of(payout, deed="own_funds", net=100)
    assert "Book it as our own money" in suggestion_for(difference).text
    assert "cancel our payout" not in suggestion_for(difference).text


def test_who_reads_only_is_led_to_pages_that_they_may_read(ada, ben):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={StaffRole.SUPPORT}, by=SYSTEM)
    stranded(ada, ben)
    assert browser(fay).get(leads(silent(first_seen_at=now()))).status_code == 200
