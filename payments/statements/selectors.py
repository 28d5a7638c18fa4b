"""What a statement tells: of one contract's book, or of one party over all books."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.parties.models import Party
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.models import Book, Transfer
from payments.ledger.selectors import lines_of as lines_of_book
from payments.payouts.models import Payout
from payments.refunds.models import Refund
from payments.statements.models import Line, Scope
from payments.statements.words import place_of

# So many lines are in memory at once, and so many cost two more queries.
CHUNK = 2_000


def scope_of_book(
    book: str, *, about: dict[str, Any], agreement: dict[str, Any] | None = None
) -> Scope:
    """Everything in one contract's book, for both its sides alike."""
    at = now()
    return Scope(
        about=about,
        party=None,
        made_at=at,
        heads=_heads(Book.objects.filter(key=book)),
        escrows=_escrows(Q(book=book)),
        agreement=agreement,
    )


def scope_of_party(party: Party) -> Scope:
    """Everything of a person, a studio or an organisation, whichever side they were on."""
    at, mine = now(), Q(payer=party) | Q(payee=party)
    refunded = Refund.objects.filter(payment__payer=party)
    books = Book.objects.filter(
        Q(key__in=Escrow.objects.filter(mine).values("book"))
        | Q(key__in=refunded.values("book"))
        | Q(key=chart.payee_book(party))
    )
    return Scope(
        about={"kind": "party", "id": party.public_id, "name": party.name},
        party=party,
        made_at=at,
        heads=_heads(books),
        escrows=_escrows(mine),
    )


def _heads(books: QuerySet[Book]) -> dict[str, Book]:
    """In one query, so that they are of one moment."""
    return {book.key: book for book in books.order_by("key") if book.sequence}


def _escrows(which: Q) -> dict[str, Escrow]:
    found = Escrow.objects.filter(which).select_related("policy", "payer", "payee").order_by("pk")
    return {escrow.public_id: escrow for escrow in found}


def lines_in(scope: Scope) -> Iterator[Line]:
    """Its lines in the order in which they were booked, read in chunks as they are asked for."""
    transfers = Transfer.objects.select_related("source", "target")
    if len(scope.heads) == 1:
        (book,) = scope.heads
        transfers = lines_of_book(book)
    else:
        # Plus nothing: sorted once, not looked for along everybody's transfers in their order.
        order = F("id") + 0
        books = list(scope.heads)
        transfers = transfers.filter(book__in=books, sequence__isnull=False).order_by(order)
    return _told(scope, transfers.iterator(chunk_size=CHUNK))


def page_of_lines(scope: Scope, transfers: list[Transfer]) -> list[Line]:
    """A few of its lines, with no balances beside them: two queries for what is whose."""
    return [
        Line(transfer, is_shown, escrow=_escrow_of(scope, transfer))
        for transfer, is_shown in _with_owner(scope, transfers)
    ]


def _told(scope: Scope, transfers: Iterator[Transfer]) -> Iterator[Line]:
    """With what stands where after each line."""
    held: dict[str, int] = {}
    available: dict[str, int] = {}
    while chunk := list(islice(transfers, CHUNK)):
        known = [t for t in chunk if (t.sequence or 0) <= scope.heads[t.book].sequence]
        for transfer, is_shown in _with_owner(scope, known):
            if not is_shown:
                yield Line(transfer, is_shown=False)
                continue
            currency = transfer.currency
            held[currency] = held.get(currency, 0) + _moved(transfer, lambda a: _counts(scope, a))
            available[currency] = available.get(currency, 0) + _moved(
                transfer, lambda a, c=currency: _is_balance(scope, a, c)
            )
            yield Line(
                transfer,
                is_shown=True,
                held=held[currency],
                available=available[currency] if scope.party else None,
                escrow=_escrow_of(scope, transfer),
            )


def _moved(transfer: Transfer, counts) -> int:
    inward, outward = counts(transfer.target.key), counts(transfer.source.key)
    return transfer.amount * (int(inward) - int(outward))


def _counts(scope: Scope, account: str) -> bool:
    """Held funds that the statement counts: all of a contract, or those that the party paid in."""
    escrow = scope.escrows.get(account.partition(":")[2]) if place_of(account) == "escrow" else None
    return escrow is not None and (scope.party is None or escrow.payer == scope.party)


def _is_balance(scope: Scope, account: str, currency: str) -> bool:
    return scope.party is not None and account == chart.available(scope.party, currency)


def _escrow_of(scope: Scope, transfer: Transfer) -> Escrow | None:
    """The piece of work that a line belongs to: by its accounts, else by the deed's key."""
    accounts = (transfer.source.key, transfer.target.key)
    # What was moved on belongs to where it is now.
    for account in reversed(accounts) if transfer.kind == "roll" else accounts:
        if place_of(account) == "escrow":
            return scope.escrows.get(account.partition(":")[2])
    return scope.escrows.get(transfer.key.partition(":")[0])


# --- Whose a line is -----------------------------------------------------------------------------


def _with_owner(scope: Scope, transfers: list[Transfer]) -> list[tuple[Transfer, bool]]:
    if scope.party is None:
        return [(transfer, True) for transfer in transfers]
    leaving = _own_leaving(scope.party, transfers)
    return [(t, _is_of(scope.party, t, scope, leaving)) for t in transfers]


def _is_of(party: Party, transfer: Transfer, scope: Scope, leaving: set[str]) -> bool:
    """Money of theirs moved; or a payee was charged the fee, or has agreed that what is held moves
    on, which no account of theirs shows.
    """
    accounts = (transfer.source.key, transfer.target.key)
    if any(
        account.startswith(f"party:{party.public_id}:")
        or account in leaving
        or _counts(scope, account)
        for account in accounts
    ):
        return True
    escrow = _escrow_of(scope, transfer)
    is_fee = transfer.kind.startswith("freelancer_fee") or transfer.kind == "roll"
    return is_fee and escrow is not None and escrow.payee == party


def _own_leaving(party: Party, transfers: list[Transfer]) -> set[str]:
    """Of what is on its way, the party's own: refunds to them, and their payouts."""
    start = chart.leaving("")
    accounts = {a for t in transfers for a in (t.source.key, t.target.key) if a.startswith(start)}
    ids = [account.removeprefix(start) for account in accounts]
    refunds = Refund.objects.filter(public_id__in=ids, payment__payer=party)
    payouts = Payout.objects.filter(public_id__in=ids, party=party)
    own = [
        *refunds.values_list("public_id", flat=True),
        *payouts.values_list("public_id", flat=True),
    ]
    return {chart.leaving(public_id) for public_id in own}
