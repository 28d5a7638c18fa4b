"""A hold is placed with a reason and an end, appealed against once, and over by itself."""

from datetime import timedelta

import pytest

from accounts.holds import services as holds
from accounts.holds.models import LIFECYCLE, STANDING, Hold
from accounts.holds.selectors import due_hold_ids
from accounts.holds.services import appeal_hold, uphold_hold
from accounts.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import ROLES, SYSTEM
from payments.policies.services import add_version
from projects.holds.services import let_go, place_on
from projects.reasons.rules import REASONS
from projects.tasks import end_due_holds
from tests.projects.holds_world import WHY, is_over_by_now, suspended
from tests.projects.test_called_off_mails import is_called_off
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once, overtaken_after
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

SAID = "These were my own drafts: here is the history."


@pytest.fixture
def max_(db) -> User:
    """Another moderator."""
    return grant_staff_roles(user_id=person("Max").pk, roles={"moderator"}, by=SYSTEM)


def appealed(ben, mona, **how) -> Hold:
    return appeal_hold(hold_id=suspended(ben, mona, **how).pk, statement=SAID, by=ben)


def kinds_told(user: User) -> list[str]:
    told = Notification.objects.filter(recipient=user)
    return list(told.order_by("pk").values_list("kind", flat=True))


# --- Placed --------------------------------------------------------------------------------------


def test_it_says_why_until_when_and_how_long_an_appeal_is_heard(ben, mona):
    hold = suspended(ben, mona, links=["us_abcdefgh", "https://example.com/report"])

    assert (hold.status, hold.subject, hold.title) == ("placed", ben.public_id, "Ben")
    assert hold.ends_at == hold.closes_at == hold.created_at + timedelta(days=14)
    assert hold.appeal_until == hold.created_at + timedelta(days=3)
    assert kinds_told(ben) == ["person_suspended"]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"days": 0}, "days"),
        ({"days": 31}, "days"),
        ({"days": True}, "days"),
        ({"reason": " "}, "reason"),
        ({"evidence": ""}, "evidence"),
        ({"reason": "x" * 10_000_000}, "reason"),
        ({"evidence": "nul\0"}, "evidence"),
        ({"links": ["javascript:alert(1)"]}, "links"),
        ({"links": ["http://example.com"]}, "links"),
        ({"links": ['https://x.example/"onclick=']}, "links"),
        ({"links": ["us_abcdefgh"] * 11}, "links"),
        ({"links": "us_abcdefgh"}, "links"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_is_refused_with_its_field(ben, mona, asked, param):
    with pytest.raises(InvalidInput) as refusal:
        suspended(ben, mona, **asked)
    assert refusal.value.param == param
    assert not Hold.objects.exists()


@pytest.mark.parametrize("name", ["ada", "ben", "dora"])
def test_only_a_moderator_suspends(cleo, name, request):
    with pytest.raises(NotAllowed):
        suspended(cleo, request.getfixturevalue(name))


def test_nobody_suspends_themselves(mona):
    with pytest.raises(NotAllowed, match="Somebody else"):
        suspended(mona, mona)


def test_one_stands_on_a_person_at_a_time(ben, mona, max_):
    suspended(ben, mona)
    with pytest.raises(WrongState, match="a hold on Ben already"):
        suspended(ben, max_)


def test_a_limit_is_not_begun_anew_on_the_next_day(ben, mona, later):
    first = suspended(ben, mona, days=20)
    later(days=20)
    end_due_holds()
    with pytest.raises(InvalidInput, match="10 are left") as refusal:
        suspended(ben, mona, days=11)
    assert refusal.value.param == "days"
    suspended(ben, mona, days=10)
    later(days=10)
    end_due_holds()
    first.refresh_from_db()
    later(days=90)
    suspended(ben, mona, days=30)


def test_the_longest_time_is_that_of_the_rules_in_force(ben, mona):
    add_version({"suspension_most_days": 5, "appeal_days": 2})
    with pytest.raises(InvalidInput, match="from 1 to 5 days"):
        suspended(ben, mona, days=6)
    hold = suspended(ben, mona, days=5)
    assert hold.appeal_until == hold.created_at + timedelta(days=2)


def test_a_posting_is_not_suspended_by_the_name_of_its_owner(ada, mona):
    with pytest.raises(InvalidInput, match="person or payouts"):
        place_on(ada.parties.get(), kind="posting", by=mona, days=3, **WHY)


# --- Appealed, and answered by another -----------------------------------------------------------


def test_an_appeal_goes_to_the_others_of_the_staff_and_has_the_clocks_of_a_ruling(ben, mona, max_):
    hold = appealed(ben, mona)

    assert hold.status == "appealed"
    assert hold.closes_at == hold.ruling_due_at == hold.appealed_at + timedelta(days=10)
    assert hold.appealed_at < hold.ruling_expected_at <= hold.ruling_due_at
    assert (kinds_told(max_), kinds_told(mona)) == (["hold_appealed"], [])


def test_upheld_it_stands_until_its_end_and_is_not_appealed_again(ben, mona, max_):
    hold = appealed(ben, mona)
    with pytest.raises(NotAllowed, match="Somebody else"):
        uphold_hold(hold_id=hold.pk, ruling="No.", by=mona)
    with pytest.raises(InvalidInput):
        uphold_hold(hold_id=hold.pk, ruling=" ", by=max_)

    hold = uphold_hold(hold_id=hold.pk, ruling="The drafts are dated later.", by=max_)

    assert (hold.status, hold.closes_at, hold.decided_by) == ("upheld", hold.ends_at, max_)
    assert kinds_told(ben) == ["person_suspended", "hold_upheld"]
    with pytest.raises(WrongState, match="is upheld"):
        appeal_hold(hold_id=hold.pk, statement=SAID, by=ben)


def test_who_was_asked_for_an_answer_is_not_mailed_once_another_gave_it(ben, mona, max_):
    hold = appealed(ben, mona)
    notice = Notification.objects.get(recipient=max_, kind="hold_appealed")
    assert notice.about == hold.public_id
    reason = REASONS["hold_appealed"]
    assert reason.why_gone(hold, notice) == ""
    let_go(hold_id=hold.pk, by=mona)
    hold.refresh_from_db()
    assert reason.why_gone(hold, notice) == "The appeal waits for no answer any more."
    assert is_called_off(notice)


def test_lifted_on_appeal_it_says_what_was_answered(ben, mona, max_):
    hold = let_go(hold_id=appealed(ben, mona).pk, by=max_, ruling="You are right.")

    assert (hold.status, hold.ruling, hold.decided_by, hold.closed_by) == (
        "lifted",
        "You are right.",
        max_,
        max_,
    )
    assert kinds_told(ben) == ["person_suspended", "person_free"]


def test_an_appeal_that_nobody_answers_ends_it(ben, mona, later):
    hold = appealed(ben, mona, days=30)
    later(days=9.9)
    assert end_due_holds() == {"done": 0, "failed": 0}
    later(days=0.2)
    assert end_due_holds() == {"done": 1, "failed": 0}
    hold.refresh_from_db()
    assert (hold.status, hold.closed_by, hold.ruling) == ("lifted", None, "")


def test_it_ends_by_itself_while_an_appeal_waits(ben, mona, later):
    hold = appealed(ben, mona, days=5)
    assert hold.closes_at == hold.ends_at
    later(days=5)
    assert (end_due_holds(), end_due_holds()) == (
        {"done": 1, "failed": 0},
        {"done": 0, "failed": 0},
    )
    hold.refresh_from_db()
    assert hold.status == "ended"


def test_the_time_to_appeal_is_three_days(ben, mona, later):
    hold = suspended(ben, mona)
    later(days=3)
    with pytest.raises(WrongState, match="time to appeal is over"):
        appeal_hold(hold_id=hold.pk, statement=SAID, by=ben)


@pytest.mark.parametrize("statement", ["", " \n", "x" * 10_000_000, "\0", None, 3], ids=repr)
def test_an_appeal_that_says_nothing_or_too_much_is_refused(ben, mona, statement):
    hold = suspended(ben, mona)
    with pytest.raises(InvalidInput) as refusal:
        appeal_hold(hold_id=hold.pk, statement=statement, by=ben)
    assert refusal.value.param == "statement"
    hold.refresh_from_db()
    assert hold.status == "placed"


def test_the_answer_comes_too_late_when_the_time_for_it_is_over(ben, mona, max_, later):
    hold = appealed(ben, mona, days=30)
    later(days=10)
    with pytest.raises(WrongState, match="time to answer is over"):
        uphold_hold(hold_id=hold.pk, ruling="It stands.", by=max_)


# --- The table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("status", Hold.Status.values)
@pytest.mark.parametrize("step", LIFECYCLE.steps)
def test_the_table_is_the_law(step, status, role):
    allowed = {
        "appeal": ({"owner"}, {"placed"}),
        "chase": ({"system"}, {"appealed"}),
        "uphold": ({"moderator", "finance"}, {"appealed"}),
        "lift": ({"moderator", "finance", "system"}, set(STANDING)),
        "end": ({"system"}, set(STANDING)),
    }
    roles, states = allowed[step]
    hold = Hold(status=status)
    if role in roles and status in states:
        LIFECYCLE.judge(hold, step, role=role)
    else:
        with pytest.raises((NotAllowed, WrongState)):
            LIFECYCLE.judge(hold, step, role=role)


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_staff_at_once_suspend_once(ben, mona, max_):
    acts = [lambda: suspended(ben, mona), lambda: suspended(ben, max_)] * 4

    assert sorted(at_once(*acts)) == ["done"] + ["wrong_state"] * 7
    assert kinds_told(ben) == ["person_suspended"]


@pytest.mark.django_db(transaction=True)
def test_without_the_gate_two_suspensions_meet_at_the_rule_of_the_database(
    ben, mona, max_, monkeypatch
):
    without_locks(monkeypatch)
    meet_after(monkeypatch, holds, "checked_days")

    ends = outcomes_at_once(*[lambda: suspended(ben, mona), lambda: suspended(ben, max_)] * 4)

    assert sorted(type(end).__name__ for end in ends) == ["Hold"] + ["IntegrityError"] * 7


@pytest.mark.django_db(transaction=True)
def test_two_staff_at_once_answer_an_appeal_once(ben, mona, max_):
    hold = appealed(ben, mona)
    acts = [
        lambda: uphold_hold(hold_id=hold.pk, ruling="It stands.", by=max_),
        lambda: let_go(hold_id=hold.pk, by=mona),
    ]

    ends = at_once(*acts * 4)

    # Upheld it can still be lifted; lifted it is over.
    assert ends[1::2].count("done") == 1
    assert ends[0::2].count("done") <= 1
    hold.refresh_from_db()
    assert hold.status == "lifted"


@pytest.mark.django_db(transaction=True)
def test_lifted_by_hand_and_ended_by_the_clock_at_once_it_is_over_once(ben, mona):
    hold = suspended(ben, mona)
    is_over_by_now(hold)
    acts = [lambda: let_go(hold_id=hold.pk, by=mona), lambda: let_go(hold_id=hold.pk, by=SYSTEM)]

    assert sorted(at_once(*acts * 4)) == ["done"] + ["wrong_state"] * 7
    assert kinds_told(ben) == ["person_suspended", "person_free"]


@pytest.mark.django_db(transaction=True)
def test_an_appeal_at_the_last_second_comes_before_the_end_or_after_it(ben, mona):
    hold = suspended(ben, mona)
    at = now() + timedelta(seconds=0.3)
    Hold.objects.update(ends_at=at, closes_at=at, appeal_until=at)

    def end() -> None:
        while now() < at:
            pass
        let_go(hold_id=hold.pk, by=SYSTEM)

    acts = [lambda: appeal_hold(hold_id=hold.pk, statement=SAID, by=ben), end]
    ends = at_once(*acts * 4)

    hold.refresh_from_db()
    assert hold.status == "ended"
    assert (ends[0::2].count("done") == 1) == (hold.appealed_at is not None)
    assert ends[1::2].count("done") == 1


@pytest.mark.django_db(transaction=True)
def test_without_its_lock_an_appeal_takes_back_what_was_ended(ben, mona, monkeypatch):
    """What the lock is for: PostgreSQL refuses the step back, by an error and not in words."""
    hold = suspended(ben, mona)
    without_locks(monkeypatch)
    overtaken_after(monkeypatch, holds, "checked_text", lambda: let_go(hold_id=hold.pk, by=mona))

    (end,) = outcomes_at_once(lambda: appeal_hold(hold_id=hold.pk, statement=SAID, by=ben))

    assert "lifecycle" in str(end) or "hold" in str(end)
    assert not isinstance(end, Hold)


# --- Doors ---------------------------------------------------------------------------------------


def test_whom_it_concerns_reads_all_of_it_and_appeals_on_the_page(ben, ada, mona):
    hold = suspended(ben, mona, links=["https://example.com/report"])
    page = browser(ben).get("/account/holds/").text
    for said in (*WHY.values(), "accept an offer", 'href="https://example.com/report"'):
        assert said in page
    assert WHY["reason"] not in browser(ada).get("/account/holds/").text

    sent = browser(ben).post(f"/account/holds/{hold.public_id}/appeal/", {"statement": SAID})

    assert sent.status_code == 302
    page = browser(ben).get("/account/holds/").text
    assert SAID in page
    assert "An answer" in page
    assert browser(ada).post(f"/account/holds/{hold.public_id}/appeal/", {}).status_code == 404
    deeds = browser(ben).get("/account/audit/").text
    assert "Held Ben for 14 days at most." in deeds and "Mona" not in deeds


def test_the_desk_places_answers_and_lifts(ben, mona, max_, dora):
    sven = grant_staff_roles(user_id=person("Sven").pk, roles={"support"}, by=SYSTEM)
    asked = WHY | {"kind": "person", "who": ben.email, "days": "7", "links": "us_abcdefgh\n"}
    bad = browser(mona).post("/desk/holds/", asked | {"who": "nobody@example.com"})
    assert (bad.status_code, "Nobody has this address or id." in bad.text) == (400, True)
    assert browser(mona).post("/desk/holds/", asked | {"kind": "payouts"}).status_code == 400
    placed = browser(mona).post("/desk/holds/", asked)
    hold = Hold.objects.get()
    assert placed.url == f"/desk/holds/{hold.public_id}/"
    assert WHY["reason"] in browser(mona).get("/desk/").text
    # Finance looks after other holds.
    assert browser(dora).get(placed.url).status_code == 404

    appeal_hold(hold_id=hold.pk, statement=SAID, by=ben)
    page = browser(mona).get(placed.url).text
    assert "Refuse the appeal" not in page and "You placed it: you can lift it" in page
    page = browser(sven).get(placed.url).text
    assert SAID in page and "answers this appeal" not in page  # to who only reads, it says nothing
    page = browser(max_).get(placed.url).text
    assert SAID in page and "Refuse the appeal" in page
    browser(max_).post(f"{placed.url}uphold/", {"ruling": "The drafts are dated later."})
    assert "The drafts are dated later." in browser(ben).get("/account/holds/").text
    browser(max_).post(f"{placed.url}lift/")
    hold.refresh_from_db()
    assert (hold.status, hold.ruling) == ("lifted", "The drafts are dated later.")


def test_programs_do_the_same_and_a_repeated_call_holds_once(ben, mona, max_, ada):
    key = {"Idempotency-Key": "suspend-1"}
    asked = WHY | {"kind": "person", "who": ben.public_id, "days": 7}
    first = api_of(mona).post("/api/v1/desk/holds/", asked, headers=key)
    again = api_of(mona).post("/api/v1/desk/holds/", asked, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    name = first.json()["id"]

    (own,) = api_of(ben).get("/api/v1/holds/").json()["results"]
    assert (own["id"], own["takes_an_appeal"], "placed_by" in own) == (name, True, False)
    assert api_of(ada).post(f"/api/v1/holds/{name}/appeal/", {"statement": "x"}).status_code == 404
    refused = api_of(ben).post(f"/api/v1/holds/{name}/appeal/", {"statement": ""})
    assert refused.json()["error"]["param"] == "statement"
    said = api_of(ben).post(f"/api/v1/holds/{name}/appeal/", {"statement": SAID}).json()
    assert (said["status"], said["appeal"]) == ("appealed", SAID)
    url = f"/api/v1/desk/holds/{name}/"
    assert api_of(mona).post(f"{url}uphold/", {"ruling": "No."}).status_code == 403
    assert api_of(max_).post(f"{url}uphold/", {}).json()["error"]["param"] == "ruling"
    assert api_of(max_).post(f"{url}uphold/", {"ruling": "No."}).json()["status"] == "upheld"
    assert api_of(mona).post(f"{url}lift/").json()["closed_by"] == "Mona"
    assert due_hold_ids(now() + timedelta(days=99), limit=9) == []
