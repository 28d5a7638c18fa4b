"""Proof that what was agreed to go back went back: what is wrong, as sentences."""

from django.db.models import F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from marketplace.common.sweeps import SWEPT_WITHIN
from payments.escrow.models import Escrow
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import overdue_ids


def what_went_back_was_agreed_to() -> list[str]:
    """Of each milestone and bonus: what its freelancer agreed to, and nothing else."""
    done = GiveBack.objects.filter(escrow=OuterRef("pk"), status=GiveBack.Status.DONE)
    total = done.order_by().values("escrow").annotate(total=Sum("amount")).values("total")
    wrong = Escrow.objects.annotate(agreed=Coalesce(Subquery(total), Value(0))).exclude(
        agreed=F("given_back")
    )
    return [
        f"{escrow}: {escrow.agreed} were agreed to go back, and {escrow.given_back} did."
        for escrow in wrong.order_by("pk")
    ]


def overdue_questions_have_lapsed() -> list[str]:
    """One open for weeks after its time is a sweep that stands."""
    late = GiveBack.objects.filter(pk__in=overdue_ids(late_by=SWEPT_WITHIN, limit=1_000))
    return [f"{one.public_id} has been over for weeks and is still open." for one in late]


CHECKS = [what_went_back_was_agreed_to, overdue_questions_have_lapsed]
