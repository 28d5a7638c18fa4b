"""A chargeback as both sides of the work read it: what happened, what it means, what comes next."""

from marketplace.common.money import in_words
from marketplace.common.words import said_moment
from payments.chargebacks.models import ELSEWHERE, Chargeback, ChargebackMovement
from payments.escrow.clawback import Taken

S = Chargeback.Status

TITLES = {
    S.OPEN: "The client’s bank has taken money back",
    S.REVIEW: "The client’s bank decides about money that it has taken back",
    S.WON: "The client’s bank has given back what it took",
    S.LOST: "The client’s bank keeps what it took",
    S.CLOSED: "The client’s bank has given up its demand",
}


# How each state is told; a bank that decides already has taken the money unheard.
NOTICES = {
    S.OPEN: "chargeback_opened",
    S.REVIEW: "chargeback_opened",
    S.WON: "chargeback_won",
    S.LOST: "chargeback_lost",
}


def story_of(chargeback: Chargeback, has: Taken) -> str:
    """A few sentences, the same for both sides. ``has`` is what the bank has of it now."""
    amount = in_words(chargeback.amount, chargeback.currency)
    at = said_moment(chargeback.opened_at)
    began = f"On {at} the bank asked for {amount} of a payment for this work."
    return " ".join([began, *_meaning(chargeback, has), *_next(chargeback)])


def _meaning(chargeback: Chargeback, has: Taken) -> list[str]:
    def words(amount: int) -> str:
        return in_words(amount, chargeback.currency)

    said_so = []
    if has.held:
        said_so.append(f"{words(has.held)} that were held for it are with the bank.")
    if has.refunds:
        said_so.append(f"{words(has.refunds)} were on their way back to the client anyway.")
    if has.released:
        said_so.append(
            f"{words(has.released)} had been released: the freelancer owes their net share, "
            f"{words(has.owed)}, which is taken from what they earn; the fees bear the rest."
        )
    return said_so


def _next(chargeback: Chargeback) -> list[str]:
    if chargeback.status == S.OPEN:
        by = f" by {said_moment(chargeback.due_at)}" if chargeback.due_at else ""
        return [
            f"The platform answers the bank{by}.",
            "Until the bank has decided, silence approves nothing, and nothing of that payment "
            "is refunded. The client can fund the work anew, with another card.",
        ]
    if chargeback.status == S.REVIEW:
        return [
            "The bank has our answer. It usually decides within 75 days; if it finds for us, "
            "everything goes back to where it came from."
        ]
    if chargeback.status == S.LOST and chargeback.closed_at:
        return [f"It decided so on {said_moment(chargeback.closed_at)}."]
    return []


def why_not_told(chargeback: Chargeback) -> str:
    """Why what finance wished for last is not with the bank; empty where it is, or will be."""
    if chargeback.failure_code == ELSEWHERE:
        return (
            "Somebody answered the bank at the payment provider’s own desk first, and it reads one "
            "answer only: what was written here was not sent."
        )
    if chargeback.failure_code:
        said_so = chargeback.failure_code.replace("_", " ")
        return f"The payment provider did not take it: {said_so}."
    return ""


def movement_in_words(movement: ChargebackMovement) -> str:
    """What it took or gave back, and where that was, the same for both sides.

    The fee that the provider keeps for itself is the platform's alone, and not said.
    """
    currency, back = movement.chargeback.currency, movement.amount < 0

    def words(amount: int) -> str:
        return in_words(abs(amount), currency)

    owed = f"the freelancer owes {words(movement.owed)}" + (" less" if movement.owed < 0 else "")
    if movement.amount == 0:  # nothing moved: a refund stands in for what was taken otherwise
        owes = f"; {owed}" if movement.owed else ""
        return f"{words(movement.refunds)} of it were on the way back to the client{owes}"
    parts = [
        (movement.held, f"of what {'is held again' if back else 'was held'}"),
        (movement.released, f"of what was released: {owed}"),
        (movement.refunds, f"that {'were' if back else 'are'} on the way back to the client"),
        (movement.lost, "that nobody here owes"),
    ]
    said_so = [f"{words(amount)} {text}" for amount, text in parts if amount]
    if len(said_so) == 1:
        return said_so[0]
    return f"{words(movement.amount)} ({', '.join(said_so)})"
