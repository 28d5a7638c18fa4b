"""Which notices nobody can switch off, each for a reason; somebody can do without every other."""

import pytest

from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL, URGENT
from accounts.notifications.preferences.services import change_preferences
from projects.management.mails.samples import SAMPLES
from projects.questions.services import answer_question, ask_question, decline_question
from projects.tasks import deliver_due_notifications
from tests.world import open_posting

# By the reasons that the page of the preferences gives.
OBLIGATORY = {
    "your account itself: who can come in, and what staff lets stand still": """
        token_made second_factor_added second_factor_removed
        person_suspended person_free side_suspended side_free posting_suspended posting_restored
        hold_appealed hold_answer_wanted hold_answer_late hold_upheld hold_ends
        payouts_held payouts_go_on
        """,
    "an agreement: it is made, changed or ended": """
        counter_proposed counter_accepted counter_declined counter_withdrawn counter_lapsed
        contract_offered contract_accepted contract_declined contract_withdrawn contract_lapsed
        contract_completed contract_cancelled contract_left offer_goes_on
        change_proposed change_countered change_accepted change_declined change_withdrawn
        change_lapsed change_dropped change_overtaken
        ending_proposed ending_countered ending_accepted ending_declined ending_withdrawn
        ending_lapsed ending_dropped ending_overtaken
        """,
    "a clock that decides when nobody acts": """
        work_submitted work_returned fund_in_7_days fund_in_1_day fund_over
        start_in_7_days start_in_1_day start_over due_now due_1_day_ago late_over
        review_half_over review_ends_in_24_hours review_ends_in_2_hours review_over_unpaid
        limit_in_14_days limit_in_7_days limit_in_1_day
        clock_put_off clock_pulled bids_put_off bid_goes_on
        """,
    "money": """
        milestone_funded part_funded milestone_released part_released milestone_cancelled
        milestone_refunded bonus_paid held_funds_returned card_refused payment_returned
        refund_failed refund_returned refund_settled
        giveback_asked giveback_declined giveback_withdrawn giveback_lapsed giveback_done
        payout_paid payout_failed payout_retried payout_still_failed payout_still_waits
        payout_cancelled payout_not_cancelled payout_left_hold debt_recovered
        payout_account_missing payout_account_active payout_account_restricted
        payout_account_closed
        chargeback_opened chargeback_to_answer chargeback_answer_due chargeback_won
        chargeback_lost books_differ deed_to_confirm deed_returned
        """,
    "a dispute": """
        dispute_opened dispute_answered dispute_statement dispute_escalated dispute_handed_over
        dispute_answer_ends negotiation_ends mediator_asked dispute_settled dispute_closed
        case_handed_over dispute_assigned dispute_reassigned ruling_late ruling_overdue
        ruling_wanted ruling_to_confirm ruling_returned dispute_decided ruling_accepted
        dispute_appealed appeal_ends appeal_reply_ends ruling_carried_out
        """,
}
NAMED = [kind for kinds in OBLIGATORY.values() for kind in kinds.split()]


def test_every_kind_is_optional_or_obligatory_for_a_reason():
    """That all kinds have a sample is a test of the mails."""
    assert sorted([*NAMED, *OPTIONAL]) == sorted(SAMPLES), "name it here, or in kinds.py"
    assert set(NAMED) >= URGENT


@pytest.mark.django_db
def test_who_asks_and_who_is_asked_can_do_without_mails_of_it(ada, ben, mailoutbox):
    posting = open_posting(ada)
    _mute(ada, "question_asked", "question_removed")
    _mute(ben, "question_answered", "question_declined", "question_removed")
    wording = {"posting_id": posting.pk, "text": "In which language?", "by": ben}

    first, second = ask_question(**wording), ask_question(**wording)
    answer_question(question_id=first.pk, answer="In Welsh.", by=ada)
    decline_question(question_id=second.pk, reason="It says so.", by=ada)
    deliver_due_notifications()

    told = Notification.objects.order_by("pk").values_list("recipient", "kind", "is_counted")
    assert list(told) == [
        (ada.pk, "question_asked", False),
        (ada.pk, "question_asked", False),
        (ben.pk, "question_answered", False),
        (ben.pk, "question_declined", False),
    ]
    assert not Notification.objects.exclude(mail_due_at=None).exists() and mailoutbox == []


def _mute(person, *kinds: str) -> None:
    change_preferences(
        user_id=person.pk,
        by=person,
        mail=dict.fromkeys(kinds, "never"),
        in_app=dict.fromkeys(kinds, False),
    )
