"""A chargeback as both sides, and the desk, read it; and what finance answers the bank."""

import re

import pytest
from django.urls import reverse

from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, ProviderUnreachable, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.answering import services as answering
from payments.chargebacks.models import Chargeback
from payments.chargebacks.selectors import due_chargeback_ids
from payments.fundings.models import Payment
from payments.gateway import chargebacks as provider
from payments.gateway.base import GatewayRefused, GatewayUnknown
from payments.gateway.chargebacks import ChargebackState
from projects.agreements.outlook import prospects_of
from projects.milestones.services import release_milestone
from tests.payments.chargeback_world import Bank
from tests.payments.world import paid_out
from tests.world import api_of, funded_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


def bank_of(milestone, amount: int | None = None) -> Bank:
    return Bank(Payment.objects.get(paid_for=milestone.escrow.public_id), amount)


def page(client, person, name: str, *args: str) -> str:
    client.force_login(person)
    return client.get(reverse(name, args=args)).content.decode()


def test_both_sides_read_what_it_means_and_that_silence_approves_nothing(ada, ben, client):
    milestone = submitted_milestone(ada, ben)
    bank_of(milestone).takes()

    for person in (ada, ben):
        shown = page(client, person, "contract", milestone.contract.public_id)
        assert "The client’s bank has taken money back" in shown
        assert "silence approves nothing" in shown.lower()
        assert "It is approved by itself" not in shown
    strikes = prospects_of(milestone.contract).of(milestone).outlook.strikes
    assert [(strike.kind, strike.at) for strike in strikes] == [("not_approved", None)]


def test_what_the_bank_took_is_to_be_funded_anew(ada, ben, client):
    milestone = funded_milestone(ada, ben)
    funded = re.compile(
        r"is-(\w+)[^<]*<span[^>]*>(?:<svg.*?</svg>)?</span>\s*<span>Funded", re.DOTALL
    )
    shown = page(client, ada, "contract", milestone.contract.public_id)
    assert funded.search(shown)[1] == "done"

    bank_of(milestone, 40_000).takes()

    shown = page(client, ada, "contract", milestone.contract.public_id)
    assert funded.search(shown)[1] == "now"
    assert "Fund the rest with $400.00" in shown


def test_the_api_says_the_same(ada, ben):
    milestone = submitted_milestone(ada, ben)
    bank_of(milestone).takes()

    said = api_of(ben).get(reverse("api-milestone", args=[milestone.public_id])).json()

    (told,) = said["chargebacks"]
    assert (told["status"], told["amount"]) == ("open", said["money"]["client_pays"])
    assert said["money"]["charged_back"] == told["amount"]
    assert "held for it are with the bank" in told["story"]


def test_an_inquiry_is_shown_to_nobody_but_the_desk(ada, ben, client):
    milestone = submitted_milestone(ada, ben)
    bank_of(milestone).asks()

    assert "bank" not in page(client, ben, "contract", milestone.contract.public_id).lower()


def test_the_payee_reads_what_they_owe_and_how_it_is_recovered(ada, ben, client):
    milestone = submitted_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    paid_out(ben)
    bank_of(milestone).takes()

    shown = page(client, ben, "earnings")
    said = api_of(ben).get(reverse("api-earnings")).json()["currencies"][0]

    assert "You owe" in shown and "nothing is paid out before" in shown
    assert said["owed"] == milestone.amount * 97 // 100


def test_the_desk_lists_it_by_its_date_and_shows_all_that_moved(ada, ben, dora, client):
    milestone = submitted_milestone(ada, ben)
    chargeback = bank_of(milestone).takes()

    assert chargeback.public_id in page(client, dora, "desk")
    assert chargeback.public_id in page(client, dora, "desk-chargebacks")
    shown = page(client, dora, "desk-chargeback", chargeback.public_id)
    assert "What the bank took and gave back" in shown and "Send evidence" in shown
    books = reverse("contract-statement", args=[milestone.contract.public_id])
    assert f'href="{books}"' in shown
    assert client.get(books).status_code == 200


# --- Answering -----------------------------------------------------------------------------------


class Told:
    """What the provider was told; it answers with ``says``, or raises it."""

    def __init__(self, says) -> None:
        self.says, self.keys = says, []

    def __call__(self, *, key: str, remote_id: str, text: str = ""):
        self.keys.append(key)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def demand(ada, ben) -> tuple[Chargeback, Bank]:
    bank = bank_of(submitted_milestone(ada, ben))
    return bank.takes(), bank


def test_finance_answers_once_in_words(demand, dora, monkeypatch):
    chargeback, bank = demand
    told = Told(bank.word(ChargebackState.REVIEW, is_answered=True))
    monkeypatch.setattr(provider, "send_evidence", told)

    answered = answering.send_evidence(
        chargeback_id=chargeback.pk, by=dora, text="The client approved the work."
    )

    assert (answered.status, answered.answer) == ("review", "")
    assert answered.evidence == "The client approved the work." and answered.answered_at
    with pytest.raises(WrongState):
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="And more.")
    assert len(told.keys) == 1


def test_nobody_else_answers_and_nothing_is_no_answer(demand, ada, ben, dora):
    chargeback, _ = demand
    for person in (ada, ben):
        with pytest.raises(NotAllowed):
            answering.send_evidence(chargeback_id=chargeback.pk, by=person, text="Mine!")
    with pytest.raises(InvalidInput) as refused:
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="  ")
    assert refused.value.param == "evidence"


@pytest.mark.parametrize("name", ["ada", "ben"])
def test_nobody_of_finance_answers_about_their_own_money(demand, name, request, client):
    """A client would let their own bank have it, at the cost of the freelancer."""
    chargeback, _ = demand
    one = request.getfixturevalue(name)
    one = grant_staff_roles(user_id=one.pk, roles={"finance"}, by=SYSTEM)

    assert "Send evidence" not in page(client, one, "desk-chargeback", chargeback.public_id)
    with pytest.raises(NotAllowed):
        answering.accept_loss(chargeback_id=chargeback.pk, by=one)
    with pytest.raises(NotAllowed):
        answering.send_evidence(chargeback_id=chargeback.pk, by=one, text="Mine!")


def test_too_late_is_too_late(demand, dora, later):
    chargeback, _ = demand
    later(days=8)
    with pytest.raises(WrongState, match="until"):
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")


def test_where_the_provider_is_silent_the_same_answer_is_given_again(
    demand, dora, monkeypatch, later
):
    chargeback, bank = demand
    told = Told(GatewayUnknown("nothing"))
    monkeypatch.setattr(provider, "send_evidence", told)
    monkeypatch.setattr(provider, "chargeback", lambda _: bank.word(ChargebackState.OPEN))
    with pytest.raises(ProviderUnreachable):
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    later(minutes=2)
    assert due_chargeback_ids(now(), limit=9) == [chargeback.pk]

    told.says = bank.word(ChargebackState.REVIEW, is_answered=True)
    answering.look_after_chargeback(chargeback_id=chargeback.pk)

    assert len(set(told.keys)) == 1 and len(told.keys) == 2
    chargeback.refresh_from_db()
    assert (chargeback.status, chargeback.answer) == ("review", "")


@pytest.mark.parametrize(
    ("deed", "call", "state", "is_answered"),
    [
        (answering.send_evidence, "send_evidence", ChargebackState.REVIEW, True),
        (answering.accept_loss, "accept_chargeback", ChargebackState.LOST, False),
        (answering.accept_loss, "accept_chargeback", ChargebackState.CLOSED, False),  # an inquiry
        (answering.accept_loss, "accept_chargeback", ChargebackState.WON, False),  # all the same
    ],
)
def test_an_answer_that_arrived_though_ours_was_lost_is_seen_and_not_given_again(
    demand, dora, monkeypatch, later, deed, call, state, is_answered
):
    """A day later its key is forgotten: the provider would take it for a second one."""
    chargeback, bank = demand
    told = Told(GatewayUnknown("its answer was lost"))
    monkeypatch.setattr(provider, call, told)
    said = {"text": "It was done.\n\nAnd approved."} if is_answered else {}
    heard = "It was done. And approved." if is_answered else ""
    word = bank.word(state, is_answered=is_answered, evidence=heard)
    monkeypatch.setattr(provider, "chargeback", lambda _: word)
    with pytest.raises(ProviderUnreachable):
        deed(chargeback_id=chargeback.pk, by=dora, **said)

    later(hours=25)
    answering.look_after_chargeback(chargeback_id=chargeback.pk)

    assert len(told.keys) == 1
    chargeback.refresh_from_db()
    assert (chargeback.status, chargeback.answer, chargeback.failure_code) == (state, "", "")


def test_where_somebody_else_answered_the_bank_first_ours_is_said_not_to_be_sent(
    demand, dora, client, monkeypatch
):
    """At the provider's own desk: the bank reads one answer, and it is not the one written here."""
    chargeback, bank = demand
    told = Told(GatewayUnknown("nothing"))
    monkeypatch.setattr(provider, "send_evidence", told)
    with pytest.raises(ProviderUnreachable):
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    word = bank.word(ChargebackState.REVIEW, is_answered=True, evidence="Ask our lawyer.")
    monkeypatch.setattr(provider, "chargeback", lambda _: word)

    answering.look_after_chargeback(chargeback_id=chargeback.pk)

    assert len(told.keys) == 1
    chargeback.refresh_from_db()
    assert (chargeback.answer, chargeback.evidence) == ("", "Ask our lawyer.")
    assert chargeback.answered_by is None
    shown = page(client, dora, "desk-chargeback", chargeback.public_id)
    said = api_of(dora).get(reverse("api-desk-chargeback", args=[chargeback.public_id])).json()
    assert "what was written here was not sent" in shown and "Ask our lawyer." in shown
    assert "what was written here was not sent" in said["problem"]
    with pytest.raises(WrongState, match="what was written here was not sent"):
        answering.tell_bank(chargeback_id=chargeback.pk)


def test_a_refusal_is_said_and_the_next_answer_has_another_key(demand, dora, client, monkeypatch):
    chargeback, bank = demand
    told = Told(GatewayRefused("not_now", "Not like this."))
    monkeypatch.setattr(provider, "send_evidence", told)
    with pytest.raises(WrongState, match="Not like this"):
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    shown = page(client, dora, "desk-chargeback", chargeback.public_id)
    assert "did not take it: not now" in shown and "On its way to the bank" not in shown

    told.says = bank.word(ChargebackState.REVIEW, is_answered=True)
    answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    assert len(set(told.keys)) == 2


def test_an_answer_that_was_given_is_not_given_again_where_its_news_cannot_be_booked(
    demand, dora, monkeypatch
):
    """Else it would come up each minute, and never be over."""
    chargeback, bank = demand
    told = Told(bank.word(ChargebackState.REVIEW, is_answered=True))
    monkeypatch.setattr(provider, "send_evidence", told)

    def unbookable(**_):
        raise InvalidInput("It gives back more than the bank has.")

    monkeypatch.setattr(answering, "record_chargeback", unbookable)
    with pytest.raises(InvalidInput):
        answering.send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")

    chargeback.refresh_from_db()
    assert chargeback.answer == ""
    answering.fulfil_answer(chargeback_id=chargeback.pk)
    assert len(told.keys) == 1


def test_finance_may_let_the_bank_have_it(demand, dora, monkeypatch):
    chargeback, bank = demand
    monkeypatch.setattr(provider, "accept_chargeback", Told(bank.word(ChargebackState.LOST)))

    assert answering.accept_loss(chargeback_id=chargeback.pk, by=dora).status == "lost"
    with pytest.raises(WrongState):
        answering.accept_loss(chargeback_id=chargeback.pk, by=dora)
