"""``python -m bench.rivals django-hordak|django-ledger``: run by ``bench.others`` in the
environment of the others, which knows nothing of this product.

It prepares its books, says that it is ready, measures once for each line that it reads, and says
its rate; at the end it holds its own books against what it has done. The work is one release:
escrow → payee and escrow → fees, in one durable transaction, as its documentation has it done.
"""

import os
import sys
from collections.abc import Callable
from decimal import Decimal
from itertools import count

from bench.pace import rate

ESCROWS = 500
PAYEES = 20
FUNDED, PAID, FEE = Decimal(100_000), Decimal(97), Decimal(6)
APPS = {"django-hordak": ["mptt", "hordak"], "django-ledger": ["django_ledger"]}

# What a subject gives: its release, and its books' balance of all fees, to be held against them.
Subject = tuple[Callable[[], object], Callable[[], Decimal]]


def main() -> None:
    name, seconds = sys.argv[1], float(sys.argv[2])
    _set_up(APPS[name])
    release, fees = {"django-hordak": _hordak, "django-ledger": _django_ledger}[name]()
    done = count()

    def counted() -> None:
        release()
        next(done)

    print("ready", flush=True)
    for _ in sys.stdin:
        print(rate(counted, seconds=seconds), flush=True)
    released = next(done)
    assert fees() == released * FEE, f"{name}: {fees()} of fees after {released} releases"


def _set_up(apps: list[str]) -> None:
    import dj_database_url
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(
        DATABASES={"default": dj_database_url.parse(os.environ["DATABASE_URL"])},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *apps],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY="USD",
        CURRENCIES=["USD"],
        USE_TZ=True,
        DJANGO_LEDGER_USE_DEPRECATED_BEHAVIOR=False,
        SECRET_KEY="measured, not served",
    )
    django.setup()
    call_command("migrate", verbosity=0)


def _hordak() -> Subject:
    """With a lock and a look at the balance around its transfers: it guards no balance itself."""
    from django.db import transaction
    from hordak.models import Account, AccountType
    from moneyed import Money

    def account(name: str, kind: AccountType) -> Account:
        return Account.objects.create(name=name, type=kind, currencies=["USD"])

    cash = account("cash", AccountType.asset)
    fees = account("fees", AccountType.income)
    payees = [account(f"payee {n}", AccountType.liability) for n in range(PAYEES)]
    escrows = [account(f"escrow {n}", AccountType.liability) for n in range(ESCROWS)]
    for escrow in escrows:
        escrow.transfer_to(cash, Money(FUNDED, "USD"))
    numbers = count()

    @transaction.atomic
    def release() -> None:
        number = next(numbers)
        escrow = Account.objects.select_for_update().get(pk=escrows[number % ESCROWS].pk)
        assert escrow.get_simple_balance()["USD"] >= Money(PAID + FEE, "USD")
        payees[number % PAYEES].transfer_to(escrow, Money(PAID, "USD"))
        fees.transfer_to(escrow, Money(FEE, "USD"))

    return release, lambda: fees.get_simple_balance()["USD"].amount


def _django_ledger() -> Subject:
    """A posted journal entry of three lines, which it verifies by itself."""
    from django.contrib.auth import get_user_model
    from django.db.models import Sum
    from django_ledger.io import roles
    from django_ledger.io.io_core import get_localtime
    from django_ledger.models import EntityModel, TransactionModel

    admin = get_user_model().objects.create(username="admin")
    entity = EntityModel.create_entity(
        name="Measured", use_accrual_method=True, admin=admin, fy_start_month=1
    )
    entity.create_chart_of_accounts(assign_as_default=True, commit=True, coa_name="Measured")
    codes = count(1_000)

    def account(role: str, side: str, first: int):
        return entity.create_account(
            code=f"{first}{next(codes)}", role=role, name=role, balance_type=side, active=True
        )

    cash = account(roles.ASSET_CA_CASH, roles.DEBIT, 1)
    fees = account(roles.INCOME_OPERATIONAL, roles.CREDIT, 4)
    payees = [account(roles.LIABILITY_CL_OTHER, roles.CREDIT, 2) for _ in range(PAYEES)]
    escrows = [account(roles.LIABILITY_CL_OTHER, roles.CREDIT, 2) for _ in range(PAYEES)]
    ledger = entity.create_ledger(name="Measured", posted=True)
    numbers = count()

    def commit(*lines: tuple[object, Decimal, str]) -> None:
        entity.commit_txs(
            je_timestamp=get_localtime(),
            je_txs=[
                {"account": one, "amount": amount, "tx_type": side, "description": "release"}
                for one, amount, side in lines
            ],
            je_posted=True,
            je_ledger_model=ledger,
        )

    for escrow in escrows:
        commit((cash, FUNDED, roles.DEBIT), (escrow, FUNDED, roles.CREDIT))

    def release() -> None:
        number = next(numbers)
        commit(
            (escrows[number % PAYEES], PAID + FEE, roles.DEBIT),
            (payees[number % PAYEES], PAID, roles.CREDIT),
            (fees, FEE, roles.CREDIT),
        )

    def earned() -> Decimal:
        found = TransactionModel.objects.filter(account=fees, journal_entry__posted=True)
        return found.aggregate(total=Sum("amount"))["total"]

    return release, earned


if __name__ == "__main__":
    main()
