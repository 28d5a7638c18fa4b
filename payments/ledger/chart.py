"""Every kind of account there is. The first part of a key says whose money stands in it."""

from accounts.parties.models import Party

# Accounts of ours and of the outside keep no running balance: they are the busy ones. The SQL
# function that moves money has the same rule.
SUMMED = ("provider:", "platform:")


def provider(currency: str) -> str:
    """The outside: minus what the payment provider holds for all of us."""
    return f"provider:stripe:{currency}"


def escrow(public_id: str) -> str:
    """The payer's, until decided: price and payer's fee."""
    return f"escrow:{public_id}"


def available(party: Party, currency: str) -> str:
    """The payee's: earned and not yet on its way to the bank."""
    return f"party:{party.public_id}:available:{currency}"


def owed(party: Party, currency: str) -> str:
    """What a payee owes us after a chargeback: an asset of ours, so its balance is counted on the
    other side. Money taken out of it makes it grow; it is never below zero on its own side.
    """
    return f"party:{party.public_id}:owed:{currency}"


def leaving(public_id: str) -> str:
    """A payout's or a refund's: asked of the provider, not yet confirmed."""
    return f"leaving:{public_id}"


def platform_fees(currency: str) -> str:
    """Ours: earned fees."""
    return f"platform:fees:{currency}"


def provider_costs(currency: str) -> str:
    """Ours: what the provider charges us. It only ever pays out, so its sum is negative."""
    return f"platform:provider_costs:{currency}"


def losses(currency: str) -> str:
    """Ours: what a bank took and nobody owes us, and what was lost at a payee's closed account. It
    only ever pays out, but for what comes back.
    """
    return f"platform:losses:{currency}"


def own_funds(currency: str) -> str:
    """Ours: what we put in at the provider, less what we took out. The provider's costs are due
    before our fees are earned, so without it held money would have to bear them. Also what
    a refund left there that we have paid from our own bank.
    """
    return f"platform:own_funds:{currency}"


def is_owed(key: str) -> bool:
    """Whether the account is counted on the other side."""
    return key.startswith("party:") and ":owed:" in key


def is_platform(key: str) -> bool:
    return key.startswith(SUMMED)


def payee_book(party: Party) -> str:
    """The hash chain of a payee's own movements: payouts and what belongs to no contract."""
    return f"book:{party.public_id}"
