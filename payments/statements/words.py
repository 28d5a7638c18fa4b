"""The kinds of transfers and the places of the books, as a statement says them."""

from payments.escrow.models import Escrow
from payments.ledger.models import Transfer

_KINDS = {
    "fund": "Paid in",
    "return": "Paid in and not wanted: goes back",
    "release": "Released",
    "freelancer_fee": "Fee of the freelancer",
    "client_fee": "Fee of the client",
    "roll": "Moved on to another milestone",
    "refund": "Refund set aside",
    "given_back": "Given back by the freelancer after release",
    "freelancer_fee_back": "Fee of the freelancer, given back",
    "client_fee_back": "Fee of the client, given back",
    "refund_borne": "Refund set aside, at the platform’s cost",
    "refund_succeed": "Refund arrived",
    "refund_return": "Refund came back",
    "refund_settled": "Refund paid by other means",
    "chargeback": "Taken back by the client's bank",
    "chargeback_owed": "Taken back by the client's bank: the freelancer owes it",
    "chargeback_fees": "Taken back by the client's bank: fees given back",
    "chargeback_loss": "Taken back by the client's bank: our loss",
    "chargeback_won": "Given back by the client's bank",
    "recovery": "Used for what is owed",
    "recovery_returned": "Given back by the client's bank: available again",
}
_PAYOUTS = {
    ("party", "leaving"): "Payout set aside",
    ("leaving", "provider"): "Payout arrived",
    ("party", "provider"): "Payout had arrived, after it was given up",
    ("leaving", "party"): "Payout given up: available again",
    ("provider", "party"): "Payout came back from the bank",
}
_PLACES = {
    "provider": "Card or bank",
    "escrow": "Held funds",
    "leaving": "On its way",
    "platform": "Milepost",
}


def place_of(account: str) -> str:
    """The kind of account that a key names: provider, escrow, party, leaving or platform."""
    return account.partition(":")[0]


def kind_in_words(transfer: Transfer) -> str:
    """What happened. A kind that nobody has put into words yet names itself."""
    places = (place_of(transfer.source.key), place_of(transfer.target.key))
    if transfer.kind == "payout" and places in _PAYOUTS:
        return _PAYOUTS[places]
    return _KINDS.get(transfer.kind) or transfer.kind.replace("_", " ").capitalize()


def account_in_words(account: str, names: dict[str, str]) -> str:
    """Where money was or is. ``names`` are those of the parties, by their public id."""
    place, _, rest = account.partition(":")
    if place == "party":
        owner, kind, *_ = rest.split(":")
        return f"{names.get(owner, owner)}, {kind}"
    return _PLACES.get(place, account)


def names_in(escrows: dict[str, Escrow]) -> dict[str, str]:
    """What the parties are called, by their public id."""
    sides = [party for escrow in escrows.values() for party in (escrow.payer, escrow.payee)]
    return {party.public_id: party.name for party in sides}
