"""No hold of payouts lasts longer than the provider holds the money."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold, uphold_hold
from accounts.models import Notification
from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments import tasks
from payments.escrow import services as escrows
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.checks import nothing_earned_is_past_its_limit
from payments.payouts.holding.selectors import leaves_despite
from payments.payouts.holding.services import (
    hold_payouts,
    let_go_before_the_limit,
    lift_hold,
    tell_that_it_ends,
)
from payments.payouts.models import BEFORE_LIMIT, Earning, Payout
from payments.payouts.sending import services as sending
from payments.web.stories import story_of
from projects.reasons.services import why_gone
from tests.against_the_rules import force
from tests.payments.payout_world import leaving, now_of, ready_without_provider
from tests.payments.racing import at_once
from tests.payments.world import held
from tests.world import browser, person

pytestmark = pytest.mark.django_db

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}


@pytest.fixture
def payee(ada, ben) -> int:
    return ready_without_provider(ada, ben)


def hold(party_id: int, dora, *, days: int = 14) -> Hold:
    return hold_payouts(
        party_id=party_id, reason="Looked into.", evidence="A letter.", days=days, by=dora
    )


def limit_in(**time: float) -> None:
    Earning.objects.update(limit_at=now() + timedelta(**time))


def scheduled(party_id: int) -> Payout:
    return payouts.schedule_payout(party_id=party_id, currency="USD", by=SYSTEM)


def told(kind: str) -> list[tuple[str, str]]:
    found = Notification.objects.filter(kind=kind).order_by("pk")
    return [(notice.recipient.name, str(notice.text)) for notice in found]


@pytest.fixture
def kept(payee, dora) -> Payout:
    """Held for fourteen days, while the provider holds it for ten."""
    hold(payee, dora)
    limit_in(days=10)
    payout = scheduled(payee)
    assert payout.status == "held"
    return payout


def test_two_days_before_the_limit_it_goes_out_while_the_hold_stands_on(kept, payee, later):
    later(days=7.9)
    assert tasks.let_held_payouts_go() == NOTHING
    later(days=0.2)
    assert nothing_earned_is_past_its_limit() == []

    assert (tasks.let_held_payouts_go(), tasks.let_held_payouts_go()) == (ONE, NOTHING)

    assert (now_of(kept).status, leaving(kept)) == ("scheduled", 97_000)
    assert Hold.objects.get().status == "placed"
    attempt = sending.begin_attempt(kept.pk)
    assert attempt is not None and now_of(kept).status == "sending", "no hold takes it again"
    ((name, said),) = told("payouts_go_on")
    assert name == "Ben" and said.startswith("Your payout of $970.00 is no longer held")
    assert told("payout_left_hold") == [
        (
            "Dora",
            "The payout of $970.00 to Ben goes out although their payouts are held: the payment "
            "provider holds the money not much longer.",
        )
    ]


def test_what_waits_behind_it_and_comes_nearer_lets_it_go_too(kept, ada, ben, later):
    escrows.release(escrow_id=held(ada, ben).pk)
    Earning.objects.filter(payout=None).update(clears_at=now(), limit_at=now() + BEFORE_LIMIT)
    assert tasks.let_held_payouts_go() == ONE
    assert now_of(kept).status == "scheduled"


def test_the_proof_finds_what_is_held_past_it(kept, later):
    later(days=10.1)
    assert nothing_earned_is_past_its_limit() == [f"{kept} is held past the provider's limit."]
    tasks.let_held_payouts_go()
    assert nothing_earned_is_past_its_limit() == []


def test_one_that_is_made_or_tried_again_so_late_is_not_held_and_finance_hears_of_it(
    payee, ben, dora
):
    hold(payee, dora)
    limit_in(days=1)
    payout = scheduled(payee)
    assert payout.status == "scheduled"
    assert sending.begin_attempt(payout.pk) is not None
    sending.fail(now_of(payout), payout.attempts.get(), "account_closed")
    payouts.retry_payout(payout_id=payout.pk, by=ben)
    assert now_of(payout).status == "scheduled"
    assert len(told("payout_left_hold")) == 1, "once for each payout"


def test_nor_is_one_that_waits_when_the_hold_is_placed(payee, dora):
    limit_in(days=1)
    payout = scheduled(payee)
    hold(payee, dora)
    assert now_of(payout).status == "scheduled"


def test_its_story_says_so_when_it_went_and_not_at_the_end_of_the_hold(kept, dora, later):
    later(days=8.1)
    tasks.let_held_payouts_go()
    sending.begin_attempt(kept.pk)
    went_at = kept.attempts.get().started_at
    for _ in range(2):
        kept = Payout.objects.select_related("hold").get()
        story = [(moment.text, moment.at) for moment in story_of(kept)]
        assert [text for text, _ in story] == [
            "Set aside for you", "Held", "No longer held", "Sent off",
        ]  # fmt: skip
        assert story[2][1] == went_at
        later(days=1)
        if kept.hold.stands:
            lift_hold(hold_id=kept.hold_id, by=dora)


NOT_READY = "The payment provider needs more details from you first."


def test_what_cannot_be_sent_is_told_so_and_not_that_it_is_on_its_way(kept, payee, later):
    ConnectedAccount.objects.update(status="restricted")
    later(days=8.1)
    assert tasks.let_held_payouts_go() == ONE
    ((_, said),) = told("payouts_go_on")
    assert "is no longer held" in said and said.endswith(NOT_READY)
    ((_, said),) = told("payout_left_hold")
    assert "goes out as soon as its payee has done what it waits for" in said

    Payout.objects.update(failure_code="account_not_ready")  # as its first try finds
    assert tasks.remind_of_payouts() == NOTHING, "they were told a moment ago"
    later(days=7.1)
    assert tasks.remind_of_payouts() == ONE


@pytest.mark.parametrize(
    ("status", "sent_to", "why"),
    [
        ("active", "acct_ben", "What waited is on its way."),
        ("restricted", "acct_ben", NOT_READY),
        ("active", "acct_old", "The money is at your account that was closed. Cancel this payout."),
    ],
)
def test_so_is_what_a_lifted_hold_lets_go(kept, dora, status, sent_to, why):
    force(Payout, transfer_id="tr_1")
    kept.attempts.create(
        number=1, destination=sent_to, failure_code="account_closed", closed_at=now()
    )
    ConnectedAccount.objects.update(status=status)
    lift_hold(hold_id=Hold.objects.get().pk, by=dora)
    assert told("payouts_go_on") == [("Ben", f"Your payouts are no longer held. {why}")]


def test_what_is_called_back_goes_nowhere(kept, later):
    Payout.objects.update(cancel_wished_at=now())
    later(days=8.1)
    assert tasks.let_held_payouts_go() == NOTHING
    let_go_before_the_limit(payout_id=kept.pk)
    assert now_of(kept).status == "held"
    assert told("payouts_go_on") == told("payout_left_hold") == []
    later(days=3)
    assert nothing_earned_is_past_its_limit() == []


def test_one_that_waits_for_its_payee_does_not_go_out_as_a_hold_is_placed(payee, dora):
    limit_in(days=1)
    scheduled(payee)
    ConnectedAccount.objects.update(status="restricted")
    hold(payee, dora)
    ((_, said),) = told("payout_left_hold")
    assert "is not held although" in said


def test_the_pages_say_when_it_goes_out_all_the_same(kept, ben):
    words = "goes out on"
    for path in ("/earnings/", f"/payouts/{kept.public_id}/"):
        page = browser(ben).get(path).text
        assert words in page and kept.earnings.get().leaves_by.strftime("%Y-%m-%d") in page
    limit_in(days=60)
    for path in ("/earnings/", f"/payouts/{kept.public_id}/"):
        assert words not in browser(ben).get(path).text
    for path in ("/earnings/", f"/payouts/{kept.public_id}/", "/account/holds/"):
        assert (
            "or when the payment provider holds it not much longer" in browser(ben).get(path).text
        )


def test_they_name_no_moment_that_is_past(kept):
    limit_in(hours=1)
    for payout in (None, kept):
        leaves_by = leaves_despite(Hold.objects.get(), payout)
        assert leaves_by and now() - leaves_by < timedelta(seconds=5)


@pytest.mark.parametrize("why", ["account", "too_little", "called_back"])
def test_nor_any_of_what_cannot_leave(kept, why):
    assert leaves_despite(Hold.objects.get()) == kept.earnings.get().leaves_by
    if why == "account":
        ConnectedAccount.objects.update(status="restricted")
    elif why == "too_little":
        ConnectedAccount.objects.update(country="SV")
        Earning.objects.update(amount=2_999, gross=2_999, fee=0)
    else:
        Payout.objects.update(cancel_wished_at=now())
    assert leaves_despite(Hold.objects.get()) is None
    assert leaves_despite(Hold.objects.get(), kept) is None


def test_what_waits_behind_it_is_named_too_unless_another_is_in_its_way(kept, ada, ben):
    escrows.release(escrow_id=held(ada, ben).pk)
    behind = Earning.objects.filter(payout=None)
    behind.update(clears_at=now(), limit_at=now() + timedelta(days=5))
    for payout in (None, kept):
        assert leaves_despite(Hold.objects.get(), payout) == behind.get().leaves_by
    force(Payout, status="failed")
    assert leaves_despite(Hold.objects.get()) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_lifted", [False, True])
def test_eight_at_once_let_it_go_once(ada, ben, dora, bells, is_lifted):
    party_id = ready_without_provider(ada, ben)
    standing = hold(party_id, dora)
    payout = scheduled(party_id)
    limit_in(days=1)

    def act(number: int) -> None:
        if is_lifted and number == 0:
            lift_hold(hold_id=standing.pk, by=dora)
        else:
            let_go_before_the_limit(payout_id=payout.pk)

    assert at_once(act) == {"done": 8}

    assert (now_of(payout).status, leaving(payout)) == ("scheduled", 97_000)
    by_the_limit = len(told("payout_left_hold"))
    assert len(told("payouts_go_on")) == by_the_limit + is_lifted
    assert by_the_limit == 1 or (is_lifted and by_the_limit == 0)
    call_command("check_ledger")


# --- The end of a hold ---------------------------------------------------------------------------


def test_a_day_before_its_end_finance_is_told_once(payee, ben, dora, later):
    standing = hold(payee, dora, days=3)
    later(days=1.9)
    assert tasks.tell_that_holds_end() == NOTHING
    later(days=0.2)
    assert (tasks.tell_that_holds_end(), tasks.tell_that_holds_end()) == (ONE, NOTHING)
    ((name, said),) = told("hold_ends")
    assert name == "Dora" and said.startswith("The hold on the payouts of Ben ends by itself on")
    notice = Notification.objects.get(kind="hold_ends")
    assert notice.path == f"/desk/holds/{standing.public_id}/"
    assert why_gone([notice]) == {notice.pk: ""}
    lift_hold(hold_id=standing.pk, by=dora)
    assert why_gone([notice]) == {notice.pk: "The hold does not end then any more."}


def test_one_of_a_day_is_not_told_of_and_an_end_that_moved_is_told_again(payee, ben, dora, later):
    lift_hold(hold_id=hold(payee, dora, days=1).pk, by=dora)
    assert tasks.tell_that_holds_end() == NOTHING
    standing = hold(payee, dora, days=13)
    appeal_hold(hold_id=standing.pk, statement="It is mine.", by=ben)
    later(days=9.1)
    assert tasks.tell_that_holds_end() == ONE
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={StaffRole.FINANCE}, by=SYSTEM)
    uphold_hold(hold_id=standing.pk, ruling="It is not.", by=fay)
    assert tasks.tell_that_holds_end() == NOTHING
    later(days=3)
    assert tasks.tell_that_holds_end() == ONE
    assert len(told("hold_ends")) == 3


def test_an_end_that_moves_before_it_is_told_of_is_told_in_its_time(payee, ben, dora, later):
    """The sweep had found it as it was to end tomorrow, and then the appeal was answered."""
    standing = hold(payee, dora, days=13)
    appeal_hold(hold_id=standing.pk, statement="It is mine.", by=ben)
    later(days=9.1)
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={StaffRole.FINANCE}, by=SYSTEM)
    uphold_hold(hold_id=standing.pk, ruling="It is not.", by=fay)

    tell_that_it_ends(hold_id=standing.pk)

    assert told("hold_ends") == []
    later(days=3)
    assert tasks.tell_that_holds_end() == ONE
    assert len(told("hold_ends")) == 2


def test_nobody_of_finance_is_told_of_their_own(payee, ben, dora, later):
    grant_staff_roles(user_id=ben.pk, roles={StaffRole.FINANCE}, by=SYSTEM)
    hold(payee, dora, days=3)
    later(days=2.1)
    tasks.tell_that_holds_end()
    assert [name for name, _ in told("hold_ends")] == ["Dora"]
