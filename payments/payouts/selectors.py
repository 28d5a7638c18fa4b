"""Earnings and payouts: whose they are, what is due, what a payee's money looks like now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import (
    Case,
    Exists,
    F,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from accounts.parties.models import Party
from accounts.parties.selectors import parties_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.currencies import least_payout, least_payouts
from marketplace.common.working_days import working_days_before
from payments.payees.models import ConnectedAccount
from payments.payouts.models import BEFORE_LIMIT, UNDER_WAY, Earning, Payout, PayoutAttempt
from payments.payouts.recovering.selectors import owed_by_currency

# Of an earning: whether its payee's account takes money.
READY = ConnectedAccount.objects.filter(
    party=OuterRef("party"), status=ConnectedAccount.Status.ACTIVE
)

# Of an earning: the least that its payee's bank is sent in its currency. Named countries first: the
# others' rule is the wider one.
LEAST = Case(
    *[
        When(currency=currency, **({"party__connected_account__country": of} if of else {}), then=n)
        for (currency, of), n in sorted(least_payouts().items(), key=lambda entry: not entry[0][1])
    ],
    default=Value(1),
)

# A payee has one account at a time: a payout to any other went to one that was closed.
_AT_A_CLOSED_ACCOUNT = PayoutAttempt.objects.filter(
    Q(payout__party__connected_account__status=ConnectedAccount.Status.CLOSED)
    | ~Q(destination=F("payout__party__connected_account__remote_id")),
    payout=OuterRef("pk"),
)
# Under way to there, and the provider says nothing of it any more.
_STRANDED = Q(
    Exists(_AT_A_CLOSED_ACCOUNT.filter(failure_code="")),
    status__in=[Payout.Status.SENDING, Payout.Status.IN_TRANSIT],
)
# Its transfer was to be taken back from there, and the provider refused. Only the last attempt says
# where the transfer lies: one before it may have been refused at an account that was closed since.
_LATER = PayoutAttempt.objects.filter(payout=OuterRef("payout"), number__gt=OuterRef("number"))
UNRETURNED = Q(
    ~Q(transfer_id=""),
    Exists(_AT_A_CLOSED_ACCOUNT.filter(~Exists(_LATER))),
    status__in=[Payout.Status.SCHEDULED, Payout.Status.FAILED],
    reversal_refused_at__isnull=False,
)

# Banks have their holidays, which nobody here knows.
LATE_AFTER_WORKING_DAYS = 3
LONGEST_SILENCE = timedelta(days=1)

# PostgreSQL reads all of an index for a DISTINCT; this asks for the next one after the last.
_CURRENCIES = """
WITH RECURSIVE found (party, currency) AS (
    SELECT party, (SELECT min(currency) FROM payments_earning WHERE party_id = party)
    FROM unnest(%s::bigint[]) AS given (party)
    UNION ALL
    SELECT party, (SELECT min(e.currency) FROM payments_earning e
                   WHERE e.party_id = party AND e.currency > found.currency)
    FROM found WHERE currency IS NOT NULL
)
SELECT DISTINCT currency FROM found WHERE currency IS NOT NULL ORDER BY currency
"""


def payouts_of(user: User) -> QuerySet[Payout]:
    """The payouts to this person and to their parties."""
    return Payout.objects.filter(party__in=parties_of(user)).select_related("party", "hold")


def failed_payouts() -> QuerySet[Payout]:
    """For the desk: the bank said no, and their payee has not tried again."""
    return Payout.objects.filter(status=Payout.Status.FAILED).select_related("party")


def unreturned_payouts() -> QuerySet[Payout]:
    """For the desk: their money is at an account that was closed since, and the provider would not
    take it back from there.
    """
    return Payout.objects.filter(UNRETURNED).select_related("party")


def payouts_to_attest() -> QuerySet[Payout]:
    """For the desk: what became of these only finance can say."""
    return Payout.objects.filter(_STRANDED | UNRETURNED).select_related("party")


def payouts_in_trouble() -> QuerySet[Payout]:
    """For the desk: all of these wait for a person. ``is_to_attest`` says for which deed, and
    ``is_late`` of which the provider or the bank has to be asked.
    """
    attest = Case(When(_STRANDED | UNRETURNED, then=Value(True)), default=Value(False))
    late = Case(When(_late(now()), then=Value(True)), default=Value(False))
    found = Payout.objects.annotate(is_to_attest=attest, is_late=late).select_related("party")
    return found.filter(Q(status=Payout.Status.FAILED) | Q(is_to_attest=True) | Q(is_late=True))


def _late(at: datetime) -> Q:
    """Not at the bank well after the day that the provider named, or not answered for a day."""
    expected_by = working_days_before(at, LATE_AFTER_WORKING_DAYS, zone=settings.STAFF_TIME_ZONE)
    sent = PayoutAttempt.objects.filter(
        payout=OuterRef("pk"), failure_code="", started_at__lte=at - LONGEST_SILENCE
    )
    return Q(status=Payout.Status.IN_TRANSIT, arrives_at__lte=expected_by) | Q(
        Exists(sent), status=Payout.Status.SENDING
    )


def with_story(payouts: QuerySet[Payout]) -> QuerySet[Payout]:
    """The same with their attempts and what they pay out, in two more queries."""
    return payouts.prefetch_related(
        Prefetch("attempts", PayoutAttempt.objects.order_by("number")),
        Prefetch("earnings", Earning.objects.order_by("pk")),
    )


def currencies_of(parties: Iterable[Party | int]) -> list[str]:
    """In which these have ever earned something, whatever is traded in now.

    However much they earned: each currency is one step through the index.
    """
    ids = [party if isinstance(party, int) else party.pk for party in parties]
    with connection.cursor() as cursor:
        cursor.execute(_CURRENCIES, [ids])
        return [currency for (currency,) in cursor.fetchall()]


def cleared(party: Party, currency: str, at: datetime) -> QuerySet[Earning]:
    """Earned, past its hold and not yet in a payout."""
    return Earning.objects.filter(
        party=party, currency=currency, payout=None, recovery=None, clears_at__lte=at
    )


def waiting_earnings(party_id: int) -> QuerySet[Earning]:
    """Earned by this payee, and not on its way to them: also in a payout that has failed, is held
    or waits to be sent.
    """
    waits = [Payout.Status.SCHEDULED, Payout.Status.HELD, Payout.Status.FAILED]
    in_none = Q(payout=None) | Q(payout__status__in=waits)
    return Earning.objects.filter(in_none, party_id=party_id, recovery=None)


def clears_next(party: Party, currency: str) -> datetime | None:
    """When the next of what is still on hold may be paid out."""
    return Earning.objects.filter(
        party=party, currency=currency, payout=None, recovery=None
    ).aggregate(at=Min("clears_at"))["at"]


def due_payout_ids(at: datetime, *, limit: int) -> list[int]:
    """To be sent or asked about."""
    return list(
        Payout.objects.filter(next_check_at__lte=at, cancel_wished_at=None)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:limit]
    )


def due_cancellation_ids(at: datetime, *, limit: int) -> list[int]:
    """Wished for and not yet answered by the provider."""
    return list(
        Payout.objects.filter(next_check_at__lte=at, cancel_wished_at__isnull=False)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:limit]
    )


@dataclass(frozen=True)
class Summary:
    """A payee's money in one currency, in minor units. The four never overlap.

    ``least`` is what their bank is sent at least: with less than that available nothing goes out.
    ``owed`` is what they owe after chargebacks: it comes first. ``leaves_by`` is when the first of
    what waits goes out by itself at the latest, since the provider holds it no longer.
    """

    currency: str
    clearing: int
    available: int
    on_its_way: int
    paid: int
    least: int
    next_clears_at: datetime | None
    leaves_by: datetime | None
    owed: int = 0


def summaries_of(user: User) -> list[Summary]:
    """One line for each currency in which something was ever earned: five queries."""
    at = now()
    account = ConnectedAccount.objects.filter(party__in=parties_of(user)).first()
    country = account.country if account else ""
    owed = owed_by_currency(user)
    waiting = {
        row["currency"]: row
        for row in Earning.objects.filter(party__in=parties_of(user))
        .values("currency")
        .annotate(
            clearing=Sum(
                "amount", filter=Q(payout=None, recovery=None, clears_at__gt=at), default=0
            ),
            # What a failed payout gave back is available again, but goes out with that payout.
            available=Sum(
                "amount",
                filter=Q(payout=None, recovery=None, clears_at__lte=at)
                | Q(payout__status=Payout.Status.FAILED),
                default=0,
            ),
            next_clears_at=Min("clears_at", filter=Q(payout=None, recovery=None, clears_at__gt=at)),
            limit_at=Min("limit_at", filter=Q(payout=None, recovery=None)),
        )
        .order_by("currency")
    }
    gone = {
        row["currency"]: row
        for row in Payout.objects.filter(party__in=parties_of(user))
        .values("currency")
        .annotate(
            on_its_way=Sum("amount", filter=Q(status__in=UNDER_WAY), default=0),
            paid=Sum("amount", filter=Q(status=Payout.Status.PAID), default=0),
        )
    }
    nothing = {"on_its_way": 0, "paid": 0}
    return [
        Summary(
            currency=currency,
            clearing=row["clearing"],
            available=row["available"],
            on_its_way=gone.get(currency, nothing)["on_its_way"],
            paid=gone.get(currency, nothing)["paid"],
            least=least_payout(currency, country),
            next_clears_at=row["next_clears_at"],
            leaves_by=row["limit_at"] and row["limit_at"] - BEFORE_LIMIT,
            owed=owed.get(currency, 0),
        )
        for currency, row in waiting.items()
    ]


def in_the_way_of(user: User) -> dict[str, Payout]:
    """By currency, the payout that has to arrive, or to be put right, before the next is made."""
    standing = payouts_of(user).filter(status__in=[*UNDER_WAY, Payout.Status.FAILED])
    return {payout.currency: payout for payout in standing.order_by("pk")}


def clearing_of(user: User, *, limit: int = 50) -> list[Earning]:
    """What is still on hold, the next to clear first."""
    return list(
        Earning.objects.filter(
            party__in=parties_of(user), payout=None, recovery=None, clears_at__gt=now()
        ).order_by(F("clears_at").asc(), "pk")[:limit]
    )
