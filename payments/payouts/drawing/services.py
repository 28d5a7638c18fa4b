"""What a payout is made of: as much of what has cleared as a bank takes."""

from django.db import transaction

from marketplace.common.currencies import least_payout, payout_step
from marketplace.common.errors import WrongState
from marketplace.common.money import in_words
from payments.payouts.models import Earning, Payout
from payments.payouts.recovering.models import Recovery


def sendable(amount: int, currency: str, country: str) -> int:
    """As much of it as a bank takes. Raises WrongState where that is less than it is ever sent."""
    least = least_payout(currency, country)
    if amount < least:
        raise WrongState(
            f"You have {in_words(amount, currency)}, and your bank is sent at least "
            f"{in_words(least, currency)}. It goes out by itself with what you earn next.",
            code="below_payout_minimum",
        )
    return amount - amount % payout_step(currency)


@transaction.atomic
def draw_earnings(earnings: list[Earning], *, by: Payout | Recovery) -> None:
    """Make the first of these the payout's, or what is recovered from, to the unit; what is left
    over waits for the next.
    """
    wanted, into = by.amount, "payout" if isinstance(by, Payout) else "recovery"
    for earning in earnings:
        if not wanted:
            break
        if earning.amount > wanted:
            _cut(earning, earning.amount - wanted, by.public_id)
        wanted -= earning.amount
        setattr(earning, into, by)
        earning.save(update_fields=[into])


def _cut(earning: Earning, rest: int, drawn_by: str) -> None:
    """Leave ``rest`` of it behind, in a row of its own; the fee stays where it was."""
    whole = earning.cut_from or earning
    Earning.objects.create(
        party=earning.party,
        key=f"{whole.key}:rest:{drawn_by}",
        earned_by=earning.earned_by,
        title=earning.title,
        gross=rest,
        fee=0,
        amount=rest,
        currency=earning.currency,
        earned_at=earning.earned_at,
        clears_at=earning.clears_at,
        limit_at=earning.limit_at,
        cut_from=whole,
    )
    earning.gross -= rest
    earning.amount -= rest
    earning.save(update_fields=["gross", "amount"])
