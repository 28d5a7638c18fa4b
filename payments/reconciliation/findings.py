"""What can differ, what it means, and what finance can do about it."""

from dataclasses import dataclass
from typing import Any

from payments.gateway.base import RemoteObject, State
from payments.reconciliation.models import Difference

K = Difference.Kind


@dataclass(frozen=True)
class Finding:
    """A difference as it was just found. ``net`` as in the table; ``heals``: asking may end it."""

    kind: Difference.Kind
    object_id: str
    theirs: str
    ours: str
    account: str = ""
    about: str = ""
    amount: int | None = None
    currency: str = ""
    net: int = 0
    deed: str = ""
    heals: bool = False


def facts_of(thing: RemoteObject) -> dict[str, Any]:
    """What every finding about it says."""
    return {"object_id": thing.remote_id, "amount": thing.amount, "currency": thing.currency}


SAID = {
    State.PENDING: "under way",
    State.IN_TRANSIT: "on its way",
    State.DONE: "arrived",
    State.FAILED: "failed",
}
UNASKED = "Nobody here asked for it."


@dataclass(frozen=True)
class Deed:
    """``label`` is its button; ``about`` says beforehand what it will do."""

    label: str
    about: str


DEEDS = {
    "give_back": Deed(
        "Refund it",
        "Takes the second charge into the books and sends it back to the payer's card.",
    ),
    "match_refund": Deed(
        "It is the refund under way",
        "Our own refund of the same payment and amount counts as made by this one. Nothing else "
        "is sent.",
    ),
    "take_from_held": Deed(
        "Take it from what is held",
        "The payer has this money back, so less is held for the work. Both sides are told; to be "
        "complete it has to be paid in again.",
    ),
    "take_and_bear": Deed(
        "Take what is held, and bear the rest",
        "The payer has more back than is held: all that is held for the work is gone, and the rest "
        "comes from the platform's own funds. Both sides are told; to be complete it has to be "
        "paid in again.",
    ),
    "bear_refund": Deed(
        "Book it as a refund at our cost",
        "The payer has this money back. What is held stays as it is; the amount comes from the "
        "platform's own funds.",
    ),
    "match_payout": Deed(
        "It is the payout under way",
        "Our own payout of the same amount counts as made by this one. Nothing else is sent.",
    ),
    "end_payout": Deed(
        "Cancel our payout",
        "The money is back with the platform: the payout is cancelled, and what it held is "
        "available to the payee again.",
    ),
    "own_funds": Deed(
        "Book it as our own money",
        "The books follow the provider: what came in or went out is the platform's own.",
    ),
    "cost": Deed(
        "Book it as a cost",
        "The books follow the provider: what it kept or gave back is the platform's cost.",
    ),
    "set_aside": Deed(
        "Set it aside",
        "It moves no money of ours, and counts as known from now on.",
    ),
}

# Less is held for the work then.
TAKES_FROM_HELD = {"take_from_held", "take_and_bear"}

UNBOOKED = "If it stays, what the provider says cannot be booked: read the log of the worker."

# What to do, said beside the line; of the kinds that are not here it depends on how it stands
# (``suggestions.py``).
ADVICE = {
    K.PAYMENT_UNNOTED: "The next run asks again. If it stays, read the provider's answer in the "
    "log of the worker.",
    K.CHARGE_TWICE: "The payer paid twice: refund the second charge.",
    K.CHARGE_FOREIGN: "Somebody charged a card outside of the marketplace. If it was no business "
    "of the platform, refund it at the provider; then book both as our own money.",
    K.CHARGE_AMOUNT: "Ask the provider why. The difference can be booked as our own money.",
    K.FEE: "Compare the provider's invoice. The difference is the platform's cost.",
    K.REFUND_FOREIGN: "Somebody made it at the provider's own desk. Match it with ours if one is "
    "under way.",
    K.REFUND_TWICE: "The payer was refunded twice: ask for it back, or bear it.",
    K.REFUND_AMOUNT: "Ask the provider why. The difference can be booked as our own money.",
    K.REFUND_STATE: f"The next run asks again. {UNBOOKED}",
    K.TRANSFER_UNNOTED: f"The next run asks again. {UNBOOKED}",
    K.TRANSFER_FOREIGN: "Take it back at the provider: the line then goes by itself. Otherwise "
    "book it as our own money.",
    K.TRANSFER_AMOUNT: "Ask the provider why. The difference can be booked as our own money.",
    K.TRANSFER_REVERSED: "Somebody took it back at the provider's own desk: cancel our payout, "
    "and the payee is paid by the next one.",
    K.PAYOUT_FOREIGN: "Somebody paid it out at the provider's own desk. Match it with ours if one "
    "waits, or set it aside: it was the payee's own money.",
    K.PAYOUT_AMOUNT: "Ask the provider why. It moved the payee’s own money: set it aside with the "
    "answer.",
    K.PAYOUT_STATE: f"The next run asks again. {UNBOOKED}",
    K.CHARGEBACK_UNNOTED: f"The next run asks again. {UNBOOKED}",
    K.DEBIT_RETURNED: f"The next run books it. {UNBOOKED}",
    K.MOVEMENT: "Look it up at the provider by its id, and book it by what it was. A bank’s demand "
    "(du_…) is of a charge that is not ours: it is answered there.",
    K.MISSING: "Ask the provider about this id. If keys or environments were mixed up, set it "
    "aside with that reason.",
}

# What only looks different until somebody has asked: a missed webhook.
HEALING = {
    K.PAYMENT_UNNOTED, K.FEE, K.REFUND_STATE, K.TRANSFER_UNNOTED, K.PAYOUT_STATE,
    K.CHARGEBACK_UNNOTED, K.DEBIT_RETURNED,
}  # fmt: skip
# What may turn out to be the platform's own money, whatever else is suggested.
MAY_BE_OURS = {
    K.CHARGE_TWICE, K.CHARGE_FOREIGN, K.CHARGE_AMOUNT, K.REFUND_AMOUNT,
    K.TRANSFER_FOREIGN, K.TRANSFER_AMOUNT, K.MOVEMENT,
}  # fmt: skip
# What leaves nothing to be booked may be looked away from, with a reason; but never these.
NEVER_ASIDE = {K.SUM, K.SILENT, K.TRANSFER_REVERSED, *HEALING}


def deeds_for(difference: Difference) -> list[str]:
    """The buttons, the suggested one first."""
    missing = difference.net - difference.booked
    deeds = [difference.deed] if difference.deed else []
    if missing and difference.kind in MAY_BE_OURS and "own_funds" not in deeds:
        deeds.append("own_funds")
    if not missing and difference.kind not in NEVER_ASIDE and "set_aside" not in deeds:
        deeds.append("set_aside")
    return deeds
