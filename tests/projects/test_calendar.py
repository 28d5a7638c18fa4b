"""A calendar fetches the deadlines of whoever made its address, until it is closed."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.test import Client
from icalendar import Calendar

from accounts.access.calendar.models import CalendarFeed
from accounts.access.calendar.services import make_feed, reader_of, revoke_feed
from accounts.holds.services import appeal_hold
from marketplace.common.clock import now
from projects.agreements.deadlines import selectors
from projects.agreements.deadlines.nearest import nearest_first
from projects.agreements.deadlines.selectors import deadlines_of
from projects.agreements.services import close_finished_contract
from projects.bids.services import withdraw_bid
from projects.bonuses.models import Bonus
from projects.bonuses.services import give_bonus, withdraw_bonus
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.disputes.services import add_statement
from projects.givebacks.services import ask_back, decline_giveback
from projects.invitations.services import decline_invitation, invite_person
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone
from tests.projects.change_world import price_to
from tests.projects.holds_world import suspended
from tests.projects.test_assign_dispute import take
from tests.projects.test_every_clock_is_told import CLOCKS, an_appeal, seen
from tests.projects.two_mediators import mediator
from tests.races import at_once, outcomes_at_once, without_the_second_look
from tests.test_growing_lists import cost
from tests.world import (
    active_contract,
    api_of,
    browser,
    fund,
    funded_milestone,
    negotiated_dispute,
    offered_contract,
    open_posting,
    opened_dispute,
    reviewed_dispute,
    submitted_bid,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db


def fetched(secret: str) -> Calendar:
    answer = Client().get(f"/calendar/{secret}.ics")
    assert answer.status_code == 200 and answer["Content-Type"] == "text/calendar"
    return Calendar.from_ical(answer.content)


def events_of(person) -> dict[str, object]:
    events = fetched(make_feed(by=person)).walk("VEVENT")
    found = {str(one["uid"]): one for one in events}
    assert len(found) == len(events), "a calendar keeps one event of each UID"
    return found


def bid_on_and_ended(ada, ben) -> None:
    """A posting to choose on, and money that is asked back."""
    submitted_bid(open_posting(ada, bids_close_at=now() + timedelta(days=10)), ben)
    done = funded_milestone(ada, ben)
    release_milestone(milestone_id=done.pk, by=ada)
    ask_back(contract_id=done.contract_id, escrow_id=done.escrow_id, by=ada, amount=1_000)
    close_finished_contract(contract_id=done.contract_id)


def bonus_to_pay(contract_id: int, ada) -> Bonus:
    """Its pay page is open for an hour."""
    bonus, payment = give_bonus(contract_id=contract_id, by=ada, amount=5_000)
    payment.expires_at = now() + timedelta(hours=1)
    payment.save(update_fields=["expires_at"])
    return bonus


def test_it_shows_every_clock_to_both_sides(ada, ben, cleo):
    review = submitted_milestone(ada, ben)
    offer = offered_contract(ada, ben)
    dispute = opened_dispute(ada, ben)
    order = price_to(70_000, funded_milestone(ada, ben), ben)

    for person in (ada, ben):
        events = events_of(person)
        for uid, at in (
            (f"{review.public_id}-approved", review.review_ends_at),
            (f"{offer.public_id}-lapses", offer.offer_lapses_at),
            (f"{dispute.milestone.public_id}-dispute_answer", dispute.answer_due_at),
            (f"{order.contract.public_id}-change_lapses", order.answer_due_at),
        ):
            event = events[f"{uid}@milepost"]
            assert event["dtstart"].dt == at.replace(microsecond=0)
            # An end has to be later than its start (RFC 5545, 3.8.2.2).
            assert "dtend" not in event and "duration" not in event
            assert event["description"]
    assert events_of(cleo) == {}


def test_its_page_says_what_is_not_in_it(ada, mona):
    hold = suspended(ada, mona, days=20)
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=ada)
    assert not [uid for uid in events_of(ada) if hold.public_id in uid]
    page = " ".join(browser(ada).get("/account/calendar/").content.decode().split())
    for words in ("when a hold ends by itself", "when an appeal against one is answered"):
        assert words in page, words


def test_it_shows_until_when_there_is_a_reply_to_an_appeal(ada, ben):
    an_appeal(ada, ben)
    dispute = Dispute.objects.get()
    uid = f"{dispute.milestone.public_id}-dispute_reply@milepost"
    for person in (ada, ben):
        event = events_of(person)[uid]
        assert event["dtstart"].dt == dispute.reply_until.replace(microsecond=0)
        assert "Ada can reply to the appeal before" in event["description"]
    add_statement(dispute_id=dispute.pk, by=ada, statement="It is not.")
    assert uid not in events_of(ada)


def test_what_has_ended_or_is_the_other_sides_own_is_not_in_it(ada, ben):
    milestone = submitted_milestone(ada, ben)
    give_bonus(contract_id=milestone.contract_id, by=ada, amount=5_000)
    release_milestone(milestone_id=milestone.pk, by=ada)
    assert not [uid for uid in events_of(ben) if "approved" in uid or "pay_page" in uid]


def test_clocks_of_one_kind_are_told_apart(ada, ben):
    """Released parts that become ready for the bank, money asked back, bonuses to be paid."""
    milestone = funded_milestone(ada, ben)
    contract_id = milestone.contract_id
    for amount in (10_000, 20_000):
        release_part(milestone_id=milestone.pk, amount=amount, by=ada)
        bonus_to_pay(contract_id, ada)

    of_ada, of_ben = events_of(ada), events_of(ben)

    assert len([uid for uid in of_ben if "-payout@" in uid]) == 2
    assert len([uid for uid in of_ada if "-pay_page_closes@" in uid]) == 2
    assert not [uid for uid in of_ben if "pay_page" in uid]
    assert list(of_ada) == list(events_of(ada)), "and stay the same when they are fetched again"


def test_what_is_still_to_come_of_an_ended_contract_is_in_it(ada, ben, later):
    """Money is asked back mostly when all is done."""
    contract = active_contract(ada, ben, [30_000, 50_000])
    asked = []
    for milestone in contract.milestones.order_by("place"):
        release_milestone(milestone_id=fund(milestone).pk, by=ada)
        asked.append(
            ask_back(contract_id=contract.pk, escrow_id=milestone.escrow_id, by=ada, amount=1_000)
        )
    bonus = bonus_to_pay(contract.pk, ada)
    assert close_finished_contract(contract_id=contract.pk).status == "completed"

    for person in (ada, ben):
        events = events_of(person)
        for one in asked:
            event = events[f"{one.public_id}-giveback_lapses@milepost"]
            assert event["dtstart"].dt == one.answer_due_at.replace(microsecond=0)
        assert len([uid for uid in events if "-payout@" in uid]) == 2
        pages = [uid for uid in events if "-pay_page_closes@" in uid]
        assert len(pages) == (1 if person == ada else 0)
    for one in asked:
        decline_giveback(giveback_id=one.pk, by=ben)
    withdraw_bonus(bonus_id=bonus.pk, by=ada)
    later(days=30)
    assert events_of(ada) == events_of(ben) == {}


def test_until_when_bids_come_in_and_a_client_may_choose_is_in_their_calendar(ada, ben, later):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=10))
    closes, choose = (
        f"{posting.public_id}-{what}@milepost" for what in ("bids_close", "choose_by")
    )
    assert list(events_of(ada)) == [closes], "there is nothing to choose yet"
    bid = submitted_bid(posting, ben, valid_until=now() + timedelta(days=30))

    events = events_of(ada)

    for uid, at in ((closes, posting.bids_close_at), (choose, posting.choose_by)):
        assert events[uid]["dtstart"].dt == at.replace(microsecond=0)
        assert str(events[uid]["summary"]) == posting.title
    assert not {closes, choose} & set(events_of(ben))
    later(days=11)
    assert list(events_of(ada)) == [choose]
    withdraw_bid(bid_id=bid.pk, by=ben)
    assert events_of(ada) == {}


def test_until_when_one_may_appeal_against_a_hold_is_in_ones_calendar(ada, ben, mona, later):
    hold = suspended(ben, mona)
    uid = f"{hold.public_id}-appeal@milepost"
    event = events_of(ben)[uid]
    assert event["dtstart"].dt == hold.appeal_until.replace(microsecond=0)
    assert str(event["url"]).endswith(hold.path)
    assert events_of(ada) == {}
    appeal_hold(hold_id=hold.pk, statement="That was not me.", by=ben)
    assert events_of(ben) == {}


def test_what_is_over_cannot_be_appealed_against(ben, mona, later):
    suspended(ben, mona)
    later(days=5)
    assert events_of(ben) == {}


def test_until_when_an_invited_person_may_bid_is_in_their_calendar(ada, ben, cleo, later):
    closes_at = now() + timedelta(days=10)
    posting, other = (open_posting(ada, bids_close_at=closes_at) for _ in range(2))
    by_profile = invite_person(posting_id=posting.pk, whom=ben.public_id, by=ada)
    by_address = invite_person(posting_id=other.pk, whom=ben.email, by=ada)
    uids = [f"{one.public_id}-bids_close@milepost" for one in (by_profile, by_address)]

    events = events_of(ben)

    assert sorted(events) == sorted(uids)
    event = events[uids[0]]
    assert event["dtstart"].dt == closes_at.replace(microsecond=0)
    assert str(event["summary"]) == posting.title
    assert str(event["url"]).endswith(by_profile.path)
    assert "Ada has invited you" in event["description"]
    assert events_of(cleo) == {} and not set(uids) & set(events_of(ada))

    submitted_bid(posting, ben)
    assert set(uids) & set(events_of(ben)) == {uids[1]}, "the bid has its own"
    decline_invitation(invitation_id=by_address.pk, by=ben)
    assert not set(uids) & set(events_of(ben))
    invite_person(posting_id=other.pk, whom=cleo.public_id, by=ada)
    later(days=11)
    assert events_of(cleo) == {}


# --- Of staff ------------------------------------------------------------------------------------


def test_a_mediator_has_the_rulings_on_their_own_cases_and_reads_nothing_of_others(
    ada, ben, dora, later
):
    emil = mediator("Emil")
    mediator("Fay")  # an appeal needs one who never had it
    case, nobodys = reviewed_dispute(ada, ben), reviewed_dispute(ada, ben)
    talked_of = negotiated_dispute(ada, ben)
    for dispute in (case, talked_of):
        take(dispute, dora)
    uid = f"{case.public_id}-ruling_due@milepost"

    events = events_of(dora)

    assert list(events) == [uid], "nobody's is not theirs, and what is talked of has no such time"
    event = events[uid]
    assert event["dtstart"].dt == case.ruling_due_at.replace(microsecond=0)
    assert browser(dora).get(str(event["url"]).removeprefix(settings.SITE_URL)).status_code == 200
    told = event.to_ical().decode()
    assert not any(words in told for words in ("Ada", "Ben", case.milestone.title))
    assert events_of(emil) == {} and uid not in events_of(ada)

    take(case, dora, dora, to=emil)
    assert (list(events_of(dora)), list(events_of(emil))) == ([], [uid])
    emil.groups.clear()
    assert events_of(emil) == {}, "a mediator no longer"
    take(nobodys, dora)
    later(days=11)
    assert events_of(dora) == {}


def test_on_appeal_it_is_theirs_who_decides_it(ada, ben, dora):
    emil = mediator("Emil")
    case = reviewed_dispute(ada, ben)
    take(case, dora)
    decide_dispute(dispute_id=case.pk, by=dora, to_freelancer=1, **why())
    assert events_of(dora) == {}
    appeal_ruling(dispute_id=case.pk, by=ben, statement="More is done.")
    take(case, emil)

    (event,) = events_of(emil).values()

    assert "After that the first decision stands." in event["description"]
    assert events_of(dora) == {}


def test_a_case_that_has_ended_is_in_no_calendar(ada, ben, dora):
    case = reviewed_dispute(ada, ben)
    take(case, dora)
    release_milestone(milestone_id=case.milestone_id, by=ada)
    assert events_of(dora) == {}


# --- More than there is room for -----------------------------------------------------------------


def test_the_farthest_are_left_out_and_it_says_so(ada, ben, monkeypatch, later):
    """The newest contracts were shown alone, whatever ran out on the others."""
    reviews = [submitted_milestone(ada, ben, review_days=days) for days in (3, 2, 5, 9)]
    ended = submitted_milestone(ada, ben)
    release_milestone(milestone_id=ended.pk, by=ada)
    all_of_them = {f"{one.public_id}-approved@milepost": one for one in reviews}
    assert {uid for uid in events_of(ada) if "-approved@" in uid} == set(all_of_them)

    monkeypatch.setattr(selectors, "MOST_OF_A_KIND", 2)
    events = events_of(ada)

    assert {uid for uid in events if "-approved@" in uid} == set(list(all_of_them)[:2])
    (note,) = [one for uid, one in events.items() if "left_out" in uid]
    assert note["dtstart"].dt == reviews[2].review_ends_at.replace(microsecond=0)
    assert "some are left out" in note["description"]
    assert "Not every deadline is shown" in browser(ada).get("/account/calendar/").content.decode()


@pytest.mark.parametrize("kind", ["bids", "postings"])
def test_so_are_bids_and_postings(ada, ben, monkeypatch, kind):
    days = (9, 3, 5)
    postings = [open_posting(ada, bids_close_at=now() + timedelta(days=day)) for day in days]
    bids = [
        submitted_bid(posting, ben, valid_until=now() + timedelta(days=20 + day))
        for posting, day in zip(postings, days, strict=True)
    ]
    reader, things, end = (ben, bids, "lapses") if kind == "bids" else (ada, postings, "bids_close")
    monkeypatch.setattr(selectors, "MOST_OF_A_KIND", 2)

    events = events_of(reader)

    shown = {uid for uid in events if f"-{end}@" in uid}
    assert shown == {f"{things[n].public_id}-{end}@milepost" for n in (1, 2)}
    (note,) = [one for uid, one in events.items() if "left_out" in uid]
    beyond = bids[0].valid_until if kind == "bids" else postings[0].bids_close_at
    assert note["dtstart"].dt == beyond.replace(microsecond=0)


@pytest.mark.parametrize("name", CLOCKS)
def test_the_next_strike_of_each_clock_is_known_without_telling_it(ada, ben, name):
    contract, *_ = CLOCKS[name][0](ada, ben)
    (found,) = nearest_first(Contract.objects.filter(pk=contract.pk))
    prospects = seen(contract)
    own = [strike for one in prospects.milestones for strike in one.outlook.strikes]
    coming = [one.at for one in [*prospects.strikes, *own] if one.at and one.at > now()]
    assert found.strikes_next == min(coming)


@pytest.mark.parametrize("kind", ["invitations", "rulings"])
def test_so_are_invitations_and_rulings(ada, ben, dora, monkeypatch, kind):
    if kind == "rulings":
        reader, end = dora, "ruling_due"
        things = [reviewed_dispute(ada, ben) for _ in range(3)]
        for one in things:
            take(one, dora)
        beyond = things[2].ruling_due_at
    else:
        reader, end = ben, "bids_close"
        beyond = now() + timedelta(days=9)
        postings = [open_posting(ada, bids_close_at=beyond - timedelta(days=n)) for n in (2, 1, 0)]
        things = [invite_person(posting_id=it.pk, whom=ben.public_id, by=ada) for it in postings]
    monkeypatch.setattr(selectors, "MOST_OF_A_KIND", 2)

    events = events_of(reader)

    (note,) = [events.pop(uid) for uid in list(events) if "left_out" in uid]
    assert list(events) == [f"{one.public_id}-{end}@milepost" for one in things[:2]]
    assert note["dtstart"].dt == beyond.replace(microsecond=0)


def test_hostile_words_stay_words(ada, ben):
    milestone = submitted_milestone(ada, ben)
    type(milestone).objects.filter(pk=milestone.pk).update(
        title="End\nBEGIN:VEVENT\nSUMMARY:x; , \\ 日本"
    )
    (event,) = [one for uid, one in events_of(ada).items() if "approved" in uid]
    assert str(event["summary"]) == "End\nBEGIN:VEVENT\nSUMMARY:x; , \\ 日本"


def test_a_new_address_closes_the_old_one_and_it_can_be_closed(ada):
    first = make_feed(by=ada)
    second = make_feed(by=ada)
    assert (reader_of(first), reader_of(second)) == (None, ada)
    assert CalendarFeed.objects.count() == 1
    assert second not in CalendarFeed.objects.get().digest
    for _ in range(2):
        revoke_feed(by=ada)
        assert Client().get(f"/calendar/{second}.ics").status_code == 404
    ada.is_active = False
    third = make_feed(by=ada)
    ada.save(update_fields=["is_active"])
    assert Client().get(f"/calendar/{third}.ics").status_code == 404


@pytest.mark.parametrize("secret", ["x", "x" * 5_000, "..%2F..", "%F0%9F%98%80", "%FF"])
def test_an_unknown_address_is_not_there(secret):
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_eight_addresses_at_once_leave_one(ada):
    assert at_once(*[lambda: make_feed(by=ada)] * 8) == ["done"] * 8
    assert CalendarFeed.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_second_look_the_constraint_leaves_one_and_breaks_the_others(ada, monkeypatch):
    without_the_second_look(monkeypatch)

    secrets = outcomes_at_once(*[lambda: make_feed(by=ada)] * 8)

    made = [one for one in secrets if isinstance(one, str)]
    assert [type(one) for one in secrets].count(IntegrityError) == 7, secrets
    assert [reader_of(one) for one in made] == [ada]


def test_by_the_page_it_is_shown_once(ada, ben):
    submitted_milestone(ada, ben)
    client = browser(ada)
    assert "It is approved by itself" in client.get("/account/calendar/").content.decode()
    refused = client.post("/account/calendar/")
    assert refused.status_code == 302 and "reauthenticate" in refused["Location"]


def test_by_the_api(ada):
    api = api_of(ada)
    assert api.get("/api/v1/me/calendar/").json() == {"since": None}
    made = api.post("/api/v1/me/calendar/")
    path = re.sub(r"^https?://[^/]+", "", made.json()["address"])
    assert made.status_code == 201 and Client().get(path).status_code == 200
    assert api.get("/api/v1/me/calendar/").json()["since"]
    assert api.delete("/api/v1/me/calendar/").status_code == 204
    assert Client().get(path).status_code == 404


def test_more_contracts_ask_no_more(ada, ben):
    submitted_milestone(ada, ben)
    opened_dispute(ada, ben)
    price_to(70_000, funded_milestone(ada, ben), ben)
    bid_on_and_ended(ada, ben)
    path = f"/calendar/{make_feed(by=ada)}.ics"
    cost(lambda: Client().get(path))
    small, few = cost(lambda: Client().get(path))
    for _ in range(4):
        open_posting(ada)
        opened_dispute(ada, ben)
        price_to(70_000, funded_milestone(ada, ben), ben)
        bid_on_and_ended(ada, ben)
    large, still = cost(lambda: Client().get(path))
    assert large > small and still <= few
    assert len(deadlines_of(ada)) > 8


def test_more_invitations_and_cases_ask_no_more(ada, ben, dora):
    def another() -> None:
        invite_person(posting_id=open_posting(ada).pk, whom=dora.public_id, by=ada)
        take(reviewed_dispute(ada, ben), dora)

    another()
    path = f"/calendar/{make_feed(by=dora)}.ics"
    cost(lambda: Client().get(path))
    small, few = cost(lambda: Client().get(path))
    for _ in range(3):
        another()
    large, still = cost(lambda: Client().get(path))
    assert large > small and still <= few
    assert len(deadlines_of(dora)) == 8
