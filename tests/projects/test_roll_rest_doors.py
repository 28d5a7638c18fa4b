"""The rest goes into another milestone, as people, programs and provers meet it."""

import pytest

from accounts.notifications.models import Notification
from projects.agreements.models import Proposal
from projects.contracts.models import Contract, Event
from projects.contracts.selectors import agreement_of
from tests.projects.forging import make_anew
from tests.projects.statement_world import checked, saved, statement_of, table_of
from tests.projects.test_roll_rest import rolled, two
from tests.world import SIGNED, api_of, browser

pytestmark = pytest.mark.django_db


# --- Doors ---------------------------------------------------------------------------------------


def test_the_page_offers_the_others_and_shows_to_the_cent_what_would_move(ada, ben):
    first, second = two(ada, ben)
    url = f"/milestones/{first.public_id}/propose/"
    page = browser(ada).get(url).content.decode()
    assert f"goes into “{second.title}”" in page

    sent = {"into": second.public_id, "to_freelancer": "400.00", "note": ""} | SIGNED
    shown = browser(ada).post(url, sent | {"preview": "1"}).content.decode()
    assert "$618.00" in shown
    assert "$1,100.00" in shown
    bad = browser(ada).post(url, sent | {"to_freelancer": "1000.00"})
    assert bad.status_code == 400
    assert "leaves nothing to go on" in bad.content.decode()
    assert browser(ada).post(url, sent).status_code == 302

    contract = f"/contracts/{first.contract.public_id}/"
    for person in (ada, ben):
        seen = browser(person).get(contract).content.decode()
        assert f"goes into “{second.title}”" in seen
    proposal = Proposal.objects.get()
    assert proposal.rolled == 60_000
    browser(ben).post(f"/proposals/{proposal.public_id}/accept/", SIGNED)
    agreed = browser(ben).get(f"/contracts/{first.contract.public_id}/agreement/").content.decode()
    assert "Changed in version 2" in agreed
    older = browser(ben).get(f"/contracts/{first.contract.public_id}/agreement/?version=1")
    assert "Changed in version" not in older.content.decode()
    gone = browser(ben).get(f"/contracts/{first.contract.public_id}/agreement/?version=9")
    assert gone.status_code == 404


def test_the_api_says_and_does_the_same(ada, ben, cleo):
    first, second = two(ada, ben)
    path = f"/api/v1/milestones/{first.public_id}/proposals/"
    body = {"to_freelancer": 40_000, "into": second.public_id} | SIGNED
    made = api_of(ada).post(path, body)
    assert made.status_code == 201, made.json()
    said = made.json()
    assert (said["into"], said["rolled"]) == (second.public_id, 60_000)
    assert said["shares"]["client_gets_back"] == 0
    foreign = api_of(ada).post(path, body | {"into": "ms_nobody"})
    assert foreign.json()["error"]["param"] == "into"
    assert api_of(cleo).post(path, body).status_code == 404

    accepted = api_of(ben).post(f"/api/v1/proposals/{said['id']}/accept/", SIGNED)
    assert accepted.json()["status"] == "accepted"
    agreement = api_of(ben).get(f"/api/v1/contracts/{first.contract.public_id}/agreement/").json()
    assert agreement["version"] == 2


def test_both_are_told_to_the_cent(ada, ben):
    first, second = two(ada, ben)
    rolled(first, second, ada, ben)
    asked = Notification.objects.get(kind="ending_proposed")
    told = Notification.objects.get(kind="ending_accepted")
    assert asked.recipient == ben
    assert "You get $388.00. The rest of $600.00 stays held, for “Part 2”" in asked.text
    assert "$1,100.00 are agreed for it then." in told.text
    event = Event.objects.get(kind="ending_accepted")
    assert event.detail["terms"] == (
        "$400.00 of $1,000.00 to the freelancer, the rest of $600.00 into “Part 2”"
    )


# --- Statements ----------------------------------------------------------------------------------


def test_the_statement_proves_it_and_agrees_with_what_was_signed(ada, ben, tmp_path):
    first, second = two(ada, ben, both=False)
    contract = Contract.objects.get()
    before = statement_of(contract), statement_of(ada), statement_of(ben)
    rolled(first, second, ada, ben)
    after = statement_of(contract), statement_of(ada), statement_of(ben)

    files = saved(tmp_path, *after, *before)
    assert checked(files)[0] == 0, checked(files)[1]
    assert checked(saved(tmp_path, table_of(contract)))[0] == 0
    signed = tmp_path / "agreement.json"
    signed.write_text(agreement_of(contract).body)
    assert checked([files[0], signed])[0] == 0


FORGERIES = {
    "a unit kept back": ("1 stays in", lambda roll, _: roll.update(amount=roll["amount"] - 1)),
    "into nobody's": (
        "not from one milestone to another",
        lambda roll, _: roll.update(target="escrow:es_nobody"),
    ),
    "called a refund": ("it is of", lambda roll, _: roll.update(kind="refund")),
    "of the one": (
        "it goes to",
        lambda roll, _: roll.update(milestone=roll["source"].removeprefix("escrow:")),
    ),
    "for a lower price": (
        "were paid in and kept",
        lambda _, milestones: milestones[1].update(agreed=milestones[1]["agreed"] - 10_000),
    ),
    "of more than was left": (
        "has moved on with 40000 released, and 50000 are agreed",
        lambda _, milestones: milestones[0].update(agreed=50_000),
    ),
    "to somebody else": (
        "are not of the same two sides",
        lambda _, milestones: milestones[1].update(payee="pa_nobody"),
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_every_forgery_of_it_is_found(ada, ben, tmp_path, name):
    rolled(*two(ada, ben), ada, ben)
    statement = statement_of(Contract.objects.get())
    found, forge = FORGERIES[name]
    roll = next(line for line in statement["lines"] if line["kind"] == "roll")
    forge(roll, statement["milestones"])
    make_anew(statement)

    status, said = checked(saved(tmp_path, statement))

    assert status == 1
    assert found in said
