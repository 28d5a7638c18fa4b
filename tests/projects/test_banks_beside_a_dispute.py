"""While a bank wants the money of a case back, and once it has decided, the case says so."""

from datetime import timedelta

import pytest

from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.refunds.models import Refund
from projects.disputes.checks import disputed_money_waits_for_the_end
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.tasks import tell_chargebacks
from tests.payments.chargeback_world import Bank, payment_of
from tests.world import api_of, browser, fund, reviewed_dispute, submitted_milestone

pytestmark = pytest.mark.django_db

WAITS = "No decision is made or carried out before that is settled"
WAITS_NOT = "a decision waits for the bank no longer"


@pytest.fixture
def dispute(ada, ben) -> Dispute:
    return reviewed_dispute(ada, ben)


@pytest.fixture
def pages(dispute, ada, ben, dora):
    def read() -> list[str]:
        assert tell_chargebacks()["failed"] == 0
        return [
            browser(reader).get(path).content.decode()
            for reader, path in (
                (ada, dispute.path),
                (ben, dispute.path),
                (dora, dispute.desk_path),
            )
        ]

    return read


def test_its_page_says_whether_a_decision_waits_for_the_bank(dispute, pages):
    assert not any("A bank wants money back" in page for page in pages())
    # Half: something is left that could be divided.
    Bank(payment_of(dispute.milestone.escrow), 51_500).takes()
    for page in pages():
        assert page.count("A bank wants money back") == 1
        assert WAITS in page and WAITS_NOT not in page

    near = now() + timedelta(hours=20)
    Escrow.objects.filter(pk=dispute.milestone.escrow_id).update(limit_at=near)
    for page in pages():
        assert page.count("A bank wants money back") == 1, "the bank has not let go"
        assert WAITS_NOT in page and WAITS not in page


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("keeps", "has decided against us: it keeps what it took for “Part 1”"),
        ("gives_back", "has found for us: the payment for “Part 1” stands"),
    ],
)
def test_what_it_did_stands_in_the_record_also_once_it_is_over(dispute, pages, end, said):
    bank = Bank(payment_of(dispute.milestone.escrow), 51_500)
    bank.takes()
    getattr(bank, end)()
    for page in pages():
        record = page.split("What both sides say")[-1].split("What was agreed")[0]
        assert "The client’s bank wants the payment for “Part 1” back" in record
        assert "The client’s bank took money of “Part 1”" in record
        assert f"The client’s bank {said}" in record
        assert "A bank wants money back" not in page


def test_what_it_brings_back_beyond_what_is_wanted_is_no_money_of_the_dispute(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = Bank(payment_of(milestone.escrow), 51_500)
    bank.takes()
    fund(milestone)
    dispute = open_dispute(
        milestone_id=milestone.pk,
        by=ada,
        reason="other",
        statement="It loses what is put into it.",
        asked_for=50_000,
    )
    bank.gives_back()
    later(days=1)

    [surplus] = Refund.objects.all()
    assert (surplus.amount, surplus.reason) == (51_500, "not_wanted")
    assert disputed_money_waits_for_the_end() == []

    # What is still held is watched as ever.
    available = chart.available(milestone.escrow.payee, "USD")
    move_money(
        Move("release", chart.escrow(milestone.escrow.public_id), available, 5, "USD"),
        key=f"{milestone.escrow.public_id}:part:1",
    )
    later(days=1)
    assert disputed_money_waits_for_the_end() == [
        f"{dispute.public_id} was open while held money left."
    ]


def test_what_a_bank_did_before_the_dispute_or_to_other_money_is_no_part_of_it(ada, ben, dora):
    dispute, other = reviewed_dispute(ada, ben), reviewed_dispute(ada, ben)
    Bank(payment_of(other.milestone.escrow)).takes()
    assert tell_chargebacks()["failed"] == 0
    assert "bank wants" not in browser(ada).get(dispute.path).content.decode()
    Dispute.objects.filter(pk=other.pk).update(created_at=now() + timedelta(days=1))
    assert "The client’s bank took" not in browser(ada).get(other.path).content.decode()


def test_programs_read_it_of_one_and_of_many(dispute, ada, ben, dora):
    other = reviewed_dispute(ada, ben)
    Bank(payment_of(dispute.milestone.escrow)).takes()
    for one, wanted in ((dispute, True), (other, False)):
        assert (
            api_of(ben).get(f"/api/v1/disputes/{one.public_id}/").json()["is_contested"] is wanted
        )
    rows = api_of(dora).get("/api/v1/desk/disputes/").json()["results"]
    assert {row["id"]: row["is_contested"] for row in rows} == {
        dispute.public_id: True,
        other.public_id: False,
    }
