"""A payee's statement: every movement of what is theirs, and what it came from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum, Value
from django.db.models.functions import Coalesce

from accounts.parties.selectors import parties_of
from accounts.people.models import User
from marketplace.common.pages import Merged
from payments.ledger import chart
from payments.ledger.models import LedgerAccount, Transfer
from payments.payouts.models import Earning
from payments.payouts.selectors import currencies_of


@dataclass(frozen=True)
class Line:
    """One movement of a payee's available balance; ``amount`` is negative where it goes out.

    ``gross`` and ``fee`` stand beside what was earned; ``title`` says with what. ``about`` is the
    public id of the escrow or payout that it belongs to. ``hash`` is the movement's link in the
    chain of its ``book``.
    """

    at: datetime
    kind: str
    title: str
    amount: int
    currency: str
    gross: int | None
    fee: int | None
    about: str
    book: str
    sequence: int | None
    hash: str


# What the deed in a transfer's key means to the payee; the key is "<public id>:<deed>[:<n>]".
_KINDS = {
    "recover": ("recovery", "Used for what you owe"),
    "schedule": ("payout", "Payout"),
    "fail": ("payout_returned", "Payout came back"),
    "after_all": ("payout", "Payout, which had arrived"),
    "cancel": ("payout_cancelled", "Payout cancelled"),
}


def movements_of(user: User) -> Merged:
    """The ledger's transfers into and out of what this person, or a party of theirs, has."""
    parties = list(parties_of(user))
    keys = [
        chart.available(party, currency) for party in parties for currency in currencies_of(parties)
    ]
    return movements_in(LedgerAccount.objects.filter(key__in=keys).values_list("pk", flat=True))


def movements_in(accounts: Iterable[int]) -> Merged:
    """The transfers into and out of these accounts: a page of it costs what any other does."""
    return Merged(
        Transfer.objects.select_related("source", "target"),
        (Q(**{side: account}) for account in accounts for side in ("source", "target")),
    )


def lines_of(movements: Iterable[Transfer]) -> list[Line]:
    """These movements in words: one more query, however many there are."""
    movements = list(movements)
    earned = Earning.objects.filter(key__in=[movement.key for movement in movements])
    # What was cut off for a later payout was earned by the same movement.
    by_key = {
        earning.key: (earning, earning.gross + earning.cut_off)
        for earning in earned.annotate(cut_off=Coalesce(Sum("rests__gross"), Value(0)))
    }
    return [_line(movement, *by_key.get(movement.key, (None, None))) for movement in movements]


def _line(movement: Transfer, earning: Earning | None, gross: int | None) -> Line:
    about, deed, *_ = movement.key.split(":")
    goes_out = movement.source.key.startswith("party:")
    kind, title = _KINDS.get(deed, (movement.kind, movement.kind.replace("_", " ").capitalize()))
    return Line(
        at=movement.created_at,
        kind="earning" if earning else kind,
        title=earning.title if earning else title,
        amount=-movement.amount if goes_out else movement.amount,
        currency=movement.currency,
        gross=gross,
        fee=earning.fee if earning else None,
        about=about,
        book=movement.book,
        sequence=movement.sequence,
        hash=movement.hash,
    )
