"""The parts of a run, one page each: the provider is asked, our rows are read, nothing is noted.

Each part says what it saw and where to go on. Each may raise GatewayRefused or GatewayUnknown: then
the same part is done again later.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from payments.fundings.models import Payment
from payments.gateway import books
from payments.gateway.base import (
    GatewayRefused,
    GatewayUnknown,
    RemoteCharge,
    RemoteMovement,
    RemotePayout,
    RemoteRefund,
    RemoteReversal,
    RemoteTransfer,
    State,
)
from payments.gateway.stripe import gateway
from payments.incoming.own_funds.services import book_own_funds
from payments.ledger.models import LedgerAccount
from payments.ledger.selectors import balance_of
from payments.reconciliation import looking
from payments.reconciliation.findings import HEALING, Finding, K
from payments.reconciliation.judging.movements import judge_movement
from payments.reconciliation.judging.rows import Rows
from payments.reconciliation.models import Difference, ReconciliationRun
from payments.reconciliation.selectors import STANDING, next_account, unlooked, unseen
from payments.refunds.models import Refund

Part = ReconciliationRun.Part

# Rows that cost a call each: few enough for one step, whatever the provider takes over each.
ROWS_A_STEP = 20
LONGEST_STEP = 30.0  # seconds
COUNTED = {
    RemoteCharge: "charges",
    RemoteRefund: "refunds",
    RemoteTransfer: "transfers",
    RemotePayout: "payouts",
}


@dataclass
class Step:
    """What one step brought, and where the next one goes on."""

    part: str
    account: str = ""
    after: str = ""
    findings: list[tuple[Finding, RemoteMovement | None]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    looked: list[tuple[Difference, Finding | None]] = field(default_factory=list)
    sums: dict[str, dict[str, int]] | None = None


def take_step(run: ReconciliationRun) -> Step:
    return _PARTS[Part(run.part)](run)


def _book_own_funds(run: ReconciliationRun) -> Step:
    book_own_funds()
    return Step(Part.PLATFORM)


def _read_platform(run: ReconciliationRun) -> Step:
    assert run.reads_until is not None
    page = books.movements_page(since=run.round_from, until=run.reads_until, after=run.after)
    movements = [_of_whole_transfer(one) for one in page.movements]
    step = Step(Part.PLATFORM, after=page.after) if page.after else Step(Part.ACCOUNTS)
    _judge(movements, step)
    return step


def _read_account(run: ReconciliationRun) -> Step:
    """A page of one account, and what stands there once all of it is read. One that says nothing
    is one line, and the others are compared.
    """
    assert run.reads_until is not None
    account = run.account if run.after else next_account(run)
    if not account:
        return Step(Part.OURS)
    step = Step(Part.ACCOUNTS, account=account)
    try:
        page = books.movements_page(
            account=account, since=run.round_from, until=run.reads_until, after=run.after
        )
        _judge(page.movements, step, account=account)
        step.after = page.after
        if not page.after:
            step.findings += [(one, None) for one in _sums_of(account)]
    except (GatewayRefused, GatewayUnknown) as silent:
        step = Step(Part.ACCOUNTS, account=account)
        if looking.may_be_silent(account):
            step.notes.append(f"{account} is closed, and nothing of ours is there.")
        else:
            step.findings.append((looking.silence(account, silent), None))
    return step


def _read_ours(run: ReconciliationRun) -> Step:
    """What of ours no movement showed is asked about by its id."""
    rows = unseen(run, limit=ROWS_A_STEP)
    step = Step(Part.OURS if rows else Part.AGAIN)
    started = time.monotonic()
    for remote_id, about, account in rows:
        if time.monotonic() - started > LONGEST_STEP:
            break
        try:
            found = looking.look_for(remote_id, about=about, account=account)
        except (GatewayRefused, GatewayUnknown) as silent:
            if not account:
                raise
            found = looking.silence(account, silent)
        step.seen.add(remote_id)
        step.findings += [(found, None)] if found else []
    return step


def _look_again(run: ReconciliationRun) -> Step:
    """What differs is read once more: money that moved between two readings is no difference. So
    is what stands since an earlier run, whenever it happened.
    """
    rows = unlooked(run, limit=ROWS_A_STEP)
    step = Step(Part.AGAIN if rows else Part.SUMS)
    if any(one.kind == K.MOVEMENT for one in rows):
        book_own_funds()
    started = time.monotonic()
    for difference in rows:
        if time.monotonic() - started > LONGEST_STEP:
            break
        step.looked.append((difference, _second_look(difference)))
    return step


def _second_look(difference: Difference) -> Finding | None:
    try:
        if difference.kind in HEALING:
            looking.heal(difference)
        return looking.look_again(difference)
    except (GatewayRefused, GatewayUnknown) as silent:
        # Of one payee's account it is a line; of the platform, the whole run has to wait.
        if not difference.account:
            raise
        return looking.silence(difference.account, silent)


def _add_up(run: ReconciliationRun) -> Step:
    """Both sides of the platform's own balance, and what explains that they are not the same."""
    theirs, ours, under_way = books.balance(), Counter[str](), _under_way()
    for account in LedgerAccount.objects.filter(key__startswith="provider:"):
        ours[account.currency] -= balance_of(account.key)
    ours.subtract(looking.sums_at_payees())
    lines: Counter[str] = Counter()
    for one in Difference.objects.filter(status__in=STANDING).exclude(net=0):
        lines[one.currency] += one.net - one.booked
    step = Step(Part.SUMS, sums={})
    for currency in sorted({*theirs, *ours, *under_way, *lines}):
        sums = {
            "ours": ours[currency],
            "theirs": theirs[currency],
            "under_way": under_way[currency],
            "lines": lines[currency],
        }
        rest = theirs[currency] - under_way[currency] - lines[currency] - ours[currency]
        step.sums[currency] = sums | {"difference": rest}  # type: ignore[index]
    return step


def _under_way() -> Counter[str]:
    """What the provider has booked and we have not yet, or the reverse, where both agree how the
    thing stands: signed, as it stands in the provider's balance.
    """
    sums: Counter[str] = Counter()
    lines = Difference.objects.filter(status__in=STANDING).values("object_id")
    payments = Payment.objects.filter(succeeded_at__isnull=False, provider_fee=None)
    for payment in payments.exclude(charge_id__in=lines):
        charge = gateway().charge(payment.charge_id)
        if charge.fee is None:
            sums[charge.currency] -= charge.amount
        else:
            sums[charge.fee_currency] -= charge.fee
    refunds = Refund.objects.filter(status=Refund.Status.SENDING).exclude(remote_id="")
    for refund in refunds.exclude(remote_id__in=lines):
        remote = gateway().refund(refund.remote_id)
        if remote.booked and remote.state != State.FAILED:
            sums[remote.currency] -= remote.amount
    return sums


# --- Pages ---------------------------------------------------------------------------------------


def _judge(movements: list[RemoteMovement], step: Step, *, account: str = "") -> None:
    rows = Rows.of(movements)
    shown: set[str] = set()
    for movement in movements:
        shown.add(movement.source)
        thing = movement.of
        if thing is not None and thing.remote_id not in step.seen:
            step.seen.add(thing.remote_id)
            # Each is counted where it is judged: payouts at the accounts, all else at ours.
            if isinstance(thing, RemotePayout) == bool(account) and type(thing) in COUNTED:
                step.counts[COUNTED[type(thing)]] += 1
        step.counts["movements"] += 1
        found = judge_movement(movement, rows, account=account)
        step.findings += [(one, movement) for one in found]
    step.seen |= shown - {""}


def _of_whole_transfer(movement: RemoteMovement) -> RemoteMovement:
    """A part of it that was taken back is judged with all of it."""
    if not isinstance(movement.of, RemoteReversal):
        return movement
    return replace(movement, of=books.transfer(movement.of.transfer_id))


def _sums_of(account: str) -> list[Finding]:
    currencies = {*books.balance(account), *looking.expected_at(account)}
    found = [looking.sum_at(account, currency) for currency in sorted(currencies)]
    return [one for one in found if one is not None]


_PARTS: dict[Part, Callable[[ReconciliationRun], Step]] = {
    Part.OWN_FUNDS: _book_own_funds,
    Part.PLATFORM: _read_platform,
    Part.ACCOUNTS: _read_account,
    Part.OURS: _read_ours,
    Part.AGAIN: _look_again,
    Part.SUMS: _add_up,
}
