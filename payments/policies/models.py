"""The clocks and fees in force: versioned, and pinned to a contract at signing."""

from datetime import datetime, timedelta

from django.db import models

from marketplace.common.clock import now


def holding_days_by_country() -> dict[str, int]:
    """Where the provider's longest holding time is another than elsewhere."""
    return {"TH": 10, "US": 730}


def second_mediator_units_by_currency() -> dict[str, int]:
    """Where a whole unit of the currency is worth much less, or more, than elsewhere."""
    return {"JPY": 750_000, "KWD": 1_500}


class Policy(models.Model):
    """One version of the rules. A new version never touches a running contract.

    Fees are in basis points of released money; every clock is in days.
    """

    version = models.PositiveIntegerField(unique=True)
    in_force_from = models.DateTimeField(default=now)

    client_fee_basis_points = models.PositiveIntegerField(default=300)
    freelancer_fee_basis_points = models.PositiveIntegerField(default=300)
    minimum_milestone_units = models.PositiveIntegerField(
        default=5, help_text="In whole units of the currency: keeps splitting from farming fees."
    )

    offer_validity_days = models.PositiveIntegerField(default=7)
    review_period_days = models.PositiveIntegerField(default=7)
    review_period_least_days = models.PositiveIntegerField(default=1)
    review_period_most_days = models.PositiveIntegerField(default=30)
    lateness_grace_days = models.PositiveIntegerField(default=3)
    never_started_days = models.PositiveIntegerField(default=14)
    # Nothing is held and nothing is under way: so long the payer has to change that. 0: no such
    # clock, as in versions that are older than it.
    funding_days = models.PositiveIntegerField(default=14)
    proposal_answer_days = models.PositiveIntegerField(default=3)
    dispute_answer_days = models.PositiveIntegerField(default=5)
    # By which published table it is judged when nobody answers. 0: by none, as in versions that are
    # older than it.
    silence_table = models.PositiveIntegerField(default=2)
    negotiation_days = models.PositiveIntegerField(default=7)
    # The house has this long, or every mediator hears of it; and so many days of all at most.
    ruling_working_days = models.PositiveIntegerField(default=2)
    ruling_days = models.PositiveIntegerField(default=10)
    # Where more of a price is held, a second mediator confirms a decision: in whole units of the
    # currency. 0: nobody does, as in versions that are older than it.
    second_mediator_units = models.PositiveIntegerField(default=5_000)
    second_mediator_units_by_currency = models.JSONField(default=second_mediator_units_by_currency)
    payout_hold_days = models.PositiveIntegerField(default=2)
    first_payout_hold_days = models.PositiveIntegerField(default=7)
    # How long the provider holds money at most, from the payment, by the payee's country.
    holding_days = models.PositiveIntegerField(default=90)
    holding_days_by_country = models.JSONField(default=holding_days_by_country)
    payout_review_most_days = models.PositiveIntegerField(default=14)
    # Of a person or a posting, by a moderator.
    suspension_most_days = models.PositiveIntegerField(default=30)
    # Against what staff has decided or let stand still; a decision on a dispute is not carried out
    # before.
    appeal_days = models.PositiveIntegerField(default=3)
    # So long after its end can released money be given back, with the freelancer's consent.
    giveback_days = models.PositiveIntegerField(default=180)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return f"policy v{self.version}"

    def holding_days_in(self, country: str) -> int:
        """So long the provider holds money for a payee in this country ("" where unknown)."""
        return self.holding_days_by_country.get(country, self.holding_days)

    def funding_due_at(self, since: datetime) -> datetime | None:
        """Until when something is to be paid in, where nothing is held since then; None where there
        is no such clock.
        """
        return since + timedelta(days=self.funding_days) if self.funding_days else None

    def clears_at(self, released_at: datetime, *, was_paid_before: bool) -> datetime:
        """When what was released then may go to the payee's bank: a first payout rests longer."""
        days = self.payout_hold_days if was_paid_before else self.first_payout_hold_days
        return released_at + timedelta(days=days)
