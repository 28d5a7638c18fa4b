"""Who somebody of the staff is to a chargeback."""

from accounts.parties.selectors import acts_for
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.lifecycle import FINANCE
from payments.chargebacks.models import Chargeback
from payments.escrow.models import Escrow


def role_in(chargeback: Chargeback, by: User) -> str | None:
    """Finance answers a bank, but not about their own money: one side would decide what the other
    one keeps.
    """
    payment = chargeback.payment
    payee_id = Escrow.objects.values_list("payee_id", flat=True).get(public_id=payment.paid_for)
    if acts_for(by, payment.payer_id) or acts_for(by, payee_id):
        return None
    return FINANCE if StaffRole.FINANCE in staff_roles_of(by) else None
