"""A client ends a contract and has the rest drafted as a posting, to hire somebody else."""

import pytest

from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from payments.ledger.models import Transfer
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import accept_change, decline_change
from projects.bids.models import Bid
from projects.confidentiality.models import ConfidentialPart, hash_of
from projects.contracts.models import Contract
from projects.holds.handing.services import hand_over_by_agreement, hand_over_by_leaving
from projects.milestones.models import Milestone
from projects.postings.models import Posting
from projects.postings.rules import LONGEST_DESCRIPTION
from tests.projects.confidentiality_world import TEXT
from tests.projects.ending_world import contract_at_work, part, tag_for
from tests.projects.holds_world import suspended
from tests.world import PASSWORD, SIGNED, active_contract, api_of, browser

pytestmark = pytest.mark.django_db


def drafts() -> list[Posting]:
    return list(Posting.objects.filter(status="draft").order_by("pk"))


def by_agreement(contract, ada, **more) -> ChangeOrder:
    parts = [(part(contract, 1).public_id, 60_000)]
    return hand_over_by_agreement(contract_id=contract.pk, by=ada, parts=parts, **more)


def test_a_draft_says_what_is_left_and_what_is_not_paid_of_it(ada, ben, mona):
    contract = contract_at_work(ada, ben)
    suspended(ben, mona)

    order = by_agreement(contract, ada)

    (draft,) = drafts()
    assert (draft.client, draft.title) == (contract.client, contract.title)
    assert (draft.currency, draft.budget_most) == (contract.currency, 340_000)
    first = part(contract, 1)
    assert f"## {first.title}\n\n$400.00 of it are not paid." in draft.description
    for one in contract.milestones.all():
        assert one.title in draft.description
        assert all(f"- {criterion}" in draft.description for criterion in one.criteria)
    assert contract.posting.description in draft.description
    # Nothing has ended before the other side agrees, and then all of it by the ordinary ending.
    assert not contract.milestones.filter(closed_at__isnull=False).exists()
    accept_change(order_id=order.pk, by=ben)
    contract.refresh_from_db()
    assert contract.status == "completed"
    assert len(drafts()) == 1


def test_what_was_delivered_stays_to_be_read(ada, ben):
    contract = contract_at_work(ada, ben)
    accept_change(order_id=by_agreement(contract, ada).pk, by=ben)
    assert "Here it is." in browser(ada).get(f"/contracts/{contract.public_id}/").text


def test_declined_the_draft_is_still_there_and_nobody_else_sees_it(ada, ben):
    contract = contract_at_work(ada, ben)
    decline_change(order_id=by_agreement(contract, ada).pk, by=ben)
    (draft,) = drafts()
    assert browser(ada).get(draft.path).status_code == 200
    assert browser(ben).get(draft.path).status_code == 404


def test_what_can_be_ended_alone_is_handed_over_in_one_step(ada, ben):
    contract = active_contract(ada, ben, [100_000, 50_000])
    hand_over_by_leaving(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    contract.refresh_from_db()
    assert contract.status == "cancelled"
    (draft,) = drafts()
    assert draft.budget_most == 150_000
    assert not Transfer.objects.exists()


def test_refused_nothing_is_drafted(ada, ben, cleo):
    contract = contract_at_work(ada, ben)
    with pytest.raises(WrongState):
        hand_over_by_leaving(contract_id=contract.pk, by=ada, seen="what is not so")
    with pytest.raises(InvalidInput):
        hand_over_by_agreement(
            contract_id=contract.pk, by=ada, parts=[(part(contract, 1).public_id, 100_001)]
        )
    for other in (ben, cleo):  # who works does not hire
        with pytest.raises(NotAllowed, match="Only the client"):
            hand_over_by_agreement(contract_id=contract.pk, by=other)
        with pytest.raises(NotAllowed, match="Only the client"):
            hand_over_by_leaving(contract_id=contract.pk, by=other, seen="")
    assert (drafts(), ChangeOrder.objects.count()) == ([], 0)


def test_what_is_confidential_is_not_in_the_draft(ada, ben):
    contract = contract_at_work(ada, ben)
    ConfidentialPart.objects.create(
        posting=contract.posting,
        text=TEXT,
        text_sha256=hash_of(TEXT),
        details="The key is under the mat.",
    )
    by_agreement(contract, ada)
    assert "under the mat" not in drafts()[0].description


def test_what_has_no_room_is_left_out_and_said(ada, ben):
    contract = active_contract(ada, ben, [100_000] * 9)
    Milestone.objects.filter(contract=contract).update(criteria=["x" * 300] * 10)
    hand_over_by_leaving(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    text = drafts()[0].description
    assert len(text) <= LONGEST_DESCRIPTION
    assert text.endswith("see the agreement.")


def test_the_pages_do_it_for_the_client_alone(ada, ben):
    contract = contract_at_work(ada, ben)
    url = f"/contracts/{contract.public_id}/end/"
    assert "Hand it over" in browser(ada).get(url).text
    assert "Hand it over" not in browser(ben).get(url).text

    sent = browser(ada).post(url, {"hand_over": "on", "password": PASSWORD}, follow=True)

    assert "A draft of a posting with what is left" in sent.text
    assert len(drafts()) == ChangeOrder.objects.count() == 1


def test_the_page_of_leaving_does_it_too(ada, ben):
    contract = active_contract(ada, ben)
    url = f"/contracts/{contract.public_id}/leave/"
    assert "Hand it over" in browser(ada).get(url).text
    asked = {"seen": tag_for(contract, ada), "hand_over": "1"}
    assert "A draft of a posting" in browser(ada).post(url, asked, follow=True).text
    assert len(drafts()) == 1


def test_programs_do_the_same(ada, ben):
    contract = contract_at_work(ada, ben)
    url = f"/api/v1/contracts/{contract.public_id}/endings/"
    refused = api_of(ben).post(url, SIGNED | {"hand_over": True})
    assert refused.status_code == 403
    assert api_of(ada).post(url, SIGNED | {"hand_over": True}).status_code == 201
    other = active_contract(ada, ben)
    asked = {"seen": tag_for(other, ada), "hand_over": True}
    left = api_of(ada).post(f"/api/v1/contracts/{other.public_id}/leave/", asked)
    assert left.json()["status"] == "cancelled"
    assert len(drafts()) == 2
    assert (Bid.objects.count(), Contract.objects.count()) == (2, 2)
