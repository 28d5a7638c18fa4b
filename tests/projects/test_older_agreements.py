"""What was signed before the platform signed, in the older form, stays as it was and goes on."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

from projects.agreements.changes.services import accept_change
from projects.agreements.paper.writing import paper_of
from projects.agreements.sealing.document import signed_document
from projects.agreements.sealing.selectors import published_keys
from projects.agreements.terms import canonical, digest
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from tests.against_the_rules import against_the_rules, force
from tests.projects.change_world import price_to
from tests.projects.test_agreement_paper import read
from tests.projects.test_verify_agreement import run
from tests.world import api_of, funded_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture
def older(ada, ben) -> Contract:
    """As the house left it before: form 1, nobody's name beside the signatures, and no seal."""
    contract = funded_milestone(ada, ben).contract
    agreement = agreement_of(contract)
    wording = json.loads(agreement.body) | {"agreement": 1}
    del wording["ownership"], wording["confidentiality"], wording["bid"]["files"]
    for later in ("ruling_days", "second_mediator_units", "giveback_days", "holding_days"):
        del wording["policy"][later]
    del wording["policy"]["second_mediator_units_by_currency"]
    body = canonical(wording)
    with against_the_rules():
        agreement.seal.delete()
    force(
        contract.agreements.all(),
        body=body,
        sha256=digest(body),
        client_signer=None,
        freelancer_signer=None,
    )
    return Contract.objects.get(pk=contract.pk)


def changed(contract: Contract, ada, ben) -> None:
    order = price_to(70_000, contract.milestones.get(), ben)
    accept_change(order_id=order.pk, by=ada)


def test_it_is_shown_and_set_on_paper_as_it_was_signed(older, ada, client):
    client.force_login(ada)
    page = client.get(f"/contracts/{older.public_id}/agreement/").content.decode()
    assert "Signed before the platform signed" in page
    for unsigned in ("becomes the client", "another mediator confirms", "released money back"):
        assert unsigned not in page, "nothing is read into it that nobody signed"
    assert "The platform has not signed this version." in read(paper_of(agreement_of(older)))
    told = api_of(ada).get(f"/api/v1/contracts/{older.public_id}/agreement/").json()
    assert digest(told["canonical"]) == told["sha256"]
    call_command("check_ledger")


def test_alone_it_proves_nothing_of_who_accepted_it(older, tmp_path):
    status, said = run(tmp_path, signed_document(older), published_keys())
    assert status == 1 and "the marketplace has not signed it" in said


def test_its_next_version_keeps_the_form_and_is_signed_with_it(older, ada, ben, tmp_path):
    before = agreement_of(older).body
    changed(older, ada, ben)

    first, second = older.agreements.order_by("version")
    assert first.body == before and json.loads(second.body)["agreement"] == 1
    assert "ownership" not in json.loads(second.body)
    status, said = run(tmp_path, signed_document(older), published_keys())
    assert status == 0, said
    call_command("check_ledger")


def test_of_the_older_version_nothing_can_be_changed_once_the_next_names_it(
    older, ada, ben, tmp_path
):
    changed(older, ada, ben)
    document = json.loads(json.dumps(signed_document(older)))
    one = document["versions"][0]
    one["wording"] = canonical(json.loads(one["wording"]) | {"title": "Another"})
    one["sha256"] = digest(one["wording"])
    status, said = run(tmp_path, document, published_keys())
    assert status == 1 and "does not name version 1 as what it changes" in said


def test_its_other_side_downloads_it_too(older, ben):
    browser = Client()
    browser.force_login(ben)
    answer = browser.get(f"/contracts/{older.public_id}/signed-agreement.json")
    (one,) = json.loads(answer.getvalue())["versions"]
    assert one["sealed"] is None
