"""Holding our books against the local Stripe's, and what comes of it."""

from accounts.people.models import User
from marketplace.common.models import AuditEntry
from payments.reconciliation.confirming.services import settle_difference_or_propose
from payments.reconciliation.models import Difference, ReconciliationRun
from payments.reconciliation.running.services import advance_run, bring_forward
from payments.reconciliation.selectors import open_differences
from tests.payments.payout_world import arrive, now_of, scheduled
from tests.payments.world import A_WHILE, days_pass
from tests.sandbox import AVAILABLE_AT_ONCE, Sandbox, play_on


def reconciled() -> ReconciliationRun:
    """One whole run, now."""
    run = advance_run(run_id=bring_forward().pk, budget=30)
    assert run.finished_at is not None, run.problem
    return run


def the_difference() -> Difference:
    """The only one that is open after another run."""
    run = reconciled()
    assert run.still_open == 1, [str(one) for one in open_differences()]
    return open_differences().get()


def lines() -> str:
    """What is open after another run, as the command prints it."""
    reconciled()
    return "\n".join(map(str, open_differences()))


def all_agrees() -> ReconciliationRun:
    run = reconciled()
    assert run.outcome == "agreed", [str(one) for one in open_differences()]
    return run


def paid_out(ada, ben, sandbox: Sandbox):
    payout = scheduled(ada, ben, sandbox)
    arrive(sandbox)
    all_agrees()
    return now_of(payout)


def topped_up(sandbox: Sandbox, amount: int = 100_000) -> None:
    """Money of the platform's own, so that somebody can spend it behind our back."""
    sandbox.ask("POST", "/topups", amount=amount, currency="usd")
    play_on(sandbox)


def charged_by_others(sandbox: Sandbox, amount: int, **notes: str) -> None:
    """A card is charged with our account, but not by us."""
    line = {
        "line_items[0][quantity]": 1,
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": amount,
        "line_items[0][price_data][product_data][name]": "Something",
    }
    notes = {f"payment_intent_data[metadata][{name}]": said for name, said in notes.items()}
    page = sandbox.api(
        "POST",
        "/v1/checkout/sessions",
        mode="payment",
        success_url="https://example.com/",
        **line,
        **notes,
    )
    sandbox.pay(page["url"], AVAILABLE_AT_ONCE)
    days_pass(A_WHILE)
    sandbox.collect()
    sandbox.letters.clear()


def settled(difference: Difference, deed: str, by) -> Difference:
    settle_difference_or_propose(
        difference_id=difference.pk, deed=deed, reason="Looked it up.", by=by
    )
    difference.refresh_from_db()
    return difference


def read_by(difference: Difference) -> set[str]:
    """The people, by name, who find the deed that settled it on their account page."""
    entries = AuditEntry.objects.filter(subject=difference.public_id)
    return set(User.objects.filter(pk__in=entries.get().about).values_list("name", flat=True))


def refunded_by_others(sandbox, charge: str, amount: int) -> Difference:
    sandbox.api("POST", "/v1/refunds", charge=charge, amount=amount)
    return the_difference()
