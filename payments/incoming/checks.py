"""All proofs about money, gathered."""

from payments.chargebacks.checks import CHECKS as CHARGEBACKS
from payments.escrow.checks import CHECKS as ESCROW
from payments.fundings.checks import CHECKS as FUNDINGS
from payments.ledger.checks import CHECKS as LEDGER
from payments.payouts.checks import CHECKS as PAYOUTS
from payments.refunds.checks import CHECKS as REFUNDS

CHECKS = [*LEDGER, *ESCROW, *FUNDINGS, *REFUNDS, *PAYOUTS, *CHARGEBACKS]
