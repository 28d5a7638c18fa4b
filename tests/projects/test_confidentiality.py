"""What of a posting is shown only to those who have accepted its text."""

import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, IntegrityError, transaction

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, NotAllowed, NotThere, WrongState
from projects.agreements.services import accept_offer, award_bid
from projects.bids.models import Bid
from projects.bids.services import edit_bid
from projects.confidentiality import services
from projects.confidentiality.models import Acceptance, ConfidentialPart, hash_of
from projects.confidentiality.selectors import (
    acceptances_of,
    acceptances_on,
    files_behind,
    gate_of,
    part_of,
)
from projects.confidentiality.services import set_confidentiality
from projects.contracts.models import Agreement
from projects.contracts.selectors import agreement_of
from projects.postings import services as postings
from projects.postings.models import Posting
from projects.postings.services import close_posting
from projects.questions.models import Question
from projects.questions.selectors import questions_on, questions_visible_to
from projects.questions.services import answer_question, ask_question
from tests.against_the_rules import force
from tests.projects.confidentiality_world import (
    DETAILS,
    OTHER_TEXT,
    TEXT,
    accept,
    hide,
    secret_posting,
)
from tests.races import at_once, meet_after
from tests.world import browser, draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def posting(ada) -> Posting:
    return secret_posting(ada)


def reads(posting: Posting, user) -> bool:
    """Details and files, or neither of them."""
    gate = gate_of(posting, user)
    seen = {gate.details == DETAILS, files_behind(gate, posting).exists()}
    assert len(seen) == 1, "the files are as confidential as the details"
    return seen.pop()


def knows(posting: Posting, user) -> bool:
    """The details, where there are no files."""
    return gate_of(posting, user).details == DETAILS


def asked_and_answered(posting: Posting, asker, client) -> Question:
    question = ask_question(posting_id=posting.pk, text="How heavy is it?", by=asker)
    return answer_question(question_id=question.pk, answer="As a moonstone is.", by=client)


# --- Before and after ----------------------------------------------------------------------------


def test_nothing_is_there_before_it_is_accepted_not_for_staff_either(posting, ada, ben, dora, mona):
    for stranger in (ben, dora, mona, AnonymousUser()):
        assert not reads(posting, stranger)
    assert reads(posting, ada)

    accept(posting, ben)
    assert reads(posting, ben)
    assert not reads(posting, dora)


def test_a_posting_without_a_gate_is_open_to_everybody(ada, ben):
    posting = open_posting(ada)
    for reader in (ada, ben, AnonymousUser()):
        gate = gate_of(posting, reader)
        assert (gate.part, gate.is_open, gate.details) == (None, True, "")


def test_nobody_bids_or_asks_before(posting, ben):
    for act in (
        lambda: submitted_bid(posting, ben),
        lambda: ask_question(posting_id=posting.pk, text="Why?", by=ben),
    ):
        with pytest.raises(NotAllowed) as refusal:
            act()
        assert refusal.value.code == "confidentiality_not_accepted"
    accept(posting, ben)
    assert submitted_bid(posting, ben).status == Bid.Status.SUBMITTED
    assert ask_question(posting_id=posting.pk, text="Why?", by=ben).pk


def test_questions_are_as_confidential_as_the_details(posting, ada, ben, cleo, mona):
    accept(posting, ben)
    question = asked_and_answered(posting, ben, ada)

    for stranger in (cleo, mona, AnonymousUser()):
        assert not questions_visible_to(stranger).exists()
        assert not questions_on(posting, stranger).exists()
    accept(posting, cleo)
    accept(posting, mona)
    for reader in (ada, ben, cleo, mona):
        assert list(questions_visible_to(reader)) == [question]
        assert list(questions_on(posting, reader)) == [question]


def test_who_asked_before_the_gate_reads_no_answer_before_they_accept(ada, ben):
    posting = open_posting(ada)
    question = ask_question(posting_id=posting.pk, text="How heavy is it?", by=ben)
    hide(posting, ada)
    for found in (questions_visible_to(ben), questions_on(posting, ben)):
        assert list(found) == [question]  # theirs, to be withdrawn

    answer_question(question_id=question.pk, answer="As a moonstone is.", by=ada)
    for found in (questions_visible_to(ben), questions_on(posting, ben)):
        assert not found.exists()
    accept(posting, ben)
    for found in (questions_visible_to(ben), questions_on(posting, ben)):
        assert list(found) == [question]


def test_an_acceptance_is_for_this_posting_and_this_person(posting, ada, ben, cleo):
    accept(posting, ben)
    assert not reads(posting, cleo)
    assert not reads(secret_posting(ada), ben)


# --- Accepting -----------------------------------------------------------------------------------


def test_it_keeps_the_words_their_hash_the_time_and_how(posting, ben):
    kept = accept(posting, ben)
    kept.refresh_from_db()
    assert (kept.text, kept.text_sha256) == (TEXT, hash_of(TEXT))
    assert (kept.person, kept.confirmed_with) == (ben, "password")
    assert kept.created_at


def test_twice_is_once(posting, ben):
    assert accept(posting, ben) == accept(posting, ben)
    assert Acceptance.objects.count() == 1


def test_other_words_than_those_that_were_read_are_not_accepted(posting, ada, ben):
    hide(posting, ada, text=OTHER_TEXT)
    with pytest.raises(WrongState) as refusal:
        accept(posting, ben, TEXT)
    assert refusal.value.code == "changed_meanwhile"
    assert not Acceptance.objects.exists()


def test_the_client_accepts_nothing_and_strangers_no_posting_that_is_not_there(posting, ada, ben):
    with pytest.raises(NotAllowed):
        accept(posting, ada)
    with pytest.raises(WrongState):
        accept(open_posting(ada), ben)
    for hidden in (secret_posting(ada, visibility="invite_only"), draft_posting(ada)):
        with pytest.raises(NotThere):
            accept(hidden, ben)


def test_a_posting_that_is_over_lets_nobody_else_in(posting, ada, ben, cleo):
    kept = accept(posting, ben)
    close_posting(posting_id=posting.pk, reason="", by=ada)
    with pytest.raises(WrongState, match="not open any more"):
        accept(posting, cleo)
    assert accept(posting, ben) == kept
    assert reads(posting, ben)


def test_both_sides_see_it_and_nobody_else(posting, ada, ben, cleo, dora):
    kept = accept(posting, ben)
    for reader in (ada, ben):
        assert list(acceptances_of(reader)) == [kept]
        assert list(acceptances_on(posting, reader)) == [kept]
    for stranger in (cleo, dora, AnonymousUser()):
        assert not acceptances_of(stranger).exists()
        assert not acceptances_on(posting, stranger).exists()


# --- Setting it ----------------------------------------------------------------------------------


def test_a_changed_text_asks_again_and_changed_details_do_not(posting, ada, ben):
    accept(posting, ben)
    hide(posting, ada, details="It is **opal** now.")
    assert gate_of(posting, ben).details == "It is **opal** now."

    hide(posting, ada, text=OTHER_TEXT)
    assert not reads(posting, ben)
    accept(posting, ben, OTHER_TEXT)
    assert reads(posting, ben)
    assert [one.text for one in acceptances_on(posting, ada).order_by("pk")] == [TEXT, OTHER_TEXT]

    hide(posting, ada)  # the former words, which Ben has accepted
    assert reads(posting, ben)


def test_who_has_bid_is_told_of_other_words_and_their_bid_stands(posting, ada, ben, cleo):
    for bidder in (ben, cleo):
        accept(posting, bidder)
        submitted_bid(posting, bidder)
    hide(posting, ada, details="It is opal now.")
    assert not Notification.objects.filter(kind="confidentiality_asked").exists()

    hide(posting, ada, text=OTHER_TEXT)
    told = Notification.objects.filter(kind="confidentiality_asked")
    assert {notice.recipient for notice in told} == {ben, cleo}
    assert edit_bid(bid_id=Bid.objects.first().pk, by=ben, letter="It stands.").version == 2


def test_a_first_text_is_not_called_a_changed_one(ada, ben):
    posting = open_posting(ada)
    submitted_bid(posting, ben)
    hide(posting, ada)
    hide(posting, ada, text=OTHER_TEXT)
    told = Notification.objects.filter(kind="confidentiality_asked").order_by("pk")
    first, changed = (str(notice.text) for notice in told)
    assert "asks for confidentiality now. Your bid stands; accept its text" in first
    assert "in other words now" in changed


def test_an_answer_is_told_to_those_who_may_read_it(posting, ada, ben, cleo):
    for bidder in (ben, cleo):
        accept(posting, bidder)
        submitted_bid(posting, bidder)
    hide(posting, ada, text=OTHER_TEXT)
    accept(posting, ben, OTHER_TEXT)
    asked_and_answered(posting, ben, ada)
    told = Notification.objects.filter(kind="question_answered")
    assert [notice.recipient for notice in told] == [ben]


def test_the_same_again_changes_nothing_and_an_edit_is_seen(posting, ada):
    posting.refresh_from_db()
    edited, worded = posting.edited_at, part_of(posting).worded_at
    hide(posting, ada)
    posting.refresh_from_db()
    assert (posting.edited_at, part_of(posting).worded_at) == (edited, worded)
    hide(posting, ada, details="Other.")
    posting.refresh_from_db()
    assert posting.edited_at > edited
    assert part_of(posting).worded_at == worded


def test_an_empty_text_lifts_the_gate_and_keeps_what_was_accepted(posting, ada, ben, cleo):
    kept = accept(posting, ben)
    hide(posting, ada, text="", details="")
    assert part_of(posting) is None
    assert gate_of(posting, cleo).is_open
    assert list(acceptances_of(ben)) == [kept]
    hide(posting, ada, text="", details="")
    assert ConfidentialPart.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "details", "param"),
    [
        ("", DETAILS, "text"),
        ("  ", DETAILS, "text"),
        ("x" * 10_001, "", "text"),
        ("a\x00b", "", "text"),
        (None, "", "text"),
        (TEXT, "x" * 20_001, "details"),
        (TEXT, "\u202eback", "details"),
        (TEXT, 7, "details"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(text, details, param, posting, ada):
    with pytest.raises(InvalidInput) as refusal:
        set_confidentiality(posting_id=posting.pk, text=text, details=details, by=ada)
    assert refusal.value.param == param
    assert part_of(posting).text == TEXT


def test_only_its_owner_sets_it_while_it_may_be_edited(posting, ada, ben, mona):
    for other in (ben, mona):
        with pytest.raises(NotAllowed):
            hide(posting, other)
    close_posting(posting_id=posting.pk, reason="", by=ada)
    with pytest.raises(WrongState):
        hide(posting, ada, text=OTHER_TEXT)


# --- A contract ----------------------------------------------------------------------------------


def test_who_is_chosen_signs_the_details_and_keeps_them(posting, ada, ben, cleo):
    for bidder in (ben, cleo):
        accept(posting, bidder)
    bid = submitted_bid(posting, ben)
    contract = award_bid(bid_id=bid.pk, by=ada)
    assert json.loads(agreement_of(contract).body)["posting"]["details"] == DETAILS

    hide(posting, ada, text=OTHER_TEXT)
    assert reads(posting, ben)
    assert not reads(posting, cleo)
    accept_offer(contract_id=contract.pk, by=ben)
    assert reads(posting, ben)


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_gate_that_is_younger_than_the_offer_is_one_for_its_receiver(is_signed, ada, ben, cleo):
    posting = open_posting(ada, awards=2)
    contract = award_bid(bid_id=submitted_bid(posting, ben).pk, by=ada)
    if is_signed:
        accept_offer(contract_id=contract.pk, by=ben)
    hide(posting, ada)

    assert not knows(posting, ben) and knows(posting, ada)
    assert ben.notifications.filter(kind="confidentiality_asked").count() == 1
    with pytest.raises(NotAllowed):
        ask_question(posting_id=posting.pk, text="How heavy is it?", by=ben)
    accept(posting, ben)
    assert knows(posting, ben) and not knows(posting, cleo)
    hide(posting, ada, text=OTHER_TEXT)
    assert knows(posting, ben), "who has promised once and is chosen keeps it"
    assert ben.notifications.filter(kind="confidentiality_asked").count() == 1


def test_what_is_offered_is_signed_without_it_and_the_gate_stays_open_to_a_promise(ada, ben, cleo):
    posting = open_posting(ada)
    contract = award_bid(bid_id=submitted_bid(posting, ben).pk, by=ada)
    hide(posting, ada)
    page = browser(ben).get(f"/contracts/{contract.public_id}/accept/").content.decode()
    assert "Details are confidential since this offer was made" in page and DETAILS not in page
    accept_offer(contract_id=contract.pk, by=ben)

    posting = Posting.objects.get(pk=posting.pk)
    assert posting.status == "awarded" and not knows(posting, ben)
    with pytest.raises((WrongState, NotThere)):
        accept(posting, cleo)
    card = browser(ben).get(posting.path).content.decode()
    assert "Read what to accept" in card and DETAILS not in card
    shown = browser(ben).get(f"{posting.path}confidentiality/").content.decode()
    assert "It cannot be taken back" in shown
    accept(posting, ben)
    assert knows(posting, ben)
    page = browser(ben).get(f"/contracts/{contract.public_id}/").content.decode()
    assert "Details are confidential since" not in page


def test_nobody_is_offered_what_they_have_not_promised_to_keep(ada, ben):
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben)
    for text in (TEXT, OTHER_TEXT):  # the first gate, and a tighter one
        hide(posting, ada, text=text)
        with pytest.raises(WrongState, match="Ben has not accepted") as refusal:
            award_bid(bid_id=bid.pk, by=ada)
        assert refusal.value.code == "confidentiality_not_accepted"
        assert gate_of(posting, ben).details == ""

        accept(posting, ben, text)
        assert gate_of(posting, ben).details == DETAILS
    contract = award_bid(bid_id=bid.pk, by=ada)
    assert json.loads(agreement_of(contract).body)["posting"]["details"] == DETAILS


def test_an_agreement_about_what_was_never_confidential_says_nothing_of_it(ada, ben):
    contract = award_bid(bid_id=submitted_bid(open_posting(ada), ben).pk, by=ada)
    assert "details" not in json.loads(agreement_of(contract).body)["posting"]


# --- For good ------------------------------------------------------------------------------------


def test_postgresql_lets_nobody_change_or_take_back_an_acceptance(posting, ben):
    accept(posting, ben)
    for act in (
        lambda: Acceptance.objects.update(text="Nothing at all."),
        Acceptance.objects.all().delete,
    ):
        with pytest.raises(DatabaseError, match="an acceptance is final"), transaction.atomic():
            act()


def test_postgresql_computes_the_hash_itself(posting, ben):
    with pytest.raises(IntegrityError, match="an_acceptance_is_of_its_text"), transaction.atomic():
        Acceptance.objects.create(
            posting=posting, person=ben, text=TEXT, text_sha256=hash_of("Other."), confirmed_with=""
        )
    with pytest.raises(IntegrityError, match="a_text_has_its_hash"), transaction.atomic():
        force(ConfidentialPart, text="Ünlike – 月")
    part = ConfidentialPart.objects.get()
    part.text, part.text_sha256 = "Ünlike – 月", hash_of("Ünlike – 月")
    part.save()


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_acceptances_at_once_are_one(ada, ben):
    posting = secret_posting(ada)
    assert at_once(*[lambda: accept(posting, ben)] * 8) == ["done"] * 8
    assert Acceptance.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_would_collide(ada, ben, monkeypatch):
    posting = secret_posting(ada)
    monkeypatch.setattr(postings, "lock_posting", lambda pk: Posting.objects.get(pk=pk))
    meet_after(monkeypatch, services, "acceptance_by")
    with pytest.raises(IntegrityError, match="one_acceptance_of_a_text"):
        at_once(*[lambda: accept(posting, ben)] * 8)


@pytest.mark.django_db(transaction=True)
def test_an_award_beside_a_first_gate_gives_no_detail_away(ada, ben):
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben)
    outcomes = at_once(lambda: award_bid(bid_id=bid.pk, by=ada), lambda: hide(posting, ada))
    assert outcomes in (["done", "done"], ["confidentiality_not_accepted", "done"])
    bodies = list(Agreement.objects.values_list("body", flat=True))
    assert len(bodies) == (outcomes[0] == "done")
    assert not any("details" in json.loads(body)["posting"] for body in bodies)


@pytest.mark.django_db(transaction=True)
def test_an_acceptance_beside_a_change_is_of_the_words_that_stood(ada, ben):
    posting = secret_posting(ada)
    outcomes = at_once(lambda: accept(posting, ben), lambda: hide(posting, ada, text=OTHER_TEXT))
    assert outcomes in (["done", "done"], ["changed_meanwhile", "done"])
    assert Acceptance.objects.count() == (outcomes[0] == "done")
    assert not reads(posting, ben)
