"""Which rules are in force."""

from marketplace.common.clock import now
from marketplace.common.currencies import exponent, least_charge
from payments.policies.models import Policy


def policy_in_force() -> Policy:
    """The newest version whose day has come."""
    return Policy.objects.filter(in_force_from__lte=now()).latest("version")


def minimum_milestone(policy: Policy, currency: str) -> int:
    """The least price of a milestone, in minor units: by the policy, and for a card to bear it."""
    by_policy = policy.minimum_milestone_units * 10 ** exponent(currency)
    return max(by_policy, least_charge(currency))
