"""Signed as they should be, and not true: what a letter says is believed in nothing but the id."""

from collections.abc import Callable

import pytest

from payments.incoming import services as incoming
from payments.incoming.models import WebhookEvent
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout
from payments.payouts.sending.services import send_payout
from payments.refunds.models import Refund
from payments.refunds.services import send_refund
from tests.payments.payout_world import available, leaving, now_of, scheduled, the_books_agree
from tests.payments.test_letterbox import event, letter
from tests.payments.test_refunding import refunded
from tests.payments.world import A_WHILE, days_pass
from tests.sandbox import GOOD_BANK, NO_SUCH_ACCOUNT, REFUND_TAKES_TIME, Sandbox, drop

pytestmark = pytest.mark.django_db


def in_transit(ada, ben, sandbox: Sandbox, *, bank: str = GOOD_BANK) -> Payout:
    payout = scheduled(ada, ben, sandbox, bank=bank)
    send_payout(payout_id=payout.pk)
    return payout


def failed(ada, ben, sandbox: Sandbox) -> Payout:
    payout = in_transit(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    days_pass(A_WHILE)
    return payout


def succeeded(ada, ben, sandbox: Sandbox) -> Refund:
    refund = refunded(ada, ben, sandbox, card=REFUND_TAKES_TIME)
    days_pass(3)
    send_refund(refund_id=refund.pk)
    days_pass(A_WHILE)
    return refund


def lie(kind: str, thing: Payout | Refund) -> tuple[bytes, str]:
    """A letter of this kind about it, whose object says the same."""
    status = kind.partition(".")[2]
    if isinstance(thing, Refund):
        return letter(event(kind, id=thing.remote_id, object="refund", status=status))
    about = {"id": thing.attempts.get().remote_id, "object": "payout", "status": status}
    account = ConnectedAccount.objects.get().remote_id
    return letter(event(kind, **about) | {"account": account})


@pytest.mark.parametrize(
    ("kind", "scene", "before", "after"),
    [
        # Its status, what is leaving, and what its payee can have: all in minor units.
        ("payout.paid", failed, ("in_transit", 97_000, 0), ("failed", 0, 97_000)),
        ("payout.failed", in_transit, ("in_transit", 97_000, 0), ("in_transit", 97_000, 0)),
        ("refund.failed", succeeded, ("sending", 103_000, 0), ("succeeded", 0, 0)),
    ],
)
def test_a_letter_whose_name_lies_only_makes_us_look(
    ada,
    ben,
    sandbox,
    kind: str,
    scene: Callable[..., Payout | Refund],
    before: tuple[str, int, int],
    after: tuple[str, int, int],
):
    thing = scene(ada, ben, sandbox)
    sandbox.collect()
    sandbox.letters.clear()  # the true ones are lost
    assert (now_of(thing).status, leaving(thing), available(ben)) == before

    for _ in range(2):
        assert drop(lie(kind, now_of(thing))) == 200
        incoming.handle_event(event_id=WebhookEvent.objects.get(remote_id="evt_one").pk)

    kept = WebhookEvent.objects.get(remote_id="evt_one")
    assert (kept.handled_at is not None, kept.problem) == (True, "")
    assert (now_of(thing).status, leaving(thing), available(ben)) == after
    the_books_agree(sandbox)
