"""A posting that does not exist but for those whom its client invites."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.test import Client

from accounts.people.models import User
from marketplace.common.errors import NotAllowed, NotThere
from projects.bids import services as bids
from projects.bids.declining.services import close_bidding
from projects.bids.models import Bid
from projects.bids.services import withdraw_bid
from projects.invitations.models import Invitation
from projects.invitations.services import decline_invitation, invite_person, withdraw_invitation
from projects.postings.models import Posting
from projects.postings.selectors import Filters, browse, postings_visible_to
from projects.postings.services import add_files, edit_posting
from projects.questions.models import Question
from projects.questions.services import answer_question, ask_question, withdraw_question
from tests.races import at_once, overtaken_after
from tests.world import api_of, draft_posting, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

TITLE = "A shop for chosen hands"


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada, title=TITLE, visibility="invite_only")


def browser_of(user=None) -> Client:
    browser = Client()
    if user is not None:
        browser.force_login(user)
    return browser


def sees(posting: Posting, user: User) -> bool:
    return postings_visible_to(user).filter(pk=posting.pk).exists()


def invite(posting, ada, whom: User | str) -> Invitation:
    named = whom if isinstance(whom, str) else whom.public_id
    return invite_person(posting_id=posting.pk, whom=named, by=ada)


# --- Strangers -----------------------------------------------------------------------------------


def test_strangers_are_answered_as_for_what_does_not_exist(posting, ada, cleo, ben):
    (attached,) = add_files(
        posting_id=posting.pk, uploads=[SimpleUploadedFile("plan.txt", b"lamps")], by=ada
    )
    invite(posting, ada, ben)
    question = ask_question(posting_id=posting.pk, text="In which colour?", by=ben)
    answer_question(question_id=question.pk, answer="Red.", by=ada)
    below = [
        "",
        "bid/",
        "bids/",
        "compare/",
        "edit/",
        "close/",
        "questions/",
        "questions/new/",
        "invitations/",
        f"files/{attached.stored.public_id}/",
    ]
    nothing = Posting(client=posting.client)
    for user in (cleo, None):
        browser, paths = browser_of(user), [f"postings/{{}}/{rest}" for rest in below]
        for path in paths:
            found, none = (
                browser.get("/" + path.format(one.public_id)) for one in (posting, nothing)
            )
            assert found.status_code == none.status_code, path
            assert found.status_code in ((404,) if user else (404, 302)), path
            assert TITLE not in found.content.decode()
        assert browser.get(question.path).status_code == 404
    program = api_of(cleo)
    for rest in ("", "questions/", "bids/", "invitations/", f"files/{attached.stored.public_id}/"):
        found, none = (
            program.get(f"/api/v1/postings/{one.public_id}/{rest}") for one in (posting, nothing)
        )
        assert (found.status_code, found.content) == (404, none.content), rest
    for rest in ("bids/", "questions/", "invitations/", "close/", "suspend/"):
        found, none = (
            program.post(f"/api/v1/postings/{one.public_id}/{rest}", {})
            for one in (posting, nothing)
        )
        assert (found.status_code, found.content) == (404, none.content), rest


def test_it_is_in_no_list_and_found_by_no_search(posting, ada, ben):
    invite(posting, ada, ben)
    for order in ("newest", "match"):
        for filters in (Filters(), Filters(q="shop"), Filters(skill="python")):
            assert not browse(filters, order=order).exists(), (order, filters)
    for browser in (browser_of(), browser_of(ben), browser_of(ada)):
        for path in ("/", "/postings/", "/postings/?q=shop", "/postings/?q=shop&order=match"):
            assert TITLE not in browser.get(path).content.decode(), path
    assert browser_of().get("/postings/?q=shop").context["count"] == "0"
    assert api_of(ben).get("/api/v1/postings/?q=shop").json()["results"] == []


def test_the_deeds_themselves_refuse_strangers(posting, cleo):
    with pytest.raises(NotThere):
        submitted_bid(posting, cleo)
    with pytest.raises(NotThere):
        ask_question(posting_id=posting.pk, text="How fast?", by=cleo)
    assert not Bid.objects.exists()
    assert not Question.objects.exists()


# --- Whom it is for ------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", ["profile", "address"])
def test_the_invited_read_ask_and_bid(posting, ada, ben, whom):
    invite(posting, ada, ben if whom == "profile" else "ben@example.com")

    page = browser_of(ben).get(posting.path).content.decode()
    assert "Ada invites you to bid" in page
    assert "Invite-only" in page
    assert '<meta name="robots" content="noindex">' in page
    seen = api_of(ben).get(f"/api/v1/postings/{posting.public_id}/").json()
    assert seen["visibility"] == "invite_only"
    assert ask_question(posting_id=posting.pk, text="In which colour?", by=ben).pk
    assert browser_of(ben).get(f"{posting.path}bid/").status_code == 200
    assert submitted_bid(posting, ben).posting == posting


def test_whatever_they_answer_and_after_the_end(posting, ada, ben, cleo):
    kim = person("Kim")
    for whom in (ben, cleo, kim):
        invite(posting, ada, whom)
    decline_invitation(invitation_id=Invitation.objects.get(freelancer__name="Cleo").pk, by=cleo)
    submitted_bid(posting, ben)
    assert all(sees(posting, who) for who in (ada, ben, cleo, kim))

    close_bidding(posting_id=posting.pk, reason="", by=ada)
    assert all(sees(posting, who) for who in (ada, ben, cleo, kim))


def test_what_is_withdrawn_lets_nobody_in_any_more(posting, ada, ben):
    sent = invite(posting, ada, ben)
    withdraw_invitation(invitation_id=sent.pk, by=ada)

    assert not sees(posting, ben)
    assert browser_of(ben).get(posting.path).status_code == 404
    page = browser_of(ben).get(sent.path).content.decode()
    assert "The client has taken it back" in page
    assert posting.path not in page
    with pytest.raises(NotThere):
        submitted_bid(posting, ben)

    invite(posting, ada, ben)
    assert sees(posting, ben)


def test_an_invitation_to_another_posting_opens_nothing(posting, ada, ben):
    invite(open_posting(ada, visibility="invite_only"), ada, ben)
    assert not sees(posting, ben)


def test_a_moderator_looks_and_does_not_bid(posting, mona, dora):
    browser = browser_of(mona)
    for path in ("", "questions/"):
        page = browser.get(f"{posting.path}{path}").content.decode()
        assert "Bid on this" not in page
        assert "Ask a question" not in page
    assert "You see it as one of the staff." in browser.get(posting.path).content.decode()
    for path in ("bid/", "questions/new/"):
        assert browser.get(f"{posting.path}{path}").status_code == 403
    with pytest.raises(NotAllowed):
        submitted_bid(posting, mona)
    assert api_of(mona).get(f"/api/v1/postings/{posting.public_id}/").status_code == 200
    assert not sees(posting, dora)  # who decides disputes has no business here


def test_a_draft_is_its_owners_alone(ada, ben, mona):
    draft = draft_posting(ada, visibility="invite_only")
    assert [sees(draft, who) for who in (ada, ben, mona)] == [True, False, False]


# --- Changing who sees it ------------------------------------------------------------------------


def test_who_has_bid_or_asked_keeps_seeing_it(ada, ben, cleo):
    posting, gus, kim = open_posting(ada, title=TITLE), person("Gus"), person("Kim")
    submitted_bid(posting, ben)
    withdraw_bid(bid_id=submitted_bid(posting, gus).pk, by=gus)
    question = ask_question(posting_id=posting.pk, text="In which colour?", by=kim)

    edited = edit_posting(posting_id=posting.pk, by=ada, visibility="invite_only")

    assert edited.edited_at is None  # no bidder need read it again
    assert [sees(posting, who) for who in (ada, ben, gus, kim, cleo)] == [True] * 4 + [False]
    answer_question(question_id=question.pk, answer="Red.", by=ada)
    for reader in (ben, kim):  # both are told of the answer
        assert browser_of(reader).get(question.path).status_code == 200
    assert submitted_bid(posting, gus).pk


def test_a_question_that_was_taken_back_opens_nothing_any_more(ada, ben):
    posting = open_posting(ada, title=TITLE)
    question = ask_question(posting_id=posting.pk, text="In which colour?", by=ben)
    edit_posting(posting_id=posting.pk, by=ada, visibility="invite_only")
    assert sees(posting, ben)

    withdraw_question(question_id=question.pk, by=ben)
    assert not sees(posting, ben)


def test_opened_again_it_is_found_by_everybody(posting, cleo, ada):
    edit_posting(posting_id=posting.pk, by=ada, visibility="public")
    assert sees(posting, cleo)
    assert browse(Filters(q="chosen hands")).count() == 1


def test_the_pages_of_the_owner_say_who_sees_it(posting, ada):
    page = browser_of(ada).get(posting.path).content.decode()
    assert "Nobody sees it but those whom you invite." in page
    assert "Invite-only" in browser_of(ada).get("/my/postings/").content.decode()
    form = browser_of(ada).get(f"{posting.path}edit/").content.decode()
    assert "stays in sight of those who have bid" in form
    draft = draft_posting(ada, visibility="invite_only")
    assert "only those whom you invite can read it" in browser_of(ada).get(
        draft.path
    ).content.decode().replace("\n", " ")


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_bid_and_a_withdrawal_at_once_are_one_or_the_other(ada, ben):
    posting = open_posting(ada, visibility="invite_only")
    sent = invite(posting, ada, ben)

    bid, *withdrawals = at_once(
        lambda: submitted_bid(posting, ben),
        *[lambda: withdraw_invitation(invitation_id=sent.pk, by=ada)] * 7,
    )

    sent.refresh_from_db()
    assert (bid, sent.status) in {("done", "accepted"), ("not_found", "withdrawn")}
    assert withdrawals.count("done") == (sent.status == "withdrawn")
    assert Bid.objects.count() == (bid == "done")


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_somebody_shut_out_would_bid(ada, ben, monkeypatch):
    posting = open_posting(ada, visibility="invite_only")
    sent = invite(posting, ada, ben)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    overtaken_after(
        monkeypatch,
        bids,
        "checked_terms",
        lambda: withdraw_invitation(invitation_id=sent.pk, by=ada),
    )

    assert submitted_bid(posting, ben).pk
    sent.refresh_from_db()
    assert sent.status == "withdrawn"
