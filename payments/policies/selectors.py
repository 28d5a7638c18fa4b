"""Which rules are in force."""

from accounts.holds.models import Hold
from accounts.holds.rules import Clocks
from marketplace.common.clock import now
from marketplace.common.currencies import exponent, least_charge
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.money import in_words
from payments.policies.models import Policy


def policy_in_force() -> Policy:
    """The newest version whose day has come."""
    return Policy.objects.filter(in_force_from__lte=now()).latest("version")


def clocks_of_holds(kind: str) -> Clocks:
    """How long what is placed now lasts at most, and the clocks of an appeal against it."""
    policy, is_of_payouts = policy_in_force(), kind == Hold.Kind.PAYOUTS
    return Clocks(
        policy.payout_review_most_days if is_of_payouts else policy.suspension_most_days,
        policy.appeal_days,
        policy.ruling_working_days,
        policy.ruling_days,
    )


def policy_asked_for(version: int | None) -> Policy:
    """That version, also one that is still ahead; the one in force where none is named.

    Raises InvalidInput.
    """
    if version is None:
        return policy_in_force()
    found = Policy.objects.filter(version=version).first()
    if found is None:
        raise InvalidInput("There is no such version of the rules.", param="policy")
    return found


def minimum_milestone(policy: Policy, currency: str) -> int:
    """The least price of a milestone, in minor units: by the policy, and for a card to bear it."""
    by_policy = policy.minimum_milestone_units * 10 ** exponent(currency)
    return max(by_policy, least_charge(currency))


def second_mediator_above(policy: Policy, currency: str) -> int | None:
    """Above what is held of a price, in minor units, two mediators decide; None: never."""
    by_currency = policy.second_mediator_units_by_currency
    units = by_currency.get(currency, policy.second_mediator_units)
    return units * 10 ** exponent(currency) if units else None


def needs_second(amount: int, currency: str) -> bool:
    """Whether finance books so much, in minor units, with a second person only: above the limit at
    which two mediators decide, by the rules in force.
    """
    limit = second_mediator_above(policy_in_force(), currency)
    return limit is not None and amount > limit


def refuse_alone(amount: int, currency: str) -> None:
    """Raises WrongState where that needs a second person."""
    if needs_second(amount, currency):
        raise WrongState(
            f"{in_words(amount, currency)} need a second person, who confirms it.",
            code="second_person_needed",
        )
