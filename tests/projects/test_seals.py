"""The platform signs what both accepted: once, in the same transaction, and for good."""

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import call_command
from django.db import DatabaseError, transaction

from marketplace.common.errors import WrongState
from projects.agreements import services
from projects.agreements.changes.services import accept_change
from projects.agreements.sealing.models import Seal, SigningKey
from projects.agreements.sealing.services import seal_agreement
from projects.agreements.services import accept_offer
from projects.agreements.terms import canonical
from projects.contracts.models import Agreement, Contract
from projects.contracts.selectors import agreement_of
from tests.projects.change_world import price_to
from tests.projects.test_roll_rest import rolled, two
from tests.races import at_once
from tests.world import active_contract, api_of, funded_milestone, offered_contract

pytestmark = pytest.mark.django_db

KEYS = "/api/v1/policies/signing-keys/"


def verify(seal: Seal) -> None:
    """By the library itself, from the published key. Raises InvalidSignature."""
    (key,) = (it for it in api_of().get(KEYS).json()["keys"] if it["id"] == seal.key_id)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["public_key"]))
    public.verify(bytes.fromhex(seal.signature), seal.body.encode())


def test_an_offer_is_not_sealed_before_both_have_accepted(ada, ben):
    offered_contract(ada, ben)
    assert not Seal.objects.exists()


def test_the_seal_says_what_was_accepted_by_whom_and_when(ada, ben):
    contract = active_contract(ada, ben)
    agreement = agreement_of(contract)
    said = json.loads(agreement.seal.body)

    assert agreement.seal.body == canonical(said)
    assert said["sha256"] == agreement.sha256
    assert (said["contract"], said["version"]) == (contract.public_id, 1)
    client, freelancer = said["acceptances"]
    assert client == {
        "role": "client",
        "party": {"id": contract.client.public_id, "name": "Ada"},
        "by": {"id": ada.public_id, "name": "Ada"},
        "at": agreement.signed_by_client_at.isoformat(),
        "confirmed_with": None,
    }
    assert freelancer["by"]["id"] == ben.public_id
    verify(agreement.seal)


def test_another_text_does_not_carry_the_signature(ada, ben):
    seal = agreement_of(active_contract(ada, ben)).seal
    seal.body = seal.body.replace("Ada", "Eve")
    with pytest.raises(InvalidSignature):
        verify(seal)


def test_every_version_is_sealed_by_whatever_makes_it(ada, ben):
    milestone = funded_milestone(ada, ben)
    accept_change(order_id=price_to(70_000, milestone, ben).pk, by=ada)
    first, second = two(ada, ben)
    rolled(first, second, ada, ben)

    assert Seal.objects.count() == Agreement.objects.count() == 4
    for seal in Seal.objects.all():
        verify(seal)
    call_command("check_ledger")


def test_who_accepted_a_change_second_is_named_as_they_did_it(ada, ben):
    order = price_to(70_000, funded_milestone(ada, ben), ben)
    accept_change(order_id=order.pk, by=ada, confirmed_with="password")
    client, freelancer = json.loads(Seal.objects.latest("pk").body)["acceptances"]
    assert (client["by"]["name"], client["confirmed_with"]) == ("Ada", "password")
    assert (freelancer["at"], freelancer["confirmed_with"]) == (order.created_at.isoformat(), None)


def test_an_offer_of_before_it_was_kept_who_signed_is_sealed_without_a_name(ada, ben):
    contract = offered_contract(ada, ben)
    contract.agreements.update(client_signer=None)
    accept_offer(contract_id=contract.pk, by=ben)
    client, _ = json.loads(Seal.objects.get().body)["acceptances"]
    assert client["by"] is None and client["party"]["name"] == "Ada"
    call_command("check_ledger")


# --- What PostgreSQL refuses ---------------------------------------------------------------------


@pytest.mark.parametrize("rows", [Seal, SigningKey, Agreement])
def test_nothing_of_it_is_changed_or_deleted_by_anybody(ada, ben, rows):
    active_contract(ada, ben)
    fields = {"signature": "0"} if rows is Seal else {"public_key": "0"}
    fields = {"client_confirmed_with": "password"} if rows is Agreement else fields
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        rows.objects.update(**fields)
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        rows.objects.all()._raw_delete("default")


@pytest.mark.parametrize("field", ["body", "sha256"])
def test_the_wording_of_an_offer_cannot_be_changed_either(ada, ben, field):
    contract = offered_contract(ada, ben)
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        contract.agreements.update(**{field: "other"})


def test_a_version_is_sealed_once(ada, ben):
    agreement = agreement_of(active_contract(ada, ben))
    with pytest.raises(DatabaseError), transaction.atomic():
        seal_agreement(agreement)


@pytest.mark.django_db(transaction=True)
def test_eight_acceptances_at_once_are_sealed_once(ada, ben, bells):
    contract = offered_contract(ada, ben)
    outcomes = at_once(*[lambda: accept_offer(contract_id=contract.pk, by=ben)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Seal.objects.count() == 1


def test_what_cannot_be_sealed_is_not_accepted(ada, ben, monkeypatch):
    """The acceptance and the seal are one deed."""

    def fail(agreement):
        raise WrongState("The key is away.")

    monkeypatch.setattr(services, "seal_agreement", fail)
    contract = offered_contract(ada, ben)
    with pytest.raises(WrongState):
        accept_offer(contract_id=contract.pk, by=ben)
    assert Contract.objects.get().status == "offered"
    assert agreement_of(contract).signed_by_freelancer_at is None


# --- Keys ----------------------------------------------------------------------------------------


def test_the_key_in_use_is_published_before_it_has_sealed_anything():
    said = api_of().get(KEYS).json()
    (key,) = said["keys"]
    assert said["format"] == "milepost-signing-keys/1"
    assert key["is_current"] and key["first_used_at"] is None


def test_a_key_that_has_sealed_stays_published_after_another_took_its_place(ada, ben, settings):
    before = agreement_of(active_contract(ada, ben)).seal
    settings.SIGNING_KEY = "0c" * 32
    after = agreement_of(active_contract(ada, ben)).seal

    assert before.key_id != after.key_id
    keys = {it["id"]: it["is_current"] for it in api_of().get(KEYS).json()["keys"]}
    assert keys == {before.key_id: False, after.key_id: True}
    verify(before)
    verify(after)
    call_command("check_ledger")


def test_the_secret_half_is_nowhere_in_what_is_published(ada, ben, settings):
    active_contract(ada, ben)
    assert settings.SIGNING_KEY not in api_of().get(KEYS).content.decode()


def test_the_rules_lead_to_the_keys(client):
    assert KEYS in client.get("/rules/").content.decode()
