"""A run of the reconciliation, step by step: each step asks first and is noted afterwards."""

import time
from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of, staff_with
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import NotAllowed
from marketplace.common.lifecycle import FINANCE, SYSTEM
from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
from payments.gateway.base import GatewayRefused, GatewayUnknown, RemoteMovement
from payments.reconciliation.findings import HEALING, Finding, K
from payments.reconciliation.models import (
    LIFECYCLE,
    OVERLAP,
    Difference,
    DifferenceEvent,
    ReconciliationRun,
    Sighting,
)
from payments.reconciliation.running.parts import Part, Step, take_step
from payments.reconciliation.selectors import (
    STANDING,
    last_run,
    open_differences,
)

S = Difference.Status

INTERVAL = timedelta(days=1)
# An account that said nothing is asked again before the day is over.
SOON = timedelta(hours=1)
# Longer than any task may run: whoever holds a step for longer is dead.
LONGEST_STEP = timedelta(minutes=3)
# After a silence of the provider; each one twice as long as the one before.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# Money moves while it is read: so often what has moved since is read as well, and added up anew.
MOST_ROUNDS = 3
# A letter takes its time: what is younger than this was not missed.
IN_THE_POST = timedelta(minutes=2)
# Seconds; what is left is done by the next sweep.
BUDGET = 40.0


@transaction.atomic
def plan_run() -> ReconciliationRun:
    """The run that waits or is under way; the first of all is due at once."""
    run = ReconciliationRun.objects.filter(finished_at=None).first()
    if run is None:
        ReconciliationRun.objects.bulk_create([ReconciliationRun()], ignore_conflicts=True)
        run = ReconciliationRun.objects.get(finished_at=None)
    return run


@transaction.atomic
def bring_forward() -> ReconciliationRun:
    """Have the next run begin now."""
    run = ReconciliationRun.objects.select_for_update().get(pk=plan_run().pk)
    if run.due_at > now():
        run.due_at = now()
        run.save(update_fields=["due_at"])
    return run


@transaction.atomic
def ask_for_run(*, by: User) -> ReconciliationRun:
    """Have the books compared now. Raises NotAllowed for whoever is not of finance."""
    if StaffRole.FINANCE not in staff_roles_of(by):
        raise NotAllowed("Comparing the books is for finance.")
    run = bring_forward()
    ring("payments.reconcile")
    log_deed("run reconciliation", run.public_id, "Had the books compared.", by=by, role=FINANCE)
    return run


def advance_run(*, run_id: int, budget: float = BUDGET) -> ReconciliationRun:
    """Go on with it by a step, and for ``budget`` seconds unless it is done. Not atomic.

    Safe to run at any point and by many at once: each step is noted once. Where the provider
    refuses or is silent, the step is put off, and ``problem`` says why.
    """
    started = time.monotonic()
    while _go_on(run_id) and time.monotonic() - started < budget:
        pass
    return ReconciliationRun.objects.get(pk=run_id)


def _go_on(run_id: int) -> bool:
    """One step; whether there may be another one at once."""
    run = _take(run_id)
    if run is None:
        return False
    try:
        step = take_step(run)
    except (GatewayRefused, GatewayUnknown) as problem:
        _put_off(run, str(problem))
        return False
    _note(run, step)
    return True


@transaction.atomic
def _take(run_id: int) -> ReconciliationRun | None:
    run = (
        ReconciliationRun.objects.select_for_update(skip_locked=True)
        .filter(pk=run_id, finished_at=None)
        .first()
    )
    if run is None or (run.busy_until is not None and run.busy_until > now()):
        return None
    if run.started_at is None:
        last = last_run()
        run.started_at = run.reads_until = now()
        if last is not None and last.reads_until is not None:
            run.reads_from = run.round_from = last.reads_until - OVERLAP
    run.busy_until = now() + LONGEST_STEP
    run.save()
    return run


@transaction.atomic
def _put_off(taken: ReconciliationRun, problem: str) -> None:
    run = _lock(taken)
    if run is None:
        return
    run.busy_until = now() + min(FIRST_WAIT * 2 ** min(run.tries, 10), LONGEST_WAIT)
    run.tries += 1
    run.problem = problem[:2_000]
    run.save(update_fields=["busy_until", "tries", "problem"])


@transaction.atomic
def _note(taken: ReconciliationRun, step: Step) -> None:
    run = _lock(taken)
    if run is None:
        return  # another worker has noted this step
    for finding, movement in step.findings:
        _see(run, finding, movement)
    for difference, found in step.looked:
        _note_second_look(run, difference.pk, found)
    shown = [Sighting(run=run, remote_id=one) for one in sorted(step.seen)]
    Sighting.objects.bulk_create(shown, ignore_conflicts=True)
    counted = {name: run.counts.get(name, 0) + count for name, count in step.counts.items()}
    run.counts = run.counts | counted
    run.notes = sorted({*run.notes, *step.notes})
    run.part, run.account, run.after = step.part, step.account, step.after
    run.steps, run.tries, run.problem, run.busy_until = run.steps + 1, 0, "", None
    if step.sums is not None:
        _note_sums(run, step.sums)
    run.save()


def _lock(taken: ReconciliationRun) -> ReconciliationRun | None:
    """The run as it was taken, or None where somebody else has gone on with it."""
    run = ReconciliationRun.objects.select_for_update().get(pk=taken.pk)
    return run if (run.steps, run.finished_at) == (taken.steps, None) else None


# --- Differences ---------------------------------------------------------------------------------


def _see(run: ReconciliationRun, finding: Finding, movement: RemoteMovement | None = None) -> None:
    """One line for one thing, however many runs see it."""
    row = (
        Difference.objects.select_for_update()
        .filter(kind=finding.kind, object_id=finding.object_id)
        .first()
    ) or Difference(kind=finding.kind, object_id=finding.object_id)
    if row.status == S.SETTLED and row.booked == finding.net != 0:
        return  # our books have followed
    if row.status in (S.HEALED, S.GONE, S.SETTLED):
        LIFECYCLE.advance(row, "return", role=SYSTEM)
        row.first_seen_at, row.gone_at, row.looked_at = now(), None, None
    if movement is not None and row.happened_at is None:
        row.happened_at = movement.booked_at
    _write(row, run, finding)


def _write(row: Difference, run: ReconciliationRun, finding: Finding) -> None:
    for name in ("account", "about", "amount", "currency", "net", "deed"):
        setattr(row, name, getattr(finding, name))
    row.theirs, row.ours = finding.theirs[:300], finding.ours[:300]
    row.run, row.last_seen_at = run, now()
    row.save()


def _note_second_look(run: ReconciliationRun, pk: int, finding: Finding | None) -> None:
    row = Difference.objects.select_for_update().get(pk=pk)
    row.looked_at = now()
    if row.status not in STANDING:  # settled by a person in the meantime
        row.save(update_fields=["looked_at"])
        return
    same = finding and (finding.kind, finding.object_id) == (row.kind, row.object_id)
    if finding and same:
        _confirm(run, row)
        _write(row, run, finding)
        return
    if finding:
        _see(run, finding)
    if finding and finding.kind == K.SILENT:  # nothing was said of it: it stands as it stood
        row.save(update_fields=["looked_at"])
        return
    _end(run, row, turned_into=finding)


def _confirm(run: ReconciliationRun, row: Difference) -> None:
    if row.status != S.SEEN:
        return
    LIFECYCLE.advance(row, "confirm", role=SYSTEM)
    run.found += 1
    _record(row, "found")
    text = Words("The provider's books differ from ours: %(kind)s.")
    if row.amount is not None:
        text = Words("The provider's books differ from ours: %(kind)s, %(amount)s.").filled(
            amount=Money(row.amount, row.currency)
        )
    for person in staff_with(StaffRole.FINANCE):
        notify(
            to=person,
            kind="books_differ",
            text=text.filled(kind=Words(row.get_kind_display())),
            path=reverse("difference", args=[row.public_id]),
            key=f"{row.public_id}:{row.first_seen_at:%Y%m%d%H%M%S}",
        )


def _end(run: ReconciliationRun, row: Difference, *, turned_into: Finding | None) -> None:
    """Nothing is left of it: it was healed, went by itself, is another line now, or never was."""
    late = row.happened_at is None or row.happened_at < now() - IN_THE_POST
    if not turned_into and row.kind in HEALING and (late or row.status != S.SEEN):
        LIFECYCLE.advance(row, "heal", role=SYSTEM)
        run.healed += 1
        _record(row, "healed")
    elif row.status == S.SEEN and not row.events.exists():
        row.delete()
        return
    else:
        LIFECYCLE.advance(row, "vanish", role=SYSTEM)
        _record(row, "gone")
    row.gone_at = now()
    row.save(update_fields=["status", "looked_at", "gone_at"])


def _record(row: Difference, what: str) -> None:
    row.save()
    DifferenceEvent.objects.create(difference=row, what=what)


# --- The end -------------------------------------------------------------------------------------


def _note_sums(run: ReconciliationRun, sums: dict[str, dict[str, int]]) -> None:
    differ = any(one["difference"] for one in sums.values())
    if differ and run.rounds < MOST_ROUNDS:
        run.rounds, run.part = run.rounds + 1, Part.OWN_FUNDS
        run.round_from, run.reads_until = run.reads_until, now()
        return
    run.sums = sums
    for currency, of in sums.items():
        _judge_sum(run, currency, of)
    _finish(run)


def _judge_sum(run: ReconciliationRun, currency: str, of: dict[str, int]) -> None:
    object_id, rest = f"platform:{currency}", of["difference"]
    finding = None
    if rest:
        finding = Finding(
            K.SUM,
            object_id=object_id,
            amount=rest,
            currency=currency,
            theirs=f"{in_words(of['theirs'], currency)} stand there.",
            ours=f"{in_words(rest, currency)} of it are not explained by any line.",
        )
        _see(run, finding)
    row = Difference.objects.filter(kind=K.SUM, object_id=object_id, status__in=STANDING).first()
    if row is not None:
        _note_second_look(run, row.pk, finding)


def _finish(run: ReconciliationRun) -> None:
    open_ones = open_differences()
    run.still_open = open_ones.count()
    run.outcome = run.Outcome.DIFFERED if run.still_open else run.Outcome.AGREED
    run.finished_at = now()
    run.save()
    run.sightings.all().delete()
    wait = SOON if open_ones.filter(kind=K.SILENT).exists() else INTERVAL
    assert run.started_at is not None
    ReconciliationRun.objects.create(due_at=max(run.started_at + wait, now()))
