"""What payees owe, and who has earned something that it can be taken from."""

from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.functions import Concat

from accounts.parties.models import Party
from accounts.parties.selectors import parties_of
from accounts.people.models import User
from payments.ledger import chart
from payments.ledger.models import LedgerAccount
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning, Payout

# Of an earning: whether its payee owes something in its currency.
OWES = LedgerAccount.objects.filter(
    key=Concat(
        Value("party:"),
        OuterRef("party__public_id"),
        Value(":owed:"),
        OuterRef("currency"),
        output_field=TextField(),
    ),
    balance__gt=0,
)

# Of a payout: set aside, and nobody sends it or takes it back. One that finance holds goes out by
# itself when that is over.
WAITING = Q(status__in=[Payout.Status.SCHEDULED, Payout.Status.HELD], cancel_wished_at=None)


def owed_by(party: Party, currency: str) -> int:
    """What this payee owes after chargebacks, in minor units."""
    return balance_of(chart.owed(party, currency))


def owed_by_currency(user: User) -> dict[str, int]:
    """What this person's parties owe, by currency; currencies without a debt are left out."""
    starts = Q()
    for party in parties_of(user):
        starts |= Q(key__startswith=chart.owed(party, ""))
    debts = LedgerAccount.objects.filter(starts, balance__gt=0) if starts else []
    sums: dict[str, int] = {}
    for debt in debts:
        sums[debt.currency] = sums.get(debt.currency, 0) + (debt.balance or 0)
    return sums


def recoverable(*, limit: int) -> list[tuple[int, str]]:
    """(party, currency) of who owes something and has earned what is in no payout, or in one that
    waits: it was being sent when the debt arose.
    """
    found: list[tuple[int, str]] = []
    for rows in (
        Earning.objects.filter(payout=None, recovery=None),
        Payout.objects.filter(WAITING),
    ):
        owing = rows.filter(Exists(OWES)).order_by().values_list("party_id", "currency")
        found += owing.distinct()[:limit]
    return list(dict.fromkeys(found))[:limit]
