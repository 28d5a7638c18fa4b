"""The SQL function against a ledger of a few lines of Python: the same books, link by link."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.common.clock import now
from marketplace.common.errors import DomainError, InsufficientFunds, InvalidInput, KeyReused
from payments.ledger import services
from payments.ledger.checks import CHECKS
from payments.ledger.models import Book, LedgerAccount, Transfer
from payments.ledger.services import Deed, Move, move_money, move_money_in_batch
from tests.payments.racing import at_once

pytestmark = pytest.mark.django_db

# A few of each kind, so that deeds meet: kept ones, the platform's own, and another currency.
ACCOUNTS = [
    "provider:stripe:USD",
    "platform:fees:USD",
    "escrow:a",
    "escrow:b",
    "party:ben:available:USD",
    "party:cleo:owed:USD",
    "leaving:po",
]
MOVES = st.builds(
    Move,
    kind=st.sampled_from(["fund", "release", "fee"]),
    source=st.sampled_from(ACCOUNTS),
    target=st.sampled_from(ACCOUNTS),
    amount=st.integers(-1, 40),
    currency=st.sampled_from(["USD"] * 9 + ["EUR"]),
)
DEEDS = st.builds(
    Deed,
    key=st.sampled_from([f"deed-{n}" for n in range(8)]),
    moves=st.lists(MOVES, min_size=1, max_size=4),
    book=st.sampled_from(["ct_one", "ct_two", ""]),
)


@dataclass
class Model:
    """What a ledger is, without any locks."""

    currencies: dict[str, str] = field(default_factory=dict)
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    done: dict[str, Deed] = field(default_factory=dict)
    lines: list[tuple] = field(default_factory=list)
    heads: defaultdict[str, tuple[int, str]] = field(
        default_factory=lambda: defaultdict(lambda: (0, ""))
    )

    def do(self, deed: Deed, at) -> None:
        """Raises what the services raise; then nothing has changed."""
        if any(move.amount < 1 for move in deed.moves):
            raise InvalidInput("")
        if (before := self.done.get(deed.key)) is not None:
            if before == deed:
                return
            raise KeyReused("")
        currencies, balances = dict(self.currencies), self.balances.copy()
        for move in deed.moves:
            for key in (move.source, move.target):
                if currencies.setdefault(key, move.currency) != move.currency:
                    raise InvalidInput("")
            balances[move.source] -= move.amount
            balances[move.target] += move.amount
        if any(self.kept(key, amount) < 0 for key, amount in balances.items()):
            raise InsufficientFunds("")
        if any(move.source == move.target for move in deed.moves):
            raise InvalidInput("")
        self.currencies, self.balances, self.done[deed.key] = currencies, balances, deed
        for position, move in enumerate(deed.moves):
            self.lines.append((*self.link(deed, position, move, at), at))

    @staticmethod
    def kept(key: str, amount: int) -> int:
        if key.startswith(("provider:", "platform:")):
            return 0
        return -amount if ":owed:" in key else amount

    def link(self, deed: Deed, position: int, move: Move, at) -> tuple:
        said = (deed.key, position, move.kind, move.source, move.target, move.amount, deed.book)
        if not deed.book:
            return (*said, None, "", "")
        number, head = self.heads[deed.book]
        moment = int(at.timestamp()) * 1_000_000 + at.microsecond
        text = "|".join(
            str(part)
            for part in (
                head, deed.book, number + 1, deed.key, position, move.kind, move.source,
                move.target, move.amount, move.currency, moment,
            )
        )  # fmt: skip
        link = hashlib.sha256(text.encode()).hexdigest()
        self.heads[deed.book] = (number + 1, link)
        return (*said, number + 1, head, link)


def books() -> list[tuple]:
    return list(
        Transfer.objects.order_by("pk").values_list(
            "key", "position", "kind", "source__key", "target__key", "amount", "book",
            "sequence", "previous_hash", "hash", "created_at",
        )
    )  # fmt: skip


def kept() -> dict[str, int]:
    accounts = LedgerAccount.objects.exclude(balance=None)
    return {key: balance for key, balance in accounts.values_list("key", "balance") if balance}


def outcome(act, *args) -> type[DomainError] | None:
    try:
        with transaction.atomic():
            act(*args)
    except DomainError as refusal:
        return type(refusal)
    return None


def expected_kept(model: Model) -> dict[str, int]:
    balances = {key: model.kept(key, amount) for key, amount in model.balances.items()}
    return {key: amount for key, amount in balances.items() if amount}


@settings(deadline=None)
@given(deeds=st.lists(DEEDS, max_size=12))
def test_deed_by_deed(deeds):
    with transaction.atomic():
        at, model = now(), Model()
        real, services.now = services.now, lambda: at
        try:
            for deed in deeds:
                said = outcome(lambda d: move_money(*d.moves, key=d.key, book=d.book), deed)
                assert said == outcome(model.do, deed, at)
        finally:
            services.now = real
        assert books() == model.lines
        assert kept() == expected_kept(model)
        transaction.set_rollback(True)


@given(deeds=st.lists(DEEDS, min_size=1, max_size=8))
def test_in_one_batch_they_are_what_they_are_one_by_one(deeds):
    with transaction.atomic():
        at, model = now(), Model()
        real, services.now = services.now, lambda: at
        try:
            refusals = [outcome(model.do, deed, at) for deed in deeds]
            said = outcome(move_money_in_batch, deeds)
        finally:
            services.now = real
        if any(refusals):
            assert said is not None
            assert books() == []
        else:
            assert said is None
            assert books() == model.lines
            assert kept() == expected_kept(model)
        transaction.set_rollback(True)


# Deeds of which none can be refused once everybody has money: a batch of these is one pass.
PLAIN_MOVES = st.builds(
    lambda kind, ends, amount: Move(kind, *ends, amount, "USD"),
    st.sampled_from(["release", "fee"]),
    st.permutations(ACCOUNTS).map(lambda shuffled: shuffled[:2]),
    st.integers(1, 9),
)
PLAIN_DEEDS = st.builds(
    Deed,
    key=st.uuids().map(str),
    moves=st.lists(PLAIN_MOVES, min_size=1, max_size=4),
    book=st.sampled_from(["ct_one", "ct_two", "ct_three", ""]),
)


@given(deeds=st.lists(PLAIN_DEEDS, min_size=1, max_size=8), believed_empty=st.booleans())
def test_a_batch_in_one_pass_is_what_they_are_one_by_one(deeds, believed_empty):
    """Also where the planner believes that there are no accounts, and joins from their side."""
    funds = [Deed(key="enough", moves=[enough(key) for key in ACCOUNTS[2:]], book="ct_one")]
    with transaction.atomic():
        if believed_empty:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE payments_ledgeraccount, payments_book")
        at, model = now(), Model()
        real, services.now = services.now, lambda: at
        try:
            for deed in funds + deeds:
                model.do(deed, at)
            move_money_in_batch(funds)
            move_money_in_batch(deeds)
        finally:
            services.now = real
        assert books() == model.lines
        assert kept() == expected_kept(model)
        assert [finding for check in CHECKS for finding in check()] == []
        transaction.set_rollback(True)


def enough(key: str) -> Move:
    """What is owed grows as money goes out of it."""
    ends = (key, "platform:fees:USD") if ":owed:" in key else ("provider:stripe:USD", key)
    return Move("fund", *ends, 1_000, "USD")


# --- Batches at once -----------------------------------------------------------------------------


def release(number: int) -> Deed:
    escrow, ben = f"escrow:{number % 5}", "party:ben:available:USD"
    moves = [
        Move("release", escrow, ben, 97, "USD"),
        Move("fee", escrow, "platform:fees:USD", 3, "USD"),
    ]
    return Deed(key=f"release:{number}", moves=moves, book=f"ct_{number % 7}")


def funded(amount: int) -> None:
    for number in range(5):
        move_money(
            Move("fund", "provider:stripe:USD", f"escrow:{number}", amount, "USD"),
            key=f"fund:{number}",
        )


@pytest.mark.django_db(transaction=True)
def test_eight_batches_of_the_same_deeds_at_once_move_them_once():
    funded(1_000)
    deeds = [release(number) for number in range(40)]

    # Each in an order of its own: the locks are taken in the order of all the same.
    outcomes = at_once(lambda n: move_money_in_batch(deeds[n * 5 :] + deeds[: n * 5]))

    assert outcomes == {"done": 8}
    assert kept() == {"escrow:0": 200, "escrow:1": 200, "escrow:2": 200, "escrow:3": 200,
                      "escrow:4": 200, "party:ben:available:USD": 40 * 97}  # fmt: skip
    assert [finding for check in CHECKS for finding in check()] == []


@pytest.mark.django_db(transaction=True)
def test_batches_and_single_deeds_at_once_never_wait_in_a_circle():
    funded(4_000)

    def act(person: int) -> None:
        if person % 2:
            move_money_in_batch([release(person * 100 + n) for n in range(20)][:: person - 4 or 1])
        else:
            for n in range(10):
                deed = release(person * 100 + n)
                move_money(*deed.moves, key=deed.key, book=deed.book)

    outcomes = at_once(act)

    assert outcomes == {"done": 8}
    assert [finding for check in CHECKS for finding in check()] == []
    assert Book.objects.count() == 7


def test_one_that_is_refused_keeps_the_others_back():
    funded(150)

    with pytest.raises(InsufficientFunds), transaction.atomic():
        move_money_in_batch([release(1), release(2), release(6)])

    assert Transfer.objects.filter(kind="release").count() == 0
