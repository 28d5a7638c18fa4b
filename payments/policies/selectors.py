"""Which rules are in force."""

from marketplace.common.clock import now
from marketplace.common.money import exponent
from payments.policies.models import Policy


def policy_in_force() -> Policy:
    """The newest version whose day has come."""
    return Policy.objects.filter(in_force_from__lte=now()).latest("version")


def minimum_milestone(policy: Policy, currency: str) -> int:
    """The least price of a milestone, in minor units."""
    return policy.minimum_milestone_units * 10 ** exponent(currency)
