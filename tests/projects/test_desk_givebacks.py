"""Finance and support find what was given back after release, and which way its money went."""

import pytest
from django.test import Client

from accounts.people.models import StaffRole, User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.refunds.models import Refund
from projects.givebacks.models import GiveBack
from projects.givebacks.services import (
    accept_giveback,
    ask_back,
    decline_giveback,
    give_back,
    withdraw_giveback,
)
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.giveback_world import on, released
from tests.projects.test_roll_rest import rolled, two
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

LIST = "/desk/givebacks/"


def clerk(*roles: StaffRole) -> User:
    return grant_staff_roles(user_id=person("Fay").pk, roles=set(roles), by=SYSTEM)


def found(client: Client, query: str = "") -> set[str]:
    """The public ids of those in the list."""
    page = client.get(f"{LIST}{query}").content.decode()
    return {one.public_id for one in GiveBack.objects.all() if one.public_id in page}


def one_of_each(ada: User, ben: User) -> dict[str, GiveBack]:
    def asked() -> GiveBack:
        return ask_back(**on(released(ada, ben)), by=ada, amount=40_000)

    each = {state: asked() for state in ("done", "declined", "withdrawn", "lapsed")}
    accept_giveback(giveback_id=each["done"].pk, by=ben)
    decline_giveback(giveback_id=each["declined"].pk, by=ben)
    withdraw_giveback(giveback_id=each["withdrawn"].pk, by=ada)
    return each


# --- The list ------------------------------------------------------------------------------------


def test_it_is_narrowed_to_a_state_as_people_see_it(ada, ben, dora, later):
    each = one_of_each(ada, ben)
    later(days=3.1)  # nobody has written down yet that the fourth has lapsed
    each["asked"] = ask_back(**on(released(ada, ben)), by=ada, amount=40_000)
    assert GiveBack.objects.filter(status="asked").count() == 2

    client = browser(dora)
    assert found(client) == {one.public_id for one in each.values()}
    for state, giveback in each.items():
        assert found(client, f"?status={state}") == {giveback.public_id}, state
        told = api_of(dora).get(f"/api/v1{LIST}?status={state}").json()["results"]
        assert [(one["id"], one["status"]) for one in told] == [(giveback.public_id, state)]


def test_it_is_found_by_names_titles_and_ids(ada, ben, cleo, dora):
    mine, theirs = released(ada, ben), released(cleo, ben)
    one = give_back(**on(mine), by=ben, amount=40_000)
    other = give_back(**on(theirs), by=ben, amount=40_000)
    client, both = browser(dora), {one.public_id, other.public_id}
    for words, expected in {
        one.public_id: {one.public_id},
        mine.contract.public_id: {one.public_id},
        theirs.escrow.public_id: {other.public_id},
        "cleo": {other.public_id},
        "Ben": both,
        "part 1": both,
        "nobody": set(),
        "%": set(),
    }.items():
        assert found(client, f"?words={words.replace('%', '%25')}") == expected, words
    assert "None of these fits" in client.get(f"{LIST}?words=nobody").content.decode()


def test_bad_input_is_refused_and_an_empty_desk_says_so(dora):
    client = browser(dora)
    assert "Nothing was ever given back" in client.get(LIST).content.decode()
    assert client.get(f"{LIST}?status=eaten").status_code == 400
    refused = api_of(dora).get(f"/api/v1{LIST}?status=eaten")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "status")
    assert client.get(f"{LIST}?cursor=eaten").status_code == 400
    assert client.get(f"{LIST}?words={'x' * 201}").status_code == 400


def test_page_after_page_shows_each_once(ada, ben, dora):
    milestone = released(ada, ben)
    made = [give_back(**on(milestone), by=ben, amount=500 + n).public_id for n in range(23)]
    seen, path = [], f"/api/v1{LIST}"
    while path:
        told = api_of(dora).get(path).json()
        seen += [one["id"] for one in told["results"]]
        path = told["next"]
    assert seen == made[::-1]
    assert len(found(browser(dora))) == 20


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ([StaffRole.FINANCE], 200),
        ([StaffRole.SUPPORT], 200),
        ([StaffRole.MEDIATOR, StaffRole.MODERATOR], 404),
    ],
)
def test_only_who_keeps_the_money_reads_it(ada, ben, roles, status):
    giveback = give_back(**on(released(ada, ben)), by=ben, amount=40_000)
    fay = clerk(*roles)
    for path in (LIST, f"{LIST}{giveback.public_id}/"):
        assert browser(fay).get(path).status_code == status
        assert api_of(fay).get(f"/api/v1{path}").status_code == status
        assert browser(ada).get(path).status_code == 404
    linked = f'href="{LIST}"' in browser(fay).get("/desk/").content.decode()
    assert linked == (status == 200)


# --- Which way it went ---------------------------------------------------------------------------


def test_its_money_is_followed_to_the_cent(ada, ben, dora):
    giveback = give_back(**on(released(ada, ben)), by=ben, amount=40_000, note="We agreed on less.")
    path = f"{LIST}{giveback.public_id}/"

    told = api_of(dora).get(f"/api/v1{path}").json()

    assert [(one["kind"], one["amount"]) for one in told["way"]["came"]] == [
        ("given_back", 38_800),
        ("freelancer_fee_back", 1_200),
        ("client_fee_back", 1_200),
    ]
    (refund,) = told["way"]["refunds"]
    assert (refund["amount"], refund["status"]) == (41_200, "requested")
    assert (told["way"]["refunded"], told["way"]["is_there"], told["way"]["owed"]) == (
        41_200,
        False,
        0,
    )
    page = browser(dora).get(path).content.decode()
    for words in ("$388.00", "$12.00", "$412.00", refund["id"], "We agreed on less."):
        assert words in page
    assert "Not all of it is with the client yet" in page

    Refund.objects.update(status="succeeded")
    assert api_of(dora).get(f"/api/v1{path}").json()["way"]["is_there"]
    assert "All of it is with the client" in browser(dora).get(path).content.decode()


def test_two_of_one_milestone_are_told_apart(ada, ben, dora):
    milestone = released(ada, ben)
    for amount in (40_000, 1_000):
        giveback = give_back(**on(milestone), by=ben, amount=amount)
    told = api_of(dora).get(f"/api/v1{LIST}{giveback.public_id}/").json()
    assert told["way"]["refunded"] == 1_030
    assert len(told["way"]["refunds"]) == 1


def test_what_was_only_asked_for_says_what_would_move(ada, ben, dora):
    giveback = ask_back(**on(released(ada, ben)), by=ada, amount=40_000)
    path = f"{LIST}{giveback.public_id}/"
    page = browser(dora).get(path).content.decode()
    assert "What would move" in page and "$412.00" in page
    told = api_of(dora).get(f"/api/v1{path}").json()
    assert (told["way"]["came"], told["way"]["refunds"]) == ([], [])
    decline_giveback(giveback_id=giveback.pk, by=ben)
    assert "No money has moved" in browser(dora).get(path).content.decode()


def test_a_bank_that_takes_it_as_well_and_what_is_owed_stand_there(ada, ben, dora):
    milestone = released(ada, ben)
    giveback = give_back(**on(milestone), by=ben, amount=40_000)
    Bank(payment_of(milestone.escrow)).takes()
    told = api_of(dora).get(f"/api/v1{LIST}{giveback.public_id}/").json()
    (refund,) = told["way"]["refunds"]
    assert (refund["status"], bool(refund["covered_by"])) == ("covered", True)
    page = browser(dora).get(f"{LIST}{giveback.public_id}/").content.decode()
    assert f"/desk/chargebacks/{refund['covered_by']}/" in page


# --- The chargeback's page -----------------------------------------------------------------------


def test_a_chargeback_names_where_its_money_was_rolled(ada, ben, dora):
    first, second = rolled(*two(ada, ben), ada, ben)
    chargeback = Bank(payment_of(first.escrow)).takes()
    path = f"/desk/chargebacks/{chargeback.public_id}/"

    page = browser(dora).get(path).content.decode()
    assert "Where its money went on to" in page
    assert second.escrow.public_id in page and "$618.00" in page
    told = api_of(dora).get(f"/api/v1{path}").json()
    assert told["paid_for"] == first.escrow.public_id
    (step,) = told["rolled_on"]
    assert (step["target"], step["money"], step["taken_back"]) == (
        second.escrow.public_id,
        61_800,
        61_800,
    )


def test_one_whose_money_stayed_names_nothing_more(ada, ben, dora):
    chargeback = Bank(payment_of(released(ada, ben).escrow)).takes()
    path = f"/desk/chargebacks/{chargeback.public_id}/"
    assert "went on to" not in browser(dora).get(path).content.decode()
    assert api_of(dora).get(f"/api/v1{path}").json()["rolled_on"] == []
