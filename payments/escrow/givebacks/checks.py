"""Proof that what was given back after release is in the books, with the fees that fell away."""

from django.db.models import OuterRef, Value

from payments.escrow.clawback import cost, net
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.selectors import moved_with

KINDS = ("given_back", "freelancer_fee_back", "client_fee_back")


def what_was_given_back_is_in_the_books() -> list[str]:
    """Of each escrow: the payee's part, and of both fees the difference to those on what stays."""
    parts = (Value(chart.escrow("")), OuterRef("public_id"))
    sums = {f"in_{kind}": moved_with([kind], side="target", parts=parts) for kind in KINDS}
    findings = []
    for escrow in Escrow.objects.select_related("policy").annotate(**sums).order_by("pk"):
        policy, released, kept = escrow.policy, escrow.released, escrow.kept
        payee = net(released, policy) - net(kept, policy)
        payer = cost(released, policy) - cost(kept, policy)
        expected = [payee, escrow.given_back - payee, payer - escrow.given_back]
        found = [getattr(escrow, f"in_{kind}") for kind in KINDS]
        if found != expected:
            findings.append(
                f"{escrow} says that {escrow.given_back} were given back: by that {expected} "
                f"moved, and {found} are in the books."
            )
    return findings


CHECKS = [what_was_given_back_is_in_the_books]
