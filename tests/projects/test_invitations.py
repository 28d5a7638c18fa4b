"""Invitations to bid: sent by profile or address, answered by a bid or declined, told to one."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from accounts.people.services import create_person
from marketplace.common.clock import now
from marketplace.common.errors import DomainError, InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import FREELANCER, OWNER, SYSTEM
from projects.agreements.services import accept_offer, award_bid
from projects.bids.declining.services import close_bidding, expire_bidding
from projects.bids.models import Bid
from projects.bids.services import withdraw_bid
from projects.invitations import services
from projects.invitations.models import LIFECYCLE, Invitation
from projects.invitations.selectors import (
    invitation_to,
    invitations_of,
    invitations_visible_to,
    open_steps,
)
from projects.invitations.services import (
    MOST_A_DAY,
    MOST_TO_A_POSTING,
    accept_invitations,
    decline_invitation,
    invite_person,
    lapse_invitations,
    withdraw_invitation,
)
from projects.postings.models import Posting
from tests.against_the_rules import force
from tests.races import at_once, meet_after, overtaken_after
from tests.world import PASSWORD, draft_posting, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

BY_PROFILE = "profile"
BY_ADDRESS = "ben@example.com"


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada)


def invite(posting, ada, whom, **note) -> Invitation:
    """By the profile of somebody, or by an address."""
    named = whom if isinstance(whom, str) else whom.public_id
    return invite_person(posting_id=posting.pk, whom=named, by=ada, **note)


@pytest.fixture(params=[BY_PROFILE, BY_ADDRESS])
def invitation(request, posting, ada, ben) -> Invitation:
    """Ben's, in either way."""
    return invite(posting, ada, ben if request.param == BY_PROFILE else BY_ADDRESS)


def told(kind: str) -> set[str]:
    return set(Notification.objects.filter(kind=kind).values_list("recipient__name", flat=True))


def status_of(invitation: Invitation) -> str:
    invitation.refresh_from_db()
    return invitation.status


# --- Inviting ------------------------------------------------------------------------------------


def test_the_invited_person_is_told_and_finds_it(invitation, ben, cleo):
    notice = Notification.objects.get(kind="invitation_sent")

    assert notice.recipient == ben
    assert (notice.path, notice.about) == (invitation.path, invitation.public_id)
    assert list(invitations_of(ben)) == [invitation]
    assert not invitations_visible_to(cleo).exists()
    assert open_steps(invitation, ben) == ["decline"]


@pytest.mark.parametrize("form", ["{}", "/people/{}/", "https://x.example/people/{}/?from=mail"])
def test_a_profile_is_named_by_its_id_or_its_address(posting, ada, ben, form):
    assert invite(posting, ada, form.format(ben.public_id)).freelancer == ben.parties.get()


def test_an_address_is_compared_in_small_letters(posting, ada, ben):
    assert invite(posting, ada, " Ben@Example.COM ").email == BY_ADDRESS
    assert invitations_of(ben).count() == 1


def test_an_address_does_not_say_whether_it_has_an_account(posting, ada, ben):
    known, unknown = invite(posting, ada, BY_ADDRESS), invite(posting, ada, "kim@example.com")

    for sent in (known, unknown):
        assert (sent.freelancer, sent.whom, sent.status) == (None, sent.email, "invited")
        assert open_steps(sent, ada) == ["withdraw"]
    assert told("invitation_sent") == {"Ben"}
    # Neither does a second one, by the profile: whose address it is stays untold.
    assert invite(posting, ada, ben).status == "invited"
    assert Notification.objects.filter(kind="invitation_sent").count() == 1


@pytest.mark.parametrize("first", [BY_PROFILE, BY_ADDRESS])
def test_nobody_is_told_of_one_posting_twice(posting, ada, ben, first):
    ways = [ben, BY_ADDRESS] if first == BY_PROFILE else [BY_ADDRESS, ben]
    sent = [invite(posting, ada, whom) for whom in ways]
    assert Notification.objects.filter(kind="invitation_sent").count() == 1

    for one in sent:
        withdraw_invitation(invitation_id=one.pk, by=ada)
    invite(posting, ada, ways[0])  # of the old ones nothing is left
    assert Notification.objects.filter(kind="invitation_sent").count() == 2


def test_whoever_proved_the_address_too_late_to_be_told_is_told_by_name(posting, ada):
    invite(posting, ada, "kim@example.com")
    invite(posting, ada, person("Kim"))
    assert told("invitation_sent") == {"Kim"}


def test_somebody_who_has_bid_is_invited_by_address_as_if_not(posting, ada, ben):
    submitted_bid(posting, ben)

    assert invite(posting, ada, BY_ADDRESS).status == "invited"
    assert told("invitation_sent") == set()


def test_whoever_proves_an_address_later_finds_it(posting, ada):
    sent = invite(posting, ada, "kim@example.com")
    kim = create_person(email="kim@example.com", name="Kim", password=PASSWORD)
    assert not invitations_of(kim).exists()

    EmailAddress.objects.filter(user=kim).update(verified=True)
    kim = type(kim).objects.get(pk=kim.pk)
    assert list(invitations_of(kim)) == [sent]
    submitted_bid(posting, kim)
    assert status_of(sent) == "accepted"


@pytest.mark.parametrize("whom", ["ada", "address", "ADA@example.com"])
def test_nobody_invites_themselves(posting, ada, whom):
    named = {"ada": ada.public_id, "address": ada.email}.get(whom, whom)
    with pytest.raises(InvalidInput, match="yourself") as refusal:
        invite(posting, ada, named)
    assert refusal.value.param == "whom"


@pytest.mark.parametrize(
    "whom",
    ["", "  ", "ben", "us_", "us_22222222222222222222", "ben@", "a\0b", "a\nb@c.de", 7, None],
)
def test_whom_is_a_profile_or_an_address(posting, ada, ben, whom):
    with pytest.raises(InvalidInput) as refusal:
        invite_person(posting_id=posting.pk, whom=whom, by=ada)
    assert refusal.value.param == "whom"
    assert not Invitation.objects.exists()


def test_a_profile_that_nobody_may_look_at_is_none(posting, ada):
    hidden = create_person(email="kim@example.com", name="Kim", password=PASSWORD)
    with pytest.raises(InvalidInput, match="Nobody has this profile"):
        invite(posting, ada, hidden)


@pytest.mark.parametrize("note", ["x" * 1_001, "a\0b", "\u202e", 7, None])
def test_a_note_is_some_words(posting, ada, ben, note):
    with pytest.raises(InvalidInput) as refusal:
        invite(posting, ada, ben, note=note)
    assert refusal.value.param == "note"


@pytest.mark.parametrize("whom", [BY_PROFILE, BY_ADDRESS])
def test_nobody_is_invited_twice(posting, ada, ben, whom):
    named = ben if whom == BY_PROFILE else BY_ADDRESS
    first = invite(posting, ada, named)
    with pytest.raises(WrongState) as refusal:
        invite(posting, ada, named)
    assert (refusal.value.code, refusal.value.param) == ("already_invited", "whom")

    withdraw_invitation(invitation_id=first.pk, by=ada)
    second = invite(posting, ada, named)
    decline_invitation(invitation_id=second.pk, by=ben)
    with pytest.raises(WrongState, match="invited already"):  # no is no
        invite(posting, ada, named)


def test_whoever_has_bid_is_not_invited_until_they_withdraw(posting, ada, ben):
    bid = submitted_bid(posting, ben)
    with pytest.raises(WrongState) as refusal:
        invite(posting, ada, ben)
    assert refusal.value.code == "already_bid"

    withdraw_bid(bid_id=bid.pk, by=ben)
    assert invite(posting, ada, ben).status == "invited"


def test_only_the_owner_invites(posting, ben, cleo, dora):
    for by in (ben, cleo, dora, SYSTEM):
        with pytest.raises(NotAllowed):
            invite_person(posting_id=posting.pk, whom=BY_ADDRESS, by=by)


def test_nobody_is_invited_where_no_bid_is_taken(ada, ben):
    draft, closed, late = draft_posting(ada), open_posting(ada), open_posting(ada)
    close_bidding(posting_id=closed.pk, reason="", by=ada)
    force(Posting.objects.filter(pk=late.pk), bids_close_at=now() - timedelta(hours=1))
    for posting in (draft, closed, late):
        with pytest.raises(WrongState, match="takes no more bids"):
            invite(posting, ada, ben)


# --- How many ------------------------------------------------------------------------------------


def test_twenty_to_a_posting_and_withdrawing_makes_no_room(posting, ada, ben):
    for number in range(MOST_TO_A_POSTING):
        sent = invite(posting, ada, f"p{number}@example.com")
    withdraw_invitation(invitation_id=sent.pk, by=ada)
    with pytest.raises(WrongState, match="no more are taken") as refusal:
        invite(posting, ada, ben)
    assert refusal.value.code == "too_many_invitations"


def test_fifty_a_day_over_all_postings(ada, ben, later):
    postings = [open_posting(ada) for _ in range(3)]
    for number in range(MOST_A_DAY):
        invite(postings[number // MOST_TO_A_POSTING], ada, f"p{number}@example.com")
    with pytest.raises(WrongState, match="tomorrow"):
        invite(postings[-1], ada, ben)

    later(days=1, seconds=1)
    assert invite(postings[-1], ada, ben).pk


# --- Answering -----------------------------------------------------------------------------------


def test_a_bid_answers_it(invitation, posting, ada, ben):
    other = invite(open_posting(ada), ada, ben)

    submitted_bid(posting, ben)

    assert status_of(invitation) == "accepted"
    assert invitation.freelancer == ben.parties.get()
    assert invitation.closed_at is not None
    assert invitation_to(posting, ben) is None
    assert status_of(other) == "invited"


def test_a_bid_that_answers_the_profile_leaves_a_guessed_address_untold(posting, ada, ben, cleo):
    guessed, named = invite(posting, ada, BY_ADDRESS), invite(posting, ada, ben)
    for_cleo = invite(posting, ada, cleo)

    bid = submitted_bid(posting, ben)

    assert [status_of(one) for one in (named, guessed, for_cleo)] == [
        "accepted",
        "invited",
        "invited",
    ]
    assert guessed.freelancer is None
    withdraw_bid(bid_id=bid.pk, by=ben)
    submitted_bid(posting, ben)  # nor does another bid tell
    assert status_of(guessed) == "invited"
    close_bidding(posting_id=posting.pk, reason="", by=ada)
    assert status_of(guessed) == "lapsed"


def test_a_bid_answers_the_address_where_the_profile_was_taken_back(posting, ada, ben):
    guessed, named = invite(posting, ada, BY_ADDRESS), invite(posting, ada, ben)
    withdraw_invitation(invitation_id=named.pk, by=ada)

    submitted_bid(posting, ben)
    assert [status_of(guessed), status_of(named)] == ["accepted", "withdrawn"]


def test_a_no_is_told_to_the_owner_and_may_be_thought_over(invitation, posting, ada, ben):
    decline_invitation(invitation_id=invitation.pk, by=ben, reason=" My year  is full. ")

    assert status_of(invitation) == "declined"
    assert invitation.status_reason == "My year is full."
    assert "Ben" in invitation.whom
    notice = Notification.objects.get(kind="invitation_declined")
    assert notice.recipient == ada
    assert "My year is full." in notice.text

    submitted_bid(posting, ben)
    assert status_of(invitation) == "accepted"


def test_a_no_needs_no_reason(invitation, ben):
    decline_invitation(invitation_id=invitation.pk, by=ben)
    assert Notification.objects.get(kind="invitation_declined").text.endswith("lamps”.")


@pytest.mark.parametrize("reason", ["x" * 301, "a\nb", None, 7])
def test_a_reason_is_a_line(invitation, ben, reason):
    with pytest.raises(InvalidInput) as refusal:
        decline_invitation(invitation_id=invitation.pk, by=ben, reason=reason)
    assert refusal.value.param == "reason"
    assert status_of(invitation) == "invited"


def test_what_is_withdrawn_is_answered_by_nobody(invitation, posting, ada, ben):
    withdraw_invitation(invitation_id=invitation.pk, by=ada)

    with pytest.raises(WrongState):
        decline_invitation(invitation_id=invitation.pk, by=ben)
    submitted_bid(posting, ben)
    assert status_of(invitation) == "withdrawn"


# --- With the posting ----------------------------------------------------------------------------


def test_it_lapses_when_the_posting_is_closed(invitation, posting, ada, ben):
    declined = invite(posting, ada, "kim@example.com")
    decline_invitation(invitation_id=declined.pk, by=person("Kim"))

    close_bidding(posting_id=posting.pk, reason="", by=ada)

    assert status_of(invitation) == "lapsed"
    assert status_of(declined) == "declined"


def test_it_lapses_when_the_posting_is_awarded(invitation, posting, ada, cleo):
    contract = award_bid(bid_id=submitted_bid(posting, cleo).pk, by=ada)
    assert status_of(invitation) == "invited"

    accept_offer(contract_id=contract.pk, by=cleo)
    assert status_of(invitation) == "lapsed"


def test_it_lapses_when_the_posting_expires(invitation, posting):
    force(Posting.objects.filter(pk=posting.pk), bids_close_at=now() - timedelta(hours=1))
    expire_bidding(posting_id=posting.pk, by=SYSTEM)
    assert status_of(invitation) == "lapsed"


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_invite_once(ada, ben):
    posting = open_posting(ada)

    outcomes = at_once(*[lambda: invite(posting, ada, ben)] * 8)

    assert sorted(outcomes) == ["already_invited"] * 7 + ["done"]
    assert told("invitation_sent") == {"Ben"}


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_database_lets_one_in_and_breaks_the_others(ada, ben, monkeypatch):
    posting = open_posting(ada)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, services, "_check_new")

    with pytest.raises(DatabaseError, match="one_invitation_of_a_person"):
        at_once(*[lambda: invite(posting, ada, ben)] * 8)
    assert Invitation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_do_not_pass_the_limit(ada, monkeypatch):
    posting = open_posting(ada)
    monkeypatch.setattr(services, "MOST_TO_A_POSTING", 3)
    acts = [lambda to=f"p{n}@example.com": invite(posting, ada, to) for n in range(8)]

    assert sorted(at_once(*acts)) == ["done"] * 3 + ["too_many_invitations"] * 5


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_to_eight_postings_do_not_pass_the_limit_of_a_day(ada, monkeypatch):
    postings = [open_posting(ada) for _ in range(8)]
    monkeypatch.setattr(services, "MOST_A_DAY", 3)
    acts = [lambda to=one: invite(to, ada, "kim@example.com") for one in postings]

    assert sorted(at_once(*acts)) == ["done"] * 3 + ["too_many_invitations"] * 5


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_all_would_pass_the_limit_of_a_day(ada, monkeypatch):
    postings = [open_posting(ada) for _ in range(8)]
    monkeypatch.setattr(services, "MOST_A_DAY", 3)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, services, "_check_limits")
    acts = [lambda to=one: invite(to, ada, "kim@example.com") for one in postings]

    assert at_once(*acts) == ["done"] * 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whom", [BY_PROFILE, BY_ADDRESS])
def test_a_bid_and_a_no_at_once_end_with_the_bid(ada, ben, whom):
    posting = open_posting(ada)
    sent = invite(posting, ada, ben if whom == BY_PROFILE else BY_ADDRESS)

    bid, *declines = at_once(
        lambda: submitted_bid(posting, ben),
        *[lambda: decline_invitation(invitation_id=sent.pk, by=ben)] * 7,
    )

    assert bid == "done"
    assert declines.count("done") <= 1  # who came before the bid
    assert set(declines) <= {"done", "wrong_state"}
    assert status_of(sent) == "accepted"
    assert Bid.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_a_no_would_overwrite_the_bid(ada, ben, monkeypatch):
    posting = open_posting(ada)
    sent = invite(posting, ada, ben)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    overtaken_after(monkeypatch, services, "_advance", lambda: submitted_bid(posting, ben))

    with pytest.raises(DatabaseError):  # the lifecycle in PostgreSQL is the last guard
        decline_invitation(invitation_id=sent.pk, by=ben)


@pytest.mark.django_db(transaction=True)
def test_an_end_of_the_posting_and_an_invitation_at_once_leave_none_open(ada, ben):
    posting = open_posting(ada)

    outcomes = at_once(
        lambda: close_bidding(posting_id=posting.pk, reason="", by=ada),
        *[lambda n=n: invite(posting, ada, f"p{n}@example.com") for n in range(7)],
    )

    assert outcomes[0] == "done"
    assert set(outcomes) <= {"done", "wrong_state"}
    assert not Invitation.objects.filter(status="invited").exists()


# --- The database and the table ------------------------------------------------------------------


def test_the_database_keeps_the_words(invitation, cleo):
    mine = Invitation.objects.filter(pk=invitation.pk)
    changes = [{"note": "Other."}, {"email": "x@example.com"}]
    if invitation.freelancer:
        changes += [{"freelancer": cleo.parties.get()}, {"freelancer": None}]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(**change)


DEEDS = {
    "accept": lambda sent, by: accept_invitations(
        posting=sent.posting, party=by.parties.get(), by=by
    ),
    "decline": lambda sent, by: decline_invitation(invitation_id=sent.pk, by=by),
    "withdraw": lambda sent, by: withdraw_invitation(invitation_id=sent.pk, by=by),
    "lapse": lambda sent, by: lapse_invitations(posting_id=sent.posting_id),
}


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize("status", Invitation.Status.values)
def test_invitations_obey_their_table(name, status, posting, ada, ben, cleo, dora):
    """Accepting and lapsing are done to whatever of them stands: nothing else is touched."""
    sent, step = invite(posting, ada, ben), LIFECYCLE.steps[name]
    closed_at = None if status == "invited" else now()
    force(Invitation.objects.filter(pk=sent.pk), status=status, closed_at=closed_at)
    people = {OWNER: ada, FREELANCER: ben, SYSTEM: SYSTEM, "": cleo, "staff": dora}
    takes_all = name in ("accept", "lapse")
    for role, by in people.items():
        if takes_all and role not in step.by:
            continue
        is_lawful = role in step.by and status in step.source
        refusal = NotAllowed if role not in step.by else WrongState
        with transaction.atomic():
            outcome = None
            try:
                DEEDS[name](sent, by)
            except DomainError as said:
                outcome = type(said)
            reached = status_of(sent)
            transaction.set_rollback(True)
        if takes_all:
            assert reached == (next(iter(step.to)) if is_lawful else status), (role, status)
        else:
            assert outcome == (None if is_lawful else refusal), (role, status)
