"""Invitations to bid, through the pages and the API."""

from datetime import timedelta

import pytest

from marketplace.common.clock import now
from projects.bids.declining.services import close_bidding
from projects.invitations.models import Invitation
from projects.invitations.selectors import unanswered_by
from projects.invitations.services import decline_invitation, invite_person, withdraw_invitation
from projects.postings.models import Posting
from tests.against_the_rules import force
from tests.world import api_of, browser, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

NOTE = "You built <b>lamps</b> before."


def page_of(user, path: str, status: int = 200) -> str:
    answer = browser(user).get(path)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.fixture
def posting(ada):
    return open_posting(ada)


@pytest.fixture
def invitation(posting, ada, ben) -> Invitation:
    return invite_person(posting_id=posting.pk, whom=ben.public_id, note=NOTE, by=ada)


# --- Pages ---------------------------------------------------------------------------------------


def test_invited_read_and_declined(posting, ada, ben):
    answer = browser(ada).post(
        f"{posting.path}invitations/", {"whom": f"/people/{ben.public_id}/", "note": NOTE}
    )
    assert answer.status_code == 302
    invitation = Invitation.objects.get()
    for path in ("/my/invitations/", invitation.path, posting.path):
        assert "Decline" in page_of(ben, path), path
    for path in (invitation.path, posting.path):
        assert "lamps&lt;/b&gt; before." in page_of(ben, path), path

    browser(ben).post(f"{invitation.path}decline/", {"reason": "My year is full."})

    for path in (posting.path, f"{posting.path}invitations/", invitation.path):
        page = page_of(ada, path)
        assert "Ben" in page
        assert "My year is full." in page
    page = page_of(ben, invitation.path)
    assert "You may still bid" in page
    assert "invitations/decline" not in page


def test_the_posting_invites_by_name_and_the_bid_answers(posting, invitation, ada, ben, cleo):
    assert "Ada invites you to bid" in page_of(ben, posting.path)
    for other in (cleo, None):
        page = page_of(other, posting.path)
        assert "invites you to bid" not in page
        assert "Invitations" not in page

    submitted_bid(posting, ben)

    assert "Your bid answered this." in page_of(ben, invitation.path)
    assert "Has bid" in page_of(ada, posting.path)


def test_an_address_stays_an_address_until_it_answers(posting, ada, ben):
    sent = invite_person(posting_id=posting.pk, whom=ben.email, by=ada)
    page = page_of(ada, f"{posting.path}invitations/")
    assert "ben@example.com" in page
    assert "Ben" not in page

    decline_invitation(invitation_id=sent.pk, by=ben)
    assert "Ben (ben@example.com)" in page_of(ada, f"{posting.path}invitations/")


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(posting, invitation, ada, ben):
    for whom, words in [
        ("", "required"),
        ("nobody", "Nobody has this profile."),
        ("kim@", "not an email address"),
        (ada.email, "You cannot invite yourself."),
        (ben.public_id, "They are invited already."),
    ]:
        answer = browser(ada).post(f"{posting.path}invitations/", {"whom": whom, "note": "Kept."})
        assert answer.status_code in (400, 409), whom
        page = answer.content.decode()
        assert words in page
        assert "Kept." in page
    answer = browser(ben).post(f"{invitation.path}decline/", {"reason": "x" * 301})
    assert answer.status_code == 400
    assert "x" * 301 in answer.content.decode()


def test_strangers_find_nothing_and_learn_nothing(posting, invitation, cleo):
    assert browser(cleo).get(invitation.path).status_code == 404
    assert browser(cleo).post(f"{invitation.path}decline/").status_code == 404
    assert browser(cleo).get(f"{posting.path}invitations/").status_code == 403


def test_pages_that_come_too_late_say_so(posting, invitation, ada, ben):
    close_bidding(posting_id=posting.pk, reason="", by=ada)

    assert "Nobody can be invited now" in page_of(ada, f"{posting.path}invitations/")
    page = page_of(ben, invitation.path)
    assert "The posting has ended" in page
    assert "Bid on this" not in page
    late = browser(ada).post(f"{posting.path}invitations/", {"whom": "kim@x.de", "note": "Kept."})
    assert late.status_code == 400
    assert "takes no more bids" in late.content.decode()
    assert "Kept." in late.content.decode()
    assert browser(ben).post(f"{invitation.path}decline/").status_code == 409


def test_what_was_taken_back_says_so(invitation, ada, ben):
    browser(ada).post(f"{invitation.path}withdraw/")
    assert "The client has taken it back" in page_of(ben, invitation.path)


def test_empty_pages_say_what_to_do(posting, ada, ben):
    assert "You have invited nobody yet" in page_of(ada, f"{posting.path}invitations/")
    assert "You have invited nobody yet" in page_of(ada, posting.path)
    assert "Nobody has invited you yet" in page_of(ben, "/my/invitations/")


# --- API -----------------------------------------------------------------------------------------


def test_a_program_invites_and_another_declines(posting, ada, ben):
    made = api_of(ada).post(
        f"/api/v1/postings/{posting.public_id}/invitations/", {"whom": ben.email, "note": NOTE}
    )
    assert made.status_code == 201, made.content
    sent = made.json()
    assert sent["email"] == ben.email
    assert (sent["freelancer"], sent["status"], sent["next_steps"]) == (
        None,
        "invited",
        ["withdraw"],
    )

    (mine,) = api_of(ben).get("/api/v1/invitations/").json()["results"]
    assert (mine["id"], mine["posting"], mine["note"]) == (sent["id"], posting.public_id, NOTE)
    assert mine["invites_to_bid"] is True
    assert mine["next_steps"] == ["decline"]

    path = f"/api/v1/invitations/{sent['id']}/"
    declined = api_of(ben).post(f"{path}decline/", {"reason": "No time."}).json()
    assert (declined["status"], declined["status_reason"]) == ("declined", "No time.")
    assert declined["freelancer"]["name"] == "Ben"
    assert api_of(ada).get(path).json()["status"] == "declined"
    listed = api_of(ada).get(f"/api/v1/postings/{posting.public_id}/invitations/").json()
    assert [row["id"] for row in listed["results"]] == [sent["id"]]


def test_a_repeated_call_invites_once(posting, ada):
    client, key = api_of(ada), {"HTTP_IDEMPOTENCY_KEY": "invite-kim"}
    path, body = f"/api/v1/postings/{posting.public_id}/invitations/", {"whom": "kim@example.com"}

    first, second = (client.post(path, body, **key) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "whom"),
        ({"whom": ""}, "whom"),
        ({"whom": "nobody"}, "whom"),
        ({"whom": "kim@"}, "whom"),
        ({"whom": "ada@example.com"}, "whom"),
        ({"whom": ["kim@example.com"]}, "whom"),
        ({"whom": "kim@example.com", "note": "x" * 1_001}, "note"),
        ({"whom": "kim@example.com", "note": None}, "note"),
    ],
)
def test_what_cannot_be_used_names_its_field(posting, ada, body, param):
    answer = api_of(ada).post(f"/api/v1/postings/{posting.public_id}/invitations/", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_the_same_again_is_told_apart_from_what_is_wrong(posting, invitation, ada, ben, cleo):
    path = f"/api/v1/postings/{posting.public_id}/invitations/"
    answer = api_of(ada).post(path, {"whom": ben.public_id})
    assert answer.status_code == 409
    assert answer.json()["error"] == {
        "code": "already_invited",
        "message": "They are invited already.",
        "param": "whom",
    }
    for person in (ben, cleo):
        assert api_of(person).post(path, {"whom": "kim@example.com"}).status_code == 403
        assert api_of(person).get(path).status_code == 403
    one = f"/api/v1/invitations/{invitation.public_id}/"
    assert api_of(cleo).get(one).status_code == 404
    assert api_of(ben).post(f"{one}withdraw/").status_code == 403
    withdraw_invitation(invitation_id=invitation.pk, by=ada)
    assert api_of(ada).post(f"{one}withdraw/").status_code == 409
    assert api_of(ben).post(f"{one}decline/").status_code == 409


def test_my_work_begins_with_what_waits_for_an_answer(posting, invitation, ada, ben, cleo):
    words = "You are invited to bid"
    late, suspended = open_posting(ada), open_posting(ada, title="Out of sight")
    for other in (late, suspended):
        invite_person(posting_id=other.pk, whom=ben.email, by=ada)
    force(Posting.objects.filter(pk=late.pk), bids_close_at=now() - timedelta(hours=1))
    force(Posting.objects.filter(pk=suspended.pk), status="suspended")

    assert unanswered_by(ben, limit=3) == [invitation]
    page = page_of(ben, "/contracts/")
    assert words in page
    assert invitation.path in page
    for other in (ada, cleo):
        assert words not in page_of(other, "/contracts/")

    invite_person(posting_id=posting.pk, whom=ben.email, by=ada)
    submitted_bid(posting, ben)
    assert words not in page_of(ben, "/contracts/")
