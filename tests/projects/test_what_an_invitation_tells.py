"""What somebody reads on an invitation, and what their answer tells the one who sent it."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.people.models import User
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.invitations.models import Invitation
from projects.invitations.services import invite_person, withdraw_invitation
from projects.postings.models import Posting
from tests.world import GROUNDS, api_of, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

TITLE, NOTE = "A shop for chosen hands", "You built lamps before."


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada, title=TITLE, visibility="invite_only")


def invite(posting: Posting, ada: User, whom: User | str) -> Invitation:
    named = whom if isinstance(whom, str) else whom.public_id
    return invite_person(posting_id=posting.pk, whom=named, note=NOTE, by=ada)


def page_of(user: User, path: str, status: int = 200) -> str:
    browser = Client()
    browser.force_login(user)
    answer = browser.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def assert_tells_nothing(user: User, invitation: Invitation) -> None:
    """Neither its pages nor the API know title, note and posting."""
    for path in (invitation.path, "/my/invitations/"):
        page = page_of(user, path)
        for untold in (TITLE, NOTE, invitation.posting.path):
            assert untold not in page, (path, untold)
    one = api_of(user).get(f"/api/v1/invitations/{invitation.public_id}/").json()
    (listed,) = api_of(user).get("/api/v1/invitations/").json()["results"]
    for found in (one, listed):
        assert (found["title"], found["note"], found["posting"]) == ("", "", "")


# --- What was taken back -------------------------------------------------------------------------


def test_an_address_that_is_proven_later_reads_nothing_that_was_taken_back(posting, ada):
    sent = invite(posting, ada, "kim@example.com")
    withdraw_invitation(invitation_id=sent.pk, by=ada)
    kim = person("Kim")
    assert EmailAddress.objects.filter(user=kim, email="kim@example.com", verified=True).exists()

    page_of(kim, sent.path, status=404)
    assert TITLE not in page_of(kim, "/my/invitations/")
    assert api_of(kim).get(f"/api/v1/invitations/{sent.public_id}/").status_code == 404
    assert api_of(kim).get("/api/v1/invitations/").json()["results"] == []


def test_whoever_was_named_reads_that_it_was_taken_back_and_no_more(posting, ada, ben):
    sent = invite(posting, ada, ben)
    withdraw_invitation(invitation_id=sent.pk, by=ada)

    assert_tells_nothing(ben, sent)
    assert "Taken back" in page_of(ben, sent.path)
    assert TITLE in page_of(ada, sent.path)


def test_what_everybody_may_read_is_still_named(ada, ben):
    sent = invite(open_posting(ada, title=TITLE), ada, ben)
    withdraw_invitation(invitation_id=sent.pk, by=ada)

    assert TITLE in page_of(ben, sent.path)


# --- While the posting is suspended --------------------------------------------------------------


@pytest.mark.parametrize("whom", ["profile", "address"])
def test_a_suspended_posting_speaks_through_no_invitation(posting, ada, ben, mona, whom):
    sent = invite(posting, ada, ben if whom == "profile" else ben.email)
    suspend_posting(
        **GROUNDS,
        posting_id=posting.pk,
        reason="It is a scam.",
        by=mona,
    )

    assert_tells_nothing(ben, sent)
    assert "The posting is out of sight" in page_of(ben, sent.path)
    assert TITLE not in page_of(ben, f"{sent.path}decline/")
    declined = api_of(ben).post(f"/api/v1/invitations/{sent.public_id}/decline/", {}).json()
    assert (declined["status"], declined["title"]) == ("declined", "")

    restore_posting(posting_id=posting.pk, by=mona)
    assert NOTE in page_of(ben, sent.path)


def test_moderators_read_whom_a_client_invites_and_invite_nobody(posting, ada, ben, mona):
    invite(posting, ada, ben)
    suspend_posting(
        **GROUNDS,
        posting_id=posting.pk,
        reason="It is a scam.",
        by=mona,
    )

    path = f"{posting.path}invitations/"
    assert path in page_of(mona, posting.path)
    page = page_of(mona, path)
    assert NOTE in page
    assert "<textarea" not in page
    (listed,) = api_of(mona).get(f"/api/v1{path}").json()["results"]
    assert (listed["note"], listed["next_steps"]) == (NOTE, [])
    refused = api_of(mona).post(f"/api/v1{path}", {"whom": "kim@example.com"})
    assert refused.status_code == 403


# --- What an answer tells ------------------------------------------------------------------------


def test_before_an_address_answers_it_reads_what_that_tells(posting, ada, ben):
    sent = invite(posting, ada, ben.email)
    words = "This was sent to ben@example.com; your answer tells them that it is yours."
    for path in (sent.path, f"{sent.path}decline/", f"{posting.path}bid/"):
        assert words in page_of(ben, path), path
    assert words not in page_of(ada, sent.path)

    named = invite(posting, ada, ben)
    for path in (named.path, f"{named.path}decline/", f"{posting.path}bid/"):
        assert words not in page_of(ben, path), path
    bid = submitted_bid(posting, ben)
    assert words not in page_of(ben, f"{bid.path}edit/")
