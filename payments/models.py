"""The tables of this floor live in its rooms; Django looks for them here."""

from payments.chargebacks.models import (
    Chargeback,
    ChargebackMovement,
    ChargebackNews,
    ChargebackShare,
)
from payments.escrow.models import Adjustment, Escrow, Part, Roll
from payments.fundings.models import Payment
from payments.incoming.models import WebhookEvent
from payments.ledger.models import AccountSnapshot, Book, LedgerAccount, Transfer
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Earning, Payout, PayoutAttempt
from payments.payouts.plans.models import PayoutPlan
from payments.payouts.recovering.models import Recovery
from payments.policies.models import Policy
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.models import (
    Difference,
    DifferenceEvent,
    ReconciliationRun,
    Sighting,
)
from payments.refunds.models import Refund

__all__ = [
    "AccountSnapshot",
    "Adjustment",
    "Book",
    "Chargeback",
    "ChargebackMovement",
    "ChargebackNews",
    "ChargebackShare",
    "ConnectedAccount",
    "Difference",
    "DifferenceEvent",
    "Earning",
    "Escrow",
    "LedgerAccount",
    "Part",
    "Payment",
    "Payout",
    "PayoutAttempt",
    "PayoutPlan",
    "Policy",
    "ProposedDeed",
    "ReconciliationRun",
    "Recovery",
    "Refund",
    "Roll",
    "Sighting",
    "Transfer",
    "WebhookEvent",
]
