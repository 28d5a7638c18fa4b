"""The books. Rows are written by one SQL function (migration 0002) and never changed."""

from django.db import models
from django.db.models import F, Func, Q

from marketplace.common.money import AmountField, CurrencyField


class PresentTransaction(Func):
    """The transaction that is writing, as PostgreSQL counts them: 64 bits, never used again."""

    template = "(pg_current_xact_id()::text::bigint)"
    arity = 0


class PresentHorizon(Func):
    """Every transaction below it is over, and what it wrote is there to be read."""

    template = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    arity = 0
    output_field = models.BigIntegerField()


class LedgerAccount(models.Model):
    """A place where money can be: its ``key`` says whose (chart.py lists every kind).

    ``balance`` is kept in the row for accounts that belong to somebody, so that they can never be
    overdrawn. The platform's own accounts are the busy ones: theirs is null and is summed, so that
    two unrelated releases never wait for each other.
    """

    key = models.CharField(max_length=80, unique=True)
    currency = CurrencyField()
    balance = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(balance__isnull=True) | Q(balance__gte=0),
                name="ledger_account_not_overdrawn",
            )
        ]

    def __str__(self) -> str:
        return self.key


class Book(models.Model):
    """The head of a hash chain: one for each contract, and one for each payee."""

    key = models.CharField(max_length=40, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return self.key


class Transfer(models.Model):
    """Money from one account to another: balanced by construction, final once written.

    No foreign-key constraint to the accounts: it would lock the platform's hot account rows on
    each insert. The SQL function checks them, and ``check_ledger`` proves it.
    """

    key = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=30)
    source = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        related_name="outgoing",
        db_constraint=False,
        db_index=False,  # the index below begins with it
    )
    target = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        related_name="incoming",
        db_constraint=False,
        db_index=False,
    )
    amount = AmountField()
    currency = CurrencyField()
    book = models.CharField(max_length=40, blank=True)
    sequence = models.BigIntegerField(null=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    written_in = models.BigIntegerField(db_default=PresentTransaction())

    class Meta:
        # A snapshot of an account is carried on by its transfers from the horizon on.
        indexes = [
            models.Index(fields=["source", "written_in"], name="transfers_out_of"),
            models.Index(fields=["target", "written_in"], name="transfers_into"),
            # What somebody reads of theirs, page by page.
            models.Index(fields=["source", "created_at", "id"], name="transfers_out_of_by_time"),
            models.Index(fields=["target", "created_at", "id"], name="transfers_into_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key", "position"], name="transfer_happens_once"),
            models.UniqueConstraint(
                fields=["book", "sequence"],
                condition=Q(sequence__isnull=False),
                name="a_book_has_one_line_per_number",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_transfer_moves_something"),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="a_transfer_goes_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}#{self.position}"


class AccountSnapshot(models.Model):
    """What a summed account held by all transfers of the transactions below ``horizon``.

    Every one of those was over when this was taken, so nothing can still be added below it. The
    balance of now is this and the transfers from the horizon on.
    """

    account = models.OneToOneField(
        LedgerAccount, on_delete=models.PROTECT, primary_key=True, related_name="snapshot"
    )
    horizon = models.BigIntegerField()
    balance = models.BigIntegerField()
    taken_at = models.DateTimeField()
