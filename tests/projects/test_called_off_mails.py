"""A mail that waits is judged again right before it leaves: nobody is asked for what is done."""

import threading

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.refunds.models import Refund
from projects.agreements.services import accept_offer
from projects.agreements.suspending.services import suspend_posting
from projects.bids.declining.services import close_bidding
from projects.bids.services import edit_bid, shortlist_bid, withdraw_bid
from projects.disputes.services import answer_dispute
from projects.givebacks.services import ask_back, decline_giveback
from projects.invitations.services import (
    decline_invitation,
    invite_person,
    withdraw_invitation,
)
from projects.management.mails.samples import SAMPLES
from projects.milestones import reminders
from projects.milestones.limits.services import AHEAD
from projects.milestones.models import Milestone
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    return_work,
    submit_work,
)
from projects.questions.services import answer_question, ask_question
from projects.reasons.rules import REASONS
from projects.tasks import deliver_due_notifications, deliver_notification, tell_reminders
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.test_two_of_finance import wished
from tests.races import outcomes_at_once
from tests.world import (
    GROUNDS,
    api_of,
    browser,
    funded_milestone,
    offered_contract,
    open_posting,
    opened_dispute,
    person,
    submitted_bid,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def told(person, kind: str) -> Notification:
    return Notification.objects.filter(recipient=person, kind=kind).latest("pk")


def deliver(notice: Notification) -> Notification:
    deliver_notification(notification_id=notice.pk)
    notice.refresh_from_db()
    return notice


def is_called_off(notice: Notification, because: str = "") -> bool:
    notice = deliver(notice)
    assert because in notice.mail_called_off
    return bool(notice.mail_called_off) and notice.mailed_at is None and notice.mail_due_at is None


def leaves(notice: Notification) -> bool:
    return deliver(notice).mailed_at is not None


# --- Reminders -----------------------------------------------------------------------------------


@pytest.fixture
def due_soon(ada, ben, later) -> tuple[Milestone, Notification]:
    """Due in a day, and Ben's mail of it has not left yet."""
    milestone = funded_milestone(ada, ben)
    later(days=19.1)
    tell_reminders()
    return milestone, told(ben, "due_in_1_day")


def test_a_reminder_of_what_stands_leaves(due_soon):
    assert leaves(due_soon[1])


def test_due_tomorrow_is_not_mailed_after_the_delivery(ben, due_soon):
    milestone, notice = due_soon
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")

    assert is_called_off(notice, "was delivered")
    assert mail.outbox == []
    assert notice in ben.notifications.all()  # in the house it stays


def test_nor_after_its_end(ada, ben, due_soon):
    milestone, notice = due_soon
    cancel_milestone(milestone_id=milestone.pk, by=ben)

    assert is_called_off(notice, "has ended")


def test_nor_when_it_is_due_on_another_date(due_soon):
    milestone, notice = due_soon
    Milestone.objects.filter(pk=milestone.pk).update(due_at=milestone.due_at.replace(year=2090))

    assert is_called_off(notice, "another date")


def test_nor_while_its_money_is_not_there(due_soon):
    milestone, notice = due_soon
    Bank(payment_of(milestone.escrow), 30_000).takes()

    assert is_called_off(notice, "Not all of it is funded")


def test_a_review_that_was_answered_is_warned_of_no_longer(ada, ben, later):
    milestone = submitted_milestone(ada, ben, review_days=7)
    later(days=3.6)
    tell_reminders()
    first = told(ada, "review_half_over")
    return_work(milestone_id=milestone.pk, by=ada, answer="The basket.")
    assert is_called_off(first, "was answered")

    Notification.objects.filter(pk=first.pk).update(
        mail_due_at=first.created_at, mail_called_off=""
    )
    submit_work(milestone_id=milestone.pk, by=ben, note="Again.")
    assert is_called_off(first, "delivered again")


def test_a_review_that_runs_is_warned_of(ada, ben, later):
    submitted_milestone(ada, ben, review_days=7)
    later(days=3.6)
    tell_reminders()

    assert leaves(told(ada, "review_half_over"))


# --- What waits for an answer --------------------------------------------------------------------


def test_an_offer_that_was_answered(ada, ben):
    contract = offered_contract(ada, ben)
    notice = told(ben, "contract_offered")
    accept_offer(contract_id=contract.pk, by=ben)
    assert is_called_off(notice)


def test_a_delivery_that_was_answered(ada, ben):
    milestone = submitted_milestone(ada, ben, review_days=7)
    notice = told(ada, "work_submitted")
    release_milestone(milestone_id=milestone.pk, by=ada)
    assert is_called_off(notice)


def test_a_dispute_that_was_answered(ada, ben):
    dispute = opened_dispute(ada, ben)
    notice = told(ben, "dispute_opened")
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="It keeps everything.")
    assert is_called_off(notice)


def test_a_question_that_was_answered(ada, ben):
    question = ask_question(posting_id=open_posting(ada).pk, text="Which browsers?", by=ben)
    notice = told(ada, "question_asked")
    answer_question(question_id=question.pk, answer="All of them.", by=ada)
    assert is_called_off(notice)


@pytest.mark.parametrize("end", ["answered", "withdrawn", "posting closed", "suspended"])
def test_an_invitation_that_is_open_no_longer(ada, ben, mona, end):
    posting = open_posting(ada)
    sent = invite_person(posting_id=posting.pk, whom=ben.email, by=ada)
    if end == "answered":
        decline_invitation(invitation_id=sent.pk, by=ben)
    elif end == "withdrawn":
        withdraw_invitation(invitation_id=sent.pk, by=ada)
    elif end == "suspended":
        suspend_posting(
            **GROUNDS,
            posting_id=posting.pk,
            reason="It is a scam.",
            by=mona,
        )
    else:
        close_bidding(posting_id=posting.pk, reason="", by=ada)
    assert is_called_off(told(ben, "invitation_sent"), "open no longer")


def test_a_bid_that_was_withdrawn(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    shortlist_bid(bid_id=bid.pk, by=ada)
    edit_bid(bid_id=bid.pk, by=ben, letter="Better.")
    withdraw_bid(bid_id=bid.pk, by=ben)

    for reader, kind in ((ada, "bid_submitted"), (ben, "bid_shortlisted"), (ada, "bid_edited")):
        assert is_called_off(told(reader, kind)), kind
    assert leaves(told(ada, "bid_withdrawn"))


def test_what_was_asked_back(ada, ben):
    done = funded_milestone(ada, ben)
    release_milestone(milestone_id=done.pk, by=ada)
    giveback = ask_back(
        contract_id=done.contract_id, escrow_id=done.escrow_id, by=ada, amount=1_000
    )
    notice = told(ben, "giveback_asked")
    assert leaves(notice)
    Notification.objects.filter(pk=notice.pk).update(mailed_at=None, mail_due_at=notice.created_at)
    decline_giveback(giveback_id=giveback.pk, by=ben)
    assert is_called_off(notice)


def test_a_wish_of_finance_whose_subject_is_gone(ada, ben, dora):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)
    wish = wished(ada, ben, dora)
    notice = told(fay, "deed_to_confirm")
    assert leaves(notice)
    Notification.objects.filter(pk=notice.pk).update(mailed_at=None, mail_due_at=notice.created_at)

    force(Refund, status="succeeded")  # the provider has sent it after all

    assert is_called_off(notice, "waits for no second person")
    wish.refresh_from_db()
    assert wish.status == "proposed", "nobody has answered it"


# Whatever has no reason that can go, by why its mail leaves however late it is.
LEAVES = {
    "it warns that somebody may be at the door in your name, whatever was done since": """
        token_made second_factor_added second_factor_removed
        """,
    "it tells what has happened, and asks for nothing": """
        person_free side_suspended side_free hold_upheld payouts_go_on
        posting_expired posting_awarded posting_restored
        question_answered question_declined question_removed invitation_declined
        bid_withdrawn bid_declined bid_given_back bid_lapsed
        counter_accepted counter_declined counter_withdrawn counter_lapsed
        contract_declined contract_withdrawn contract_lapsed contract_completed
        contract_cancelled contract_left
        change_accepted change_declined change_withdrawn change_lapsed change_overtaken
        change_dropped
        ending_accepted ending_declined ending_withdrawn ending_lapsed ending_overtaken
        ending_dropped
        milestone_cancelled milestone_refunded milestone_released part_released work_started
        clock_put_off clock_pulled bids_put_off
        payment_returned refund_settled refund_failed refund_returned bonus_paid
        giveback_declined giveback_withdrawn giveback_lapsed giveback_done
        payout_made payout_retried payout_paid payout_cancelled payout_not_cancelled
        payout_account_active payout_left_hold debt_recovered
        chargeback_opened chargeback_won chargeback_lost
        dispute_handed_over dispute_reassigned dispute_settled dispute_closed
        ruling_late ruling_overdue ruling_carried_out
        """,
    "it tells what staff did to you: that stands in your record, appealed against or not": """
        person_suspended posting_suspended payouts_held
        """,
    "it tells what somebody else did, which stays true once its reader has done the next thing": """
        confidentiality_asked message_written message_mention
        contract_accepted milestone_funded part_funded work_returned
        card_refused held_funds_returned payout_failed
        dispute_answered dispute_statement dispute_escalated dispute_decided dispute_appealed
        deed_returned ruling_returned books_differ
        """,
}


def test_every_kind_has_a_reason_that_can_go_or_says_why_it_has_none():
    """That all kinds have a sample is a test of the mails."""
    always = [kind for kinds in LEAVES.values() for kind in kinds.split()]
    assert sorted([*always, *REASONS]) == sorted(SAMPLES), "name it here, or in reasons/rules.py"
    assert set(reminders.KINDS) | set(AHEAD) <= set(REASONS)


def test_what_is_named_in_no_table_leaves_however_late(ada, ben, later):
    milestone = submitted_milestone(ada, ben, review_days=7)
    release_milestone(milestone_id=milestone.pk, by=ada)
    later(days=400)

    assert leaves(told(ben, "milestone_released"))


def test_the_api_says_why_no_mail_left(ada, ben):
    contract = offered_contract(ada, ben)
    notice = told(ben, "contract_offered")
    accept_offer(contract_id=contract.pk, by=ben)
    deliver(notice)

    found = api_of(ben).get("/api/v1/notifications/").json()["results"]
    (said,) = (one for one in found if one["id"] == notice.public_id)
    assert said["mail_called_off"] == "The offer is open no longer."
    assert said["mailed_at"] is None


def test_what_was_called_off_cannot_be_due_too(ada, ben):
    offered_contract(ada, ben)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.update(mail_called_off="No reason.")


def test_judging_costs_one_query(ada, ben):
    offered_contract(ada, ben)
    judged, other = told(ben, "contract_offered"), told(ada, "bid_submitted")
    Notification.objects.filter(pk=other.pk).update(about="")

    def cost(notice) -> int:
        with CaptureQueriesContext(connection) as queries:
            deliver_notification(notification_id=notice.pk)
        return len(queries)

    assert cost(judged) == cost(other) + 1


# --- While a deed is under way -------------------------------------------------------------------


def while_ben_delivers(milestone: Milestone, ben, act) -> None:
    """``act`` while the delivery is done and not committed yet."""
    done, go_on = threading.Event(), threading.Event()

    def submit() -> None:
        with transaction.atomic():
            submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
            done.set()
            assert go_on.wait(20)

    def meanwhile() -> None:
        try:
            assert done.wait(20)
            act()
        finally:
            go_on.set()

    for outcome in outcomes_at_once(submit, meanwhile):
        assert not isinstance(outcome, BaseException), outcome


@pytest.mark.django_db(transaction=True)
def test_a_mail_waits_for_the_deed_that_may_take_its_reason(ben, due_soon):
    milestone, notice = due_soon

    while_ben_delivers(milestone, ben, lambda: deliver_notification(notification_id=notice.pk))

    notice.refresh_from_db()
    assert (notice.mail_attempts, notice.mailed_at) == (0, None)
    assert notice.mail_due_at is not None  # the next sweep asks again
    deliver_due_notifications()
    notice.refresh_from_db()
    assert "was delivered" in notice.mail_called_off


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_leaves_while_its_reason_goes(ben, due_soon, monkeypatch):
    milestone, notice = due_soon
    real = QuerySet.select_for_update

    def unlocked(rows, **how):
        return rows if how.get("no_key") else real(rows, **how)

    monkeypatch.setattr(QuerySet, "select_for_update", unlocked)
    while_ben_delivers(milestone, ben, lambda: deliver_notification(notification_id=notice.pk))

    notice.refresh_from_db()
    assert notice.mailed_at is not None


@pytest.mark.django_db(transaction=True)
def test_eight_workers_and_the_deed_send_once_or_not_at_all(ben, due_soon):
    milestone, notice = due_soon

    outcomes = outcomes_at_once(
        lambda: submit_work(milestone_id=milestone.pk, by=ben, note="Here."),
        *[lambda: deliver_notification(notification_id=notice.pk)] * 8,
    )

    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    deliver_due_notifications()
    notice.refresh_from_db()
    about_it = [letter for letter in mail.outbox if letter.subject == notice.text]
    of_ben = [letter for letter in about_it if letter.to == [ben.email]]
    assert len(of_ben) == (0 if notice.mail_called_off else 1)
    assert bool(notice.mail_called_off) != bool(notice.mailed_at)


def test_why_no_mail_left_is_said_in_the_readers_language(ada, ben):
    question = ask_question(posting_id=open_posting(ada).pk, text="Which browsers?", by=ben)
    notice = told(ada, "question_asked")
    answer_question(question_id=question.pk, answer="All of them.", by=ada)
    assert is_called_off(notice, "The question is open no longer.")
    User.objects.filter(pk=ada.pk).update(language="de")
    ada.refresh_from_db()

    said = api_of(ada).get("/api/v1/notifications/").json()["results"]
    assert [it["mail_called_off"] for it in said if it["id"] == notice.public_id] == [
        "Die Frage ist nicht mehr offen."
    ]
    page = browser(ada).get("/notices/").content.decode()
    assert "Die Frage ist nicht mehr offen." in page
    assert "The question is open no longer." not in page
