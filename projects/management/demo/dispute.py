"""One dispute for the desk, with real money of the sandbox behind it: the demo must be running."""

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import CommandError

from accounts.access.confirming import confirm_by_password
from accounts.people.models import User
from marketplace.processes import tries
from payments.fundings.services import open_pay_page
from projects.agreements.services import accept_offer, award_bid
from projects.bids.models import Bid
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.services import answer_dispute, open_dispute
from projects.management.demo.sample import PASSWORD
from projects.management.demo.seed import answers_to
from projects.management.simulation.http import GOOD_CARD, Instance, pay
from projects.milestones.models import Milestone
from projects.milestones.services import fund_milestone, submit_work


def seed_dispute() -> bool:
    """Farid and Grace disagree, and wait for a mediator; False where there is a dispute already.

    A start that was interrupted half-way goes on where it stopped.
    """
    begun = (Dispute.Status.OPENED, Dispute.Status.NEGOTIATING)
    if Dispute.objects.exclude(status__in=begun).exists():
        return False
    farid, grace = (User.objects.get(email=f"{name}@milepost.example") for name in _SIDES)
    milestone = _contract_of(farid, grace).milestones.get(position=1)
    if milestone.escrow.held_at is None:
        pay_for(milestone, by=farid)
    dispute = Dispute.objects.filter(milestone=milestone).first()
    if dispute is None:
        if milestone.status == Milestone.Status.PLANNED:
            submit_work(
                milestone_id=milestone.pk,
                by=grace,
                note="It matches my three test files.",
                criteria=answers_to(milestone, "Run match.py on a month.", "Two, in the guide."),
            )
        dispute = open_dispute(
            milestone_id=milestone.pk,
            by=farid,
            reason="not_as_agreed",
            not_met=[1],
            statement="It finds one invoice in three of ours. I sent two months of real lines.",
            asked_for=milestone.amount // 4,
            files=[_LINES],
        )
    if dispute.status == Dispute.Status.OPENED:
        words = "The lines came after the delivery, in another format than the one we agreed on."
        dispute = answer_dispute(dispute_id=dispute.pk, by=grace, statement=words)
    for side, person in (("client", farid), ("freelancer", grace)):
        if dispute.mediator_asked_by != side:
            dispute = ask_mediator(dispute_id=dispute.pk, by=person)
    return True


_SIDES = ("farid", "grace")
_LINES = SimpleUploadedFile(
    "bank-lines-of-may.csv",
    b"booked,reference,amount\n2026-05-04,Invoice 1043,1200.00\n2026-05-06,/INV1044/,310.50\n"
    b"2026-05-11,thank you 1047,89.90\n",
)


def _contract_of(client: User, freelancer: User) -> Contract:
    bid = Bid.objects.get(posting__client__members=client, freelancer__members=freelancer)
    contract = Contract.objects.filter(posting=bid.posting).first()
    if contract is None:
        contract = award_bid(
            bid_id=bid.pk, by=client, confirmed_with=confirm_by_password(client, PASSWORD)
        )
    if contract.status == Contract.Status.OFFERED:
        contract = accept_offer(
            contract_id=contract.pk,
            by=freelancer,
            confirmed_with=confirm_by_password(freelancer, PASSWORD),
        )
    return contract


def pay_for(milestone: Milestone, *, by: User) -> None:
    """Fund it on the provider's page, and wait until a worker has noticed."""
    payment = fund_milestone(milestone_id=milestone.pk, by=by)
    page = open_pay_page(payment_id=payment.pk)
    pay(Instance(settings.SITE_URL), page.url, [GOOD_CARD])
    for _ in tries(60):
        milestone.escrow.refresh_from_db()
        if milestone.escrow.held_at and not milestone.escrow.untold_since:
            return
    raise CommandError("The money did not arrive: is the worker of the demo running?")
