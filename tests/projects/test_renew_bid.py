"""A bid that is to lapse: its author is reminded once, and may renew it on the same terms."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse

from accounts.holds import services as holds
from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.deadlines.selectors import deadlines_of
from projects.agreements.services import award_bid, decline_offer
from projects.bids.counters.services import accept_counter
from projects.bids.declining.services import decline_bid
from projects.bids.models import Bid, BidVersion
from projects.bids.renewals import services
from projects.bids.renewals.services import remind_of_lapse, renew_bid
from projects.bids.roles import open_steps
from projects.bids.selectors import lapsing_bid_ids
from projects.bids.services import edit_bid, lapse_bid, withdraw_bid
from projects.bids.validity import AHEAD, renewable_until, words_of_reminder
from projects.reasons.services import why_gone
from projects.tasks import deliver_due_notifications, lapse_bids, remind_of_bids
from tests.projects.counter_world import countered
from tests.projects.test_posting_and_bid_pages import browser_of
from tests.races import at_once, meet_after, overtaken_after
from tests.world import api_of, open_posting, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def bid(ada, ben) -> Bid:
    """Valid for thirty days."""
    return submitted_bid(open_posting(ada), ben)


def told(kind: str) -> list[str]:
    found = Notification.objects.filter(kind=kind).order_by("pk")
    return list(found.values_list("recipient__name", flat=True))


def in_days(days: float) -> datetime:
    return now() + timedelta(days=days)


# --- The reminder --------------------------------------------------------------------------------


def test_its_author_is_told_once_three_days_before(bid, later):
    assert remind_of_bids() == {"done": 0, "failed": 0}
    later(days=27, minutes=1)

    assert lapsing_bid_ids() == [bid.pk]
    assert remind_of_bids() == {"done": 1, "failed": 0}
    assert remind_of_bids() == {"done": 0, "failed": 0}
    remind_of_lapse(bid_id=bid.pk)

    notice = Notification.objects.get(kind="bid_lapses_soon")
    assert (notice.recipient.name, notice.path) == ("Ben", bid.path)
    assert f"{bid.valid_until:%-d %B %Y, %H:%M} UTC" in notice.text


@pytest.mark.parametrize(("valid", "after"), [(30, 27), (6, 3), (4, 2), (1, 0.5)])
def test_of_a_short_one_when_half_of_it_is_over(ada, ben, valid, after):
    bid = submitted_bid(open_posting(ada), ben, valid_until=in_days(valid))
    assert abs(bid.remind_at - in_days(after)) < timedelta(minutes=1)


def test_nobody_is_told_too_early_too_late_or_of_what_has_ended(bid, ben, later):
    remind_of_lapse(bid_id=bid.pk)
    later(days=31)  # nobody swept in all that time: that it lapsed is told by its end
    remind_of_lapse(bid_id=bid.pk)
    assert lapsing_bid_ids() == []
    lapse_bids()
    remind_of_lapse(bid_id=bid.pk)
    assert told("bid_lapses_soon") == []


def test_while_an_offer_is_out_nobody_is_told_and_afterwards_they_are(bid, ada, ben, later):
    later(days=26)
    contract = award_bid(bid_id=bid.pk, by=ada)
    later(days=2)
    assert remind_of_bids()["done"] == 0

    decline_offer(contract_id=contract.pk, reason="timing", by=ben)
    assert remind_of_bids()["done"] == 1


def test_a_bid_whose_time_ran_out_during_an_offer_stands_three_days_more(bid, ada, ben, later):
    """Nobody could renew it meanwhile, and a declined offer changes nothing else."""
    later(days=28)
    assert remind_of_bids()["done"] == 1
    contract = award_bid(bid_id=bid.pk, by=ada)
    later(days=4)
    decline_offer(contract_id=contract.pk, reason="timing", by=ben)

    assert lapse_bids()["done"] == 0
    bid.refresh_from_db()
    assert bid.status == "submitted"
    assert timedelta(days=2.9) < bid.valid_until - now() <= timedelta(days=3)
    renew_bid(bid_id=bid.pk, valid_until=in_days(14), by=ben)


def test_a_reminder_asks_for_a_renewal_only_where_there_is_one(bid, ben, later):
    later(days=26)
    assert "Renew it" in str(words_of_reminder(bid))
    Bid.objects.update(valid_until=renewable_until(bid))
    bid.refresh_from_db()
    assert "Renew it" not in str(words_of_reminder(bid))
    assert "The client may choose it until then." in str(words_of_reminder(bid))
    (deadline,) = deadlines_of(ben)
    assert "renew" not in deadline.text


def test_a_day_alone_is_its_last_minute_where_the_bidder_lives(bid, ben):
    ben.time_zone = "America/Los_Angeles"
    ben.save()
    day = in_days(40).date()

    answer = api_of(ben).post(f"/api/v1/bids/{bid.public_id}/renew/", {"valid_until": f"{day}"})

    assert answer.status_code == 200
    bid.refresh_from_db()
    meant = bid.valid_until.astimezone(ZoneInfo("America/Los_Angeles"))
    assert (meant.date(), meant.hour, meant.minute) == (day, 23, 59)


def test_another_date_is_reminded_of_anew(bid, ben, later):
    later(days=28)
    remind_of_bids()
    renew_bid(bid_id=bid.pk, valid_until=in_days(14), by=ben)
    assert remind_of_bids()["done"] == 0
    edit_bid(bid_id=bid.pk, valid_until=in_days(20), by=ben)
    later(days=16)
    assert remind_of_bids()["done"] == 0
    later(days=2)
    assert remind_of_bids()["done"] == 1
    assert told("bid_lapses_soon") == ["Ben", "Ben"]


@pytest.mark.parametrize("what", ["renewed", "withdrawn", "declined", "lapsed", "nothing"])
def test_its_mail_is_called_off_when_its_reason_has_gone(bid, ada, ben, later, what, mailoutbox):
    later(days=28)
    remind_of_bids()
    notice = Notification.objects.get(kind="bid_lapses_soon")
    if what == "renewed":
        renew_bid(bid_id=bid.pk, valid_until=in_days(14), by=ben)
    elif what == "withdrawn":
        withdraw_bid(bid_id=bid.pk, by=ben)
    elif what == "declined":
        decline_bid(bid_id=bid.pk, reason="plan", by=ada)
    elif what == "lapsed":
        later(days=3)

    why = why_gone([notice])[notice.pk]

    assert why == {
        "nothing": "",
        "renewed": "The bid is valid until another date now.",
    }.get(what, "The bid is open no longer.")
    deliver_due_notifications()
    assert any("then lapses" in mail.body for mail in mailoutbox) == (what == "nothing")


# --- The renewal ---------------------------------------------------------------------------------


def test_it_stands_longer_on_the_same_terms(bid, ben, later):
    later(days=28)
    until = in_days(14)

    renew_bid(bid_id=bid.pk, valid_until=until, by=ben)

    bid.refresh_from_db()
    assert (bid.valid_until, bid.version, bid.status) == (until, 1, "submitted")
    assert bid.remind_at == until - AHEAD
    assert not BidVersion.objects.exists()
    assert told("bid_renewed") == ["Ada"]
    later(days=3)
    assert lapse_bids()["done"] == 0
    later(days=12)
    assert lapse_bids()["done"] == 1


def test_of_many_renewals_the_client_hears_once_a_day(bid, ben, time_machine):
    noon = (now() + timedelta(days=1)).replace(hour=12)
    for hours, news in ((0, 1), (0, 1), (11, 1), (13, 2), (24, 2)):
        time_machine.move_to(noon + timedelta(hours=hours))
        bid.refresh_from_db()
        renew_bid(bid_id=bid.pk, valid_until=bid.valid_until + timedelta(days=1), by=ben)
        assert told("bid_renewed") == ["Ada"] * news, hours


def test_another_bid_renewed_on_the_same_day_is_news(bid, cleo, ben):
    other = submitted_bid(bid.posting, cleo)
    for one, author in ((bid, ben), (other, cleo)):
        renew_bid(bid_id=one.pk, valid_until=in_days(45), by=author)
    assert told("bid_renewed") == ["Ada", "Ada"]


def test_other_terms_that_wait_can_still_be_accepted(bid, ada, ben, later):
    later(days=28)
    counter = countered(bid, ada)
    renew_bid(bid_id=bid.pk, valid_until=in_days(14), by=ben)
    assert accept_counter(counter_id=counter.pk, by=ben).status == "accepted"


@pytest.mark.parametrize(
    ("until", "says"),
    [
        (-1, "valid for 1 to 60 days"),
        (0, "valid for 1 to 60 days"),
        (61.5, "valid for 1 to 60 days"),
        (20, "valid until .* already"),
        (30.5, "valid until .* already"),
        (None, "time zone"),
        ("soon", "time zone"),
        (datetime(2030, 1, 1), "time zone"),
    ],
)
def test_a_date_that_is_none_renews_nothing(bid, ben, until, says):
    moment = in_days(until) if isinstance(until, int | float) else until
    with pytest.raises(InvalidInput, match=says) as refusal:
        renew_bid(bid_id=bid.pk, valid_until=moment, by=ben)
    assert refusal.value.param == "valid_until"
    assert Bid.objects.get().renewed_at is None
    assert told("bid_renewed") == []


def test_no_bid_outlives_the_time_to_choose(ada, ben, later):
    bid = submitted_bid(open_posting(ada, bids_close_at=now() + timedelta(hours=1)), ben)
    later(hours=2)
    with pytest.raises(InvalidInput, match="The client chooses by"):
        renew_bid(bid_id=bid.pk, valid_until=bid.posting.choose_by + timedelta(minutes=1), by=ben)

    assert renewable_until(bid) <= bid.posting.choose_by
    renew_bid(bid_id=bid.pk, valid_until=bid.posting.choose_by, by=ben)
    assert "renew" not in open_steps(Bid.objects.get(), ben)


@pytest.mark.parametrize("name", ["ada", "cleo", "dora"])
def test_only_its_author_renews(bid, name, request):
    by = request.getfixturevalue(name)
    with pytest.raises(NotAllowed):
        renew_bid(bid_id=bid.pk, valid_until=in_days(40), by=by)


def test_what_is_over_is_not_renewed(bid, ben, later):
    later(days=31)
    for _ in range(2):  # by its date first, then as the sweep has written it down
        with pytest.raises(WrongState):
            renew_bid(bid_id=bid.pk, valid_until=in_days(14), by=ben)
        assert "renew" not in open_steps(Bid.objects.get(), ben)
        lapse_bids()
    assert Bid.objects.get().status == "lapsed"


def test_it_stands_in_its_authors_calendar(bid, ada, ben):
    assert [(one.at, one.path) for one in deadlines_of(ben)] == [(bid.valid_until, bid.path)]
    assert [one.key.rpartition("-")[2] for one in deadlines_of(ada)] == [
        "bids_close",
        "choose_by",
    ]


# --- At once -------------------------------------------------------------------------------------


def renewals(bid: Bid, ben: User) -> list[str]:
    until = in_days(45)
    return at_once(*[lambda: renew_bid(bid_id=bid.pk, valid_until=until, by=ben)] * 8)


def unlocked(bid_id: int) -> Bid:
    return Bid.objects.select_related("posting__client", "freelancer").get(pk=bid_id)


@pytest.mark.django_db(transaction=True)
def test_eight_renewals_at_once_are_one(bid, ben):
    assert sorted(renewals(bid, ben)) == ["done"] + ["invalid_input"] * 7
    assert told("bid_renewed") == ["Ada"]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_eight_would_renew(bid, ben, monkeypatch):
    monkeypatch.setattr(services, "lock_bid", unlocked)
    monkeypatch.setattr(holds, "_lock_person", lambda _pk: None)  # all of them are Ben's
    meet_after(monkeypatch, services, "lock_bid")
    assert renewals(bid, ben) == ["done"] * 8


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_remind_once(bid, later):
    later(days=28)
    assert at_once(*[lambda: remind_of_lapse(bid_id=bid.pk)] * 8) == ["done"] * 8
    assert told("bid_lapses_soon") == ["Ben"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("days", [28, 31])
def test_a_renewal_beside_the_sweep_that_lapses_is_one_or_the_other(bid, ben, later, days):
    later(days=days)
    until = in_days(14)

    outcomes = at_once(
        *[lambda: renew_bid(bid_id=bid.pk, valid_until=until, by=ben)] * 4,
        *[lambda: lapse_bid(bid_id=bid.pk, by=SYSTEM)] * 4,
    )

    bid.refresh_from_db()
    renewed, lapsed = outcomes[:4].count("done"), outcomes[4:].count("done")
    assert (renewed, lapsed) == ((1, 0) if days == 28 else (0, 1))
    assert bid.status == ("submitted" if renewed else "lapsed")
    assert (len(told("bid_renewed")), len(told("bid_lapsed"))) == (renewed, lapsed)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_what_lapsed_meanwhile_would_be_renewed(bid, ben, later, monkeypatch):
    """The renewal has judged in time, and is written after the bid is over."""
    until = in_days(45)

    def lapse_then() -> None:
        later(days=31)
        lapse_bid(bid_id=bid.pk, by=SYSTEM)

    monkeypatch.setattr(services, "lock_bid", unlocked)
    overtaken_after(monkeypatch, services, "checked_renewal", lapse_then)
    renew_bid(bid_id=bid.pk, valid_until=until, by=ben)

    bid.refresh_from_db()
    assert (bid.status, bid.valid_until) == ("lapsed", until), "over, and valid all the same"


# --- Doors ---------------------------------------------------------------------------------------


def choices(answer: HttpResponse) -> list[str]:
    return [value for value, _ in answer.context["form"].fields["valid_until"].choices]


def test_the_page_offers_what_is_allowed(bid, ada, ben, later):
    page, browser = f"{bid.path}renew/", browser_of(ben)
    assert f'href="{page}"' in browser.get(bid.path).content.decode()
    later(days=10)  # twenty days are left

    assert choices(browser.get(page)) == ["30", "60"]
    for sent in ({}, {"valid_until": "7"}, {"valid_until": "soon"}):
        assert browser.post(page, sent).status_code == 400
    assert browser.post(page, {"valid_until": "30"}).status_code == 302

    bid.refresh_from_db()
    assert abs(bid.valid_until - in_days(30)) < timedelta(minutes=1)
    assert "renewed" in browser_of(ada).get(bid.path).content.decode()
    assert browser_of(ada).get(page).status_code == 403
    later(days=31)
    assert browser.get(page).status_code == 409


def test_the_page_offers_all_of_the_time_to_choose(ada, ben, later):
    posting = open_posting(ada, bids_close_at=in_days(3))
    bid = submitted_bid(posting, ben)
    later(days=20)  # ten days are left to the bid, 43 to the client
    page, browser = f"{bid.path}renew/", browser_of(ben)

    assert choices(browser.get(page)) == ["14", "30", "end"]
    assert browser.post(page, {"valid_until": "end"}).status_code == 302

    bid.refresh_from_db()
    assert bid.valid_until == posting.choose_by
    assert f'href="{page}"' not in browser.get(bid.path).content.decode()
    assert browser.get(page).status_code == 409


def test_programs_renew(bid, ada, ben):
    door = f"/api/v1/bids/{bid.public_id}/"
    assert "renew" in api_of(ben).get(door).json()["next_steps"]
    for sent in ({}, {"valid_until": "soon"}, {"valid_until": None}, {"valid_until": in_days(2)}):
        refused = api_of(ben).post(f"{door}renew/", sent, format="json")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "valid_until")
    sent = {"valid_until": in_days(45).isoformat()}
    assert api_of(ada).post(f"{door}renew/", sent, format="json").status_code == 403

    answer = api_of(ben).post(f"{door}renew/", sent, format="json").json()

    assert answer["valid_until"][:19] == sent["valid_until"][:19]
    assert answer["renewed_at"] is not None
    withdraw_bid(bid_id=bid.pk, by=ben)
    assert api_of(ben).post(f"{door}renew/", sent, format="json").status_code == 409
