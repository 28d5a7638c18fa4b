"""A world for one case: empty books, a fresh provider, and what is counted in both at the end."""

import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from celery import current_app
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import override_settings

from accounts.holds.models import Hold
from accounts.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common import clock
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.models import Chargeback, ChargebackMovement
from payments.escrow.models import Escrow, Part
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.ledger.models import Transfer
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout, PayoutAttempt
from payments.payouts.recovering.models import Recovery
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund
from projects.agreements.models import Proposal
from projects.bids.models import Bid
from projects.bonuses.models import Bonus
from projects.contracts.models import Contract, Event
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import Dispute
from projects.disputes.register.models import RegisterQuarter
from projects.disputes.sealed.models import SealedOffer
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone, Reminder
from projects.milestones.services import fund_milestone, submit_work
from projects.postings.models import Posting
from tests.payments.world import A_WHILE, days_pass
from tests.sandbox import AVAILABLE_AT_ONCE, Sandbox, drop, play_on
from tests.world import person, planned_milestone

# What is counted, and by what: two worlds are alike when they hold as many of each.
_COUNTED: dict[type[Model], tuple[str, ...]] = {
    Transfer: ("kind", "amount", "currency"),
    Escrow: ("status", "amount", "released", "given_back"),
    Payment: ("status", "amount"),
    Refund: ("status", "amount"),
    Payout: ("status", "amount"),
    PayoutAttempt: ("number", "failure_code"),
    Part: ("number", "amount"),
    Chargeback: ("status", "amount"),
    ChargebackMovement: ("amount", "fee", "refunds", "held", "released", "owed", "lost"),
    Recovery: ("amount",),
    ProposedDeed: ("deed", "status", "amount"),
    ConnectedAccount: ("status",),
    Milestone: ("status",),
    Contract: ("status",),
    GiveBack: ("status", "amount"),
    RegisterQuarter: ("number",),
    Bonus: ("escrow__amount", "note"),
    Dispute: ("status", "to_freelancer"),
    ProposedRuling: ("status", "to_freelancer"),
    SealedOffer: ("role", "figures"),
    Proposal: ("status",),
    Bid: ("status",),
    Posting: ("status",),
    Event: ("kind",),
    Reminder: ("kind",),
    Hold: ("kind", "status"),
    Notification: ("kind", "recipient__name"),
}
_AT_THE_PROVIDER = ("refunds", "transfers", "checkout/sessions", "charges", "disputes")
HOUR = 1 / 24


@dataclass
class World:
    """Ada the client, Ben the freelancer, Dora who decides and holds, and the provider."""

    sandbox: Sandbox
    ada: User
    ben: User
    dora: User

    def paid_page(
        self,
        card: str = AVAILABLE_AT_ONCE,
        *,
        milestone: Milestone | None = None,
        amount: int | None = None,
    ) -> Payment:
        """Ada has paid on the provider's page, perhaps a part only; nobody here knows it yet."""
        milestone = milestone or planned_milestone(self.ada, self.ben)
        payment = fund_milestone(milestone_id=milestone.pk, by=self.ada, amount=amount)
        payment = fundings.open_pay_page(payment_id=payment.pk)
        self.sandbox.pay(payment.url, card)
        return payment

    def funded(
        self,
        card: str = AVAILABLE_AT_ONCE,
        *,
        milestone: Milestone | None = None,
        amount: int | None = None,
    ) -> Milestone:
        payment = self.paid_page(card, milestone=milestone, amount=amount)
        play_on(self.sandbox)
        days_pass(A_WHILE)
        self.calm()
        return Milestone.objects.get(escrow__public_id=payment.paid_for)

    def submitted(self, card: str = AVAILABLE_AT_ONCE) -> Milestone:
        milestone = self.funded(card)
        submit_work(milestone_id=milestone.pk, by=self.ben, note="Here it is.")
        return milestone

    def keep_letters(self) -> None:
        """They lie in our box; nobody has read them."""
        self.sandbox.collect()
        while self.sandbox.letters:
            assert drop(self.sandbox.letters.popleft()) == 200

    def lose_letters(self) -> None:
        self.sandbox.collect()
        self.sandbox.letters.clear()

    def calm(self) -> None:
        """All clocks and all letters, until nothing more happens."""
        play_on(self.sandbox)
        sweep_everything()
        play_on(self.sandbox)

    def heal(self) -> None:
        """What time and the sweeps do, without any letter at first."""
        for hours in (0.05, 0.4, 2, 9):
            days_pass(hours * HOUR)
            sweep_everything()
        days_pass(A_WHILE)
        self.calm()
        days_pass(A_WHILE)
        self.calm()

    def counted(self) -> Counter[str]:
        """How many there are of each, here and at the provider."""
        rows: Counter[str] = Counter()
        for model, names in _COUNTED.items():
            for values in model._default_manager.values_list(*names):
                rows[f"{model.__name__} {' '.join(str(value) for value in values)}"] += 1
        # What heals by itself depends on whether a comparison came by before.
        for difference in Difference.objects.exclude(status=Difference.Status.HEALED):
            rows[f"Difference {difference.kind} {difference.status} {difference.net}"] += 1
        for kind in _AT_THE_PROVIDER:
            for thing in self.sandbox.api("GET", f"/v1/{kind}", limit=100)["data"]:
                told = f"{thing['object']} {thing.get('status', '')} {thing.get('amount', '')}"
                rows[f"provider's {told} {thing.get('amount_reversed', '')}"] += 1
        accounts = {one["id"] for one in self.sandbox.api("GET", "/v2/core/accounts")["data"]}
        for account in sorted(accounts):  # of one that was closed nothing more is said
            for payout in self.sandbox.api("GET", "/v1/payouts", account=account)["data"]:
                rows[f"provider's payout {payout['status']} {payout['amount']}"] += 1
        rows["provider's accounts"] = len(accounts)
        return rows

    def books(self) -> str:
        """What the books' own checks complain of; nothing where they are clean."""
        said = io.StringIO()
        wrong = []
        for command in ("check_ledger", "reconcile"):
            try:
                call_command(command, stdout=said, stderr=said)
            except Exception as finding:
                wrong.append(f"{command}: {finding}\n{said.getvalue()}")
        return "\n".join(wrong)


@contextlib.contextmanager
def fresh_world() -> Iterator[World]:
    """Empty, but for what migrations wrote."""
    call_command(
        "flush", interactive=False, verbosity=0, reset_sequences=False, inhibit_post_migrate=True
    )
    connection.creation.deserialize_db_from_string(connection._test_serialized_contents)
    clock.refresh()  # nobody has moved it in this one
    sandbox = Sandbox()
    try:
        with override_settings(STRIPE_API_BASE=sandbox.url):
            sandbox.ask("POST", "/topups", amount=5_000_000, currency="usd")
            yield World(sandbox, person("Ada"), person("Ben"), _staff())
    finally:
        sandbox.close()
        clock._offset = timedelta(0)


def _staff() -> User:
    return grant_staff_roles(
        user_id=person("Dora").pk, roles={"mediator", "moderator", "finance"}, by=SYSTEM
    )


def sweep_everything() -> None:
    """Every task of the timetable, once, as a worker would run it."""
    for name in sweeps():
        current_app.tasks[name]()


def sweeps() -> list[str]:
    """The tasks that beat rings, in the timetable's order."""
    current_app.loader.import_default_modules()
    house = {
        "marketplace.beat_heart",
        "marketplace.look_for_web",
        "marketplace.prune_idempotency_records",
    }
    names = [entry["task"] for entry in current_app.conf.beat_schedule.values()]
    return [name for name in names if name not in house]
