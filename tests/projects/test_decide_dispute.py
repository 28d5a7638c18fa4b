"""A mediator decides: the money moves, to the cent."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from payments.escrow.models import Escrow
from payments.policies.fees import quote
from projects.contracts.models import Event
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings.pronouncing import services as pronouncing
from projects.disputes.rulings.services import accept_ruling, decide_dispute
from projects.disputes.selectors import desk_disputes, effect_of, outcome_of
from projects.milestones.services import cancel_milestone, release_milestone
from tests.projects.dispute_world import books_of
from tests.races import at_once, locked_when_asked
from tests.world import opened_dispute, person, reviewed_dispute, why

pytestmark = pytest.mark.django_db

REASONS = "Three of five criteria are met."


def decide(dispute: Dispute, by: User | str, to_freelancer: object = 40_000, **words):
    said = why(REASONS) | words
    return decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=to_freelancer, **said)


def accepted_by(dispute: Dispute, *sides: User) -> Dispute:
    for side in sides:
        dispute = accept_ruling(dispute_id=dispute.pk, by=side)
    return dispute


@pytest.mark.parametrize(
    ("to_freelancer", "outcome", "books"),
    [
        (100_000, "released", {"held": 0, "ben": 97_000, "ada": 0, "us": 6_000}),
        (0, "refunded", {"held": 0, "ben": 0, "ada": 103_000, "us": 0}),
        (40_000, "split", {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}),
        (1, "split", {"held": 0, "ben": 1, "ada": 102_999, "us": 0}),
        (99_999, "split", {"held": 0, "ben": 96_999, "ada": 1, "us": 6_000}),
    ],
)
def test_each_gets_what_was_decided(ada, ben, dora, to_freelancer, outcome, books):
    dispute = reviewed_dispute(ada, ben)

    decide(dispute, dora, to_freelancer)
    assert books_of(dispute) == {"held": 103_000, "ben": 0, "ada": 0, "us": 0}, "not yet"
    dispute = accepted_by(dispute, ada, ben)

    ruling = dispute.rulings.get()
    assert (dispute.state, ruling.by, ruling.reasons) == ("closed", dora, REASONS)
    assert (ruling.to_freelancer, ruling.held) == (to_freelancer, 100_000)
    dispute.milestone.refresh_from_db()
    assert dispute.milestone.status == outcome
    assert dispute.milestone.closed_at is not None
    assert books_of(dispute) == books


# From, to, and the step in which parts and their fees can be paid: of dinars, whose three digits
# the provider counts in tens, fees of 3 % leave no less than whole ones.
AMOUNTS = {"USD": (500, 500_000, 1), "JPY": (500, 500_000, 1), "KWD": (5_000, 1_500_000, 1_000)}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), currency=st.sampled_from(sorted(AMOUNTS)))
def test_the_parts_of_any_split_sum_to_what_was_held(ada, ben, dora, data, currency):
    least, most, step = AMOUNTS[currency]
    amount = data.draw(st.integers(least // step, most // step)) * step
    to_freelancer = data.draw(st.integers(0, amount // step)) * step
    client, freelancer = person_again(ada), person_again(ben)
    dispute = reviewed_dispute(client, freelancer, amount, currency=currency, asked_for=amount)
    ben_had = books_of(dispute)["ben"]
    promised = effect_of(dispute.milestone, to_freelancer)

    decide(dispute, dora, to_freelancer)
    accepted_by(dispute, person_again(ada), person_again(ben))

    books = books_of(dispute)
    held = quote([amount], dispute.milestone.contract.policy).client_pays
    assert books["held"] == 0
    assert books["ben"] - ben_had + books["ada"] + books["us"] == held
    # What was shown before is what was booked, and what is shown afterwards.
    assert (promised.payee, promised.payer) == (books["ben"] - ben_had, books["ada"])
    decided = Dispute.objects.select_related("milestone__escrow__policy").get(pk=dispute.pk)
    assert outcome_of(decided) == promised


def person_again(user: User) -> User:
    """The same person in the next example: nothing remembered from the last."""
    return User.objects.get(pk=user.pk)


def test_both_are_told_to_the_cent_why_and_what(ada, ben, dora):
    dispute = decide(reviewed_dispute(ada, ben), dora)

    texts = {n.recipient: n.text for n in Notification.objects.filter(kind="dispute_decided")}
    assert texts.keys() == {ada, ben}
    for person_told, own, other in ((ada, 61_800, 38_800), (ben, 38_800, 61_800)):
        assert in_words(own, "USD") in texts[person_told].split(";")[0]
        assert in_words(other, "USD") in texts[person_told].split(";")[1]
        assert "It is carried out on" in texts[person_told]
        assert "appeal before" in texts[person_told]
    event = Event.objects.get(kind="dispute_decided")
    assert (event.by, event.role, event.about) == (dora, "mediator", dispute.public_id)


def test_each_hears_when_its_part_arrives_and_who_gets_nothing_hears_of_none(ada, ben, dora):
    decide(reviewed_dispute(ada, ben), dora, 0)
    decide(reviewed_dispute(ada, ben), dora, 100_000)
    to_ada = Notification.objects.filter(recipient=ada, kind="dispute_decided").order_by("pk")
    to_ben = Notification.objects.filter(recipient=ben, kind="dispute_decided").order_by("pk")
    assert ["sent to your card" in str(one.text) for one in to_ada] == [True, False]
    assert ["ready for your bank" in str(one.text) for one in to_ben] == [False, True]


def test_when_it_is_carried_out_they_hear_it_again(ada, ben, dora):
    dispute = decide(reviewed_dispute(ada, ben), dora, 40_000)
    for side in (ada, ben):
        accept_ruling(dispute_id=dispute.pk, by=side)
    mail = {
        one.recipient.name: str(one.text)
        for one in Notification.objects.filter(kind="ruling_carried_out")
    }
    assert "is on its way to your card" in mail["Ada"]
    assert "is ready for your bank by" in mail["Ben"]


@pytest.mark.parametrize("who", ["ada", "ben", "cleo", "house"])
def test_only_a_mediator_decides(ada, ben, who, request):
    dispute = reviewed_dispute(ada, ben)

    with pytest.raises(NotAllowed):
        decide(dispute, SYSTEM if who == "house" else request.getfixturevalue(who))

    assert books_of(dispute)["held"] == 103_000


@pytest.mark.parametrize("role", ["support", "moderator", "finance"])
def test_other_staff_does_not_decide(ada, ben, role):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={role}, by=SYSTEM)

    with pytest.raises(NotAllowed):
        decide(reviewed_dispute(ada, ben), emil)


@pytest.mark.parametrize("side", ["client", "freelancer"])
def test_a_mediator_is_only_a_side_on_their_own_contract(ada, dora, side):
    sides = (dora, ada) if side == "client" else (ada, dora)
    dispute = reviewed_dispute(*sides)

    with pytest.raises(NotAllowed):
        decide(dispute, dora)

    assert books_of(dispute)["held"] == 103_000
    assert not desk_disputes(dora).exists()


def test_nobody_decides_before_the_other_side_was_heard(ada, ben, dora):
    dispute = opened_dispute(ada, ben)

    with pytest.raises(WrongState, match="waiting for an answer"):
        decide(dispute, dora)


def test_nothing_is_decided_twice(ada, ben, dora):
    dispute = decide(reviewed_dispute(ada, ben), dora)
    before = books_of(dispute)

    with pytest.raises(WrongState):
        decide(dispute, dora, 0)

    assert books_of(dispute) == before
    assert dispute.rulings.get().to_freelancer == 40_000


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("to_freelancer", -1),
        ("to_freelancer", 100_001),
        ("to_freelancer", 10**30),
        ("to_freelancer", 0.5),
        ("to_freelancer", True),
        ("to_freelancer", "40000"),
        ("to_freelancer", None),
        ("to_freelancer", []),
        ("facts", ""),
        ("facts", None),
        ("rule", ""),
        ("rule", "x" * 301),
        ("rule", "two\nlines"),
        ("reasons", ""),
        ("reasons", "   "),
        ("reasons", "x" * 10_001),
        ("reasons", "a\x00b"),
        ("reasons", None),
    ],
)
def test_a_ruling_that_cannot_be_used_moves_nothing(ada, ben, dora, param, value):
    dispute = reviewed_dispute(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        decide(dispute, dora, **{param: value})

    assert refusal.value.param == param
    dispute.refresh_from_db()
    assert dispute.state == "under_review"
    assert books_of(dispute) == {"held": 103_000, "ben": 0, "ada": 0, "us": 0}


@pytest.mark.django_db(transaction=True)
def test_two_of_the_staff_at_once_decide_once(ada, ben, dora):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    dispute = reviewed_dispute(ada, ben)

    outcomes = at_once(
        *[
            lambda by=by, part=part: decide(dispute, by, part)
            for by, part in zip((dora, emil) * 4, range(0, 80_000, 10_000), strict=True)
        ]
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert books_of(dispute)["held"] == 103_000
    assert Ruling.objects.count() == 1
    assert Notification.objects.filter(kind="dispute_decided").count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["release", "cancel"])
def test_a_ruling_and_an_ordinary_end_at_once_are_one(ada, ben, dora, end):
    dispute = reviewed_dispute(ada, ben)
    ending = {
        "release": lambda: release_milestone(milestone_id=dispute.milestone_id, by=ada),
        "cancel": lambda: cancel_milestone(milestone_id=dispute.milestone_id, by=ben),
    }[end]

    outcomes = at_once(*[lambda: decide(dispute, dora), ending] * 4)

    assert 1 <= outcomes.count("done") <= 2 and set(outcomes) == {"done", "wrong_state"}
    dispute.refresh_from_db()
    books = books_of(dispute)
    expected = {"release": (97_000, 0), "cancel": (0, 103_000)}[end]
    assert (books["ben"], books["ada"]) == expected, "the ordinary end works whatever was decided"
    assert (books["held"], dispute.state) == (0, "closed")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("judge", ["checked_part", "effect_of"])
def test_the_money_is_locked_before_it_is_judged(ada, ben, dora, monkeypatch, judge):
    """A bank that takes of it meanwhile waits, or is seen."""
    dispute = reviewed_dispute(ada, ben)
    money = Escrow.objects.filter(pk=dispute.milestone.escrow_id)
    found = locked_when_asked(monkeypatch, pronouncing, judge, money)
    decide(dispute, dora)
    assert found == [True]
