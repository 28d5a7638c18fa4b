"""How often whom is paid out, and when that was last and is next."""

from datetime import UTC, datetime, timedelta

from accounts.parties.models import Party
from payments.payouts.plans.models import PayoutPlan

Every = PayoutPlan.Every


def plan_of(party: Party) -> PayoutPlan:
    """Their choice, or what holds without one."""
    chosen = PayoutPlan.objects.filter(party=party).first()
    return chosen or PayoutPlan(party=party, every=Every.DAY)


def turn_before(every: str, at: datetime) -> datetime:
    """The last Monday or first of the month that has begun. What cleared by then goes out."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if every == Every.WEEK:
        return today - timedelta(days=today.weekday())
    if every == Every.MONTH:
        return today.replace(day=1)
    raise ValueError(f"there is no turn of {every}")


def turn_after(every: str, at: datetime) -> datetime | None:
    """When the next one begins; None where payouts have no fixed turn."""
    if every == Every.WEEK:
        return turn_before(every, at) + timedelta(days=7)
    if every == Every.MONTH:
        # No month is longer than 31 days, and 31 days on is never the month after the next.
        return turn_before(every, turn_before(every, at) + timedelta(days=31))
    return None
