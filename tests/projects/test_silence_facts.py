"""What the judge of silence reads: the rows of a dispute, and nobody's word about them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.common.clock import now
from marketplace.common.models import Outage
from payments.fundings.models import Payment
from payments.policies.models import Policy
from payments.policies.services import add_version
from projects.agreements.changes.asking.services import propose_extension
from projects.agreements.changes.services import decline_change
from projects.agreements.proposals.services import propose_ending
from projects.contracts.models import PutOff
from projects.disputes.models import Dispute, Statement
from projects.disputes.selectors import disputes_of
from projects.disputes.services import open_dispute
from projects.disputes.silence.facts import Facts, facts_on
from projects.disputes.silence.table import judge
from projects.messages.services import write_message
from projects.milestones.parts.services import release_part
from projects.milestones.services import return_work, submit_work
from tests.payments.chargeback_world import Bank
from tests.projects.evidence_world import upload
from tests.world import funded_milestone, plan_of, submitted_milestone

pytestmark = pytest.mark.django_db

CRITERIA = ("It opens", "It sells")


@pytest.fixture
def late(ada, ben, later):
    """Funded for 20 days, and four days over: nothing is delivered."""
    milestone = funded_milestone(ada, ben, plan=plan_of(100_000, criteria=CRITERIA))
    later(days=24)
    return milestone


@pytest.fixture
def delivered(ada, ben):
    return submitted_milestone(ada, ben, plan=plan_of(100_000, criteria=CRITERIA))


def dispute_on(milestone, by, asked_for: int = 30_000) -> Dispute:
    words = {"reason": "other", "statement": "It is as I say."}
    return open_dispute(milestone_id=milestone.pk, by=by, asked_for=asked_for, **words)


def facts_of(dispute: Dispute) -> Facts:
    seen = disputes_of(dispute.opened_by).get(pk=dispute.pk)
    return facts_on([seen])[dispute.pk]


def row_of(dispute: Dispute) -> int:
    return judge(facts_of(dispute)).row.number


def say(milestone, by, files: list | None = None) -> None:
    text = "How does it go on?"
    write_message(bid_id=milestone.contract.bid_id, by=by, text=text, files=files)


def sign_under(milestone, policy: Policy) -> None:
    contract = milestone.contract
    contract.policy = policy
    contract.save(update_fields=["policy"])


def answers(*met: bool) -> list[dict]:
    return [{"criterion": n, "met": one, "how": "See it."} for n, one in enumerate(met, start=1)]


# --- The freelancer is silent --------------------------------------------------------------------


def test_nothing_delivered_nothing_said(late, ada, later):
    dispute = dispute_on(late, ada)
    later(days=5)
    facts = facts_of(dispute)

    assert (facts.silent, facts.at) == (
        "freelancer",
        pytest.approx(now(), abs=timedelta(minutes=1)),
    )
    assert (facts.asked_for, facts.price_held, facts.is_fully_held) == (30_000, 100_000, True)
    assert facts.late_from - facts.due_at == timedelta(days=3)
    assert facts.due_at < facts.opened_at == dispute.created_at
    assert (facts.delivered_at, facts.review_ends_at, facts.returned) == (None, None, 0)
    assert facts.stated == {"client"}
    found = judge(facts)
    assert (found.row.number, found.to_freelancer) == (9, 30_000)


def test_before_the_due_date_is_not_late(ada, ben, later):
    dispute = dispute_on(funded_milestone(ada, ben), ada)
    later(days=30)

    assert row_of(dispute) == 14, "since it was disputed nothing could be delivered"


def test_a_message_after_the_due_date_is_on_file(late, ada, ben, later):
    say(late, ben)
    dispute = dispute_on(late, ada)
    assert row_of(dispute) == 7
    later(days=1)
    say(late, ada)
    assert row_of(dispute) == 7, "whatever is said after it"


def test_a_message_before_it_that_was_not_replied_to(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    say(milestone, ada)
    later(minutes=1)
    say(milestone, ben)
    later(days=24)
    dispute = dispute_on(milestone, ada)
    assert row_of(dispute) == 8

    say(milestone, ada)
    assert row_of(dispute) == 9, "a reply, and still no word"


def test_a_file_that_was_sent_before_the_dispute_is_on_file(ada, ben, later):
    """A reply came, so that no row for words fits: what was sent is there none the less."""
    milestone = funded_milestone(ada, ben)
    say(milestone, ada, [upload()])
    say(milestone, ben)
    later(minutes=1)
    say(milestone, ada)
    later(days=24)
    without = dispute_on(milestone, ada)
    assert (facts_of(without).has_sent_files, row_of(without)) == (False, 9), "it was the client's"

    later(days=-20)
    say(milestone, ben, [upload()])
    later(minutes=1)
    say(milestone, ada)
    later(days=20)
    assert (facts_of(without).has_sent_files, row_of(without)) == (True, 6)

    sign_under(milestone, add_version({"silence_table": 1}))
    assert row_of(without) == 9, "who signed under the first table is judged by it"


@pytest.mark.parametrize("when", ["before the contract", "since the dispute"])
def test_a_file_of_another_time_is_none_of_it(late, ada, ben, later, when):
    if when == "before the contract":
        say(late, ben, [upload()])
        late.contract.accepted_at = now() + timedelta(minutes=1)
        late.contract.save(update_fields=["accepted_at"])
    dispute = dispute_on(late, ada)
    if when == "since the dispute":
        later(days=1)
        say(late, ben, [upload()])

    assert not facts_of(dispute).has_sent_files
    assert row_of(dispute) == (7 if when == "since the dispute" else 9)


def test_what_was_written_before_the_contract_was_signed_is_of_another_time(late, ada, ben, later):
    say(late, ben)
    late.contract.accepted_at = now() + timedelta(minutes=1)
    late.contract.save(update_fields=["accepted_at"])

    assert facts_of(dispute_on(late, ada)).freelancer_spoke_at is None


def test_more_time_that_was_asked_for_and_never_answered(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    until = milestone.due_at + timedelta(days=10)
    order = propose_extension(milestone_id=milestone.pk, by=ben, due_at=until)
    later(days=24)
    dispute = dispute_on(milestone, ada)
    assert row_of(dispute) == 8
    later(days=-24)

    decline_change(order_id=order.pk, by=ada)
    later(days=24)
    assert facts_of(dispute).client_spoke_at > facts_of(dispute).freelancer_spoke_at
    assert row_of(dispute) == 9


def test_a_proposal_to_end_it_is_no_silence(late, ada, ben):
    dispute = dispute_on(late, ada)
    propose_ending(milestone_id=late.pk, by=ben, to_freelancer=20_000)

    assert row_of(dispute) == 7


def test_a_delivery_is_on_file_even_where_changes_were_asked_for(delivered, ada, ben, later):
    return_work(milestone_id=delivered.pk, by=ada, answer="Not yet.", not_met=[2])
    later(days=30)
    dispute = dispute_on(delivered, ada)

    assert facts_of(dispute).returned == 1
    assert row_of(dispute) == 6


def test_less_is_held_than_was_agreed(late, ada):
    dispute = dispute_on(late, ada)
    payment = Payment.objects.get(paid_for=late.escrow.public_id)
    bank = Bank(payment, 60_000)
    bank.takes()
    assert row_of(dispute) == 2
    assert facts_of(dispute).asked_for == 30_000

    bank.keeps()
    facts = facts_of(dispute)
    assert not facts.is_contested
    assert facts.price_held < 50_000
    assert row_of(dispute) == 3


# --- The client is silent ------------------------------------------------------------------------


def test_delivered_and_never_looked_at(delivered, ada, ben, later):
    delivery = delivered.submissions.get()
    later(days=4)
    dispute = dispute_on(delivered, ben, 90_000)
    facts = facts_of(dispute)
    assert (facts.silent, facts.stated) == ("client", {"freelancer"})
    assert (facts.delivered_at, facts.is_all_met) == (delivery.created_at, True)
    assert facts.review_ends_at == delivery.created_at + timedelta(days=7)
    assert row_of(dispute) == 14, "her time to review it runs on"

    later(days=5)
    found = judge(facts_of(dispute))
    assert (found.row.number, found.to_freelancer) == (13, 90_000)


def test_what_an_outage_of_ours_added_to_the_review_counts(delivered, ben, later):
    outage = Outage.objects.create(began_at=now(), ended_at=now() + timedelta(days=2))
    PutOff.objects.create(
        outage=outage,
        contract=delivered.contract,
        clock=PutOff.Clock.REVIEW,
        about=delivered.public_id,
        was_due_at=now() + timedelta(days=7),
        due_at=now() + timedelta(days=9),
    )
    later(days=3)
    dispute = dispute_on(delivered, ben)
    later(days=5)

    assert row_of(dispute) == 14
    later(days=1.1)
    assert row_of(dispute) == 13


def test_a_client_who_wrote_since_the_delivery_is_not_silent(delivered, ada, ben, later):
    later(days=4)
    say(delivered, ada)
    dispute = dispute_on(delivered, ben)
    later(days=5)

    assert row_of(dispute) == 7


def test_a_client_who_paid_a_part_since_has_looked(delivered, ada, ben, later):
    later(hours=1)
    release_part(milestone_id=delivered.pk, by=ada, amount=40_000)
    later(days=4)
    dispute = dispute_on(delivered, ben, 60_000)
    later(days=5)
    facts = facts_of(dispute)

    assert (facts.price_held, facts.is_fully_held, facts.asked_for) == (60_000, True, 60_000)
    assert judge(facts).row.number == 7


def test_a_client_who_asked_for_changes_has_looked(delivered, ada, ben, later):
    return_work(milestone_id=delivered.pk, by=ada, answer="Not yet.", not_met=[2])
    submit_work(milestone_id=delivered.pk, by=ben, note="Again.", criteria=answers(True, True))
    later(days=4)
    dispute = dispute_on(delivered, ben)
    later(days=5)

    assert (facts_of(dispute).returned, row_of(dispute)) == (1, 11)


@pytest.mark.parametrize("met", [(True, False), (False, False)])
def test_a_delivery_that_says_something_is_open(ada, ben, later, met):
    milestone = funded_milestone(ada, ben, plan=plan_of(100_000, criteria=CRITERIA))
    submit_work(milestone_id=milestone.pk, by=ben, note="Nearly.", criteria=answers(*met))
    later(days=4)
    dispute = dispute_on(milestone, ben)
    later(days=5)

    assert row_of(dispute) == 12


def test_a_criterion_of_today_is_not_answered_by_an_older_delivery(delivered, ada, ben, later):
    dispute = dispute_on(delivered, ben)
    delivered.criteria = [*CRITERIA, "It is quick"]
    delivered.save(update_fields=["criteria"])
    later(days=9)

    assert row_of(dispute) == 12


def test_nothing_delivered_is_not_paid(late, ben, later):
    dispute = dispute_on(late, ben, 100_000)
    later(days=5)

    assert row_of(dispute) == 10


@pytest.mark.parametrize(("opener", "asked_for"), [("ada", 100_000), ("ben", 0)])
def test_who_asks_for_nothing_gets_nothing(delivered, request, opener, asked_for):
    dispute = dispute_on(delivered, request.getfixturevalue(opener), asked_for)

    found = judge(facts_of(dispute))
    assert (found.row.number, found.to_freelancer) == (4, asked_for)


def test_a_statement_of_the_silent_side_is_on_file(late, ada, ben):
    dispute = dispute_on(late, ada)
    Statement.objects.create(dispute=dispute, by=ben, role="freelancer", text="Wait.")

    assert row_of(dispute) == 5


def test_many_are_read_in_as_many_queries_as_one(ada, ben):
    def queries_for(count: int) -> int:
        seen = list(disputes_of(ada)[:count])
        assert len(seen) == count
        with CaptureQueriesContext(connection) as queries:
            assert len(facts_on(seen)) == count
        return len(queries)

    dispute_on(submitted_milestone(ada, ben), ada)
    one = queries_for(1)
    for _ in range(3):
        say(dispute_on(submitted_milestone(ada, ben), ada).milestone, ben)
    assert queries_for(4) == one
    with CaptureQueriesContext(connection) as none:
        assert facts_on([]) == {}
    assert not len(none)
