"""What a release brings a payee is noted, and until when the provider holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.parties.models import Party
from marketplace.common.clock import now
from payments.payouts.models import BEFORE_LIMIT, Earning, Payout
from payments.payouts.selectors import waiting_earnings
from payments.payouts.services import lock_payee
from payments.policies.models import Policy

S = Payout.Status


@dataclass(frozen=True)
class Earned:
    """What a release brought its payee: ``gross`` less ``fee``, in minor units; the provider holds
    it until ``limit_at``.
    """

    party: Party
    key: str
    earned_by: str
    title: str
    gross: int
    fee: int
    currency: str
    policy: Policy
    limit_at: datetime


def earn(earned: Sequence[Earned]) -> None:
    """Note what releases brought, and when it may be paid out; nothing where the fee ate it all.
    No hold of ours lasts longer than the provider's.

    The money itself is moved by the caller, in the same transaction. The same key notes it once.
    """
    earned = [one for one in earned if one.gross > one.fee]
    paid = Payout.objects.filter(party=OuterRef("pk"), status=S.PAID)
    known = set(
        Party.objects.filter(Exists(paid), pk__in={one.party.pk for one in earned}).values_list(
            "pk", flat=True
        )
    )
    at = now()
    Earning.objects.bulk_create(
        [
            Earning(
                party=one.party,
                key=one.key,
                earned_by=one.earned_by,
                title=one.title[:200],
                gross=one.gross,
                fee=one.fee,
                amount=one.gross - one.fee,
                currency=one.currency,
                earned_at=at,
                clears_at=clears_within(
                    one.policy.clears_at(at, was_paid_before=one.party.pk in known),
                    one.limit_at,
                    at=at,
                ),
                limit_at=one.limit_at,
            )
            for one in earned
        ],
        ignore_conflicts=True,
    )


def clears_within(clears_at: datetime, limit_at: datetime, *, at: datetime) -> datetime:
    """The same moment, or one that leaves time to pay out before the provider's limit, seen from
    then (``at``).
    """
    return min(clears_at, max(at, limit_at - BEFORE_LIMIT))


@transaction.atomic
def count_limits_anew(party_id: int, limits: Mapping[str, datetime]) -> None:
    """The provider holds what was earned by each of these until then: other days than it was noted
    with. Of what waits, also in a payout that is not on its way.
    """
    lock_payee(party_id, must_be_ready=False)
    waiting = waiting_earnings(party_id).filter(earned_by__in=limits)
    for earning in waiting.select_for_update(of=("self",)).order_by("pk"):
        earning.limit_at = limits[earning.earned_by]
        earning.clears_at = clears_within(earning.clears_at, earning.limit_at, at=now())
        earning.save(update_fields=["limit_at", "clears_at"])
