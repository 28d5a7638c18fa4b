"""Finance and support find every payout and how it stands, and how its payee's account does."""

import pytest
from django.test import Client

from accounts.parties.selectors import own_party_of
from accounts.people.models import StaffRole, User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout
from tests.against_the_rules import force
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

LIST = "/desk/payouts/"
STATES = Payout.Status.values


@pytest.fixture
def of_each_state(ben) -> dict[str, Payout]:
    """To a payee of its own each; the account of the last is restricted."""
    made = {}
    for state in STATES:
        payee = person(f"Payee {state.replace('_', '-')}")
        account = ConnectedAccount.objects.create(
            party=own_party_of(payee), country="US", remote_id=f"acct_{state}", status="active"
        )
        made[state] = Payout.objects.create(
            party=account.party, currency="USD", amount=97_000, transfer_id=f"tr_{state}"
        )
        force(Payout.objects.filter(pk=made[state].pk), status=state)
    force(Payout.objects.filter(status="failed"), failure_code="account_closed")
    ConnectedAccount.objects.filter(remote_id=f"acct_{STATES[-1]}").update(status="restricted")
    return made


def found(client: Client, query: str = "") -> set[str]:
    page = client.get(f"{LIST}{query}").content.decode()
    return {one.public_id for one in Payout.objects.all() if one.public_id in page}


def told(who: User, query: str) -> list[dict]:
    return api_of(who).get(f"/api/v1{LIST}{query}").json()["results"]


def test_all_stand_there_with_their_state_why_and_the_payees_account(of_each_state, dora):
    page = browser(dora).get(LIST).content.decode()

    for state, payout in of_each_state.items():
        assert payout.public_id in page and payout.party.name in page
        assert Payout.Status(state).label in page
    for words in ("$970.00", "Account closed", "Ready for payouts", "Restricted by the provider"):
        assert words in page
    assert f'href="{LIST}"' in browser(dora).get("/desk/").content.decode()


@pytest.mark.parametrize("state", STATES)
def test_it_is_narrowed_to_a_state(of_each_state, dora, state):
    payout = of_each_state[state]

    assert found(browser(dora), f"?status={state}") == {payout.public_id}
    (one,) = told(dora, f"?status={state}")
    assert (one["id"], one["status"], one["transfer_id"]) == (
        payout.public_id,
        state,
        f"tr_{state}",
    )


def test_it_is_found_by_payee_and_ids(of_each_state, dora):
    paid, held = of_each_state["paid"], of_each_state["held"]
    for words, expected in {
        "payee paid": {paid.public_id},
        held.public_id: {held.public_id},
        held.party.public_id: {held.public_id},
        "tr_paid": {paid.public_id},
        "nobody": set(),
        "%": set(),
    }.items():
        query = f"?words={words.replace('%', '%25')}"
        assert found(browser(dora), query) == expected, words
        assert {one["id"] for one in told(dora, f"{query}&all=1")} == expected, words


def test_programs_are_told_of_failed_ones_unless_they_ask_for_more(of_each_state, dora):
    assert [one["status"] for one in told(dora, "")] == ["failed"]
    every = told(dora, "?all=1")
    assert [one["status"] for one in every] == STATES  # the oldest first
    assert [one["account"] for one in every] == ["active"] * (len(STATES) - 1) + ["restricted"]


def test_bad_input_is_refused_and_an_empty_desk_says_so(dora):
    client = browser(dora)
    assert "Nothing was ever paid out" in client.get(LIST).content.decode()
    assert "None of these fits" in client.get(f"{LIST}?words=x").content.decode()
    assert client.get(f"{LIST}?status=eaten").status_code == 400
    assert client.get(f"{LIST}?words={'x' * 201}").status_code == 400
    refused = api_of(dora).get(f"/api/v1{LIST}?status=eaten")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "status")


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ([StaffRole.FINANCE], 200),
        ([StaffRole.SUPPORT], 200),
        ([StaffRole.MEDIATOR, StaffRole.MODERATOR], 404),
    ],
)
def test_only_who_keeps_the_money_reads_it(ada, roles, status):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles=set(roles), by=SYSTEM)
    assert browser(fay).get(LIST).status_code == status
    assert api_of(fay).get(f"/api/v1{LIST}?all=1").status_code == status
    assert browser(ada).get(LIST).status_code == 404
    assert api_of(ada).get(f"/api/v1{LIST}?all=1").status_code == 404
