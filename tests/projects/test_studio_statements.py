"""A studio's statement: what its people may read, in both forms, and that the checker proves it."""

import json

import pytest

from accounts.parties.models import Membership, Party
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.policies.selectors import policy_in_force
from payments.statements.selectors import scope_of_party
from payments.statements.writing import as_csv, as_json
from tests.payments.world import asked, came_in
from tests.projects.statement_world import checked, saved
from tests.world import api_of

pytestmark = pytest.mark.django_db


def founded(*people: User) -> Party:
    studio = Party.objects.create(kind=Party.Kind.STUDIO, name="Two Trees")
    for person in people:
        Membership.objects.create(party=studio, user=person)
    return studio


def paid(payer: Party, payee: Party, amount: int, book: str) -> Escrow:
    escrow = escrows.open_escrow(
        payer=payer,
        payee=payee,
        amount=amount,
        currency="USD",
        policy=policy_in_force(),
        book=book,
        title="A map of all trees",
    )
    came_in(asked(escrow))
    return escrow


@pytest.fixture
def studio(ada, ben, cleo) -> Party:
    """Ben's and Cleo's: it has earned, and paid somebody itself; of each something went back."""
    studio, client = founded(ben, cleo), own_party_of(ada)
    escrows.release(escrow_id=paid(client, studio, 100_000, "ct_earned").pk)
    escrows.split(
        escrow_id=paid(client, studio, 30_010, "ct_earned").pk, to_payee=10_000, reason="agreed"
    )
    paid(client, studio, 50_000, "ct_earned")
    escrows.release_part(
        escrow_id=paid(studio, own_party_of(cleo), 20_000, "ct_paid").pk, amount=5_000
    )
    escrows.refund(escrow_id=paid(studio, client, 7_000, "ct_paid").pk, reason="cancelled")
    return studio


def test_both_its_forms_pass_the_checker(studio, tmp_path):
    statement = json.loads("".join(as_json(scope_of_party(studio))))
    table = "".join(as_csv(scope_of_party(studio)))

    status, said = checked(saved(tmp_path, statement, table))

    assert (status, "WRONG" in said) == (0, False), said
    assert statement["of"] == {"kind": "party", "id": studio.public_id, "name": "Two Trees"}


def test_a_unit_more_is_found(studio, tmp_path):
    forged = json.loads("".join(as_json(scope_of_party(studio))))
    next(line for line in forged["lines"] if line.get("kind") == "release")["amount"] += 1

    status, said = checked(saved(tmp_path, forged))

    assert (status, "WRONG" in said) == (1, True), said


def test_its_people_have_it_over_the_page_and_the_api(ada, ben, cleo, client, studio):
    def statuses(person: User) -> list[int]:
        client.force_login(person)
        pages = [f"/statements/{studio.public_id}/statement.{form}" for form in ("json", "csv")]
        calls = [f"/api/v1/me/statement{end}" for end in ("/", ".csv")]
        return [client.get(page).status_code for page in pages] + [
            api_of(person).get(call, {"party": studio.public_id}).status_code for call in calls
        ]

    assert statuses(ben) == statuses(cleo) == [200] * 4
    assert statuses(ada) == [404] * 4, "its client has their own, and not the studio's"
    client.force_login(ben)
    assert studio.public_id in client.get("/statements/").content.decode()
