"""Runs and differences: what is due, what stands, and what was never shown."""

from datetime import datetime, timedelta
from zlib import crc32

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.parties.selectors import person_ids_of
from marketplace.common.clock import now
from marketplace.common.models import Outage
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.fundings.provider_fees.services import FEE_PATIENCE
from payments.incoming.models import WebhookEvent
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout, PayoutAttempt
from payments.reconciliation.findings import TAKES_FROM_HELD, K
from payments.reconciliation.models import Difference, ReconciliationRun, Sighting
from payments.refunds.models import Refund

S = Difference.Status
STANDING = (S.SEEN, S.OPEN, S.SET_ASIDE)
# So many accounts are all read each time. Of more, those that moved, and of the others a part a
# day, so that each is read once in so many days.
ALL_ACCOUNTS, ROUND_DAYS = 100, 7


# --- Runs ----------------------------------------------------------------------------------------


def due_run_ids(at: datetime) -> list[int]:
    """The run that waits for its time or for its next step, if that has come; after an outage of
    the house it has come at once.
    """
    due = Q(due_at__lte=at, busy_until=None) | Q(due_at__lte=at, busy_until__lte=at)
    unfinished = ReconciliationRun.objects.filter(finished_at=None)
    found = list(unfinished.filter(due).values_list("pk", flat=True))
    last = last_run()
    if found or last is None or last.started_at is None:
        return found
    if not Outage.objects.filter(ended_at__gt=last.started_at, ended_at__lte=at).exists():
        return []
    return list(unfinished.filter(started_at=None).values_list("pk", flat=True))


def last_run() -> ReconciliationRun | None:
    return ReconciliationRun.objects.exclude(finished_at=None).order_by("-finished_at").first()


def last_good_run() -> ReconciliationRun | None:
    good = ReconciliationRun.objects.filter(outcome=ReconciliationRun.Outcome.AGREED)
    return good.order_by("-finished_at").first()


def present_run() -> ReconciliationRun | None:
    """The one that is under way, if one is."""
    return ReconciliationRun.objects.filter(finished_at=None, started_at__isnull=False).first()


def finished_runs() -> QuerySet[ReconciliationRun]:
    return ReconciliationRun.objects.exclude(finished_at=None)


# --- Differences ---------------------------------------------------------------------------------


def open_differences() -> QuerySet[Difference]:
    """For the desk: those that wait for a person, the newest first."""
    return Difference.objects.filter(status=S.OPEN).order_by("-first_seen_at", "-id")


def known_differences() -> QuerySet[Difference]:
    """Every one that was ever confirmed or healed."""
    return Difference.objects.exclude(status=S.SEEN).order_by("-first_seen_at", "-id")


def unlooked(run: ReconciliationRun, *, limit: int) -> list[Difference]:
    """Those that stand and were not looked at again in this run. Sums come when all else is noted,
    as lines explain them; that of the platform itself is made at the very end.
    """
    rows = Difference.objects.filter(status__in=STANDING).exclude(kind=K.SUM, account="")
    rows = rows.filter(Q(looked_at=None) | Q(looked_at__lt=run.started_at)).order_by("pk")
    return list(rows.exclude(kind=K.SUM)[:limit]) or list(rows[:limit])


def people_of(about: str, *, account: str = "", deed: str) -> list[int]:
    """Whom a deed of finance concerns, by primary key: who paid what ``about`` names, or is paid by
    it or at the ``account``; and whom it was held for, where it takes from that. What the platform
    bears as its own cost concerns nobody else.
    """
    if deed == "cost":
        return []
    payments = Payment.objects.filter(
        Q(public_id=about) | Q(pk__in=Refund.objects.filter(public_id=about).values("payment"))
    )
    accounts = ConnectedAccount.objects.filter(
        Q(remote_id=account) | Q(past_remote_ids__contains=[account])
    )
    parties = {
        *payments.values_list("payer", flat=True),
        *Payout.objects.filter(public_id=about).values_list("party", flat=True),
        *(accounts.values_list("party", flat=True) if account else ()),
    }
    if deed in TAKES_FROM_HELD:
        held = Escrow.objects.filter(public_id__in=payments.values("paid_for"))
        parties |= set(held.values_list("payee", flat=True))
    return person_ids_of(*parties)


# --- What a run reads ----------------------------------------------------------------------------


def next_account(run: ReconciliationRun) -> str:
    """The account to be read after the one that was read last; empty where none is left."""
    return min((one for one in _accounts(run) if one > run.account), default="")


def _accounts(run: ReconciliationRun) -> set[str]:
    everyone = set()
    for remote_id, past in ConnectedAccount.objects.values_list("remote_id", "past_remote_ids"):
        everyone |= {remote_id, *past}
    everyone.discard("")
    if len(everyone) <= ALL_ACCOUNTS:
        return everyone
    day = (run.reads_until or now()).toordinal() % ROUND_DAYS
    turn = {one for one in everyone if crc32(one.encode()) % ROUND_DAYS == day}
    return turn | (_moved(run) & everyone)


def _moved(run: ReconciliationRun) -> set[str]:
    """By our rows, by the provider's letters, and by what is not settled."""
    since = run.reads_from or run.due_at - timedelta(days=ROUND_DAYS)
    attempts = PayoutAttempt.objects.filter(Q(closed_at=None) | Q(closed_at__gte=since))
    letters = WebhookEvent.objects.filter(received_at__gte=since).exclude(account="")
    standing = Difference.objects.filter(status__in=STANDING)
    return {
        *attempts.values_list("destination", flat=True),
        *letters.values_list("account", flat=True),
        *standing.values_list("account", flat=True),
    }


def unseen(run: ReconciliationRun, *, limit: int) -> list[tuple[str, str, str]]:
    """What is ours since the run's window began and what no movement showed in this run:
    (its id at the provider, our public id, the account).
    """
    since = run.reads_from

    def hidden(rows: QuerySet, name: str) -> QuerySet:
        seen = Sighting.objects.filter(run=run, remote_id=OuterRef(name))
        return rows.exclude(**{name: ""}).exclude(Exists(seen)).order_by("pk")

    payments = hidden(Payment.objects.filter(succeeded_at__isnull=False), "charge_id")
    refunds = hidden(Refund.objects.all(), "remote_id")
    payouts = hidden(Payout.objects.all(), "transfer_id")
    attempts = hidden(PayoutAttempt.objects.all(), "remote_id")
    if since is not None:
        # With those whose fee nobody asks for any more.
        late = Q(provider_fee=None, succeeded_at__lt=now() - FEE_PATIENCE)
        payments = payments.filter(Q(succeeded_at__gte=since) | late)
        refunds = refunds.filter(Q(sent_at__gte=since) | Q(closed_at__gte=since))
        payouts = payouts.filter(Exists(_recent(since).filter(payout=OuterRef("pk"))))
        attempts = attempts.filter(pk__in=_recent(since).values("pk"))
    found = [(*row, "") for row in payments.values_list("charge_id", "public_id")[:limit]]
    found += [(*row, "") for row in refunds.values_list("remote_id", "public_id")[:limit]]
    found += [(*row, "") for row in payouts.values_list("transfer_id", "public_id")[:limit]]
    found += attempts.values_list("remote_id", "payout__public_id", "destination")[:limit]
    return found[:limit]


def _recent(since: datetime) -> QuerySet[PayoutAttempt]:
    return PayoutAttempt.objects.filter(
        Q(started_at__gte=since) | Q(closed_at__gte=since) | Q(closed_at=None)
    )


def book_of(difference: Difference) -> str:
    """The book of the payment or refund that it is about, so that it can be read; or nothing."""
    about = difference.about
    refund = Refund.objects.filter(public_id=about).first()
    if refund is not None:
        return refund.book
    paid_for = Payment.objects.filter(public_id=about).values("paid_for")
    escrow = Escrow.objects.filter(public_id__in=paid_for).first()
    return escrow.book if escrow else ""
